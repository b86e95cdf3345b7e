// What a few seeds can say: means with Student t intervals, paired differences, and the smallest difference that they
// could have shown. Values are finite throughout; a caller's mistake throws std::invalid_argument.
//
// `level` is the confidence of a two-sided interval, or one less the false-alarm rate of a two-sided test; in (0, 1).
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

// The mean of a - b, where a[i] and b[i] come from the same seed: what they share cancels out of the spread.
SeedMean mean_paired_difference(std::span<const double> a, std::span<const double> b, double level = 0.95);

struct PooledSd {
  double sd = 0;
  std::int64_t degrees_of_freedom = 0;  // seeds less groups
};

// The spread within groups that differ in their means only; at least one group of two, none empty.
PooledSd pooled_sd(std::span<const std::vector<double>> groups);

// The difference of two arms' means that a two-sided t test with pooled variance finds with probability `power`, in its
// own direction, where values scatter with `sd` within each arm. Exact, by the noncentral t with 2 n - 2 degrees of
// freedom. sd >= 0, n_per_arm >= 2, power in [1 - level, 1).
double minimal_detectable_difference(double sd, std::int64_t n_per_arm, double level = 0.95, double power = 0.8);

// The t below which a Student t variable with `degrees_of_freedom` > 0 stays with the given probability, in (0, 1).
double student_t_quantile(double probability, double degrees_of_freedom);

}  // namespace metrics
