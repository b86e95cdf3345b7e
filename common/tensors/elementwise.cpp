#include "common/tensors/kernels.hpp"
#include "common/tensors/loops.hpp"
#include "common/tensors/vector_math.hpp"

namespace tensors::kernels {
namespace {

using scalar::sigmoid;
using scalar::softplus;

// Elements below which a second thread costs more than it saves.
constexpr std::int64_t cheap = 1 << 16;      // an addition each
constexpr std::int64_t expensive = 1 << 13;  // an exponential each

template <class T, class F>
void map_range(const T* __restrict x, T* __restrict y, std::int64_t begin, std::int64_t end, F f) {
#pragma omp simd
  for (std::int64_t i = begin; i < end; ++i) y[i] = f(x[i]);
}

template <class T, class F>
Array<T> map(const Array<T>& x, std::int64_t grain, F f) {
  Array<T> y(x.shape());
  const T* in = x.data();
  T* out = y.mutable_data();
  parallel_ranges(x.size(), grain, [=](std::int64_t begin, std::int64_t end) { map_range(in, out, begin, end, f); });
  return y;
}

// y[i] = f(a[i * step_a], b[i * step_b]) with steps 0 or 1.
template <class T, class F>
void zip_range(const T* __restrict a, int step_a, const T* __restrict b, int step_b, T* __restrict y, std::int64_t n, F f) {
  if (step_a && step_b) {
#pragma omp simd
    for (std::int64_t i = 0; i < n; ++i) y[i] = f(a[i], b[i]);
  } else if (step_a) {
    const T value = *b;
#pragma omp simd
    for (std::int64_t i = 0; i < n; ++i) y[i] = f(a[i], value);
  } else if (step_b) {
    const T value = *a;
#pragma omp simd
    for (std::int64_t i = 0; i < n; ++i) y[i] = f(value, b[i]);
  } else {
    std::fill_n(y, n, f(*a, *b));
  }
}

template <class T, class F>
Array<T> zip(const Array<T>& a, const Array<T>& b, F f) {
  Array<T> y(broadcast_shape(a.shape(), b.shape()));
  if (y.size() == 0) return y;
  const BroadcastLoop loop(y.shape(), a.shape(), b.shape());
  const T *p = a.data(), *q = b.data();
  T* out = y.mutable_data();
  const int step_a = loop.inner_step_a(), step_b = loop.inner_step_b();
  loop.parallel_runs(cheap, [=](std::int64_t at, std::int64_t at_a, std::int64_t at_b, std::int64_t n) {
    zip_range(p + at_a, step_a, q + at_b, step_b, out + at, n, f);
  });
  return y;
}

}  // namespace

template <class T> Array<T> add(const Array<T>& a, const Array<T>& b) { return zip(a, b, [](T p, T q) { return p + q; }); }
template <class T> Array<T> sub(const Array<T>& a, const Array<T>& b) { return zip(a, b, [](T p, T q) { return p - q; }); }
template <class T> Array<T> mul(const Array<T>& a, const Array<T>& b) { return zip(a, b, [](T p, T q) { return p * q; }); }
template <class T> Array<T> div(const Array<T>& a, const Array<T>& b) { return zip(a, b, [](T p, T q) { return p / q; }); }
template <class T> Array<T> greater(const Array<T>& a, const Array<T>& b) { return zip(a, b, [](T p, T q) { return p > q ? T(1) : T(0); }); }
template <class T> Array<T> tanh_slope(const Array<T>& g, const Array<T>& y) { return zip(g, y, [](T p, T q) { return p * (T(1) - q * q); }); }
template <class T> Array<T> leaky_relu_slope(const Array<T>& g, const Array<T>& y, T slope) {
  return zip(g, y, [slope](T p, T q) { return q > T(0) ? p : slope * p; });
}
template <class T> Array<T> sigmoid_slope(const Array<T>& g, const Array<T>& y) { return zip(g, y, [](T p, T q) { return p * q * (T(1) - q); }); }

namespace {

// y[i] = a[i] + b[i * step_b] c[i * step_c] with steps 0 or 1.
template <class T>
void add_product_range(const T* __restrict a, const T* __restrict b, int step_b, const T* __restrict c, int step_c, T* __restrict y,
                       std::int64_t n) {
  if (step_b && step_c) {
#pragma omp simd
    for (std::int64_t i = 0; i < n; ++i) y[i] = a[i] + b[i] * c[i];
  } else {
    const T factor = step_b ? *c : *b;
    const T* __restrict x = step_b ? b : c;
    const std::int64_t step = step_b || step_c;
#pragma omp simd
    for (std::int64_t i = 0; i < n; ++i) y[i] = a[i] + factor * x[i * step];
  }
}

}  // namespace

template <class T>
Array<T> add_product(const Array<T>& a, const Array<T>& b, const Array<T>& c) {
  Array<T> y(broadcast_shape(b.shape(), c.shape()));
  require(y.shape() == a.shape(), "add_product: {} + {} {}", a.shape(), b.shape(), c.shape());
  if (y.size() == 0) return y;
  const BroadcastLoop loop(y.shape(), b.shape(), c.shape());
  const T *p = a.data(), *q = b.data(), *r = c.data();
  T* out = y.mutable_data();
  const int step_b = loop.inner_step_a(), step_c = loop.inner_step_b();
  loop.parallel_runs(cheap, [=](std::int64_t at, std::int64_t at_b, std::int64_t at_c, std::int64_t n) {
    add_product_range(p + at, q + at_b, step_b, r + at_c, step_c, out + at, n);
  });
  return y;
}

template <class T>
void add_into(Array<T>& into, const Array<T>& b) {
  require(into.shape() == b.shape(), "add_into: {} += {}", into.shape(), b.shape());
  const T* from = b.data();
  T* to = into.mutable_data();
  parallel_ranges(b.size(), cheap, [=](std::int64_t begin, std::int64_t end) {
#pragma omp simd
    for (std::int64_t i = begin; i < end; ++i) to[i] += from[i];
  });
}

template <class T> Array<T> neg(const Array<T>& x) { return map(x, cheap, [](T v) { return -v; }); }
template <class T> Array<T> exp(const Array<T>& x) { return map(x, expensive, [](T v) { return scalar::exp(v); }); }
template <class T> Array<T> log(const Array<T>& x) { return map(x, expensive, [](T v) { return scalar::log(v); }); }
template <class T> Array<T> tanh(const Array<T>& x) { return map(x, expensive, [](T v) { return scalar::tanh(v); }); }
template <class T> Array<T> sigmoid(const Array<T>& x) { return map(x, expensive, [](T v) { return scalar::sigmoid(v); }); }
template <class T> Array<T> softplus(const Array<T>& x) { return map(x, expensive, [](T v) { return scalar::softplus(v); }); }
template <class T> Array<T> relu(const Array<T>& x) { return map(x, cheap, [](T v) { return v < T(0) ? T(0) : v; }); }

template <class T>
Array<T> pow(const Array<T>& x, T exponent) {
  if (exponent == T(2)) return map(x, cheap, [](T v) { return v * v; });
  if (exponent == T(0.5)) return map(x, cheap, [](T v) { return std::sqrt(v); });
  if (exponent == T(-1)) return map(x, cheap, [](T v) { return T(1) / v; });
  if (exponent == T(-0.5)) return map(x, cheap, [](T v) { return T(1) / std::sqrt(v); });
  return map(x, expensive, [exponent](T v) { return std::pow(v, exponent); });
}

template <class T> Array<T> clamp(const Array<T>& x, T low, T high) {
  return map(x, cheap, [low, high](T v) { return v < low ? low : v > high ? high : v; });
}
template <class T> Array<T> inside(const Array<T>& x, T low, T high) {
  return map(x, cheap, [low, high](T v) { return v > low && v < high ? T(1) : T(0); });
}

template <class T>
Array<T> select(const Array<T>& mask, const Array<T>& a, const Array<T>& b) {
  require(mask.shape() == a.shape() && a.shape() == b.shape(), "select: mask {}, values {} and {}", mask.shape(),
          a.shape(), b.shape());
  Array<T> y(a.shape());
  const T *m = mask.data(), *p = a.data(), *q = b.data();
  T* out = y.mutable_data();
  parallel_ranges(a.size(), cheap, [=](std::int64_t begin, std::int64_t end) {
#pragma omp simd
    for (std::int64_t i = begin; i < end; ++i) out[i] = m[i] != T(0) ? p[i] : q[i];
  });
  return y;
}

namespace {

template <class T>
T bernoulli_row(const T* __restrict x, const T* __restrict l, std::int64_t n) {
  T sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t i = 0; i < n; ++i) sum += x[i] * l[i] - softplus(l[i]);
  return sum;
}

template <class T>
void residual_row(T g, const T* __restrict x, const T* __restrict l, T* __restrict out, std::int64_t n) {
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) out[i] = g * (x[i] - sigmoid(l[i]));
}

