#include "common/tensors/resampling.hpp"

#include "common/tensors/loops.hpp"

#include <vector>

namespace tensors::kernels {
namespace {

constexpr std::int64_t grain = 1 << 15;

std::int64_t planes(const Shape& shape) { return shape[0] * shape[1]; }

// source[i]: where element i of the longer axis comes from.
std::vector<std::int64_t> sources(std::int64_t extent, std::int64_t from) {
  std::vector<std::int64_t> source(static_cast<std::size_t>(extent));
  for (std::int64_t i = 0; i < extent; ++i) source[static_cast<std::size_t>(i)] = i * from / extent;
  return source;
}

// Calls body(pixel in the small images, pixel in the large ones) for all pixels of the large ones; planes are shared by
// the threads.
template <class Body>
void for_sources(const Shape& small, const Shape& large, const Body& body) {
  const auto rows = sources(large[2], small[2]), columns = sources(large[3], small[3]);
  const std::int64_t plane = std::max<std::int64_t>(1, large[2] * large[3]);
  parallel_ranges(planes(large), std::max<std::int64_t>(1, grain / plane), [&](std::int64_t begin, std::int64_t end) {
    std::int64_t to = begin * large[2] * large[3];
    for (std::int64_t p = begin; p < end; ++p)
      for (const std::int64_t row : rows) {
        const std::int64_t from = (p * small[2] + row) * small[3];
        for (const std::int64_t column : columns) body(from + column, to++);
      }
  });
}

template <class T>
void join_rows(const T* __restrict even, const T* __restrict odd, T* __restrict to, std::int64_t n) {
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) {
    to[2 * i] = even[i];
    to[2 * i + 1] = odd[i];
  }
}

template <class T>
void split_row(const T* __restrict from, T* __restrict even, T* __restrict odd, std::int64_t n) {
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) {
    even[i] = from[2 * i];
    odd[i] = from[2 * i + 1];
  }
}

// Calls body(first element of a row in the large image, the same of its even pixels, of its odd pixels).
template <class Body>
void for_phase_rows(const Shape& small, const Body& body) {
  const std::int64_t rows = small[2], columns = small[3], plane = rows * columns;
  const std::int64_t grain_in_planes = std::max<std::int64_t>(1, grain / std::max<std::int64_t>(1, 4 * plane));
  parallel_ranges(planes(small) / 4, grain_in_planes, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t p = begin; p < end; ++p)
      for (std::int64_t row = 0; row < 2 * rows; ++row) {
        const std::int64_t even = (4 * p + row % 2 * 2) * plane + row / 2 * columns;
        body((p * 2 * rows + row) * 2 * columns, even, even + plane);
      }
  });
}

}  // namespace

template <class T>
Array<T> upsample(const Array<T>& x, const Extents& image) {
  require(x.shape().rank() == 4 && x.shape()[2] > 0 && x.shape()[3] > 0 && image[0] >= x.shape()[2] && image[1] >= x.shape()[3],
          "upsample: {} to {} x {}", x.shape(), image[0], image[1]);
  Array<T> y({x.shape()[0], x.shape()[1], image[0], image[1]});
  for_sources(x.shape(), y.shape(), [from = x.data(), to = y.mutable_data()](std::int64_t small, std::int64_t large) { to[large] = from[small]; });
  return y;
}

template <class T>
Array<T> upsample_adjoint(const Array<T>& y, const Extents& image) {
  require(y.shape().rank() == 4 && image[0] > 0 && image[1] > 0 && image[0] <= y.shape()[2] && image[1] <= y.shape()[3],
          "upsample_adjoint: {} to {} x {}", y.shape(), image[0], image[1]);
  Array<T> x = Array<T>::zeros({y.shape()[0], y.shape()[1], image[0], image[1]});
  for_sources(x.shape(), y.shape(), [from = y.data(), to = x.mutable_data()](std::int64_t small, std::int64_t large) { to[small] += from[large]; });
  return x;
}

template <class T>
Array<T> join_phases(const Array<T>& x) {
  require(x.shape().rank() == 4 && x.shape()[1] % 4 == 0, "join_phases: {}", x.shape());
  Array<T> y({x.shape()[0], x.shape()[1] / 4, 2 * x.shape()[2], 2 * x.shape()[3]});
  for_phase_rows(x.shape(), [n = x.shape()[3], from = x.data(), to = y.mutable_data()](std::int64_t row, std::int64_t even, std::int64_t odd) {
    join_rows(from + even, from + odd, to + row, n);
  });
  return y;
}

template <class T>
Array<T> split_phases(const Array<T>& y) {
  require(y.shape().rank() == 4 && y.shape()[2] % 2 == 0 && y.shape()[3] % 2 == 0, "split_phases: {}", y.shape());
  Array<T> x({y.shape()[0], 4 * y.shape()[1], y.shape()[2] / 2, y.shape()[3] / 2});
  for_phase_rows(x.shape(), [n = x.shape()[3], from = y.data(), to = x.mutable_data()](std::int64_t row, std::int64_t even, std::int64_t odd) {
    split_row(from + row, to + even, to + odd, n);
  });
  return x;
}

#define SUITE_INSTANTIATE(T)                                                 \
  template Array<T> upsample(const Array<T>&, const Extents&);               \
  template Array<T> upsample_adjoint(const Array<T>&, const Extents&);       \
  template Array<T> join_phases(const Array<T>&);                            \
  template Array<T> split_phases(const Array<T>&);
SUITE_INSTANTIATE(float)
SUITE_INSTANTIATE(double)
#undef SUITE_INSTANTIATE

}  // namespace tensors::kernels
