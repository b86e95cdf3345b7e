// Notation over the primitives: operators and the small composites that models are written in.
#pragma once

#include "common/autodiff/primitives.hpp"
#include "common/tensors/kernels.hpp"

#include <algorithm>

namespace autodiff {

template <class T> Var<T> operator+(const Var<T>& a, const Var<T>& b) { return add(a, b); }
template <class T> Var<T> operator-(const Var<T>& a, const Var<T>& b) { return sub(a, b); }
template <class T> Var<T> operator*(const Var<T>& a, const Var<T>& b) { return mul(a, b); }
template <class T> Var<T> operator/(const Var<T>& a, const Var<T>& b) { return div(a, b); }
template <class T> Var<T> operator-(const Var<T>& x) { return neg(x); }

template <class T> Var<T> operator+(const Var<T>& a, std::type_identity_t<T> b) { return add(a, Var<T>(b)); }
template <class T> Var<T> operator-(const Var<T>& a, std::type_identity_t<T> b) { return sub(a, Var<T>(b)); }
template <class T> Var<T> operator*(const Var<T>& a, std::type_identity_t<T> b) { return mul(a, Var<T>(b)); }
template <class T> Var<T> operator/(const Var<T>& a, std::type_identity_t<T> b) { return mul(a, Var<T>(T(1) / b)); }
template <class T> Var<T> operator+(std::type_identity_t<T> a, const Var<T>& b) { return add(Var<T>(a), b); }
template <class T> Var<T> operator-(std::type_identity_t<T> a, const Var<T>& b) { return sub(Var<T>(a), b); }
template <class T> Var<T> operator*(std::type_identity_t<T> a, const Var<T>& b) { return mul(Var<T>(a), b); }
template <class T> Var<T> operator/(std::type_identity_t<T> a, const Var<T>& b) { return div(Var<T>(a), b); }

template <class T> Var<T> square(const Var<T>& x) { return pow(x, T(2)); }
template <class T> Var<T> sqrt(const Var<T>& x) { return pow(x, T(0.5)); }

// x where x > 0, else slope x; the derivative at the kink is `slope`, as in PyTorch.
template <class T>
Var<T> leaky_relu(const Var<T>& x, std::type_identity_t<T> slope = T(0.01)) { return leaky_relu_slope(x, x.value(), slope); }

// The sum of all elements: a scalar.
template <class T> Var<T> sum(const Var<T>& x) { return sum_to(x, Shape{}); }

// The sum over one axis (negative axes count from the last), which disappears.
template <class T>
Var<T> sum(const Var<T>& x, int axis) {
  if (axis < 0) axis += x.shape().rank();
  Shape kept = x.shape(), rest;
  tensors::require(axis >= 0 && axis < kept.rank(), "sum: axis {} of {}", axis, x.shape());
  kept[axis] = 1;
  for (int i = 0; i < kept.rank(); ++i)
    if (i != axis) rest.push_back(kept[i]);
  return reshape(sum_to(x, kept), rest);
}

template <class T> Var<T> mean(const Var<T>& x) { return sum(x) / static_cast<T>(x.shape().size()); }
template <class T> Var<T> mean(const Var<T>& x, int axis) {
  return sum(x, axis) / static_cast<T>(x.shape()[axis < 0 ? axis + x.shape().rank() : axis]);
}

// log sum exp over one axis, which disappears; shifted by the largest element, so that nothing overflows.
template <class T>
Var<T> log_sum_exp(const Var<T>& x, int axis) {
  if (axis < 0) axis += x.shape().rank();
  Shape kept = x.shape();
  tensors::require(axis >= 0 && axis < kept.rank() && kept[axis] > 0, "log_sum_exp: axis {} of {}", axis, x.shape());
  const std::int64_t extent = kept[axis];
  kept[axis] = 1;
  std::int64_t inner = 1;
  for (int i = axis + 1; i < kept.rank(); ++i) inner *= kept[i];
  Array<T> largest(kept);
  T* top = largest.mutable_data();
  const T* values = x.value().data();
  for (std::int64_t i = 0; i < largest.size(); ++i) {
    const T* first = values + (i / inner) * extent * inner + i % inner;
    top[i] = *first;
    for (std::int64_t j = 1; j < extent; ++j) top[i] = std::max(top[i], first[j * inner]);
  }
  const Var<T> shift(largest);
  const Var<T> total = log(sum(exp(x - shift), axis));
  return total + reshape(shift, total.shape());
}

}  // namespace autodiff
