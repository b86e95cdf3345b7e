// MNIST binarised once and for all (Salakhutdinov and Murray, 2008, as distributed by Larochelle): 50,000 training, 10,000
// validation and 10,000 test images, 28 x 28, in an order of their own and without labels.
#pragma once

#include "common/datasets/stand_in.hpp"

#include <filesystem>
#include <optional>

namespace datasets {

struct BinarizedMnist {
  ImageSet train, validation, test;  // every pixel 0 or 255: read them through grey()
};

// From `data_option`, $PAPER_DATA or the cache, as idx files or as the original .amat files, verified. Where no folder
// was named and the cache has nothing: the stand-in, binarised once. Failure(data) as `locate`, `read_idx` and `read_amat`
// throw it.
BinarizedMnist binarized_mnist(const std::optional<std::filesystem::path>& data_option, SplitSizes stand_in = {50'000, 10'000, 10'000});

}  // namespace datasets
