// Batch normalisation as fused primitives; common/nn/batch_norm.hpp has the layer, and the composite that these equal in
// value, first and second derivative. x is [B, C, ...], weight and bias are [C], and `of_x` are the moments of x: given,
// because the layer wants them too, and differentiated as the functions of x that they are.
#pragma once

#include "common/autodiff/var.hpp"
#include "common/tensors/batch_norm.hpp"

namespace autodiff {

template <class T> using Moments = tensors::kernels::Moments<T>;
using tensors::kernels::channel_moments;

// y weight + bias, with y = (x - mean) / sqrt(variance + epsilon) channel by channel.
template <class T> Var<T> batch_norm(const Var<T>& x, const Var<T>& weight, const Var<T>& bias, const Moments<T>& of_x);

// What its derivatives are made of: its pullbacks to x and to the weight, and 1 / sqrt(variance + epsilon), [C].
template <class T> Var<T> batch_norm_slope(const Var<T>& g, const Var<T>& x, const Var<T>& weight, const Moments<T>& of_x);
template <class T> Var<T> batch_norm_dot(const Var<T>& g, const Var<T>& x, const Moments<T>& of_x);
template <class T> Var<T> inverse_deviation(const Var<T>& x, const Moments<T>& of_x);

// [C] as it meets [B, C, ...]: [C, 1, ...].
template <class T> Var<T> per_channel(const Var<T>& values, const Shape& x);

}  // namespace autodiff
