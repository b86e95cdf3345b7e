// Arrays as pictures of a record.
#pragma once

#include "common/experiments/record.hpp"
#include "common/tensors/array.hpp"

namespace experiments {

// Levels [n, ...] of height x width each, `black` to `white` as 0 to 255; what lies outside is cut off.
Images as_images(const tensors::Array<float>& levels, std::int64_t height, std::int64_t width, float black = 0, float white = 1);

}  // namespace experiments
