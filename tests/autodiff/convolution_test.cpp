// The convolution triad and resampling: adjoints, the folded convolution of an upsampled image, and that nothing is
// computed that nobody asked for. Derivatives against differences stand in primitives_test.cpp.
#include "common/autodiff/convolution.hpp"

#include "common/autodiff/check_gradients.hpp"
#include "common/tensors/random.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>

using namespace autodiff;
using tensors::Stream;
using Args = std::vector<Var<double>>;

namespace {

Var<double> normal(const Shape& shape, std::uint64_t step) { return Var<double>(Stream(1, "test arguments", step).normal<double>(shape)); }
double inner(const Var<double>& a, const Var<double>& b) { return sum(a * b).item(); }

struct Case {
  Shape x, w;
  ConvGeometry geometry;
};
const std::vector<Case> cases{{{3, 2, 7, 6}, {4, 2, 5, 5}, {{2, 2}, {1, 1}, {2, 2}}}, {{3, 1, 7, 6}, {4, 1, 3, 4}, {{1, 2}, {0, 3}, {2, 0}}},
                              {{3, 4, 5, 5}, {1, 4, 3, 3}, {{1, 1}, {1, 1}, {1, 1}}}, {{2, 3, 4, 4}, {2, 3, 1, 1}, {{3, 3}, {0, 0}, {0, 0}}}};

// Value, gradient, and the gradient of a function of the gradient, one after the other.
std::vector<double> to_second_order(const Function& f, const Args& at) {
  const auto once = [&](const Args& x) { return sum(square(f(x))); };
  const auto twice = [&](const Args& x) {
    Var<double> total(0.0);
    for (const auto& g : value_and_grad<double>(once, x).second) total = total + sum(tanh(g * 0.01));
    return total;
  };
  const Var<double> y = f(at);
  std::vector<double> all(y.value().begin(), y.value().end());
  for (const auto& gradient : {value_and_grad<double>(once, at).second, value_and_grad<double>(twice, at).second})
    for (const auto& g : gradient) all.insert(all.end(), g.value().begin(), g.value().end());
  return all;
}

Var<double> conv_same(const Var<double>& x, const Var<double>& w) {
  return conv(x, w, tensors::same_padding({x.shape()[2], x.shape()[3]}, {w.shape()[2], w.shape()[3]}, 1));
}

std::int64_t count(const std::vector<std::string>& names, const std::string& name) { return std::ranges::count(names, name); }

}  // namespace

BOOST_AUTO_TEST_SUITE(convolution)

// <y, x * w> three ways.
BOOST_AUTO_TEST_CASE(the_triad_is_adjoint) {
  for (const Case& c : cases) {
    const Var<double> x = normal(c.x, 0), w = normal(c.w, 1), result = conv(x, w, c.geometry), y = normal(result.shape(), 2);
    const double expected = inner(result, y);
    BOOST_TEST(inner(x, conv_data(y, w, c.geometry, {c.x[2], c.x[3]})) == expected, boost::test_tools::tolerance(1e-12));
    BOOST_TEST(inner(w, conv_weight(x, y, c.geometry, {c.w[2], c.w[3]})) == expected, boost::test_tools::tolerance(1e-12));
  }
}

BOOST_AUTO_TEST_CASE(resampling_is_adjoint) {
  const auto check = [](auto forward, auto adjoint, const Shape& from, const Shape& to) {
    const Var<double> x = normal(from, 5), y = normal(to, 6);
    BOOST_TEST(inner(forward(x), y) == inner(x, adjoint(y)), boost::test_tools::tolerance(1e-12));
  };
  check([](auto x) { return upsample(x, {7, 6}); }, [](auto y) { return upsample_adjoint(y, {4, 3}); }, {2, 3, 4, 3}, {2, 3, 7, 6});
  check([](auto x) { return join_phases(x); }, [](auto y) { return split_phases(y); }, {2, 8, 3, 5}, {2, 2, 6, 10});
}

