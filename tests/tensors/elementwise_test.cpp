// Every elementwise kernel against its one-line definition, over all broadcasting patterns and the sizes at which
// vector loops and threads split the work.
#include "common/tensors/kernels.hpp"
#include "common/tensors/loops.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/tensors/naive.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <vector>

using namespace naive;
namespace kernels = tensors::kernels;

namespace {

constexpr std::int64_t sizes[] = {0, 1, 7, 63, 64, 65, 1000, (1 << 13) - 1, (1 << 13) + 65, 1 << 16, (1 << 16) + 1, (1 << 17) + 3};

template <class T> constexpr T epsilon = std::numeric_limits<T>::epsilon();

template <class T>
struct Binary {
  const char* name;
  Array<T> (*kernel)(const Array<T>&, const Array<T>&);
  double (*definition)(double, double);
  double (*scale)(double, double);  // bounds the intermediate results; the kernel may err by 2 epsilon of it
};

template <class T>
const std::vector<Binary<T>>& binary_kernels() {
  static const std::vector<Binary<T>> all{
      {"add", kernels::add<T>, [](double p, double q) { return p + q; }, [](double p, double q) { return std::abs(p + q); }},
      {"sub", kernels::sub<T>, [](double p, double q) { return p - q; }, [](double p, double q) { return std::abs(p - q); }},
      {"mul", kernels::mul<T>, [](double p, double q) { return p * q; }, [](double p, double q) { return std::abs(p * q); }},
      {"div", kernels::div<T>, [](double p, double q) { return p / q; }, [](double p, double q) { return std::abs(p / q); }},
      {"greater", kernels::greater<T>, [](double p, double q) { return p > q ? 1.0 : 0.0; }, [](double, double) { return 0.0; }},
      {"leaky_relu_slope", [](const Array<T>& g, const Array<T>& y) { return kernels::leaky_relu_slope(g, y, T(0.25)); },
       [](double g, double y) { return y > 0 ? g : 0.25 * g; }, [](double, double) { return 0.0; }},
      {"tanh_slope", kernels::tanh_slope<T>, [](double g, double y) { return g * (1 - y * y); },
       [](double g, double y) { return std::abs(g) * (1 + y * y); }},
      {"sigmoid_slope", kernels::sigmoid_slope<T>, [](double g, double y) { return g * y * (1 - y); },
       [](double g, double y) { return std::abs(g * y) * (1 + std::abs(y)); }}};
  return all;
}

template <class T>
void check_binary(const Binary<T>& k, const Shape& shape_a, const Shape& shape_b) {
  const Array<T> a = normals<T>(shape_a, 1), b = normals<T>(shape_b, 2);
  const Shape shape = broadcast_shape(shape_a, shape_b);
  const Array<T> y = with_any_number_of_threads([&] { return k.kernel(a, b); });
  BOOST_REQUIRE(y.shape() == shape);
  std::int64_t n_wrong = 0;
  tabulate<T>(shape, [&](const Index& index) {
    const double p = at(a, index), q = at(b, index);
    const T value = at(y, index);
    if (!(std::abs(value - k.definition(p, q)) <= 2 * epsilon<T> * k.scale(p, q))) ++n_wrong;
    return value;
  });
  BOOST_TEST(n_wrong == 0, k.name << " of " << to_string(shape_a) << " and " << to_string(shape_b) << ": " << n_wrong << " wrong");
}

template <class T>
struct Unary {
  const char* name;
  std::function<Array<T>(const Array<T>&)> kernel;
  std::function<double(double)> definition;
  double tolerance = 0;  // relative, in epsilons
  bool positive = false;
};

template <class T>
std::vector<Unary<T>> unary_kernels() {
  const auto power = [](T e) { return [e](const Array<T>& x) { return kernels::pow(x, e); }; };
  return {{"neg", kernels::neg<T>, [](double x) { return -x; }},
          {"relu", kernels::relu<T>, [](double x) { return std::max(x, 0.0); }},
          {"clamp", [](const Array<T>& x) { return kernels::clamp(x, T(-0.5), T(0.75)); }, [](double x) { return std::clamp(x, -0.5, 0.75); }},
          {"inside", [](const Array<T>& x) { return kernels::inside(x, T(-0.5), T(0.75)); },
           [](double x) { return x > -0.5 && x < 0.75 ? 1.0 : 0.0; }},
          {"exp", kernels::exp<T>, [](double x) { return std::exp(x); }, 4},
          {"log", kernels::log<T>, [](double x) { return std::log(x); }, 4, true},
          {"tanh", kernels::tanh<T>, [](double x) { return std::tanh(x); }, 4},
          {"sigmoid", kernels::sigmoid<T>, [](double x) { return 1 / (1 + std::exp(-x)); }, 6},
          {"softplus", kernels::softplus<T>, [](double x) { return std::log1p(std::exp(x)); }, 6},
          {"square", power(T(2)), [](double x) { return x * x; }, 1},
          {"cube", power(T(3)), [](double x) { return x * x * x; }, 2},
          {"sqrt", power(T(0.5)), [](double x) { return std::sqrt(x); }, 1, true},
          {"inverse", power(T(-1)), [](double x) { return 1 / x; }, 1},
          {"inverse sqrt", power(T(-0.5)), [](double x) { return 1 / std::sqrt(x); }, 2, true},
          {"pow", power(T(1.5)), [](double x) { return x * std::sqrt(x); }, 2, true}};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(elementwise)

BOOST_AUTO_TEST_CASE_TEMPLATE(all_broadcasting_patterns, T, Scalars) {
  const std::vector<Shape> shapes = broadcasting_to({3, 2, 5, 4});
  BOOST_TEST(shapes.size() == 31u);
  for (const Binary<T>& k : binary_kernels<T>())
    for (const Shape& a : shapes)
      for (const Shape& b : shapes) check_binary(k, a, b);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(empty_and_large_operands, T, Scalars) {
  const std::vector<std::pair<Shape, Shape>> pairs{
      {{0}, {0}},        {{0}, {}},         {{1}, {0}},       {{0, 3}, {3}},      {{2, 0, 3}, {1, 3}},   {{400, 200}, {200}},
      {{400, 200}, {400, 1}}, {{1, 200}, {400, 1}}, {{1 << 17}, {}}, {{}, {(1 << 16) + 1}}, {{65, 1, 33}, {65, 40, 1}}, {{40, 2100}, {1, 2100}}};
  for (const Binary<T>& k : binary_kernels<T>())
    for (const auto& [a, b] : pairs) check_binary(k, a, b);
  for (const std::int64_t n : sizes) check_binary(binary_kernels<T>().front(), {n}, {n});
  BOOST_CHECK_THROW(kernels::add(normals<T>({2, 3}, 1), normals<T>({2}, 2)), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(functions_of_one_variable, T, Scalars) {
  for (const Unary<T>& k : unary_kernels<T>())
    for (const std::int64_t n : sizes) {
      Array<T> x = normals<T>({n}, 3);
      if (k.positive)
        for (std::int64_t i = 0; i < n; ++i) x.mutable_data()[i] = std::abs(x[i]);
      const Array<T> y = with_any_number_of_threads([&] { return k.kernel(x); });
      BOOST_REQUIRE(y.shape() == x.shape());
      double worst = 0;
      for (std::int64_t i = 0; i < n; ++i) {
        const double expected = k.definition(x[i]), deviation = std::abs(y[i] - expected);
        if (deviation > 0) worst = std::max(worst, deviation / std::abs(expected) / epsilon<T>);
      }
      BOOST_TEST(worst <= k.tolerance + (sizeof(T) == 8 && k.tolerance > 0 ? 1 : 0), k.name << " of " << n << ": " << worst << " epsilons");
    }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(adding_into_an_array_and_selecting, T, Scalars) {
  for (const std::int64_t n : sizes) {
    const Array<T> a = normals<T>({n}, 1), b = normals<T>({n}, 2), mask = kernels::greater(a, b);
    Array<T> into = a.copy();
    kernels::add_into(into, b);
    BOOST_TEST(same(into, kernels::add(a, b)));
    const Array<T> chosen = with_any_number_of_threads([&] { return kernels::select(mask, a, b); });
    BOOST_TEST(same(chosen, tabulate<T>({n}, [&](const Index& i) { return std::max(at(a, i), at(b, i)); })));
  }
  Array<T> a = normals<T>({3}, 1);
  BOOST_CHECK_THROW(kernels::add_into(a, normals<T>({1}, 1)), std::invalid_argument);
  const Array<T> sharer = a;
  BOOST_CHECK_THROW(kernels::add_into(a, normals<T>({3}, 1)), std::invalid_argument);
  BOOST_CHECK_THROW(kernels::select(a, a, normals<T>({1}, 1)), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(bernoulli_rows, T, Scalars) {
  for (const Shape& shape : {Shape{1}, Shape{7, 784}, Shape{300, 65}, Shape{2, 3, 5}, Shape{0, 4}, Shape{4, 0}}) {
    const Array<T> x = Stream(5, "x").uniform<T>(shape), logits = kernels::mul(normals<T>(shape, 6), Array<T>::scalar(5));
    const std::int64_t d = shape[shape.rank() - 1];
    Shape rows;
    for (int axis = 0; axis + 1 < shape.rank(); ++axis) rows.push_back(shape[axis]);
    const Array<T> g = normals<T>(rows, 7);
    const Array<T> log_prob = with_any_number_of_threads([&] { return kernels::bernoulli_log_prob(x, logits); });
    const Array<T> residual = with_any_number_of_threads([&] { return kernels::bernoulli_residual(g, x, logits); });
    BOOST_REQUIRE(log_prob.shape() == rows);
    BOOST_REQUIRE(residual.shape() == shape);
    for (std::int64_t row = 0; row < log_prob.size(); ++row) {
      double sum = 0, scale = 0;
      for (std::int64_t i = row * d; i < (row + 1) * d; ++i) {
        const double l = logits[i], term = x[i] * l - std::log1p(std::exp(l)), sigmoid = 1 / (1 + std::exp(-l));
        sum += term;
        scale += std::abs(x[i] * l) + std::log1p(std::exp(l));
        BOOST_TEST(std::abs(residual[i] - g[row] * (x[i] - sigmoid)) <= 8 * epsilon<T> * std::abs(g[row]));
      }
      BOOST_TEST(std::abs(log_prob[row] - sum) <= (8 + static_cast<double>(d)) * epsilon<T> * scale);
    }
  }
  const Array<T> x = normals<T>({2, 3}, 1);
  BOOST_CHECK_THROW(kernels::bernoulli_log_prob(x, normals<T>({3}, 1)), std::invalid_argument);
  BOOST_CHECK_THROW(kernels::bernoulli_log_prob(x, normals<T>({2, 1, 3}, 1)), std::invalid_argument);
  BOOST_CHECK_THROW(kernels::bernoulli_log_prob(Array<T>::scalar(1), Array<T>::scalar(1)), std::invalid_argument);
  BOOST_CHECK_THROW(kernels::bernoulli_residual(normals<T>({3}, 1), x, x), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(bernoulli_rows_under_one_x, T, Scalars) {
  const Array<T> x = Stream(5, "x").uniform<T>({7, 33}), logits = normals<T>({9, 7, 33}, 6), g = normals<T>({9, 7}, 7);
  const Array<T> repeated = kernels::broadcast_to(x, {9, 7, 33});
  const auto same = [](const Array<T>& a, const Array<T>& b) { BOOST_TEST(a.elements() == b.elements(), boost::test_tools::per_element()); };
  same(with_any_number_of_threads([&] { return kernels::bernoulli_log_prob(x, logits); }), kernels::bernoulli_log_prob(repeated, logits));
  same(with_any_number_of_threads([&] { return kernels::bernoulli_residual(g, x, logits); }), kernels::bernoulli_residual(g, repeated, logits));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(one_bad_number_is_found_wherever_it_stands, T, Scalars) {
  BOOST_TEST(kernels::all_finite(Array<T>()));
  for (const std::int64_t n : {1, 7, 64, 131})
    for (const T bad : {std::numeric_limits<T>::infinity(), -std::numeric_limits<T>::infinity(), std::numeric_limits<T>::quiet_NaN()})
      for (std::int64_t i = 0; i < n; ++i) {
        Array<T> x = Array<T>::full({n}, std::numeric_limits<T>::max());
        BOOST_REQUIRE(kernels::all_finite(x));
        x.mutable_data()[i] = bad;
        BOOST_REQUIRE(!kernels::all_finite(x));
      }
}

// OpenMP may give fewer threads than were asked for: here it gives one, inside a region of its own.
BOOST_AUTO_TEST_CASE(a_smaller_team_leaves_nothing_out) {
  const std::int64_t n = 1 << 20;
  std::vector<int> visits(static_cast<std::size_t>(n), 0);
#pragma omp parallel num_threads(2)
#pragma omp single
  kernels::parallel_ranges(n, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) ++visits[static_cast<std::size_t>(i)];
  });
  BOOST_TEST(std::ranges::all_of(visits, [](int count) { return count == 1; }));
}

BOOST_AUTO_TEST_SUITE_END()
