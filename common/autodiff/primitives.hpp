// The differentiable vocabulary: closed under differentiation, so derivatives of any order are made of it.
// The kernel behind each primitive, with shapes, is described in common/tensors/kernels.hpp.
#pragma once

#include "common/autodiff/var.hpp"
#include "common/tensors/gemm.hpp"

#include <memory>
#include <vector>

namespace autodiff {

using tensors::Trans;

// Arithmetic, with NumPy's broadcasting.
template <class T> Var<T> add(const Var<T>& a, const Var<T>& b);
template <class T> Var<T> sub(const Var<T>& a, const Var<T>& b);
template <class T> Var<T> mul(const Var<T>& a, const Var<T>& b);
template <class T> Var<T> div(const Var<T>& a, const Var<T>& b);
template <class T> Var<T> neg(const Var<T>& x);

// Smooth.
template <class T> Var<T> exp(const Var<T>& x);
template <class T> Var<T> log(const Var<T>& x);
template <class T> Var<T> pow(const Var<T>& x, std::type_identity_t<T> exponent);
template <class T> Var<T> tanh(const Var<T>& x);
template <class T> Var<T> sigmoid(const Var<T>& x);
template <class T> Var<T> softplus(const Var<T>& x);

// Piecewise; the derivative at a kink is 0.
template <class T> Var<T> relu(const Var<T>& x);
template <class T> Var<T> clamp(const Var<T>& x, std::type_identity_t<T> low, std::type_identity_t<T> high);
template <class T> Var<T> select(const Array<T>& mask, const Var<T>& a, const Var<T>& b);  // a where mask != 0, else b

// Adjoint pairs.
template <class T> Var<T> broadcast_to(const Var<T>& x, const Shape& shape);
template <class T> Var<T> sum_to(const Var<T>& x, const Shape& shape);
template <class T> Var<T> slice(const Var<T>& x, int axis, std::int64_t start, std::int64_t length);
template <class T> Var<T> pad(const Var<T>& x, int axis, std::int64_t start, std::int64_t length);
using Indices = std::shared_ptr<const std::vector<std::int64_t>>;
template <class T> Var<T> gather(const Var<T>& x, const Indices& indices);
template <class T> Var<T> scatter_add(const Var<T>& x, const Indices& indices, std::int64_t n);

// Shape.
template <class T> Var<T> reshape(const Var<T>& x, const Shape& shape);
template <class T> Var<T> permute(const Var<T>& x, std::vector<int> axes);
template <class T> Var<T> concat(const Var<T>& a, const Var<T>& b, int axis);

// Products.
template <class T> Var<T> matmul(const Var<T>& a, const Var<T>& b, Trans trans_a = Trans::no, Trans trans_b = Trans::no);

// Fused, each equal to its composite in value, first and second derivative.
template <class T> Var<T> affine(const Var<T>& x, const Var<T>& w, const Var<T>& b);                             // x w + b
template <class T> Var<T> add_product(const Var<T>& a, const Var<T>& b, const Var<T>& c);                        // a + b c, shaped as a
template <class T> Var<T> sum_of_product(const Var<T>& a, const Var<T>& b, const Shape& shape);                  // sum_to(a b, shape), a shaped as b
template <class T> Var<T> leaky_relu_slope(const Var<T>& g, const Array<T>& y, std::type_identity_t<T> slope);  // g where y > 0, else slope g
template <class T> Var<T> tanh_slope(const Var<T>& g, const Var<T>& y);                                         // g (1 - y^2)
template <class T> Var<T> sigmoid_slope(const Var<T>& g, const Var<T>& y);                                      // g y (1 - y)
template <class T> Var<T> bernoulli_log_prob(const Var<T>& x, const Var<T>& logits);                            // [.., d] -> [..]
template <class T> Var<T> bernoulli_residual(const Var<T>& g, const Var<T>& x, const Var<T>& logits);           // g (x - sigmoid(logits))

// The value of x as a constant: outside the differentiable set on purpose. A copy, because a sweep may overwrite a
// parameter (`Sink`) while rules that still read this value are to come.
template <class T>
Var<T> stop_gradient(const Var<T>& x) {
  return Var<T>(x.value().copy());
}

}  // namespace autodiff
