// Every kernel goes channel by channel: what it reads twice is still in the cache the second time.
#include "common/tensors/batch_norm.hpp"

#include "common/tensors/loops.hpp"

#include <cmath>

namespace tensors::kernels {
namespace {

// x seen as [n_rows, n_channels, inner].
struct ChannelView {
  std::int64_t n_rows, n_channels, inner = 1;

  explicit ChannelView(const Shape& x) : n_rows(x.extent(0)), n_channels(x.extent(1)) {
    for (int axis = 2; axis < x.rank(); ++axis) inner *= x[axis];
    require(n_rows * inner > 0, "batch normalisation: {} has no values", x);
  }

  double n() const { return static_cast<double>(n_rows * inner); }

  // Calls body(channel), the threads sharing the channels.
  template <class Body>
  void for_channels(const Body& body) const {
    parallel_ranges(n_channels, std::max<std::int64_t>(1, (1 << 15) / (n_rows * inner)), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t c = begin; c < end; ++c) body(c);
    });
  }
  // Calls body(offset) where a run of `inner` values of the channel begins.
  template <class Body>
  void for_runs(std::int64_t channel, const Body& body) const {
    for (std::int64_t row = 0; row < n_rows; ++row) body((row * n_channels + channel) * inner);
  }
};

template <class T>
T sum_product_run(const T* __restrict a, const T* __restrict b, T centre, std::int64_t n) {
  T sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t i = 0; i < n; ++i) sum += a[i] * (b[i] - centre);
  return sum;
}

template <class T>
T sum_square_run(const T* __restrict x, T centre, std::int64_t n) {
  T sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t i = 0; i < n; ++i) sum += (x[i] - centre) * (x[i] - centre);
  return sum;
}

template <class T>
void affine_run(const T* __restrict x, T centre, T scale, T offset, T* __restrict y, std::int64_t n) {
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) y[i] = (x[i] - centre) * scale + offset;
}

// y = scale (g - g_mean - (x - centre) slope)
template <class T>
void slope_run(const T* __restrict g, T g_mean, const T* __restrict x, T centre, T slope, T scale, T* __restrict y, std::int64_t n) {
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) y[i] = scale * (g[i] - g_mean - (x[i] - centre) * slope);
}

template <class T>
void check(const Array<T>& x, const Moments<T>& of_x, const Array<T>& per_channel) {
  const Shape channels{x.shape().extent(1)};
  require(of_x.mean.shape() == channels && per_channel.shape() == channels, "batch normalisation: x is {}, moments are {}, weight or bias is {}",
          x.shape(), of_x.mean.shape(), per_channel.shape());
}

}  // namespace

template <class T>
Moments<T> channel_moments(const Array<T>& x, T epsilon) {
  const ChannelView view(x.shape());
  const Shape channels{view.n_channels};
  Moments<T> moments{Array<T>(channels), Array<T>(channels), Array<T>(channels)};
  T *mean = moments.mean.mutable_data(), *variance = moments.variance.mutable_data(), *inverse = moments.inverse_deviation.mutable_data();
  const T* p = x.data();
  view.for_channels([&](std::int64_t c) {
    double sum = 0, square = 0;
    view.for_runs(c, [&](std::int64_t at) { sum += sum_range(p + at, view.inner); });
    mean[c] = static_cast<T>(sum / view.n());
    view.for_runs(c, [&](std::int64_t at) { square += sum_square_run(p + at, mean[c], view.inner); });
    variance[c] = static_cast<T>(square / view.n());
    inverse[c] = T(1) / std::sqrt(variance[c] + epsilon);
  });
  return moments;
}

template <class T>
Array<T> batch_norm(const Array<T>& x, const Moments<T>& of_x, const Array<T>& weight, const Array<T>& bias) {
  check(x, of_x, weight);
  check(x, of_x, bias);
  const ChannelView view(x.shape());
  Array<T> y(x.shape());
  const T* p = x.data();
  T* out = y.mutable_data();
  view.for_channels([&](std::int64_t c) {
    const T scale = of_x.inverse_deviation[c] * weight[c];
    view.for_runs(c, [&](std::int64_t at) { affine_run(p + at, of_x.mean[c], scale, bias[c], out + at, view.inner); });
  });
  return y;
}

template <class T>
Array<T> batch_norm_slope(const Array<T>& g, const Array<T>& x, const Moments<T>& of_x, const Array<T>& weight) {
  check(x, of_x, weight);
  require(g.shape() == x.shape(), "batch normalisation: x is {}, its cotangent is {}", x.shape(), g.shape());
  const ChannelView view(x.shape());
  Array<T> y(x.shape());
  const T *p = x.data(), *q = g.data();
  T* out = y.mutable_data();
  view.for_channels([&](std::int64_t c) {
    const T centre = of_x.mean[c], inverse = of_x.inverse_deviation[c];
    double sum = 0, product = 0;
    view.for_runs(c, [&](std::int64_t at) {
      sum += sum_range(q + at, view.inner);
      product += sum_product_run(q + at, p + at, centre, view.inner);
    });
    const auto g_mean = static_cast<T>(sum / view.n());
    const T slope = static_cast<T>(product / view.n()) * inverse * inverse;
    view.for_runs(c, [&](std::int64_t at) { slope_run(q + at, g_mean, p + at, centre, slope, inverse * weight[c], out + at, view.inner); });
  });
  return y;
}

template <class T>
Array<T> batch_norm_dot(const Array<T>& g, const Array<T>& x, const Moments<T>& of_x) {
  check(x, of_x, of_x.mean);
  require(g.shape() == x.shape(), "batch normalisation: x is {}, its cotangent is {}", x.shape(), g.shape());
  const ChannelView view(x.shape());
  Array<T> dot(Shape{view.n_channels});
  const T *p = x.data(), *q = g.data();
  T* out = dot.mutable_data();
  view.for_channels([&](std::int64_t c) {
    double product = 0;
    view.for_runs(c, [&](std::int64_t at) { product += sum_product_run(q + at, p + at, of_x.mean[c], view.inner); });
    out[c] = static_cast<T>(product) * of_x.inverse_deviation[c];
  });
  return dot;
}

#define SUITE_INSTANTIATE(T)                                                                                              \
  template Moments<T> channel_moments(const Array<T>&, T);                                                                \
  template Array<T> batch_norm(const Array<T>&, const Moments<T>&, const Array<T>&, const Array<T>&);                     \
  template Array<T> batch_norm_slope(const Array<T>&, const Array<T>&, const Moments<T>&, const Array<T>&);               \
  template Array<T> batch_norm_dot(const Array<T>&, const Array<T>&, const Moments<T>&);
SUITE_INSTANTIATE(float)
SUITE_INSTANTIATE(double)
#undef SUITE_INSTANTIATE

}  // namespace tensors::kernels
