#include "common/metrics/seeds.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <limits>

using namespace metrics;

BOOST_AUTO_TEST_SUITE(seeds, *boost::unit_test::tolerance(1e-12))

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

BOOST_AUTO_TEST_CASE(refusals) {
  const std::vector<double> three{1, 2, 3}, bad{1, std::nan("")}, infinite{1, std::numeric_limits<double>::infinity()};
  BOOST_CHECK_THROW(mean_over_seeds({}), std::invalid_argument);
  BOOST_CHECK_THROW(mean_over_seeds(bad), std::invalid_argument);
  BOOST_CHECK_THROW(mean_over_seeds(infinite), std::invalid_argument);
  BOOST_CHECK_THROW(mean_over_seeds(three, 0), std::invalid_argument);
  BOOST_CHECK_THROW(mean_over_seeds(three, 1), std::invalid_argument);
}

BOOST_AUTO_TEST_SUITE_END()