// Whether a is b, or b without some of its first axes.
bool is_tail_of(const Shape& a, const Shape& b) {
  const int missing = b.rank() - a.rank();
  return missing >= 0 && a.rank() > 0 && std::equal(a.begin(), a.end(), b.begin() + missing);
}

Shape without_last_axis(const Shape& shape) {
  require(shape.rank() > 0, "bernoulli: logits need an axis of variables");
  Shape rows;
  for (int axis = 0; axis + 1 < shape.rank(); ++axis) rows.push_back(shape[axis]);
  return rows;
}

}  // namespace

template <class T>
Array<T> bernoulli_log_prob(const Array<T>& x, const Array<T>& logits) {
  Array<T> y(without_last_axis(logits.shape()));
  require(is_tail_of(x.shape(), logits.shape()), "bernoulli: x is {}, logits are {}", x.shape(), logits.shape());
  const std::int64_t d = logits.shape()[logits.shape().rank() - 1], n = std::max<std::int64_t>(x.size(), 1);
  const T *p = x.data(), *l = logits.data();
  T* out = y.mutable_data();
  parallel_ranges(y.size(), std::max<std::int64_t>(1, expensive / std::max<std::int64_t>(d, 1)), [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) out[row] = bernoulli_row(p + row * d % n, l + row * d, d);
  });
  return y;
}

