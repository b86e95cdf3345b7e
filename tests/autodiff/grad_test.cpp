#include "common/autodiff/grad.hpp"
#include "common/tensors/random.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>

using namespace autodiff;
using tensors::Stream;
namespace tt = boost::test_tools;

namespace {

struct Line {
  Var<double> slope, intercept;
};
template <class F>
void visit(Line& line, F&& f) {
  f("slope", line.slope);
  f("intercept", line.intercept);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_gradient_inside_a_gradient_sees_the_outer_variable) {
  // d/dx [ x * d/dy (x y^2) at y = x ] = d/dx [2 x^3] = 6 x^2: a detached inner gradient would give 4 x^2.
  const auto outer = [](const Var<double>& x) {
    const auto inner = grad<double>([&](const Var<double>& y) { return x * square(y); });
    return x * inner(x);
  };
  BOOST_TEST(grad<double>(outer)(Var<double>(3.0)).item() == 54.0, tt::tolerance(1e-14));
}

BOOST_AUTO_TEST_CASE(perturbations_of_nested_levels_are_not_confused) {
  // d/dx [ x * d/dy (x + y) ] = 1.
  const auto f = [](const Var<double>& x) { return x * grad<double>([&](const Var<double>& y) { return x + y; })(Var<double>(1.0)); };
  BOOST_TEST(grad<double>(f)(Var<double>(5.0)).item() == 1.0);
}

BOOST_AUTO_TEST_CASE(third_derivative_of_exp_of_square) {
  const auto f = [](const Var<double>& x) { return exp(square(x)); };
  const double x = 0.7;
  const double third = grad<double>(grad<double>(grad<double>(f)))(Var<double>(x)).item();
  BOOST_TEST(third == (8 * x * x * x + 12 * x) * std::exp(x * x), tt::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(a_model_is_a_pack_and_unused_parts_have_zero_gradient) {
  const Line line{Var<double>(2.0), Var<double>(Array<double>({3}, {1, 2, 3}))};
  const auto [value, gradient] = value_and_grad<double>([](const Line& l) { return l.slope * l.slope; }, line);
  BOOST_TEST(value.item() == 4.0);
  BOOST_TEST(gradient.slope.item() == 4.0);
  BOOST_TEST((gradient.intercept.shape() == Shape{3}));
  for (double g : gradient.intercept.value()) BOOST_TEST(g == 0.0);
}

BOOST_AUTO_TEST_CASE(a_variable_used_twice_collects_both) {
  const auto f = [](const Var<double>& x) { return sum(x * x + x); };
  const auto g = grad<double>(f)(Var<double>(Array<double>({2}, {1, 2})));
  BOOST_TEST(g.value()[0] == 3.0);
  BOOST_TEST(g.value()[1] == 5.0);
}

BOOST_AUTO_TEST_CASE(the_identity_and_constants_have_gradients) {
  BOOST_TEST(grad<double>([](const Var<double>& x) { return x; })(Var<double>(2.0)).item() == 1.0);
  BOOST_TEST(grad<double>([](const Var<double>&) { return Var<double>(1.0); })(Var<double>(2.0)).item() == 0.0);
  BOOST_TEST(grad<double>([](const Var<double>& x) { return stop_gradient(x) * x; })(Var<double>(2.0)).item() == 2.0);
}

BOOST_AUTO_TEST_CASE(gradients_do_not_overwrite_shared_cotangents) {
  // Both arguments of add receive the same cotangent array, and one of them is then accumulated into.
  const auto f = [](const std::array<Var<double>, 2>& x) { return sum(x[0] + x[1]) + sum(x[0] * x[0]); };
  const auto g = value_and_grad<double>(f, std::array{Var<double>(Array<double>({2}, {1, 2})), Var<double>(Array<double>({2}, {3, 4}))}).second;
  BOOST_TEST(g[0].value()[1] == 5.0);
  BOOST_TEST(g[1].value()[1] == 1.0);
}

BOOST_AUTO_TEST_CASE(pullback_can_be_asked_again) {
  const Var<double> x(Array<double>({2}, {3, 4}));
  const auto [y, transposed] = pullback<double>([](const Var<double>& v) { return v * v; }, x);
  BOOST_TEST(y.value()[1] == 16.0);
  for (int again = 0; again < 2; ++again) {
    BOOST_TEST(transposed(Var<double>(Array<double>({2}, {1, 0}))).value()[0] == 6.0);
    BOOST_TEST(transposed(Var<double>(Array<double>({2}, {0, 1}))).value()[1] == 8.0);
  }
}

BOOST_AUTO_TEST_CASE(the_sink_gets_each_complete_gradient_once_and_may_overwrite_the_variable) {
  // y = sum(tanh(x w1) w2): w2 is complete before w1, and updating it at once must not change w1's gradient.
  const Var<double> x(Stream(1, "x").normal<double>({5, 4}));
  const std::vector<Var<double>> w{Var<double>(Stream(1, "w1").normal<double>({4, 3})), Var<double>(Stream(1, "w2").normal<double>({3, 2}))};
  const auto f = [&](const std::vector<Var<double>>& p) { return sum(square(matmul(tanh(matmul(x, p[0])), p[1]))); };
  const auto expected = value_and_grad<double>(f, w).second;
  std::vector<std::int32_t> order;
  sweep_gradients<double>(f, w, [&](std::int32_t i, const Var<double>& g) {
    order.push_back(i);
    for (std::int64_t e = 0; e < g.shape().size(); ++e) BOOST_TEST(g.value()[e] == expected[static_cast<std::size_t>(i)].value()[e]);
    double* values = w[static_cast<std::size_t>(i)].value().data_for_update();
    std::fill_n(values, g.shape().size(), 1e9);
  });
  BOOST_TEST(order == (std::vector<std::int32_t>{1, 0}), tt::per_element());
}

BOOST_AUTO_TEST_CASE(misuse_of_differentiation_is_refused) {
  BOOST_CHECK_THROW(grad<double>([](const Var<double>& x) { return x; })(Var<double>(Array<double>({2}, {1, 2}))), std::invalid_argument);
  Var<double> escaped;
  grad<double>([&](const Var<double>& x) { return escaped = x * x; })(Var<double>(1.0));
  BOOST_CHECK_THROW(escaped + escaped, std::invalid_argument);
  const auto f = [](const Var<double>& x) { return x * x; };
  BOOST_CHECK_THROW(grad<double>(grad<double>(grad<double>(grad<double>(grad<double>(f)))))(Var<double>(1.0)), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(a_thousand_steps_allocate_nothing_after_the_first) {
  const Var<float> x(Stream(1, "x").normal<float>({20, 30})), w(Stream(1, "w").normal<float>({30, 10}));
  const auto step = [&] { return value_and_grad<float>([&](const Var<float>& v) { return sum(square(tanh(matmul(x, v)))); }, w).second; };
  step();
  const auto before = tensors::pool_statistics();
  for (int i = 0; i < 1000; ++i) step();
  BOOST_TEST(tensors::pool_statistics().fresh_allocations == before.fresh_allocations);
  BOOST_TEST(tensors::pool_statistics().held_bytes == before.held_bytes);
}
