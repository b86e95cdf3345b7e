// Loop shapes that kernels share: a range split over the cores, and a nest over broadcast operands.
#pragma once

#include "common/tensors/shape.hpp"

#include <omp.h>

#include <algorithm>
#include <array>

namespace tensors::kernels {

// Calls body(begin, end) over 0 .. n: in one piece when n <= grain, else in equal pieces (multiples of 64 elements, so
// that vector loops meet the same remainders), one a thread, or several where OpenMP gives fewer threads than that. Results
// must not depend on the split.
template <class Body>
void parallel_ranges(std::int64_t n, std::int64_t grain, const Body& body) {
  const int n_threads = omp_get_max_threads();
  if (n <= grain || n_threads == 1) {
    body(std::int64_t{0}, n);
    return;
  }
  const std::int64_t unit = n >= 64 * n_threads ? 64 : 1;
  const std::int64_t piece = ((n + n_threads - 1) / n_threads + unit - 1) / unit * unit;
#pragma omp parallel num_threads(n_threads)
  {
    for (std::int64_t begin = omp_get_thread_num() * piece; begin < n; begin += omp_get_num_threads() * piece)
      body(begin, std::min(n, begin + piece));
  }
}

template <class T>
T sum_range(const T* __restrict x, std::int64_t n) {
  T sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t i = 0; i < n; ++i) sum += x[i];
  return sum;
}

// The loop nest over a result and up to two operands that broadcast to it. Neighbouring axes that every operand walks
// in the same way are merged; the innermost one is left to the caller as a vector loop with operand steps 0 or 1.
class BroadcastLoop {
 public:
  BroadcastLoop(const Shape& result, const Shape& a, const Shape& b) {
    std::int64_t stride_a = 1, stride_b = 1;
    for (int axis = result.rank() - 1; axis >= 0; --axis) {  // innermost first
      const int axis_a = axis - (result.rank() - a.rank()), axis_b = axis - (result.rank() - b.rank());
      const std::int64_t extent_a = axis_a >= 0 ? a[axis_a] : 1, extent_b = axis_b >= 0 ? b[axis_b] : 1;
      if (result[axis] == 1) continue;
      push(result[axis], extent_a == 1 ? 0 : stride_a, extent_b == 1 ? 0 : stride_b);
      stride_a *= extent_a;
      stride_b *= extent_b;
    }
    if (n_axes_ == 0) push(1, 0, 0);
  }

  std::int64_t inner_extent() const { return axes_[0].extent; }
  int inner_step_a() const { return static_cast<int>(axes_[0].stride_a); }
  int inner_step_b() const { return static_cast<int>(axes_[0].stride_b); }
  std::int64_t n_outer() const {
    std::int64_t n = 1;
    for (std::size_t i = 1; i < n_axes_; ++i) n *= axes_[i].extent;
    return n;
  }

  // Whether every outer position has its own place in `a`.
  bool outer_distinct_in_a() const {
    for (std::size_t i = 1; i < n_axes_; ++i)
      if (axes_[i].stride_a == 0) return false;
    return true;
  }

  // Calls body(row, offset_a, offset_b) for the outer positions begin .. end.
  template <class Body>
  void for_outer(std::int64_t begin, std::int64_t end, const Body& body) const {
    std::array<std::int64_t, Shape::max_rank> index{};
    std::int64_t at_a = 0, at_b = 0, rest = begin;
    for (std::size_t i = 1; i < n_axes_; ++i) {
      index[i] = rest % axes_[i].extent;
      rest /= axes_[i].extent;
      at_a += index[i] * axes_[i].stride_a;
      at_b += index[i] * axes_[i].stride_b;
    }
    for (std::int64_t row = begin; row < end; ++row) {
      body(row, at_a, at_b);
      for (std::size_t i = 1; i < n_axes_; ++i) {
        at_a += axes_[i].stride_a;
        at_b += axes_[i].stride_b;
        if (++index[i] < axes_[i].extent) break;
        at_a -= axes_[i].stride_a * axes_[i].extent;
        at_b -= axes_[i].stride_b * axes_[i].extent;
        index[i] = 0;
      }
    }
  }

  // Calls body(offset, offset_a, offset_b, n) for runs of the innermost axis that make up the result, split over the cores where
  // it has more than `grain` elements. The innermost axis is split only where it is the only one (an array and a scalar, say).
  template <class Body>
  void parallel_runs(std::int64_t grain, const Body& body) const {
    const Axis& inner = axes_[0];
    if (n_axes_ == 1) {
      parallel_ranges(inner.extent, grain, [&](std::int64_t begin, std::int64_t end) {
        body(begin, begin * inner.stride_a, begin * inner.stride_b, end - begin);
      });
    } else {
      parallel_ranges(n_outer(), std::max<std::int64_t>(1, grain / inner.extent), [&](std::int64_t begin, std::int64_t end) {
        for_outer(begin, end, [&](std::int64_t row, std::int64_t at_a, std::int64_t at_b) { body(row * inner.extent, at_a, at_b, inner.extent); });
      });
    }
  }

 private:
  struct Axis {
    std::int64_t extent, stride_a, stride_b;
  };

  void push(std::int64_t extent, std::int64_t stride_a, std::int64_t stride_b) {
    if (n_axes_ > 0) {
      Axis& inner = axes_[n_axes_ - 1];
      if (stride_a == inner.stride_a * inner.extent && stride_b == inner.stride_b * inner.extent) {
        inner.extent *= extent;
        return;
      }
    }
    axes_[n_axes_++] = {extent, stride_a, stride_b};
  }

  std::array<Axis, Shape::max_rank> axes_{};
  std::size_t n_axes_ = 0;
};

}  // namespace tensors::kernels
