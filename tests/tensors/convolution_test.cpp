// The three convolution kernels: double against the definition by index, float against double, and each against the
// others, whose adjoint it is.
#include "common/tensors/convolution.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/tensors/naive.hpp"

#include <limits>

using namespace naive;
using tensors::ConvGeometry;
using tensors::Extents;
namespace kernels = tensors::kernels;

namespace {

struct Case {
  std::int64_t batch, n_in, n_out;
  Extents image, kernel;
  ConvGeometry geometry;

  Extents output() const { return conv_extents(image, kernel, geometry); }
  Shape x() const { return {batch, n_in, image[0], image[1]}; }
  Shape w() const { return {n_out, n_in, kernel[0], kernel[1]}; }
  Shape y() const { return {batch, n_out, output()[0], output()[1]}; }
};

std::ostream& operator<<(std::ostream& out, const Case& c) {
  const auto& g = c.geometry;
  return out << to_string(c.x()) << " * " << to_string(c.w()) << fmt::format(", stride {} {}, padding {} {} and {} {}", g.stride[0], g.stride[1],
                                                                            g.pad_lo[0], g.pad_lo[1], g.pad_hi[0], g.pad_hi[1]);
}

// Every kernel and stride on images whose extents the stride divides and does not divide, with paddings that are equal,
// unequal, missing, and as wide as the kernel.
std::vector<Case> cases(std::int64_t n_in, std::int64_t n_out) {
  std::vector<Case> all;
  for (const Extents kernel : {Extents{5, 5}, Extents{4, 4}, Extents{3, 3}, Extents{2, 2}, Extents{1, 1}, Extents{3, 2}})
    for (const Extents stride : {Extents{1, 1}, Extents{2, 2}, Extents{1, 3}})
      for (const Extents image : {Extents{7, 7}, Extents{8, 5}}) {
        const auto with = [&](const Extents& lo, const Extents& hi) {
          all.push_back({3, n_in, n_out, image, kernel, {.stride = stride, .pad_lo = lo, .pad_hi = hi}});
        };
        with({0, 0}, {0, 0});
        with({(kernel[0] - 1) / 2, (kernel[1] - 1) / 2}, {kernel[0] / 2, kernel[1] / 2});
        with({2, 1}, {0, 3});
        with(kernel, kernel);
      }
  return all;
}

// The networks' own, at a smaller batch.
const std::vector<Case> networks{{4, 1, 16, {28, 28}, {5, 5}, {{2, 2}, {1, 1}, {2, 2}}},  {4, 16, 32, {14, 14}, {5, 5}, {{2, 2}, {1, 1}, {2, 2}}},
                                 {4, 32, 32, {7, 7}, {5, 5}, {{2, 2}, {2, 2}, {2, 2}}},   {4, 16, 1, {28, 28}, {5, 5}, {{1, 1}, {2, 2}, {2, 2}}},
                                 {4, 32, 64, {14, 14}, {5, 5}, {{1, 1}, {2, 2}, {2, 2}}}, {2, 64, 64, {28, 28}, {3, 3}, {{1, 1}, {1, 1}, {1, 1}}}};

// Calls term(in x, in w, in y) for the terms of <y, x * w>.
template <class F>
void for_terms(const Case& c, const F& term) {
  tabulate<char>({c.batch, c.n_out, c.n_in, c.kernel[0], c.kernel[1]}, [&](const Index& i) {
    for (std::int64_t row = 0; row < c.output()[0]; ++row)
      for (std::int64_t column = 0; column < c.output()[1]; ++column) {
        const std::int64_t image_row = row * c.geometry.stride[0] + i[3] - c.geometry.pad_lo[0];
        const std::int64_t image_column = column * c.geometry.stride[1] + i[4] - c.geometry.pad_lo[1];
        if (image_row < 0 || image_row >= c.image[0] || image_column < 0 || image_column >= c.image[1]) continue;
        term(position(c.x(), {i[0], i[2], image_row, image_column}), position(c.w(), {i[1], i[2], i[3], i[4]}),
             position(c.y(), {i[0], i[1], row, column}));
      }
    return '\0';
  });
}

template <class T>
struct Results {
  Array<T> y, x, w;
};

template <class T>
Results<T> by_kernels(const Case& c, const Array<T>& x, const Array<T>& w, const Array<T>& g) {
  return {kernels::conv(x, w, c.geometry), kernels::conv_data(g, w, c.geometry, c.image), kernels::conv_weight(x, g, c.geometry, c.kernel)};
}

Results<double> by_definition(const Case& c, const Array<double>& x, const Array<double>& w, const Array<double>& g) {
  Results<double> r{Array<double>::zeros(c.y()), Array<double>::zeros(c.x()), Array<double>::zeros(c.w())};
  double *to_y = r.y.mutable_data(), *to_x = r.x.mutable_data(), *to_w = r.w.mutable_data();
  for_terms(c, [&](std::int64_t in_x, std::int64_t in_w, std::int64_t in_y) {
    to_y[in_y] += x[in_x] * w[in_w];
    to_x[in_x] += g[in_y] * w[in_w];
    to_w[in_w] += x[in_x] * g[in_y];
  });
  return r;
}

Array<float> to_float(const Array<double>& x) {
  return tabulate<float>(x.shape(), [&](const Index& index) { return static_cast<float>(at(x, index)); });
}

// Whole numbers: their sums are exact in either precision and in any order.
void check_float(const Case& c) {
  BOOST_TEST_CONTEXT(c) {
    const Array<double> x = whole_numbers<double>(c.x(), 1), w = whole_numbers<double>(c.w(), 2), g = whole_numbers<double>(c.y(), 3);
    const Results<double> exact = by_kernels(c, x, w, g);
    const Results<float> ours = by_kernels(c, to_float(x), to_float(w), to_float(g));
    BOOST_TEST(same(ours.y, to_float(exact.y)), "conv");
    BOOST_TEST(same(ours.x, to_float(exact.x)), "conv_data");
    BOOST_TEST(same(ours.w, to_float(exact.w)), "conv_weight");
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(convolutions)

BOOST_AUTO_TEST_CASE(double_is_the_definition) {
  for (const Case& c : cases(2, 3))
    BOOST_TEST_CONTEXT(c) {
      const Array<double> x = whole_numbers<double>(c.x(), 1), w = whole_numbers<double>(c.w(), 2), g = whole_numbers<double>(c.y(), 3);
      const Results<double> expected = by_definition(c, x, w, g), ours = by_kernels(c, x, w, g);
      BOOST_TEST(same(ours.y, expected.y), "conv");
      BOOST_TEST(same(ours.x, expected.x), "conv_data");
      BOOST_TEST(same(ours.w, expected.w), "conv_weight");
    }
}

BOOST_AUTO_TEST_CASE(float_is_double) {
  for (const auto& [n_in, n_out] : {std::pair{3, 2}, {1, 1}, {1, 16}, {16, 1}, {1, 3}, {17, 1}, {16, 32}})
    for (const Case& c : cases(n_in, n_out)) check_float(c);
  for (const Case& c : networks) check_float(c);
}

// Rounding: a sum of n terms is off by at most (n + 1) epsilon of the sum of the absolute terms.
BOOST_AUTO_TEST_CASE(float_rounds_as_a_sum_does) {
  for (const Case& c : networks)
    BOOST_TEST_CONTEXT(c) {
      const Array<float> x = normals<float>(c.x(), 1), w = normals<float>(c.w(), 2), g = normals<float>(c.y(), 3);
      const auto widened = [](const Array<float>& a) {
        return tabulate<double>(a.shape(), [&](const Index& index) { return static_cast<double>(at(a, index)); });
      };
      const auto absolute = [&](const Array<float>& a) {
        return tabulate<double>(a.shape(), [&](const Index& index) { return std::abs(static_cast<double>(at(a, index))); });
      };
      const Results<float> ours = by_kernels(c, x, w, g);
      const Results<double> exact = by_kernels(c, widened(x), widened(w), widened(g));
      const Results<double> scale = by_kernels(c, absolute(x), absolute(w), absolute(g));
      const auto check = [](const Array<float>& a, const Array<double>& b, const Array<double>& s, std::int64_t n_terms) {
        std::int64_t n_wrong = 0;
        for (std::int64_t i = 0; i < a.size(); ++i)
          if (!(std::abs(a[i] - b[i]) <= static_cast<double>(n_terms + 1) * std::numeric_limits<float>::epsilon() * s[i])) ++n_wrong;
        BOOST_TEST(n_wrong == 0);
      };
      const std::int64_t kernel = c.kernel[0] * c.kernel[1];
      check(ours.y, exact.y, scale.y, c.n_in * kernel);
      check(ours.x, exact.x, scale.x, c.n_out * kernel);
      check(ours.w, exact.w, scale.w, c.batch * c.output()[0] * c.output()[1]);
    }
}

BOOST_AUTO_TEST_CASE(the_same_on_any_number_of_threads) {
  for (const Case& c : networks) {
    const Array<float> x = whole_numbers<float>(c.x(), 1), w = whole_numbers<float>(c.w(), 2), g = whole_numbers<float>(c.y(), 3);
    with_any_number_of_threads([&] { return kernels::conv(x, w, c.geometry); });
    with_any_number_of_threads([&] { return kernels::conv_data(g, w, c.geometry, c.image); });
    with_any_number_of_threads([&] { return kernels::conv_weight(x, g, c.geometry, c.kernel); });
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(repetition_allocates_nothing, T, Scalars) {
  for (const Case& c : networks) {
    const Array<T> x = normals<T>(c.x(), 1), w = normals<T>(c.w(), 2), g = normals<T>(c.y(), 3);
    by_kernels(c, x, w, g);
    const auto before = tensors::pool_statistics().fresh_allocations;
    by_kernels(c, x, w, g);
    BOOST_TEST(tensors::pool_statistics().fresh_allocations == before);
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(empty_operands, T, Scalars) {
  const ConvGeometry g = tensors::even_padding(1, 1);
  const Extents image{4, 4}, kernel{3, 3};
  const auto zeros = [](const Shape& shape) { return Array<T>::zeros(shape); };
  BOOST_TEST(same(kernels::conv(zeros({0, 2, 4, 4}), zeros({3, 2, 3, 3}), g), zeros({0, 3, 4, 4})));
  BOOST_TEST(same(kernels::conv(zeros({2, 0, 4, 4}), zeros({3, 0, 3, 3}), g), zeros({2, 3, 4, 4})));
  BOOST_TEST(same(kernels::conv_data(zeros({2, 0, 4, 4}), zeros({0, 3, 3, 3}), g, image), zeros({2, 3, 4, 4})));
  BOOST_TEST(same(kernels::conv_weight(zeros({0, 2, 4, 4}), zeros({0, 3, 4, 4}), g, kernel), zeros({3, 2, 3, 3})));
}

BOOST_AUTO_TEST_CASE(extents_and_paddings) {
  const auto same_of = [](std::int64_t n, std::int64_t k, std::int64_t stride) {
    const ConvGeometry g = tensors::same_padding({n, n}, {k, k}, stride);
    BOOST_TEST(tensors::conv_extents({n, n}, {k, k}, g)[0] == (n + stride - 1) / stride);
    return std::pair(g.pad_lo[0], g.pad_hi[1]);
  };
  BOOST_TEST((same_of(28, 5, 2) == std::pair<std::int64_t, std::int64_t>(1, 2)));  // the three layers of the HVAE encoder
  BOOST_TEST((same_of(14, 5, 2) == std::pair<std::int64_t, std::int64_t>(1, 2)));
  BOOST_TEST((same_of(7, 5, 2) == std::pair<std::int64_t, std::int64_t>(2, 2)));
  BOOST_TEST((same_of(28, 3, 1) == std::pair<std::int64_t, std::int64_t>(1, 1)));
  BOOST_TEST((same_of(9, 1, 3) == std::pair<std::int64_t, std::int64_t>(0, 0)));

  const ConvGeometry g = tensors::even_padding(2, 1);
  BOOST_TEST((tensors::conv_extents({7, 8}, {3, 3}, g) == Extents{4, 4}));
  BOOST_TEST((tensors::transposed_extents({4, 4}, {3, 3}, g) == Extents{7, 7}));
  BOOST_TEST((tensors::transposed_extents({4, 4}, {3, 3}, g, {0, 1}) == Extents{7, 8}));
}

BOOST_AUTO_TEST_CASE(refusals) {
  const auto zeros = [](const Shape& shape) { return Array<float>::zeros(shape); };
  const auto x = zeros({2, 3, 5, 5}), w = zeros({4, 3, 3, 3}), y = zeros({2, 4, 5, 5});
  const ConvGeometry g = tensors::even_padding(1, 1);
  BOOST_CHECK_THROW(kernels::conv(x, zeros({4, 2, 3, 3}), g), std::invalid_argument);
  BOOST_CHECK_THROW(kernels::conv(zeros({3, 5, 5}), w, g), std::invalid_argument);
  BOOST_CHECK_THROW(kernels::conv(x, zeros({4, 3, 8, 3}), g), std::invalid_argument);
  BOOST_CHECK_THROW(kernels::conv(x, zeros({4, 3, 0, 3}), g), std::invalid_argument);
  BOOST_CHECK_THROW(kernels::conv(x, w, {.stride = {0, 1}}), std::invalid_argument);
  BOOST_CHECK_THROW(kernels::conv(x, w, {.pad_lo = {-1, 0}}), std::invalid_argument);
  BOOST_CHECK_THROW(kernels::conv_data(y, w, g, {6, 5}), std::invalid_argument);
  BOOST_CHECK_THROW(kernels::conv_data(x, w, g, {5, 5}), std::invalid_argument);
  BOOST_CHECK_THROW(kernels::conv_data(y, zeros({3}), g, {5, 5}), std::invalid_argument);
  BOOST_CHECK_THROW(kernels::conv_weight(x, y, g, {2, 3}), std::invalid_argument);
  BOOST_CHECK_THROW(kernels::conv_weight(x, zeros({1, 4, 5, 5}), g, {3, 3}), std::invalid_argument);
  BOOST_CHECK_THROW(tensors::same_padding({5, 5}, {3, 3}, 0), std::invalid_argument);
  BOOST_CHECK_THROW(tensors::transposed_extents({4, 4}, {3, 3}, tensors::even_padding(2, 1), {2, 0}), std::invalid_argument);
  BOOST_CHECK_THROW(tensors::transposed_extents({1, 1}, {2, 2}, tensors::even_padding(1, 1)), std::invalid_argument);
}

BOOST_AUTO_TEST_SUITE_END()
