#include "common/tensors/kernels.hpp"
#include "common/tensors/loops.hpp"

namespace tensors::kernels {
namespace {

constexpr std::int64_t grain = 1 << 15;

// An array seen as [outer, extent, inner] about one axis.
struct AxisView {
  std::int64_t outer = 1, extent = 1, inner = 1;

  AxisView(const Shape& shape, int axis) : extent(shape[axis]) {
    for (int i = 0; i < axis; ++i) outer *= shape[i];
    for (int i = axis + 1; i < shape.rank(); ++i) inner *= shape[i];
  }
};

Shape with_extent(Shape shape, int axis, std::int64_t extent) {
  shape[axis] = extent;
  return shape;
}

template <class T>
void add_range(T* __restrict to, const T* __restrict from, std::int64_t n) {
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) to[i] += from[i];
}

template <class T>
T sum_product_range(const T* __restrict a, const T* __restrict b, std::int64_t n) {
  T sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t i = 0; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

template <class T>
void add_product_range(T* __restrict to, const T* __restrict a, const T* __restrict b, std::int64_t n) {
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) to[i] += a[i] * b[i];
}

// Sums elements laid out as `from` into an array of a shape that broadcasts to it: sum_range(at, n) gives the sum of n
// elements from offset `at` on, add_range(to, at, n) adds each of them to its place in `to`.
template <class T, class SumRange, class AddRange>
Array<T> reduce(const Shape& from, const Shape& shape, const SumRange& sum_range, const AddRange& add_range) {
  Array<T> y = Array<T>::zeros(shape);
  if (from.size() == 0) return y;
  const BroadcastLoop loop(from, shape, from);
  T* to = y.mutable_data();
  const std::int64_t inner = loop.inner_extent();
  if (loop.inner_step_a()) {  // whole rows added up: the threads share the columns
    parallel_ranges(inner, std::max<std::int64_t>(1, grain / loop.n_outer()), [&](std::int64_t begin, std::int64_t end) {
      loop.for_outer(0, loop.n_outer(), [&](std::int64_t row, std::int64_t at, std::int64_t) {
        add_range(to + at + begin, row * inner + begin, end - begin);
      });
    });
  } else {  // sums within rows: the threads share the rows if no two go to the same place
    const auto rows = [&](std::int64_t begin, std::int64_t end) {
      loop.for_outer(begin, end, [&](std::int64_t row, std::int64_t at, std::int64_t) { to[at] += sum_range(row * inner, inner); });
    };
    if (loop.outer_distinct_in_a()) parallel_ranges(loop.n_outer(), std::max<std::int64_t>(1, grain / inner), rows);
    else rows(0, loop.n_outer());
  }
  return y;
}

}  // namespace

template <class T>
Array<T> broadcast_to(const Array<T>& x, const Shape& shape) {
  require(broadcast_shape(x.shape(), shape) == shape, "broadcast_to: {} to {}", x.shape(), shape);
  Array<T> y(shape);
  if (y.size() == 0) return y;
  const BroadcastLoop loop(shape, x.shape(), shape);
  const T* from = x.data();
  T* to = y.mutable_data();
  const bool repeats = loop.inner_step_a() == 0;
  loop.parallel_runs(grain, [=](std::int64_t at_y, std::int64_t at_x, std::int64_t, std::int64_t n) {
    if (repeats) std::fill_n(to + at_y, n, from[at_x]);
    else std::copy_n(from + at_x, n, to + at_y);
  });
  return y;
}

template <class T>
Array<T> sum_to(const Array<T>& x, const Shape& shape) {
  require(broadcast_shape(shape, x.shape()) == x.shape(), "sum_to: {} to {}", x.shape(), shape);
  const T* p = x.data();
  return reduce<T>(x.shape(), shape, [p](std::int64_t at, std::int64_t n) { return sum_range(p + at, n); },
                   [p](T* to, std::int64_t at, std::int64_t n) { add_range(to, p + at, n); });
}

template <class T>
Array<T> sum_of_product(const Array<T>& a, const Array<T>& b, const Shape& shape) {
  require(a.shape() == b.shape() && broadcast_shape(shape, a.shape()) == a.shape(), "sum_of_product: {} times {} to {}", a.shape(),
          b.shape(), shape);
  const T *p = a.data(), *q = b.data();
  return reduce<T>(a.shape(), shape, [p, q](std::int64_t at, std::int64_t n) { return sum_product_range(p + at, q + at, n); },
                   [p, q](T* to, std::int64_t at, std::int64_t n) { add_product_range(to, p + at, q + at, n); });
}

