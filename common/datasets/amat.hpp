// The .amat text of Larochelle's binarised images: one image a line, its pixels as 0 or 1 with blanks between.
#pragma once

#include "common/datasets/idx.hpp"

namespace datasets {

// Reads an .amat file, gzip or plain, of images of these extents [n, height, width]. Its lines, and the digest that its
// content has as an idx file, are held against `as_idx` before memory for the pixels is taken. Failure(data) names the
// file, the line that is malformed, and what to do.
Idx<std::uint8_t> read_amat(const std::filesystem::path& file, const std::vector<std::int64_t>& extents, const RegisteredFile& as_idx);

}  // namespace datasets
