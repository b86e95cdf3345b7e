// MNIST (LeCun, Cortes, Burges): 60,000 training and 10,000 test images of handwritten digits, 28 x 28.
#pragma once

#include "common/datasets/stand_in.hpp"

#include <filesystem>
#include <optional>

namespace datasets {

struct Mnist {
  ImageSet train, test;
};

// MNIST from `data_option` (--data), $PAPER_DATA or the cache, verified (see locate, read_idx). Where no folder was named
// and the cache has nothing: the stand-in, flagged as such, of the given sizes. Failure(data) as those two throw it.
Mnist mnist(const std::optional<std::filesystem::path>& data_option, StandInSizes stand_in = {});

}  // namespace datasets
