// What a few values say of their mean: its Student t interval. Values are finite; a caller's mistake throws
// std::invalid_argument. `level` is the confidence of the two-sided interval, in (0, 1).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace metrics {

struct Interval {
  double lower = 0, upper = 0;
};

struct Spread {
  double sd = 0;              // with divisor n - 1
  double standard_error = 0;  // sd / sqrt(n)
  Interval interval;          // mean -+ t standard errors, n - 1 degrees of freedom
};

struct SeedMean {
  std::int64_t n = 0;
  double mean = 0;
  std::optional<Spread> spread;  // none for n = 1
};

// The mean of one or more values, one per seed, and its uncertainty.
SeedMean mean_over_seeds(std::span<const double> values, double level = 0.95);

}  // namespace metrics
