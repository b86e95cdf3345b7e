#include "common/experiments/pictures.hpp"

#include "common/tensors/errors.hpp"

#include <algorithm>
#include <cmath>

namespace experiments {

Images as_images(const tensors::Array<float>& levels, std::int64_t height, std::int64_t width, float black, float white) {
  const std::int64_t n = levels.shape()[0];
  tensors::require(levels.size() == n * height * width, "as_images: {} levels are not {} of {} x {}", levels.size(), n, height, width);
  Images images{n, height, width, {}};
  images.pixels.reserve(static_cast<std::size_t>(levels.size()));
  for (const float level : levels)
    images.pixels.push_back(static_cast<std::uint8_t>(std::lround(255 * std::clamp((level - black) / (white - black), 0.0f, 1.0f))));
  return images;
}

}  // namespace experiments
