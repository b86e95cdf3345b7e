#include "common/reporting/statistics.hpp"

#include "common/tensors/errors.hpp"

#include <boost/math/distributions/non_central_t.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <boost/math/tools/roots.hpp>

#include <cmath>
#include <cstdint>
#include <limits>

namespace reporting {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

double sd_of_difference(const Spread& spread, int n, int m) { return spread.sd * std::sqrt(1.0 / n + 1.0 / m); }

}  // namespace

double Sample::standard_error() const { return sd / std::sqrt(n); }

Sample summarise(std::span<const double> values) {
  tensors::require(!values.empty(), "summarise: there are no values");
  Sample s{.n = static_cast<int>(values.size())};
  for (double v : values) s.mean += v / s.n;
  double squares = 0;
  for (double v : values) squares += (v - s.mean) * (v - s.mean);
  s.sd = s.n > 1 ? std::sqrt(squares / (s.n - 1)) : nan;
  return s;
}

Spread pooled(std::span<const Sample> cells) {
  Spread spread;
  double squares = 0;
  for (const Sample& cell : cells) {
    if (cell.n < 2 || !std::isfinite(cell.sd)) continue;
    squares += cell.sd * cell.sd * (cell.n - 1);
    spread.dof += cell.n - 1;
  }
  if (spread.dof > 0) spread.sd = std::sqrt(squares / spread.dof);
  return spread;
}

Spread residual(std::span<const std::vector<double>> rows) {
  if (rows.size() < 2 || rows.front().size() < 2) return {};
  const std::size_t n = rows.front().size();
  std::vector<double> seed_means(n);
  double mean = 0, squares = 0;
  for (const std::vector<double>& row : rows) {
    tensors::require(row.size() == n, "residual: rows of {} and {} values", n, row.size());
    for (std::size_t i = 0; i < n; ++i) seed_means[i] += row[i] / static_cast<double>(rows.size());
  }
  for (double m : seed_means) mean += m / static_cast<double>(n);
  for (const std::vector<double>& row : rows) {
    const double row_mean = summarise(row).mean;
    for (std::size_t i = 0; i < n; ++i) squares += std::pow(row[i] - row_mean - seed_means[i] + mean, 2);
  }
  const int dof = static_cast<int>((rows.size() - 1) * (n - 1));
  return {std::sqrt(squares / dof), dof};
}

double t_quantile(double p, int dof) { return boost::math::quantile(boost::math::students_t(dof), p); }

double prediction_half_width(const Spread& spread, int n, int m, double false_alarm) {
  return t_quantile(1 - false_alarm / 2, spread.dof) * sd_of_difference(spread, n, m);
}

double smallest_visible_difference(const Spread& spread, int n, int m) {
  const double critical = t_quantile(0.975, spread.dof);
  const auto lacking_power = [&](double noncentrality) {  // falls with it
    return 0.8 - cdf(complement(boost::math::non_central_t(spread.dof, noncentrality), critical));
  };
  std::uintmax_t iterations = 200;
  const auto [below, above] = boost::math::tools::bracket_and_solve_root(lacking_power, critical, 2.0, false,
                                                                         boost::math::tools::eps_tolerance<double>(40), iterations);
  return (below + above) / 2 * sd_of_difference(spread, n, m);
}

}  // namespace reporting
