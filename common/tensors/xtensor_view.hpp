// An Array as an xtensor expression, at no cost. Include it where expressions are written, not in common headers:
// xtensor takes seconds to compile.
#pragma once

#include "common/tensors/array.hpp"

#include <xtensor/xadapt.hpp>

namespace tensors {

// A read-only xtensor view of the array's elements; the array must outlive it.
template <class T>
auto view(const Array<T>& array) {
  return xt::adapt(array.data(), static_cast<std::size_t>(array.size()), xt::no_ownership(),
                   std::vector<std::size_t>(array.shape().begin(), array.shape().end()));
}

// The value of an xtensor expression as an Array.
template <class T, class E>
Array<T> from_expression(const xt::xexpression<E>& expression) {
  const xt::xarray<T> values = expression.derived_cast();
  Shape shape;
  for (std::size_t extent : values.shape()) shape.push_back(static_cast<std::int64_t>(extent));
  return Array<T>(shape, std::span<const T>(values.data(), values.size()));
}

}  // namespace tensors
