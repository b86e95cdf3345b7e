// Importance-sampled likelihoods against a model whose likelihood is known.
#pragma once

#include "common/tensors/random.hpp"
#include "tests/laws.hpp"

#include <numbers>

namespace laws {

inline double log_normal_density(double x, double mean, double variance) {
  return -0.5 * (std::log(2 * std::numbers::pi * variance) + (x - mean) * (x - mean) / variance);
}

// z ~ N(0, 1), x | z ~ N(z, variance), and the prior as proposal: log w = log N(x; z, variance), one row per x.
inline Array<double> gaussian_log_weights(const std::vector<double>& xs, double variance, std::int64_t n_samples, tensors::Stream stream) {
  Array<double> log_w = stream.normal<double>({std::ssize(xs), n_samples});
  double* value = log_w.mutable_data();
  for (const double x : xs)
    for (std::int64_t s = 0; s < n_samples; ++s, ++value) *value = log_normal_density(x, *value, variance);
  return log_w;
}

// The exponential of an estimate from n_samples weights has the mean p(x): log_p_of(log w [n, n_samples]) -> n of log p^.
template <class Estimates>
Finding likelihoods_are_unbiased(const Estimates& log_p_of, std::int64_t n_samples) {
  constexpr std::size_t n_repeats = 20'000;
  constexpr double variance = 1.0, x = 1.2;
  const double exact = log_normal_density(x, 0, 1 + variance);
  std::vector<double> ratios;
  for (const double log_p : log_p_of(gaussian_log_weights(std::vector<double>(n_repeats, x), variance, n_samples,
                                                          {8, "test", static_cast<std::uint64_t>(n_samples)})))
    ratios.push_back(std::exp(log_p - exact));
  return mean_is(ratios, 1);
}

}  // namespace laws
