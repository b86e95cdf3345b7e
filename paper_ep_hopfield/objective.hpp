// # The objective of all four models
//
// $\mathcal L = \mathcal L_{SSE} + \beta_{KL} D_{KL}$, to be minimised, with one draw of z for each example.
#pragma once

#include "common/autodiff/functions.hpp"

namespace ep_hopfield {

using autodiff::Var;

// $q(z \mid x) = N(\mu, \mathrm{diag}\,\sigma^2)$, as the encoder tells it.
template <class T>
struct Code {
  Var<T> mu, log_variance;  // [B, L]

  Var<T> sample(const Var<T>& epsilon) const { return mu + epsilon * exp(log_variance * T(0.5)); }
};

// $[\mu; \log\sigma^2]$, [B, 2 L], in two.
template <class T>
Code<T> split_code(const Var<T>& y) {
  const std::int64_t L = y.shape()[1] / 2;
  return {slice(y, 1, 0, L), slice(y, 1, L, L)};
}

// $\frac12 \sum (y - x)^2$, [B].
template <class T>
Var<T> half_sse(const Var<T>& y, const Var<T>& x) { return sum(square(y - x), -1) * T(0.5); }

// Eq. (7), [B], nats.
template <class T>
Var<T> kl(const Code<T>& q) { return sum(square(q.mu) + exp(q.log_variance) - q.log_variance - T(1), -1) * T(0.5); }

template <class T>
struct Losses {
  Var<T> half_sse, kl;  // [B]
};

}  // namespace ep_hopfield
