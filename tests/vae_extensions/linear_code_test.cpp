// The best linear code: its value is the likelihood of the model it claims to be, and no other linear decoder has more.
#include "common/tensors/random.hpp"
#include "paper_vae_extensions/linear_code.hpp"

#include <boost/test/unit_test.hpp>
#include <xtensor-blas/xlinalg.hpp>
#include <xtensor/xview.hpp>

#include <cmath>
#include <numbers>

using namespace vae_extensions;
using tensors::Array;
using tensors::Stream;
namespace tt = boost::test_tools;

namespace {

using Matrix = xt::xtensor<double, 2>;

constexpr std::int64_t n_pixels = 4;
constexpr double pixel_variance = 0.5;
// Along these axes lie the variances 8, 2, 1 and 0.125: three exceed a pixel's.
const std::vector<double> variances{8, 2, 1, 0.125};

// A rotation: I - 2 v v^T, v of length 1 and along no axis.
Matrix rotation() {
  const std::vector<double> v{0.1, 0.3, 0.5, std::sqrt(1 - 0.35)};
  Matrix R = xt::eye<double>(n_pixels);
  for (std::size_t i = 0; i < 4; ++i)
    for (std::size_t j = 0; j < 4; ++j) R(i, j) -= 2 * v[i] * v[j];
  return R;
}

// Two points on every axis, +- sqrt(M variance), rotated and moved by 1.
Array<float> images() {
  const Matrix R = rotation();
  Array<float> x = Array<float>::zeros({2 * n_pixels, n_pixels});
  float* out = x.data_for_update();
  for (std::size_t axis = 0; axis < 4; ++axis)
    for (const double sign : {1.0, -1.0})
      for (std::size_t k = 0; k < 4; ++k) *out++ = static_cast<float>(1 + sign * std::sqrt(n_pixels * variances[axis]) * R(k, axis));
  return x;
}

// Minus the mean log-likelihood of images() under N(b, W W^T + pixel_variance I).
double nats(const Matrix& W, double b) {
  const Matrix C = xt::linalg::dot(W, xt::transpose(W)) + pixel_variance * xt::eye<double>(n_pixels);
  const Matrix inverse = xt::linalg::inv(C);
  const Array<float> x = images();
  double sum = 0;
  for (std::int64_t i = 0; i < 2 * n_pixels; ++i) {
    xt::xtensor<double, 1> d = xt::zeros<double>({4});
    for (std::int64_t k = 0; k < n_pixels; ++k) d(static_cast<std::size_t>(k)) = static_cast<double>(x[i * n_pixels + k]) - b;
    sum += xt::linalg::dot(d, xt::linalg::dot(inverse, d))();
  }
  return 0.5 * (n_pixels * std::log(2 * std::numbers::pi) + std::log(xt::linalg::det(C)) + sum / (2 * n_pixels));
}

// The columns that the closed form speaks of.
Matrix best_columns(std::size_t n) {
  Matrix W = xt::zeros<double>({std::size_t{4}, n});
  for (std::size_t j = 0; j < n; ++j) xt::view(W, xt::all(), j) = std::sqrt(variances[j] - pixel_variance) * xt::view(rotation(), xt::all(), j);
  return W;
}

}  // namespace

BOOST_AUTO_TEST_CASE(variances_of_rotated_axes) {
  const std::vector<double> found = principal_variances(images());
  BOOST_TEST_REQUIRE(found.size() == 4u);
  for (std::size_t i = 0; i < 4; ++i) BOOST_TEST(found[i] == variances[3 - i], tt::tolerance(1e-6));
}

BOOST_AUTO_TEST_CASE(its_value_is_its_likelihood_and_no_linear_decoder_is_better) {
  Stream stream(5, "decoders");
  for (const std::size_t n : {1u, 2u, 3u}) {
    const LinearCode code = best_linear_code(variances, pixel_variance, static_cast<std::int64_t>(n));
    BOOST_TEST(code.n_used == static_cast<std::int64_t>(n));
    const Matrix best = best_columns(n);
    BOOST_TEST(nats(best, 1) == code.nats, tt::tolerance(1e-6));
    BOOST_TEST(nats(best, 1.1) > code.nats);
    for (int trial = 0; trial < 50; ++trial) {
      const auto draws = stream.normal<double>({n_pixels, static_cast<std::int64_t>(n)});
      Matrix step = xt::zeros<double>({std::size_t{4}, n});
      std::copy(draws.begin(), draws.end(), step.begin());
      for (const double size : {0.05, 1.0}) BOOST_TEST(nats(best + size * step, 1) > code.nats);
    }
  }
}

BOOST_AUTO_TEST_CASE(components_below_a_pixels_variance_are_left_alone) {
  const LinearCode all = best_linear_code(variances, pixel_variance, 4);
  BOOST_TEST(all.n_used == 3);
  BOOST_TEST(all.nats == best_linear_code(variances, pixel_variance, 3).nats);
  // Without a code: the mean image alone.
  const double mean_image = 2 * std::log(2 * std::numbers::pi * pixel_variance) + 0.5 * (8 + 2 + 1 + 0.125) / pixel_variance;
  BOOST_TEST(best_linear_code(variances, pixel_variance, 0).nats == mean_image, tt::tolerance(1e-12));
  BOOST_CHECK_THROW(best_linear_code(variances, 0, 2), std::invalid_argument);
}
