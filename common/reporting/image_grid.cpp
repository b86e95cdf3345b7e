#include "common/reporting/image_grid.hpp"

#include "common/experiments/files.hpp"
#include "common/tensors/errors.hpp"

#include <png.h>

#include <algorithm>

namespace reporting {

using experiments::Images;

Images join(const std::vector<Images>& sets) {
  Images all;
  for (const Images& set : sets) {
    if (all.n == 0) all.height = set.height, all.width = set.width;
    tensors::require(set.height == all.height && set.width == all.width, "join: images of {} x {} beside images of {} x {}", set.height,
                     set.width, all.height, all.width);
    all.n += set.n;
    all.pixels.insert(all.pixels.end(), set.pixels.begin(), set.pixels.end());
  }
  return all;
}

Images compose(const ImageGrid& grid) {
  const Images& in = grid.images;
  tensors::require(in.n > 0 && grid.columns > 0 && grid.scale > 0 && grid.margin >= 0, "image grid: {} images in {} columns, scale {}",
                   in.n, grid.columns, grid.scale);
  tensors::require(static_cast<std::int64_t>(in.pixels.size()) == in.n * in.height * in.width,
                   "image grid: {} images of {} x {} have {} pixels", in.n, in.height, in.width, in.pixels.size());
  const std::int64_t rows = (in.n + grid.columns - 1) / grid.columns;
  const std::int64_t step_y = grid.scale * in.height + grid.margin, step_x = grid.scale * in.width + grid.margin;

  Images out{.n = 1, .height = rows * step_y + grid.margin, .width = grid.columns * step_x + grid.margin, .pixels = {}};
  out.pixels.assign(static_cast<std::size_t>(out.height * out.width), grid.background);
  for (std::int64_t i = 0; i < in.n; ++i) {
    const std::int64_t top = grid.margin + i / grid.columns * step_y, left = grid.margin + i % grid.columns * step_x;
    for (std::int64_t y = 0; y < grid.scale * in.height; ++y)
      for (std::int64_t x = 0; x < grid.scale * in.width; ++x)
        out.pixels[static_cast<std::size_t>((top + y) * out.width + left + x)] =
            in.pixels[static_cast<std::size_t>((i * in.height + y / grid.scale) * in.width + x / grid.scale)];
  }
  for (const std::int64_t i : grid.marked) {
    tensors::require(i >= 0 && i < in.n, "image grid: image {} of {} is marked", i, in.n);
    const std::int64_t top = grid.margin + i / grid.columns * step_y, left = i % grid.columns * step_x;
    for (std::int64_t y = 0; y < grid.scale * in.height; ++y)
      for (std::int64_t x = grid.margin / 3; x < grid.margin - grid.margin / 3; ++x)
        out.pixels[static_cast<std::size_t>((top + y) * out.width + left + x)] = 0;
  }
  return out;
}

void write_png(const std::filesystem::path& path, const ImageGrid& grid) {
  const Images picture = compose(grid);
  png_image header{};
  header.version = PNG_IMAGE_VERSION;
  header.width = static_cast<png_uint_32>(picture.width);
  header.height = static_cast<png_uint_32>(picture.height);
  header.format = PNG_FORMAT_GRAY;

  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(header);
  std::string bytes(size, '\0');
  if (!png_image_write_to_memory(&header, bytes.data(), &size, 0, picture.pixels.data(), 0, nullptr))
    tensors::fail(tensors::Exit::io, "{}: libpng says {}", path.string(), header.message);
  experiments::replace_file(path, std::string_view(bytes).substr(0, size));
}

}  // namespace reporting
