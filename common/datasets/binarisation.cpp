#include "common/datasets/binarisation.hpp"

#include <algorithm>

namespace datasets {
namespace {

template <class F>
PixelMap map_of(F value) {
  PixelMap map;
  for (int pixel = 0; pixel < 256; ++pixel) map[static_cast<std::size_t>(pixel)] = static_cast<float>(value(pixel));
  return map;
}

}  // namespace

PixelMap grey() {
  return map_of([](int pixel) { return static_cast<float>(pixel) / 255.0f; });
}

PixelMap threshold(Ink ink) {
  return map_of([ink](int pixel) { return (pixel > 0) == (ink == Ink::one); });
}

PixelMap rounding() {
  return map_of([](int pixel) { return pixel >= 128; });
}

tensors::Array<float> gather_stochastic(const ImageSet& set, std::span<const std::int64_t> rows, tensors::Stream stream) {
  return stream.bernoulli(gather(set, rows, grey()));
}

ImageSet binarised_once(const ImageSet& set, std::uint64_t seed) {
  ImageSet result = set;
  const tensors::Stream stream(seed, "binarised_once");
  for (std::int64_t row = 0; row < set.n; ++row) {
    const tensors::Array<float> ones = gather_stochastic(set, {&row, 1}, stream.at(static_cast<std::uint64_t>(row)));
    const auto image = result.pixels.begin() + row * set.image_size();
    std::ranges::transform(ones, image, [](float one) -> std::uint8_t { return one > 0 ? 255 : 0; });
  }
  return result;
}

}  // namespace datasets
