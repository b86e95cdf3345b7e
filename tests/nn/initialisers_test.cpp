#include "common/nn/initialisers.hpp"

#include "tests/laws.hpp"
#include "tests/statistics.hpp"

#include <boost/test/unit_test.hpp>

#include <tuple>

using namespace nn;
using tensors::Stream;
using Scalars = std::tuple<float, double>;

namespace {

constexpr Fans fans{300, 200};
const Shape shape{300, 200};
constexpr double n = 300 * 200;

template <class T>
Array<T> drawn(Draw draw, std::uint64_t seed = 1) {
  Stream stream(seed, "initialise");
  return initialise<T>(draw, shape, fans, stream);
}

template <class T>
double mean_power(const Array<T>& x, int power) {
  double sum = 0;
  for (const T v : x) sum += std::pow(static_cast<double>(v), power);
  return sum / n;
}

// U(-a, a): E x^2 = a^2 / 3, E x^4 = a^4 / 5.
template <class T>
void check_uniform(const Array<T>& x, double a) {
  BOOST_REQUIRE(x.shape() == shape);
  const auto [low, high] = std::ranges::minmax(x);
  BOOST_TEST(low >= -a * (1 + 1e-6));
  BOOST_TEST(high <= a * (1 + 1e-6));
  statistics::judge_mean(mean_power(x, 1), n, 0, a * a / 3);
  statistics::judge_mean(mean_power(x, 2), n, a * a / 3, std::pow(a, 4) * (1.0 / 5 - 1.0 / 9));
  std::vector<std::int64_t> counts(100);
  for (const T v : x) ++counts[std::min<std::size_t>(static_cast<std::size_t>((v / a + 1) * 50), 99)];
  statistics::judge_uniform_counts(counts);
}

template <class T>
void check_normal(const Array<T>& x, double variance) {
  BOOST_REQUIRE(x.shape() == shape);
  statistics::judge_mean(mean_power(x, 1), n, 0, variance);
  statistics::judge_mean(mean_power(x, 2), n, variance, 2 * variance * variance);
  std::vector<std::int64_t> counts(100);
  for (const T v : x) ++counts[std::min<std::size_t>(static_cast<std::size_t>(statistics::normal_cdf(v / std::sqrt(variance)) * 100), 99)];
  statistics::judge_uniform_counts(counts);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(initialisers)

BOOST_AUTO_TEST_CASE_TEMPLATE(draws_have_their_scale, T, Scalars) {
  BOOST_TEST(std::ranges::all_of(drawn<T>(Draw::zeros), [](T x) { return x == 0; }));
  check_uniform(drawn<T>(Draw::glorot_uniform), std::sqrt(6.0 / 500));
  check_normal(drawn<T>(Draw::glorot_normal), 2.0 / 500);
  check_normal(drawn<T>(Draw::he_normal), 2.0 / 300);
  check_uniform(drawn<T>(Draw::he_uniform), std::sqrt(6.0 / 300));
  check_uniform(drawn<T>(Draw::pytorch_uniform), 1 / std::sqrt(300.0));
}

BOOST_AUTO_TEST_CASE(draws_repeat_with_their_stream_and_change_with_the_seed) {
  BOOST_TEST(laws::is_a_function_of_its_seed([](std::uint64_t seed) { return drawn<float>(Draw::he_normal, seed); }));
  Stream stream(1, "initialise");
  const Array<float> first = initialise<float>(Draw::he_normal, shape, fans, stream);
  BOOST_TEST(!std::ranges::equal(first, initialise<float>(Draw::he_normal, shape, fans, stream)));
}

BOOST_AUTO_TEST_CASE(units_without_connections_are_refused) {
  Stream stream(1, "initialise");
  BOOST_CHECK_THROW(initialise<float>(Draw::he_normal, shape, {0, 3}, stream), std::invalid_argument);
  BOOST_CHECK_THROW(initialise<float>(Draw::he_normal, shape, {3, -1}, stream), std::invalid_argument);
}

BOOST_AUTO_TEST_SUITE_END()
