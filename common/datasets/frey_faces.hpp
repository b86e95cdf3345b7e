// Frey faces (B. Frey, S. Roweis): 1,965 frames of a film of one face, 28 rows of 20 pixels, grey, in the film's order.
#pragma once

#include "common/datasets/image_set.hpp"

#include <filesystem>
#include <optional>

namespace datasets {

// From `data_option`, $PAPER_DATA or the cache, as an idx file or as the original frey_rawface.mat, verified. Where no
// folder was named and the cache has nothing: the middle of `n_stand_in` stand-in digits. Failure(data) as `locate`, `read_idx` and
// `read_mat` throw it. No split is part of the data; hold_out_last and hold_out_random make one.
ImageSet frey_faces(const std::optional<std::filesystem::path>& data_option, std::int64_t n_stand_in = 1965);

}  // namespace datasets
