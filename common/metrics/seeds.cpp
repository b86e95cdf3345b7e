#include "common/metrics/seeds.hpp"

#include "common/tensors/errors.hpp"

#include <boost/math/distributions/students_t.hpp>
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

// t such that |T| stays below it with probability `level`.
double two_sided_t(double level, double degrees_of_freedom) {
  require(level > 0 && level < 1, "statistics over seeds: level {} is not in (0, 1)", level);
  return quantile(boost::math::students_t(degrees_of_freedom), (1 + level) / 2);
}

}  // namespace

SeedMean mean_over_seeds(std::span<const double> values, double level) {
  const Vector x = finite_values(values);
  SeedMean result{.n = std::ssize(values), .mean = xt::mean(x)(), .spread = {}};
  if (result.n == 1) return result;
  const double n = static_cast<double>(result.n);
  const double sd = std::sqrt(xt::sum(xt::square(x - result.mean))() / (n - 1));
  const double standard_error = sd / std::sqrt(n);
  const double half_width = two_sided_t(level, n - 1) * standard_error;
  result.spread = Spread{sd, standard_error, {result.mean - half_width, result.mean + half_width}};
  return result;
}

}  // namespace metrics
