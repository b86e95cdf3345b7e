// MNIST and Fashion-MNIST.
#pragma once

#include "common/datasets/stand_in.hpp"

#include <filesystem>
#include <optional>

namespace datasets {

struct Mnist {
  ImageSet train, test;
};

// MNIST (LeCun, Cortes, Burges): 60,000 training and 10,000 test images of handwritten digits, 28 x 28. From `data_option`
// (--data), $PAPER_DATA or the cache, verified (see locate, read_idx). Where no folder was named and the cache has nothing:
// the stand-in, flagged as such, of the given sizes. Failure(data) as those two throw it.
Mnist mnist(const std::optional<std::filesystem::path>& data_option, StandInSizes stand_in = {});

// Fashion-MNIST (Xiao, Rasul, Vollgraf, 2017): the same of articles of clothing in ten classes. Published likelihoods are of
// images binarised afresh for every batch (gather_stochastic).
Mnist fashion_mnist(const std::optional<std::filesystem::path>& data_option, StandInSizes stand_in = {});

}  // namespace datasets