template <class T>
Array<T> slice(const Array<T>& x, int axis, std::int64_t start, std::int64_t length) {
  require(axis >= 0 && axis < x.shape().rank() && start >= 0 && length >= 0 && start + length <= x.shape()[axis],
          "slice: {} elements from {} along axis {} of {}", length, start, axis, x.shape());
  const AxisView view(x.shape(), axis);
  Array<T> y(with_extent(x.shape(), axis, length));
  T* to = y.mutable_data();
  for (std::int64_t i = 0; i < view.outer; ++i)
    std::copy_n(x.data() + (i * view.extent + start) * view.inner, length * view.inner, to + i * length * view.inner);
  return y;
}

template <class T>
Array<T> pad(const Array<T>& x, int axis, std::int64_t start, std::int64_t length) {
  require(axis >= 0 && axis < x.shape().rank() && start >= 0 && start + x.shape()[axis] <= length,
          "pad: {} put at {} of {} along axis {}", x.shape(), start, length, axis);
  const AxisView view(x.shape(), axis);
  Array<T> y = Array<T>::zeros(with_extent(x.shape(), axis, length));
  T* to = y.mutable_data();
  for (std::int64_t i = 0; i < view.outer; ++i)
    std::copy_n(x.data() + i * view.extent * view.inner, view.extent * view.inner, to + (i * length + start) * view.inner);
  return y;
}

template <class T>
Array<T> gather(const Array<T>& x, std::span<const std::int64_t> indices) {
  require(x.shape().rank() > 0, "gather: a scalar has no rows");
  const AxisView view(x.shape(), 0);
  Array<T> y(with_extent(x.shape(), 0, static_cast<std::int64_t>(indices.size())));
  T* to = y.mutable_data();
  for (const std::int64_t index : indices) {
    require(index >= 0 && index < view.extent, "gather: row {} of {}", index, view.extent);
    to = std::copy_n(x.data() + index * view.inner, view.inner, to);
  }
  return y;
}

template <class T>
Array<T> scatter_add(const Array<T>& x, std::span<const std::int64_t> indices, std::int64_t n) {
  require(x.shape().rank() > 0 && x.shape()[0] == static_cast<std::int64_t>(indices.size()), "scatter_add: {} with {} indices",
          x.shape(), indices.size());
  const AxisView view(x.shape(), 0);
  Array<T> y = Array<T>::zeros(with_extent(x.shape(), 0, n));
  T* to = y.mutable_data();
  const T* from = x.data();
  for (const std::int64_t index : indices) {
    require(index >= 0 && index < n, "scatter_add: row {} of {}", index, n);
    add_range(to + index * view.inner, from, view.inner);
    from += view.inner;
  }
  return y;
}

template <class T>
Array<T> permute(const Array<T>& x, std::span<const int> axes) {
  const int rank = x.shape().rank();
  require(static_cast<int>(axes.size()) == rank, "permute: {} axes for {}", axes.size(), x.shape());
  std::array<std::int64_t, Shape::max_rank> stride_in{}, stride{}, index{};
  std::int64_t running = 1;
  for (int axis = rank - 1; axis >= 0; --axis) {
    stride_in[static_cast<std::size_t>(axis)] = running;
    running *= x.shape()[axis];
  }
  Shape shape;
  unsigned seen = 0;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    require(axes[i] >= 0 && axes[i] < rank && !(seen & (1u << axes[i])), "permute: axis {} of {}", axes[i], x.shape());
    seen |= 1u << axes[i];
    shape.push_back(x.shape()[axes[i]]);
    stride[i] = stride_in[static_cast<std::size_t>(axes[i])];
  }
  Array<T> y(shape);
  T* to = y.mutable_data();
  const T* from = x.data();
  for (std::int64_t n = y.size(); n > 0; --n) {
    *to++ = *from;
    for (int axis = rank - 1; axis >= 0; --axis) {
      const auto i = static_cast<std::size_t>(axis);
      from += stride[i];
      if (++index[i] < shape[axis]) break;
      from -= stride[i] * shape[axis];
      index[i] = 0;
    }
  }
  return y;
}

