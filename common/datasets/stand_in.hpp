#pragma once

#include "common/datasets/image_set.hpp"

#include <string_view>

namespace datasets {

// How many images a stand-in has.
struct StandInSizes {
  std::int64_t train = 60'000, test = 10'000;
};
struct SplitSizes {
  std::int64_t train, validation, test;
};

// n digit-like images, 28 x 28, label i % 10 for image i: pen strokes under random affine maps, with random width and
// wobble. They stand in for a data set that is not at hand, so that everything still runs; no published number can be
// held against them, and `stand_in` says so. `part` ("train", "test") names the random stream: parts share no image.
// The first images of a larger set are those of a smaller one; the bytes are the same on every machine.
ImageSet stand_in_digits(std::string_view part, std::int64_t n);

}  // namespace datasets
