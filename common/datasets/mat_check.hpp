// A look at a MATLAB 5 file before libmatio sees it.
//
// libmatio takes the memory that a damaged file promises, and repeats what it counts: 200 bytes can cost 4 GiB, or hours. What it
// trusts so are the beginnings of variables: class, number of extents, length of the name, number of fields.
#pragma once

#include <filesystem>

namespace datasets {

// Failure(data) unless the file is a MATLAB 5 file whose variables, all of them, are matrices of numbers or characters, lie
// within the file, have at most 8 extents, and names of at most 64 characters.
void check_mat(const std::filesystem::path& file);

}  // namespace datasets