template <class T>
Array<T> concat(const Array<T>& a, const Array<T>& b, int axis) {
  require(axis >= 0 && axis < a.shape().rank() && a.shape().rank() == b.shape().rank() &&
              with_extent(b.shape(), axis, a.shape()[axis]) == a.shape(),
          "concat: {} and {} along axis {}", a.shape(), b.shape(), axis);
  const AxisView view_a(a.shape(), axis), view_b(b.shape(), axis);
  Array<T> y(with_extent(a.shape(), axis, view_a.extent + view_b.extent));
  T* to = y.mutable_data();
  const std::int64_t run_a = view_a.extent * view_a.inner, run_b = view_b.extent * view_b.inner;
  for (std::int64_t i = 0; i < view_a.outer; ++i) {
    to = std::copy_n(a.data() + i * run_a, run_a, to);
    to = std::copy_n(b.data() + i * run_b, run_b, to);
  }
  return y;
}

template <class T>
Array<T> matmul(const Array<T>& a, const Array<T>& b, Trans trans_a, Trans trans_b) {
  const Shape &p = a.shape(), &q = b.shape();
  const int rank = p.rank();
  require((rank == 2 || rank == 3) && q.rank() == rank && (rank == 2 || p[0] == q[0]), "matmul: {} times {}", p, q);
  const bool ta = trans_a == Trans::yes, tb = trans_b == Trans::yes;
  const std::int64_t m = p[rank - (ta ? 1 : 2)], k = p[rank - (ta ? 2 : 1)], n = q[rank - (tb ? 2 : 1)];
  require(q[rank - (tb ? 1 : 2)] == k, "matmul: {}{} times {}{}", p, ta ? "'" : "", q, tb ? "'" : "");
  Array<T> c(rank == 2 ? Shape{m, n} : Shape{p[0], m, n});
  T* to = c.mutable_data();
  const std::int64_t count = rank == 2 ? 1 : p[0];
  for (std::int64_t i = 0; i < count; ++i)
    gemm(trans_a, trans_b, m, n, k, a.data() + i * m * k, b.data() + i * k * n, T(0), to + i * m * n);
  return c;
}

template <class T>
Array<T> affine(const Array<T>& x, const Array<T>& w, const Array<T>& b) {
  const int rank = x.shape().rank();
  require(rank >= 1 && w.shape().rank() == 2 && x.shape()[rank - 1] == w.shape()[0] && b.shape() == Shape{w.shape()[1]},
          "affine: x {}, w {}, b {}", x.shape(), w.shape(), b.shape());
  const std::int64_t n_in = w.shape()[0], n_out = w.shape()[1];
  Array<T> y(with_extent(x.shape(), rank - 1, n_out));
  const std::int64_t rows = n_out ? y.size() / n_out : 0;
  T* to = y.mutable_data();
  parallel_ranges(rows, std::max<std::int64_t>(1, (1 << 16) / std::max<std::int64_t>(n_out, 1)), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) std::copy_n(b.data(), n_out, to + row * n_out);
  });
  gemm(Trans::no, Trans::no, rows, n_out, n_in, x.data(), w.data(), T(1), to);
  return y;
}

#define SUITE_INSTANTIATE(T)                                                                     \
  template Array<T> broadcast_to(const Array<T>&, const Shape&);                                 \
  template Array<T> sum_to(const Array<T>&, const Shape&);                                       \
  template Array<T> sum_of_product(const Array<T>&, const Array<T>&, const Shape&);              \
  template Array<T> slice(const Array<T>&, int, std::int64_t, std::int64_t);                     \
  template Array<T> pad(const Array<T>&, int, std::int64_t, std::int64_t);                       \
  template Array<T> gather(const Array<T>&, std::span<const std::int64_t>);                      \
  template Array<T> scatter_add(const Array<T>&, std::span<const std::int64_t>, std::int64_t);   \
  template Array<T> permute(const Array<T>&, std::span<const int>);                              \
  template Array<T> concat(const Array<T>&, const Array<T>&, int);                               \
  template Array<T> matmul(const Array<T>&, const Array<T>&, Trans, Trans);                      \
  template Array<T> affine(const Array<T>&, const Array<T>&, const Array<T>&);
SUITE_INSTANTIATE(float)
SUITE_INSTANTIATE(double)
#undef SUITE_INSTANTIATE

}  // namespace tensors::kernels