template <class T>
Array<T> bernoulli_residual(const Array<T>& g, const Array<T>& x, const Array<T>& logits) {
  require(is_tail_of(x.shape(), logits.shape()) && g.shape() == without_last_axis(logits.shape()), "bernoulli: g is {}, x is {}, logits are {}",
          g.shape(), x.shape(), logits.shape());
  const std::int64_t d = logits.shape()[logits.shape().rank() - 1], n = std::max<std::int64_t>(x.size(), 1);
  Array<T> y(logits.shape());
  const T *w = g.data(), *p = x.data(), *l = logits.data();
  T* out = y.mutable_data();
  parallel_ranges(g.size(), std::max<std::int64_t>(1, expensive / std::max<std::int64_t>(d, 1)), [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) residual_row(w[row], p + row * d % n, l + row * d, out + row * d, d);
  });
  return y;
}

template <class T>
bool all_finite(const Array<T>& x) {
  T poison = 0;  // 0 times anything finite stays 0
  const T* p = x.data();
  const std::int64_t n = x.size();
#pragma omp simd reduction(+ : poison)
  for (std::int64_t i = 0; i < n; ++i) poison += p[i] * T(0);
  return poison == T(0);
}

#define SUITE_INSTANTIATE(T)                                                                          \
  template Array<T> add(const Array<T>&, const Array<T>&);                                            \
  template Array<T> sub(const Array<T>&, const Array<T>&);                                            \
  template Array<T> mul(const Array<T>&, const Array<T>&);                                            \
  template Array<T> div(const Array<T>&, const Array<T>&);                                            \
  template Array<T> add_product(const Array<T>&, const Array<T>&, const Array<T>&);                   \
  template Array<T> greater(const Array<T>&, const Array<T>&);                                        \
  template Array<T> leaky_relu_slope(const Array<T>&, const Array<T>&, T);                            \
  template Array<T> tanh_slope(const Array<T>&, const Array<T>&);                                     \
  template Array<T> sigmoid_slope(const Array<T>&, const Array<T>&);                                  \
  template void add_into(Array<T>&, const Array<T>&);                                                 \
  template Array<T> neg(const Array<T>&);                                                             \
  template Array<T> exp(const Array<T>&);                                                             \
  template Array<T> log(const Array<T>&);                                                             \
  template Array<T> tanh(const Array<T>&);                                                            \
  template Array<T> sigmoid(const Array<T>&);                                                         \
  template Array<T> softplus(const Array<T>&);                                                        \
  template Array<T> relu(const Array<T>&);                                                            \
  template Array<T> pow(const Array<T>&, T);                                                          \
  template Array<T> clamp(const Array<T>&, T, T);                                                     \
  template Array<T> inside(const Array<T>&, T, T);                                                    \
  template Array<T> select(const Array<T>&, const Array<T>&, const Array<T>&);                        \
  template Array<T> bernoulli_log_prob(const Array<T>&, const Array<T>&);                             \
  template Array<T> bernoulli_residual(const Array<T>&, const Array<T>&, const Array<T>&);            \
  template bool all_finite(const Array<T>&);
SUITE_INSTANTIATE(float)
SUITE_INSTANTIATE(double)
#undef SUITE_INSTANTIATE

}  // namespace tensors::kernels
