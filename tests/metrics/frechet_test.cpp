// Laws of the Frechet distance.
#include "common/metrics/frechet.hpp"

#include "common/tensors/random.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <limits>

using metrics::fit_gaussian;
using metrics::frechet_distance;
using tensors::Array;
using tensors::Stream;
namespace tt = boost::test_tools;

namespace {

constexpr std::int64_t n = 400, d = 12;

Array<double> draws(const char* purpose) { return Stream(1, purpose).normal<double>({n, d}); }

// Correlated features: each the sum of two neighbours.
Array<double> correlated(const Array<double>& z) {
  Array<double> x(z.shape());
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t j = 0; j < d; ++j) x.mutable_data()[i * d + j] = z[i * d + j] * (1 + 0.1 * static_cast<double>(j)) + z[i * d + (j + 1) % d];
  return x;
}

template <class F>
Array<double> each(const Array<double>& x, F f) {
  Array<double> y(x.shape());
  for (std::int64_t i = 0; i < x.size(); ++i) y.mutable_data()[i] = f(x[i], i % d);
  return y;
}

}  // namespace

BOOST_AUTO_TEST_CASE(equal_sets_are_at_zero) {
  const auto fit = fit_gaussian(correlated(draws("x")));
  BOOST_TEST(std::abs(frechet_distance(fit, fit)) < 1e-10);
}

BOOST_AUTO_TEST_CASE(a_shift_costs_its_square) {
  const Array<double> x = correlated(draws("x"));
  const Array<double> y = each(x, [](double v, std::int64_t j) { return v + 0.25 * static_cast<double>(j); });
  double expected = 0;
  for (int j = 0; j < d; ++j) expected += 0.0625 * j * j;
  BOOST_TEST(frechet_distance(fit_gaussian(x), fit_gaussian(y)) == expected, tt::tolerance(1e-9));
}

// Where covariances commute: the sum over axes of (sd_1 - sd_2)^2. A factor a on all features gives (a - 1)^2 tr C.
BOOST_AUTO_TEST_CASE(a_factor_costs_the_difference_of_deviations) {
  const auto centred = fit_gaussian(correlated(draws("x")));
  const Array<double> x = correlated(draws("x"));
  const Array<double> y = each(x, [&](double v, std::int64_t j) { return centred.mean[static_cast<std::size_t>(j)] + 3 * (v - centred.mean[static_cast<std::size_t>(j)]); });
  double trace = 0;
  for (std::size_t j = 0; j < d; ++j) trace += centred.covariance[j * d + j];
  BOOST_TEST(frechet_distance(centred, fit_gaussian(y)) == 4 * trace, tt::tolerance(1e-9));
}

// Two features, in closed form: tr (A)^(1/2) = sqrt(tr A + 2 sqrt(det A)) for A = C_1 C_2, which do not commute.
BOOST_AUTO_TEST_CASE(two_features_have_a_closed_form) {
  const metrics::GaussianFit a{10, 2, {0, 0}, {2, 0.6, 0.6, 1}}, b{10, 2, {1, -2}, {0.5, -0.3, -0.3, 3}};
  const double trace = 2 * 0.5 + 2 * 0.6 * -0.3 + 3, det = (2 - 0.36) * (1.5 - 0.09);
  BOOST_TEST(frechet_distance(a, b) == 5 + 3 + 3.5 - 2 * std::sqrt(trace + 2 * std::sqrt(det)), tt::tolerance(1e-12));
  BOOST_TEST(frechet_distance(b, a) == frechet_distance(a, b), tt::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(it_is_biased_upwards_and_the_bias_falls_with_n) {
  const auto distance = [](std::int64_t size) {
    return frechet_distance(fit_gaussian(Stream(1, "left").normal<double>({size, d})), fit_gaussian(Stream(1, "right").normal<double>({size, d})));
  };
  BOOST_TEST(distance(100) > distance(1600));
  BOOST_TEST(distance(1600) > 0);
}

BOOST_AUTO_TEST_CASE(features_that_are_constant_are_no_trouble) {
  const Array<double> x = each(draws("x"), [](double v, std::int64_t j) { return j < 3 ? 1.0 : v; });
  BOOST_TEST(std::abs(frechet_distance(fit_gaussian(x), fit_gaussian(x))) < 1e-6);
}

BOOST_AUTO_TEST_CASE(refusals) {
  const auto fit = fit_gaussian(draws("x"));
  BOOST_CHECK_THROW(fit_gaussian(Array<double>::zeros({1, d})), std::invalid_argument);
  BOOST_CHECK_THROW(fit_gaussian(Array<double>::zeros({d})), std::invalid_argument);
  BOOST_CHECK_THROW(fit_gaussian(Array<double>::full({3, d}, std::numeric_limits<double>::infinity())), tensors::Divergence);
  BOOST_CHECK_THROW(frechet_distance(fit, fit_gaussian(Array<double>::zeros({3, 2}))), std::invalid_argument);
}
