// The vectorised elementary functions over wide ranges, in units in the last place of the exact value; and at the edges
// of the number range. Every value stands in a vector loop and in its remainder.
#include "common/tensors/kernels.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/tensors/naive.hpp"

#include <cmath>
#include <limits>

using namespace naive;
namespace kernels = tensors::kernels;

namespace {

using Exact = long double;
template <class T> using Limits = std::numeric_limits<T>;

template <class T>
double error_in_ulps(T value, Exact exact) {
  const int exponent = std::max(std::ilogb(exact), Limits<T>::min_exponent - 1);
  return static_cast<double>(std::abs(value - exact) / std::ldexp(Exact(1), exponent - Limits<T>::digits + 1));
}

template <class T>
Array<T> evenly(double from, double to) {
  constexpr std::int64_t n = 200001;
  return tabulate<T>({n}, [&](const Index& i) { return static_cast<T>(from + (to - from) * static_cast<double>(i[0]) / (n - 1)); });
}

// 10^from .. 10^to
template <class T>
Array<T> by_magnitude(double from, double to) {
  const Array<double> exponents = evenly<double>(from, to);
  return tabulate<T>(exponents.shape(), [&](const Index& i) { return static_cast<T>(std::pow(10.0, exponents[i[0]])); });
}

template <class T>
void check(const char* name, Array<T> (*kernel)(const Array<T>&), Exact (*definition)(Exact), const std::vector<Array<T>>& ranges, double bound) {
  double worst = 0;
  T where = 0;
  for (const Array<T>& x : ranges) {
    const Array<T> y = kernel(x);
    for (std::int64_t i = 0; i < x.size(); ++i) {
      const double error = error_in_ulps(y[i], definition(x[i]));
      if (error > worst) worst = error, where = x[i];
    }
  }
  BOOST_TEST_MESSAGE(name << ": " << worst << " ulp at " << where);
  BOOST_TEST(worst <= bound, name << ": " << worst << " ulp at " << where);
}

// The kernel of x, which must not depend on whether x stands in the vector loop or in its remainder.
template <class T>
T everywhere(Array<T> (*kernel)(const Array<T>&), T x) {
  const Array<T> y = kernel(Array<T>::full({67}, x));
  for (const T value : y) BOOST_REQUIRE((value == y[0] || (std::isnan(value) && std::isnan(y[0]))));
  return y[0];
}

}  // namespace

BOOST_AUTO_TEST_SUITE(vector_math)

BOOST_AUTO_TEST_CASE_TEMPLATE(accuracy, T, Scalars) {
  const double largest = std::log(static_cast<double>(Limits<T>::max())), smallest = std::log(static_cast<double>(Limits<T>::min()));
  const double tiniest = std::log10(static_cast<double>(Limits<T>::min())) + 1;
  const Array<T> tiny = by_magnitude<T>(tiniest, -1), minus_tiny = kernels::neg(tiny);
  check<T>("exp", kernels::exp<T>, [](Exact x) { return std::exp(x); }, {evenly<T>(smallest + 0.01, largest - 0.01), evenly<T>(-1, 1), tiny}, 4);
  check<T>("log", kernels::log<T>, [](Exact x) { return std::log(x); },
           {by_magnitude<T>(tiniest, -tiniest), evenly<T>(0.5, 2), evenly<T>(0.999, 1.001)}, 4);
  check<T>("tanh", kernels::tanh<T>, [](Exact x) { return std::tanh(x); }, {evenly<T>(-25, 25), evenly<T>(-1, 1), tiny, minus_tiny}, 4);
  check<T>("sigmoid", kernels::sigmoid<T>, [](Exact x) { return 1 / (1 + std::exp(-x)); },
           {evenly<T>(-largest + 0.01, largest), evenly<T>(-1, 1), tiny, minus_tiny}, 6);
  check<T>("softplus", kernels::softplus<T>, [](Exact x) { return std::log1p(std::exp(x)); },
           {evenly<T>(smallest + 0.01, 2 * largest), evenly<T>(-1, 1), tiny, minus_tiny}, 6);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(edges, T, Scalars) {
  constexpr T infinity = Limits<T>::infinity(), nan = Limits<T>::quiet_NaN();
  BOOST_TEST(everywhere(kernels::exp<T>, T(0)) == 1);
  BOOST_TEST(everywhere(kernels::exp<T>, T(1000)) == infinity);
  BOOST_TEST(everywhere(kernels::exp<T>, infinity) == infinity);
  BOOST_TEST(everywhere(kernels::exp<T>, T(-1000)) == 0);
  BOOST_TEST(everywhere(kernels::exp<T>, -infinity) == 0);

  BOOST_TEST(everywhere(kernels::log<T>, T(1)) == 0);
  BOOST_TEST(everywhere(kernels::log<T>, T(0)) == -infinity);
  BOOST_TEST(everywhere(kernels::log<T>, infinity) == infinity);
  BOOST_TEST(std::isnan(everywhere(kernels::log<T>, T(-1))));
  BOOST_TEST(everywhere(kernels::log<T>, Limits<T>::denorm_min()) == std::log(Limits<T>::denorm_min()));

  BOOST_TEST(everywhere(kernels::tanh<T>, infinity) == 1);
  BOOST_TEST(everywhere(kernels::tanh<T>, -infinity) == -1);
  BOOST_TEST(everywhere(kernels::tanh<T>, T(0)) == 0);

  BOOST_TEST(everywhere(kernels::sigmoid<T>, infinity) == 1);
  BOOST_TEST(everywhere(kernels::sigmoid<T>, -infinity) == 0);
  BOOST_TEST(everywhere(kernels::sigmoid<T>, T(-1000)) == 0);
  BOOST_TEST(everywhere(kernels::sigmoid<T>, T(0)) == T(0.5));

  BOOST_TEST(everywhere(kernels::softplus<T>, infinity) == infinity);
  BOOST_TEST(everywhere(kernels::softplus<T>, T(1000)) == 1000);
  BOOST_TEST(everywhere(kernels::softplus<T>, T(-1000)) == 0);
  BOOST_TEST(everywhere(kernels::softplus<T>, -infinity) == 0);

  for (const auto kernel : {kernels::neg<T>, kernels::exp<T>, kernels::log<T>, kernels::tanh<T>, kernels::sigmoid<T>, kernels::softplus<T>,
                            kernels::relu<T>})
    BOOST_TEST(std::isnan(everywhere<T>(kernel, nan)));
  BOOST_TEST(std::isnan(kernels::clamp(Array<T>::scalar(nan), T(0), T(1)).item()));
  for (const T exponent : {T(2), T(0.5), T(-1), T(-0.5), T(1.5)}) BOOST_TEST(std::isnan(kernels::pow(Array<T>::scalar(nan), exponent).item()));
}

BOOST_AUTO_TEST_SUITE_END()
