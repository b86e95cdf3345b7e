// # The cross-entropy as coded
//
// The report's code takes it from the decoder's probabilities $p = \mathrm{sigmoid}(l)$ after they were rounded to floats, by
// PyTorch's `binary_cross_entropy`: logarithms no less than -100, and a gradient that is multiplied by
// $\min(1,\ p (1 - p) / 10^{-12})$. Where $p$ is rounded to 1, at logits above 17, a wrong pixel then has no gradient at
// all, and costs 100 nats however wrong it is. From the logits it would be $x l - \mathrm{softplus}(l)$ everywhere.
#pragma once

#include "paper_vae_extensions/vae.hpp"

#include <algorithm>
#include <cmath>

namespace vae_extensions {

// log p(x) in nats, [B, d] -> [B]; x holds zeros and ones.
template <class T>
Var<T> rounded_log_prob(const Var<T>& x, const Var<T>& logits) {
  const tensors::Array<T> p = tensors::kernels::sigmoid(logits.value());
  tensors::Array<T> nats(p.shape()), slope(p.shape());
  T *nats_at = nats.mutable_data(), *slope_at = slope.mutable_data();
  for (std::int64_t i = 0; i < p.size(); ++i) {
    nats_at[i] = std::max(x.value()[i] > T(0.5) ? std::log(p[i]) : std::log1p(-p[i]), T(-100));
    slope_at[i] = std::min(T(1), p[i] * (1 - p[i]) / T(1e-12));
  }
  // The rounded value, with the gradient slope (x - p) of the scaled one.
  const Var<T> scaled = Var<T>(slope) * (x * logits - softplus(logits));
  return sum(scaled + (Var<T>(nats) - stop_gradient(scaled)), -1);
}

}  // namespace vae_extensions
