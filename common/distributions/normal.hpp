#pragma once

#include "common/autodiff/functions.hpp"
#include "common/tensors/random.hpp"

#include <cmath>
#include <numbers>

namespace distributions {

using autodiff::Var;

// Independent normals along the last axis: mean and log standard deviation, both [.., d].
template <class T>
struct Normal {
  Var<T> mean, log_scale;

  // mean + scale * noise, noise standard normal: the reparametrised draw.
  Var<T> sample(const Var<T>& noise) const { return mean + exp(log_scale) * noise; }
  Var<T> sample(tensors::Stream& stream) const { return sample(Var<T>(stream.normal<T>(mean.shape()))); }

  // log p(z) in nats, summed over the last axis: [.., d] -> [..].
  Var<T> log_prob(const Var<T>& z) const {
    const Var<T> standardised = (z - mean) * exp(-log_scale);
    return sum(square(standardised) * T(-0.5) - log_scale, -1) - half_log_2_pi() * dimensions();
  }

  // log p(sample(noise)), without computing back what the noise was: [.., d] -> [..].
  Var<T> log_prob_of_sample(const Var<T>& noise) const { return sum(square(noise) * T(-0.5) - log_scale, -1) - half_log_2_pi() * dimensions(); }

  // KL(this || N(0, I)) in nats: 1/2 sum(mean^2 + scale^2 - 1 - log scale^2), [.., d] -> [..].
  Var<T> kl_to_standard() const { return sum(square(mean) + exp(log_scale * T(2)) - log_scale * T(2) - T(1), -1) * T(0.5); }

 private:
  static T half_log_2_pi() { return static_cast<T>(0.5 * std::log(2 * std::numbers::pi)); }
  T dimensions() const { return static_cast<T>(mean.shape()[mean.shape().rank() - 1]); }
};

// KL(p || q) in nats: sum(log(s_q / s_p) + (s_p^2 + (m_p - m_q)^2) / (2 s_q^2) - 1/2), [.., d] -> [..].
template <class T>
Var<T> kl(const Normal<T>& p, const Normal<T>& q) {
  const Var<T> log_ratio = p.log_scale - q.log_scale;
  return sum(exp(log_ratio * T(2)) * T(0.5) + square((p.mean - q.mean) * exp(-q.log_scale)) * T(0.5) - log_ratio - T(0.5), -1);
}

// log N(z; 0, I) in nats, [.., d] -> [..].
template <class T>
Var<T> standard_normal_log_prob(const Var<T>& z) {
  const auto d = static_cast<T>(z.shape()[z.shape().rank() - 1]);
  return sum(square(z), -1) * T(-0.5) - static_cast<T>(0.5 * std::log(2 * std::numbers::pi)) * d;
}

}  // namespace distributions
