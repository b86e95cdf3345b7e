// Fashion-MNIST (Xiao, Rasul, Vollgraf, 2017): 60,000 training and 10,000 test images of articles of clothing, 28 x 28, in
// ten classes.
#pragma once

#include "common/datasets/stand_in.hpp"

#include <filesystem>
#include <optional>

namespace datasets {

struct FashionMnist {
  ImageSet train, test;
};

// From `data_option`, $PAPER_DATA or the cache, or the stand-in, as `mnist` does it. Published likelihoods are of images
// binarised afresh for every batch (gather_stochastic).
FashionMnist fashion_mnist(const std::optional<std::filesystem::path>& data_option, StandInSizes stand_in = {});

}  // namespace datasets
