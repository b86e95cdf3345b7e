#include "common/metrics/seeds.hpp"

#include "common/tensors/errors.hpp"

#include <boost/math/distributions/non_central_t.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <boost/math/tools/roots.hpp>
#include <xtensor/xadapt.hpp>
#include <xtensor/xmath.hpp>
#include <xtensor/xtensor.hpp>

#include <algorithm>
#include <cmath>

namespace metrics {
namespace {

using tensors::require;
using Vector = xt::xtensor<double, 1>;

Vector finite_values(std::span<const double> values) {
  require(!values.empty(), "statistics over seeds: no values");
  const auto found = std::ranges::find_if_not(values, [](double value) { return std::isfinite(value); });
  require(found == values.end(), "statistics over seeds: value {} is not finite", found - values.begin());
  return xt::adapt(values.data(), values.size(), xt::no_ownership(), std::array{values.size()});
}

double squared_deviations(const Vector& values) {
  return xt::sum(xt::square(values - xt::mean(values)()))();
}

// t such that |T| stays below it with probability `level`.
double two_sided_t(double level, double degrees_of_freedom) {
  require(level > 0 && level < 1, "statistics over seeds: level {} is not in (0, 1)", level);
  return student_t_quantile((1 + level) / 2, degrees_of_freedom);
}

}  // namespace

SeedMean mean_over_seeds(std::span<const double> values, double level) {
  const Vector x = finite_values(values);
  SeedMean result{.n = std::ssize(values), .mean = xt::mean(x)(), .spread = {}};
  if (result.n == 1) return result;
  const double n = static_cast<double>(result.n);
  const double sd = std::sqrt(squared_deviations(x) / (n - 1));
  const double standard_error = sd / std::sqrt(n);
  const double half_width = two_sided_t(level, n - 1) * standard_error;
  result.spread = Spread{sd, standard_error, {result.mean - half_width, result.mean + half_width}};
  return result;
}

SeedMean mean_paired_difference(std::span<const double> a, std::span<const double> b, double level) {
  require(a.size() == b.size(), "paired difference: {} values against {}", a.size(), b.size());
  const Vector differences = finite_values(a) - finite_values(b);
  return mean_over_seeds({differences.data(), differences.size()}, level);
}

PooledSd pooled_sd(std::span<const std::vector<double>> groups) {
  PooledSd result;
  double sum = 0;
  for (const std::vector<double>& group : groups) {
    sum += squared_deviations(finite_values(group));
    result.degrees_of_freedom += std::ssize(group) - 1;
  }
  require(result.degrees_of_freedom >= 1, "pooled sd: no group has two values");
  result.sd = std::sqrt(sum / static_cast<double>(result.degrees_of_freedom));
  return result;
}

double minimal_detectable_difference(double sd, std::int64_t n_per_arm, double level, double power) {
  require(std::isfinite(sd) && sd >= 0, "minimal detectable difference: sd {}", sd);
  require(n_per_arm >= 2, "minimal detectable difference: {} seeds per arm, two are needed", n_per_arm);
  const double n = static_cast<double>(n_per_arm), degrees_of_freedom = 2 * n - 2;
  const double critical = two_sided_t(level, degrees_of_freedom);
  require(power >= 1 - level && power < 1, "minimal detectable difference: power {} is not in [{}, 1)", power, 1 - level);

  // The noncentrality at which t passes the critical value with the wanted power; it grows with the power.
  const auto lacking_power = [&](double noncentrality) {
    return power - cdf(complement(boost::math::non_central_t(degrees_of_freedom, noncentrality), critical));
  };
  std::uintmax_t iterations = 200;
  const auto [below, above] = boost::math::tools::bracket_and_solve_root(lacking_power, critical, 2.0, false,
                                                                         boost::math::tools::eps_tolerance<double>(40), iterations);
  return (below + above) / 2 * sd * std::sqrt(2 / n);
}

double student_t_quantile(double probability, double degrees_of_freedom) {
  require(probability > 0 && probability < 1, "student t: probability {} is not in (0, 1)", probability);
  require(degrees_of_freedom > 0, "student t: {} degrees of freedom", degrees_of_freedom);
  return quantile(boost::math::students_t(degrees_of_freedom), probability);
}

}  // namespace metrics
