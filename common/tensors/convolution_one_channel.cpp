// The transposed convolution to images of one channel, without padding the channel to the width of a vector.
//
// For each image the results y [n_out, output] times the kernel [n_out, kernel] give, for each kernel element, a plane
// [output] to be added to the image at that element's offset. Image rows and columns that are equal modulo the stride
// (a phase) are kept together: then every such addition is one run of neighbours. Rows of planes are widened by as many
// zeros as the largest shift needs, so that a shifted plane never meets another row.
#include "common/tensors/convolution_kernels.hpp"

#include <omp.h>

namespace tensors {
namespace {

using Lanes = float __attribute__((vector_size(64), aligned(4), may_alias));
constexpr std::int64_t n_lanes = 16, tile_rows = 5, tile_columns = 2 * n_lanes;

std::int64_t round_up(std::int64_t n, std::int64_t unit) { return (n + unit - 1) / unit * unit; }

struct Layout {
  Extents shifts;  // the largest shift of a plane within its phase
  std::int64_t pitch, plane, phase;

  explicit Layout(const Convolution& c) {
    for (std::size_t axis = 0; axis < 2; ++axis) shifts[axis] = (c.kernel[axis] - 1) / c.geometry.stride[axis];
    pitch = c.output[1] + shifts[1];
    plane = round_up(c.output[0] * pitch, tile_columns);
    phase = plane + round_up(shifts[0] * pitch + shifts[1], n_lanes);
  }
};

// product[r, j] = sum over o of w[o, r] y[o, j] for tile_rows rows r and tile_columns columns j.
void multiply_tile(std::int64_t n_out, const float* w, const float* y, std::int64_t plane, float* product) {
  Lanes sum[tile_rows][2] = {};
  for (std::int64_t o = 0; o < n_out; ++o, w += tile_rows, y += plane) {
    const Lanes left = *reinterpret_cast<const Lanes*>(y), right = *reinterpret_cast<const Lanes*>(y + n_lanes);
#pragma GCC unroll 5
    for (std::int64_t r = 0; r < tile_rows; ++r) {
      sum[r][0] += w[r] * left;
      sum[r][1] += w[r] * right;
    }
  }
#pragma GCC unroll 5
  for (std::int64_t r = 0; r < tile_rows; ++r) {
    *reinterpret_cast<Lanes*>(product + r * plane) = sum[r][0];
    *reinterpret_cast<Lanes*>(product + r * plane + n_lanes) = sum[r][1];
  }
}

// The kernel in tiles [kernel elements / tile_rows][n_out][tile_rows], the last filled up with zeros.
Array<float> in_tiles(const Convolution& c, const float* w) {
  const std::int64_t n_rows = round_up(c.kernel_size(), tile_rows);
  Array<float> tiles = Array<float>::zeros({n_rows, c.n_out});
  float* to = tiles.mutable_data();
  for (std::int64_t o = 0; o < c.n_out; ++o)
    for (std::int64_t k = 0; k < c.kernel_size(); ++k)
      to[(k / tile_rows * c.n_out + o) * tile_rows + k % tile_rows] = w[o * c.kernel_size() + k];
  return tiles;
}

void widen(const Convolution& c, const Layout& layout, const float* y, float* planes) {
  for (std::int64_t o = 0; o < c.n_out; ++o)
    for (std::int64_t row = 0; row < c.output[0]; ++row)
      std::copy_n(y + (o * c.output[0] + row) * c.output[1], c.output[1], planes + o * layout.plane + row * layout.pitch);
}

void add_planes(const Convolution& c, const Layout& layout, const float* products, float* phases) {
  const auto [stride_rows, stride_columns] = c.geometry.stride;
  std::fill_n(phases, stride_rows * stride_columns * layout.phase, 0.0f);
  for (std::int64_t i = 0; i < c.kernel[0]; ++i)
    for (std::int64_t j = 0; j < c.kernel[1]; ++j, products += layout.plane) {
      const std::int64_t phase = i % stride_rows * stride_columns + j % stride_columns;
      float* __restrict to = phases + phase * layout.phase + i / stride_rows * layout.pitch + j / stride_columns;
#pragma omp simd
      for (std::int64_t p = 0; p < layout.plane; ++p) to[p] += products[p];
    }
}

// The image [rows, columns] out of its phases, without the padding; zero where no window reaches.
void interleave(const Convolution& c, const Layout& layout, const float* phases, float* image) {
  const auto [stride_rows, stride_columns] = c.geometry.stride;
  for (std::int64_t row = 0; row < c.image[0]; ++row, image += c.image[1]) {
    std::fill_n(image, c.image[1], 0.0f);
    const std::int64_t padded_row = row + c.geometry.pad_lo[0], phase_row = padded_row / stride_rows;
    if (phase_row >= c.output[0] + layout.shifts[0]) continue;
    for (std::int64_t phase = 0; phase < stride_columns; ++phase) {
      const float* from = phases + (padded_row % stride_rows * stride_columns + phase) * layout.phase + phase_row * layout.pitch;
      const std::int64_t first = std::max<std::int64_t>(0, (c.geometry.pad_lo[1] - phase + stride_columns - 1) / stride_columns);
      const std::int64_t last = std::min(layout.pitch, (c.image[1] + c.geometry.pad_lo[1] - phase + stride_columns - 1) / stride_columns);
      for (std::int64_t column = first; column < last; ++column) image[column * stride_columns + phase - c.geometry.pad_lo[1]] = from[column];
    }
  }
}

}  // namespace

void conv_data_to_one_channel(const Convolution& c, const float* y, const float* w, float* x) {
  const Layout layout(c);
  const Array<float> tiles = in_tiles(c, w);
  const std::int64_t n_products = tiles.shape()[0], n_phases = c.geometry.stride[0] * c.geometry.stride[1];
  const std::int64_t need = (c.n_out + n_products) * layout.plane + n_phases * layout.phase;
  const int n_threads = static_cast<int>(std::min<std::int64_t>(omp_get_max_threads(), c.batch));
  Array<float> scratch = Array<float>::zeros({n_threads, need});
  float* memory = scratch.mutable_data();
#pragma omp parallel num_threads(n_threads)
  {
    float* const planes = memory + omp_get_thread_num() * need;
    float* const products = planes + c.n_out * layout.plane;
    float* const phases = products + n_products * layout.plane;
#pragma omp for schedule(static)
    for (std::int64_t n = 0; n < c.batch; ++n) {
      widen(c, layout, y + n * c.n_out * c.output_size(), planes);
      for (std::int64_t k = 0; k < n_products; k += tile_rows)
        for (std::int64_t p = 0; p < layout.plane; p += tile_columns)
          multiply_tile(c.n_out, tiles.data() + k * c.n_out, planes + p, layout.plane, products + k * layout.plane + p);
      add_planes(c, layout, products, phases);
      interleave(c, layout, phases, x + n * c.image_size());
    }
  }
}

}  // namespace tensors
