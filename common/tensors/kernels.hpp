// The arithmetic on plain arrays that the differentiable primitives stand on. Every kernel returns a new array (from
// the pool); float runs vectorised and on all cores, and each kernel is tested against its one-line definition.
#pragma once

#include "common/tensors/array.hpp"
#include "common/tensors/gemm.hpp"

namespace tensors::kernels {

// Elementwise with NumPy's broadcasting.
template <class T> Array<T> add(const Array<T>& a, const Array<T>& b);
template <class T> Array<T> sub(const Array<T>& a, const Array<T>& b);
template <class T> Array<T> mul(const Array<T>& a, const Array<T>& b);
template <class T> Array<T> div(const Array<T>& a, const Array<T>& b);
// a + b c, for factors that broadcast to the shape of a.
template <class T> Array<T> add_product(const Array<T>& a, const Array<T>& b, const Array<T>& c);
template <class T> Array<T> greater(const Array<T>& a, const Array<T>& b);  // 1 where a > b, else 0
// into += b, same shape; `into` must be the only owner.
template <class T> void add_into(Array<T>& into, const Array<T>& b);

template <class T> Array<T> neg(const Array<T>& x);
template <class T> Array<T> exp(const Array<T>& x);
template <class T> Array<T> log(const Array<T>& x);
template <class T> Array<T> pow(const Array<T>& x, T exponent);
template <class T> Array<T> tanh(const Array<T>& x);
template <class T> Array<T> sigmoid(const Array<T>& x);   // 1 / (1 + e^-x)
template <class T> Array<T> softplus(const Array<T>& x);  // log(1 + e^x)
template <class T> Array<T> relu(const Array<T>& x);
template <class T> Array<T> clamp(const Array<T>& x, T low, T high);
template <class T> Array<T> inside(const Array<T>& x, T low, T high);  // 1 where low < x < high, else 0
template <class T> Array<T> select(const Array<T>& mask, const Array<T>& a, const Array<T>& b);  // a where mask != 0; equal shapes

// g times the slope of an activation, expressed in its value y: one pass instead of three.
template <class T> Array<T> leaky_relu_slope(const Array<T>& g, const Array<T>& y, T slope);  // g where y > 0, else slope g
template <class T> Array<T> tanh_slope(const Array<T>& g, const Array<T>& y);     // g (1 - y^2)
template <class T> Array<T> sigmoid_slope(const Array<T>& g, const Array<T>& y);  // g y (1 - y)

// x repeated along new or unit axes; and its adjoint, the sum over them.
template <class T> Array<T> broadcast_to(const Array<T>& x, const Shape& shape);
template <class T> Array<T> sum_to(const Array<T>& x, const Shape& shape);
// sum_to(a b, shape) in one pass, for a and b of one shape.
template <class T> Array<T> sum_of_product(const Array<T>& a, const Array<T>& b, const Shape& shape);

// Elements start .. start + length - 1 along an axis; and its adjoint, x put there between zeros.
template <class T> Array<T> slice(const Array<T>& x, int axis, std::int64_t start, std::int64_t length);
template <class T> Array<T> pad(const Array<T>& x, int axis, std::int64_t start, std::int64_t length);

// Rows x[indices[i]] along the first axis; and its adjoint, rows added to where they came from (n rows in all).
template <class T> Array<T> gather(const Array<T>& x, std::span<const std::int64_t> indices);
template <class T> Array<T> scatter_add(const Array<T>& x, std::span<const std::int64_t> indices, std::int64_t n);

template <class T> Array<T> permute(const Array<T>& x, std::span<const int> axes);
template <class T> Array<T> concat(const Array<T>& a, const Array<T>& b, int axis);

// op(a) op(b) for matrices, or for equally long stacks of matrices (rank 3).
template <class T> Array<T> matmul(const Array<T>& a, const Array<T>& b, Trans trans_a, Trans trans_b);
// x w + b: x [.., n_in], w [n_in, n_out], b [n_out].
template <class T> Array<T> affine(const Array<T>& x, const Array<T>& w, const Array<T>& b);

// Sum over the last axis of x l - softplus(l), the log-probability of x under a Bernoulli with logits l: [.., d] -> [..].
// x may lack first axes of l; it then stands for all of them.
template <class T> Array<T> bernoulli_log_prob(const Array<T>& x, const Array<T>& logits);
// g[.., none] (x - sigmoid(l)): its pullback to the logits.
template <class T> Array<T> bernoulli_residual(const Array<T>& g, const Array<T>& x, const Array<T>& logits);

template <class T> bool all_finite(const Array<T>& x);

}  // namespace tensors::kernels
