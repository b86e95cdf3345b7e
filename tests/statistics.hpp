// Verdicts on statistics. Seeds are fixed; each statistic is judged by its exact or asymptotic p-value.
#pragma once

#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/chi_squared.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace statistics {

// A right program would fail with probability 1e-6 in all: no test program judges more than 200 p-values.
inline constexpr double significance = 1e-6 / 200;

inline void judge(double p_value) { BOOST_TEST(p_value > significance); }

// Two-sided: counts that fit too well are as suspicious as counts that do not fit.
inline void judge_uniform_counts(const std::vector<std::int64_t>& counts) {
  double n = 0, statistic = 0;
  for (const std::int64_t count : counts) n += static_cast<double>(count);
  const double expected = n / static_cast<double>(counts.size());
  BOOST_REQUIRE(expected >= 50);
  for (const std::int64_t count : counts) statistic += std::pow(static_cast<double>(count) - expected, 2) / expected;
  const boost::math::chi_squared distribution(static_cast<double>(counts.size() - 1));
  judge(2 * std::min(cdf(distribution, statistic), cdf(complement(distribution, statistic))));
}

inline void judge_rate(std::int64_t hits, std::int64_t n, double probability) {
  const boost::math::binomial distribution(static_cast<double>(n), probability);
  const double at_most = cdf(distribution, static_cast<double>(hits));
  const double at_least = hits == 0 ? 1 : cdf(complement(distribution, static_cast<double>(hits - 1)));
  judge(2 * std::min(at_most, at_least));
}

// The mean of n independent values, by the central limit theorem.
inline void judge_mean(double mean, double n, double expected, double variance) {
  judge(std::erfc(std::abs(mean - expected) * std::sqrt(n / variance / 2)));
}

inline double normal_cdf(double x) { return std::erfc(-x / std::sqrt(2.0)) / 2; }

}  // namespace statistics
