// Grey images with labels, and ways to divide them. Pixels stay bytes; batches.hpp makes floats of them.
#pragma once

#include "common/tensors/random.hpp"

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace datasets {

struct ImageSet {
  std::int64_t n = 0, height = 0, width = 0;
  std::vector<std::uint8_t> pixels;           // [n, height, width], 0..255
  std::vector<std::uint8_t> labels;           // [n]; or none, where the set has no labels
  std::map<std::string, std::string> sha256;  // of the files it came from, by registry path
  bool stand_in = false;                      // generated, because the real data are not here

  std::int64_t image_size() const { return height * width; }
  std::span<const std::uint8_t> image(std::int64_t row) const {
    return {pixels.data() + row * image_size(), static_cast<std::size_t>(image_size())};
  }
};

// The given rows of a set, in the given order; rows outside it throw std::invalid_argument.
ImageSet select(const ImageSet& set, std::span<const std::int64_t> rows);

// The first n images.
ImageSet first(const ImageSet& set, std::int64_t n);

// The rows of the first image of each digit, 0 to 9; of digits that no image has, and of sets without labels, none.
std::vector<std::int64_t> first_of_each_digit(const ImageSet& set);

struct Split {
  ImageSet training, held_out;
};

// The last `n_held_out` images held out.
Split hold_out_last(const ImageSet& set, std::int64_t n_held_out);

// Random ones held out, drawn from `stream`; both parts are in random order.
Split hold_out_random(const ImageSet& set, std::int64_t n_held_out, tensors::Stream stream);

}  // namespace datasets
