#include "common/metrics/seeds.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <limits>

using namespace metrics;

namespace {

double normal_cdf(double x) { return std::erfc(-x / std::sqrt(2.0)) / 2; }

// The power of the two-sided t test in the direction of the difference, from its definition: the integral over the
// pooled variance V sd^2 / nu, V chi-square with nu degrees of freedom, of P(Z + noncentrality > critical sqrt(V / nu)).
double power_by_quadrature(double difference, double sd, int n_per_arm, double critical) {
  const double nu = 2 * n_per_arm - 2, noncentrality = difference / (sd * std::sqrt(2.0 / n_per_arm));
  const int n_steps = 200000;
  const double step = (nu + 60 * std::sqrt(2 * nu)) / n_steps;
  double power = 0;
  for (int i = 0; i < n_steps; ++i) {
    const double v = (i + 0.5) * step;
    const double density = std::exp((nu / 2 - 1) * std::log(v) - v / 2 - nu / 2 * std::log(2.0) - std::lgamma(nu / 2));
    power += step * density * normal_cdf(noncentrality - critical * std::sqrt(v / nu));
  }
  return power;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(seeds, *boost::unit_test::tolerance(1e-12))

BOOST_AUTO_TEST_CASE(t_quantiles_of_the_printed_tables) {
  struct Row {
    double probability, degrees_of_freedom, t;
  };
  for (const Row& row : {Row{0.975, 1, 12.706}, Row{0.975, 2, 4.303}, Row{0.975, 4, 2.776}, Row{0.95, 4, 2.132}, Row{0.995, 9, 3.250},
                         Row{0.975, 30, 2.042}, Row{0.975, 1e9, 1.960}, Row{0.025, 2, -4.303}})
    BOOST_CHECK_SMALL(student_t_quantile(row.probability, row.degrees_of_freedom) - row.t, 0.0005);
  BOOST_CHECK_SMALL(student_t_quantile(0.5, 3), 1e-12);
}

// 1, 2, 6: mean 3, squared deviations 14, sd sqrt(7), standard error sqrt(7 / 3). For two degrees of freedom the
// quantile is elementary: t = a sqrt(2 / (1 - a^2)) with a the level.
BOOST_AUTO_TEST_CASE(mean_and_interval_worked_by_hand) {
  const std::vector<double> values{1, 2, 6};
  for (const double level : {0.5, 0.9, 0.95, 0.99}) {
    const SeedMean result = mean_over_seeds(values, level);
    BOOST_TEST(result.n == 3);
    BOOST_TEST(result.mean == 3.0);
    BOOST_REQUIRE(result.spread);
    BOOST_TEST(result.spread->sd == std::sqrt(7.0));
    BOOST_TEST(result.spread->standard_error == std::sqrt(7.0 / 3));
    const double half_width = level * std::sqrt(2 / (1 - level * level)) * std::sqrt(7.0 / 3);
    BOOST_TEST(result.spread->interval.lower == 3 - half_width);
    BOOST_TEST(result.spread->interval.upper == 3 + half_width);
  }
}

BOOST_AUTO_TEST_CASE(a_single_seed_has_a_mean_and_no_spread) {
  const SeedMean result = mean_over_seeds(std::vector<double>{-86.4});
  BOOST_TEST(result.n == 1);
  BOOST_TEST(result.mean == -86.4);
  BOOST_TEST(!result.spread);
}

BOOST_AUTO_TEST_CASE(the_spread_does_not_suffer_from_a_large_mean) {
  const SeedMean result = mean_over_seeds(std::vector<double>{1e9 + 1, 1e9 + 2, 1e9 + 6});
  BOOST_TEST(result.spread->sd == std::sqrt(7.0));
}

// What the seeds share cancels: the differences are 1, 2, 6 whatever b is.
BOOST_AUTO_TEST_CASE(paired_differences) {
  const std::vector<double> b{100, -50, 7}, a{101, -48, 13};
  const SeedMean result = mean_paired_difference(a, b, 0.9);
  const SeedMean expected = mean_over_seeds(std::vector<double>{1, 2, 6}, 0.9);
  BOOST_TEST(result.mean == expected.mean);
  BOOST_TEST(result.spread->sd == expected.spread->sd);
  BOOST_TEST(result.spread->interval.lower == expected.spread->interval.lower);
  BOOST_TEST(result.spread->interval.upper == expected.spread->interval.upper);
  BOOST_TEST(mean_paired_difference(b, a).mean == -3.0);
}

// Squared deviations 14 (two degrees), 2 (one), none (none): sd sqrt(16 / 3).
BOOST_AUTO_TEST_CASE(pooled_sd_worked_by_hand) {
  const std::vector<std::vector<double>> groups{{1, 2, 6}, {10, 12}, {-4}};
  const PooledSd result = pooled_sd(groups);
  BOOST_TEST(result.degrees_of_freedom == 3);
  BOOST_TEST(result.sd == std::sqrt(16.0 / 3));
}

BOOST_AUTO_TEST_CASE(minimal_detectable_difference_has_the_power_it_promises) {
  for (const int n_per_arm : {2, 3, 5, 18})
    for (const double power : {0.3, 0.8, 0.95})
      for (const double level : {0.9, 0.95}) {
        const double difference = minimal_detectable_difference(0.2, n_per_arm, level, power);
        const double critical = student_t_quantile((1 + level) / 2, 2 * n_per_arm - 2);
        BOOST_CHECK_SMALL(power_by_quadrature(difference, 0.2, n_per_arm, critical) - power, 1e-5);
      }
  // The textbook's example: 20 per arm find a difference of one sd with power 0.8690.
  BOOST_CHECK_SMALL(minimal_detectable_difference(1, 20, 0.95, 0.8689528) - 1, 1e-6);
}

BOOST_AUTO_TEST_CASE(minimal_detectable_difference_scales_with_the_spread_and_falls_with_the_seeds) {
  BOOST_TEST(minimal_detectable_difference(0, 3) == 0.0);
  BOOST_TEST(minimal_detectable_difference(6, 3) == 6 * minimal_detectable_difference(1, 3));
  BOOST_TEST(minimal_detectable_difference(1, 4) < minimal_detectable_difference(1, 3));
  BOOST_TEST(minimal_detectable_difference(1, 3, 0.95, 0.9) > minimal_detectable_difference(1, 3, 0.95, 0.8));
  BOOST_TEST(minimal_detectable_difference(1, 3, 0.99, 0.8) > minimal_detectable_difference(1, 3, 0.95, 0.8));
}

BOOST_AUTO_TEST_CASE(refusals) {
  const std::vector<double> three{1, 2, 3}, two{1, 2}, bad{1, std::nan("")}, infinite{1, std::numeric_limits<double>::infinity()};
  BOOST_CHECK_THROW(mean_over_seeds({}), std::invalid_argument);
  BOOST_CHECK_THROW(mean_over_seeds(bad), std::invalid_argument);
  BOOST_CHECK_THROW(mean_over_seeds(infinite), std::invalid_argument);
  BOOST_CHECK_THROW(mean_over_seeds(three, 0), std::invalid_argument);
  BOOST_CHECK_THROW(mean_over_seeds(three, 1), std::invalid_argument);
  BOOST_CHECK_THROW(mean_paired_difference(three, two), std::invalid_argument);
  BOOST_CHECK_THROW(mean_paired_difference({}, {}), std::invalid_argument);
  BOOST_CHECK_THROW(mean_paired_difference(two, bad), std::invalid_argument);
  BOOST_CHECK_THROW(pooled_sd({}), std::invalid_argument);
  BOOST_CHECK_THROW(pooled_sd(std::vector<std::vector<double>>{{1}, {2}}), std::invalid_argument);
  BOOST_CHECK_THROW(pooled_sd(std::vector<std::vector<double>>{{1, 2}, {}}), std::invalid_argument);
  BOOST_CHECK_THROW(minimal_detectable_difference(-1, 3), std::invalid_argument);
  BOOST_CHECK_THROW(minimal_detectable_difference(std::nan(""), 3), std::invalid_argument);
  BOOST_CHECK_THROW(minimal_detectable_difference(1, 1), std::invalid_argument);
  BOOST_CHECK_THROW(minimal_detectable_difference(1, 3, 0.95, 0.01), std::invalid_argument);
  BOOST_CHECK_THROW(minimal_detectable_difference(1, 3, 0.95, 1), std::invalid_argument);
  BOOST_CHECK_THROW(student_t_quantile(0, 3), std::invalid_argument);
  BOOST_CHECK_THROW(student_t_quantile(1, 3), std::invalid_argument);
  BOOST_CHECK_THROW(student_t_quantile(0.9, 0), std::invalid_argument);
}

BOOST_AUTO_TEST_SUITE_END()
