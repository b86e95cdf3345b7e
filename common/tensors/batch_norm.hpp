// Kernels of batch normalisation. x is [B, C, ...]: a channel is everything that shares an index of the second axis; n is
// the number of its values. Channels are shared out to the threads, so results do not depend on their number.
#pragma once

#include "common/tensors/array.hpp"

namespace tensors::kernels {

// What normalising each channel takes; [C] each.
template <class T>
struct Moments {
  Array<T> mean, variance;     // of the channel; biased: divided by n
  Array<T> inverse_deviation;  // 1 / sqrt(variance + epsilon)
};
template <class T> Moments<T> channel_moments(const Array<T>& x, T epsilon);

// y = (x - mean) inverse_deviation; `of_x` are the moments of x, weight and bias are [C].
template <class T> Array<T> batch_norm(const Array<T>& x, const Moments<T>& of_x, const Array<T>& weight, const Array<T>& bias);  // y weight + bias
// Its pullback to x: weight inverse_deviation (g - mean(g) - y mean(g y)).
template <class T> Array<T> batch_norm_slope(const Array<T>& g, const Array<T>& x, const Moments<T>& of_x, const Array<T>& weight);
// Its pullback to the weight, the sum of g y: [C].
template <class T> Array<T> batch_norm_dot(const Array<T>& g, const Array<T>& x, const Moments<T>& of_x);

}  // namespace tensors::kernels
