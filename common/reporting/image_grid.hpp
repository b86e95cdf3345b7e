// Images side by side in one PNG.
#pragma once

#include "common/experiments/record.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace reporting {

// Images laid out row by row, each pixel enlarged to scale x scale, with a margin around every image.
struct ImageGrid {
  experiments::Images images;
  std::int64_t columns = 10;
  int scale = 2;
  int margin = 2;                 // pixels of the picture
  std::uint8_t background = 255;  // white
  std::vector<std::int64_t> marked = {};  // images with a black bar in the middle third of the margin at their left
};

// Several sets of images of equal size, one after the other: the rows of a grid. Throws std::invalid_argument otherwise.
experiments::Images join(const std::vector<experiments::Images>& sets);

// The grid as one image: height = rows * (scale * H + margin) + margin, width alike. Missing images stay background.
experiments::Images compose(const ImageGrid& grid);

// Writes the grid as an 8-bit grey PNG. Throws Failure(io).
void write_png(const std::filesystem::path& path, const ImageGrid& grid);

}  // namespace reporting