BOOST_AUTO_TEST_CASE(resampling_by_hand) {
  const auto values = [](const Var<double>& x) { return std::vector<double>(x.value().begin(), x.value().end()); };
  const Var<double> x(Array<double>({1, 1, 1, 2}, {1, 2}));
  BOOST_TEST(values(upsample(x, {2, 3})) == (std::vector<double>{1, 1, 2, 1, 1, 2}), boost::test_tools::per_element());
  const Var<double> phases(Array<double>({1, 4, 1, 2}, {0, 1, 10, 11, 20, 21, 30, 31}));
  BOOST_TEST(values(join_phases(phases)) == (std::vector<double>{0, 10, 1, 11, 20, 30, 21, 31}), boost::test_tools::per_element());
  BOOST_TEST(values(split_phases(join_phases(phases))) == values(phases), boost::test_tools::per_element());
  // 4 -> 7, as in a decoder of images of 28 x 28.
  BOOST_TEST(values(upsample(Var<double>(Array<double>({1, 1, 1, 4}, {0, 1, 2, 3})), {1, 7})) == (std::vector<double>{0, 0, 1, 1, 2, 2, 3}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_folded_convolution_is_the_naive_one_to_second_order) {
  for (const std::int64_t kernel : {1, 3, 5, 7})
    for (const auto& [height, width] : {std::pair{4, 3}, {1, 2}}) {
      const Args at{normal({2, 3, height, width}, 0), normal({2, 3, kernel, kernel}, 1)};
      const auto folded = to_second_order([](const Args& x) { return conv_of_upsampled(x[0], x[1]); }, at);
      const auto naive = to_second_order(
          [&](const Args& x) { return conv_same(upsample(x[0], {2 * x[0].shape()[2], 2 * x[0].shape()[3]}), x[1]); }, at);
      BOOST_REQUIRE_EQUAL(folded.size(), naive.size());
      for (std::size_t i = 0; i < folded.size(); ++i) BOOST_TEST(std::abs(folded[i] - naive[i]) <= 1e-11 * (1 + std::abs(naive[i])));
    }
}

// An outer tape sees what the inner sweep computes.
BOOST_AUTO_TEST_CASE(no_gradient_is_computed_that_nobody_asks_for) {
  const Case& c = cases[0];
  const auto computed = [&](bool of_x, bool of_w) {
    TapeLease<double> outer;
    const Var<double> x = outer->input(normal(c.x, 0)), w = outer->input(normal(c.w, 1));
    Args asked;
    if (of_x) asked.push_back(x);
    if (of_w) asked.push_back(w);
    value_and_grad<double>([&](const Args& a) { return sum(square(conv(of_x ? a.front() : x, of_w ? a.back() : w, c.geometry))); }, asked);
    return outer->operations();
  };
  for (const bool of_x : {true, false}) {
    const auto names = computed(of_x, !of_x);
    BOOST_TEST(count(names, "conv") == 1);
    BOOST_TEST(count(names, "conv_data") == of_x);
    BOOST_TEST(count(names, "conv_weight") == !of_x);
  }
}

BOOST_AUTO_TEST_CASE(refusals) {
  const Var<double> x = normal({2, 3, 4, 4}, 0);
  BOOST_CHECK_THROW(conv(x, normal({2, 2, 3, 3}, 0), {}), std::invalid_argument);
  BOOST_CHECK_THROW(conv(x, normal({3}, 0), {}), std::invalid_argument);
  BOOST_CHECK_THROW(conv_of_upsampled(x, normal({2, 3, 4, 4}, 0)), std::invalid_argument);
  BOOST_CHECK_THROW(conv_of_upsampled(x, normal({2, 3, 3, 5}, 0)), std::invalid_argument);
  BOOST_CHECK_THROW(upsample(x, {8, 3}), std::invalid_argument);
  BOOST_CHECK_THROW(upsample_adjoint(x, {5, 4}), std::invalid_argument);
  BOOST_CHECK_THROW(join_phases(x), std::invalid_argument);
  BOOST_CHECK_THROW(split_phases(normal({2, 3, 3, 4}, 0)), std::invalid_argument);
}

BOOST_AUTO_TEST_SUITE_END()
