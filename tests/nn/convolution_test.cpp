#include "common/nn/convolution.hpp"

#include "common/autodiff/check_gradients.hpp"
#include "common/nn/parameters.hpp"
#include "tests/nn/laws.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>

using namespace nn;
using tensors::Stream;

namespace {

Var<double> normal(const Shape& shape, std::uint64_t step) { return Var<double>(Stream(1, "test arguments", step).normal<double>(shape)); }

double largest(const Array<double>& x) {
  return std::ranges::max(x, {}, [](double v) { return std::abs(v); });
}

// A few draws come close to the bound, none beyond it.
void check_bound(const Var<double>& drawn, double bound) {
  BOOST_TEST(largest(drawn.value()) <= bound);
  BOOST_TEST(largest(drawn.value()) > 0.98 * bound);
}

const Extents five{5, 5};
const ConvGeometry to_half = tensors::same_padding({14, 14}, five, 2);

// An encoder and decoder in the small.
template <class T>
struct Mirror {
  Conv2d<T> down;
  ConvTranspose2d<T> up;

  explicit Mirror(Stream stream)
      : down(1, 2, {3, 3}, tensors::same_padding({5, 4}, {3, 3}, 2), pytorch_default, stream),
        up(2, 1, {3, 3}, tensors::same_padding({5, 4}, {3, 3}, 2), {5, 4}, pytorch_default, stream) {}

  Var<T> operator()(const Var<T>& x) const { return up(softplus(down(x))); }
};

template <class T, class F>
void visit(Mirror<T>& model, F&& f) {
  f("down", model.down);
  f("up", model.up);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(convolution_layers)

// torch.nn.Conv2d and ConvTranspose2d: U(-1 / sqrt(n), 1 / sqrt(n)) for weight and bias, n = weight[0].numel(), which for
// the transposed layer counts its outputs.
BOOST_AUTO_TEST_CASE(initial_weights) {
  Stream stream(1, "initialise");
  const Conv2d<double> conv(8, 32, five, to_half, pytorch_default, stream);
  BOOST_TEST((conv.weight.shape() == Shape{32, 8, 5, 5}));
  BOOST_TEST((conv.bias.shape() == Shape{32}));
  check_bound(conv.weight, 1 / std::sqrt(8 * 25.0));
  BOOST_TEST(largest(conv.bias.value()) <= 1 / std::sqrt(8 * 25.0));
  BOOST_TEST(largest(conv.bias.value()) > 0);

  const ConvTranspose2d<double> transposed(8, 32, five, to_half, {14, 14}, pytorch_default, stream);
  BOOST_TEST((transposed.weight.shape() == Shape{8, 32, 5, 5}));
  BOOST_TEST((transposed.bias.shape() == Shape{32}));
  check_bound(transposed.weight, 1 / std::sqrt(32 * 25.0));

  check_bound(Conv2d<double>(8, 32, five, to_half, glorot, stream).weight, std::sqrt(6 / ((8 + 32) * 25.0)));
  const Conv2d<double> he_conv(8, 32, five, to_half, he, stream);
  double square_sum = 0;
  for (const double w : he_conv.weight.value()) square_sum += w * w;
  BOOST_TEST(square_sum / 6400 == 2 / (8 * 25.0), boost::test_tools::tolerance(0.1));  // the deviation of the mean is 1.8 %
  BOOST_TEST(largest(he_conv.bias.value()) == 0);
}

BOOST_AUTO_TEST_CASE(the_bias_belongs_to_the_channel) {
  Stream stream(1, "initialise");
  Conv2d<double> conv(2, 3, {3, 3}, tensors::even_padding(1, 1), glorot, stream);
  conv.bias = Var<double>(Array<double>({3}, {1, 2, 3}));
  const Array<double> y = conv(Var<double>(Array<double>::zeros({2, 2, 4, 4}))).value();
  for (std::int64_t i = 0; i < y.size(); ++i) BOOST_TEST(y[i] == static_cast<double>(i / 16 % 3 + 1));
}

BOOST_AUTO_TEST_CASE(the_transposed_layer_is_the_adjoint) {
  Stream stream(1, "initialise");
  const Conv2d<double> conv(3, 4, five, to_half, glorot, stream);
  ConvTranspose2d<double> transposed(4, 3, five, to_half, {14, 14}, glorot, stream);
  transposed.weight = conv.weight;
  const Var<double> x = normal({2, 3, 14, 14}, 0), y = normal({2, 4, 7, 7}, 1);
  BOOST_TEST(laws::are_adjoint(conv, transposed, x, y));
}

// The transposed layers of the HVAE authors' decoder, told as in TensorFlow; and one told as in PyTorch.
BOOST_AUTO_TEST_CASE(output_extents) {
  Stream stream(1, "initialise");
  Var<double> x = normal({2, 2, 4, 4}, 0);
  for (const std::int64_t extent : {7, 14, 28}) {
    const Extents output{extent, extent};
    x = ConvTranspose2d<double>(2, 2, five, tensors::same_padding(output, five, 2), output, glorot, stream)(x);
    BOOST_TEST((x.shape() == Shape{2, 2, extent, extent}));
  }
  const ConvGeometry geometry = tensors::even_padding(2, 2);
  const Extents output = tensors::transposed_extents({4, 5}, five, geometry, {1, 0});
  BOOST_TEST((output == Extents{8, 9}));
  const ConvTranspose2d<double> layer(2, 1, five, geometry, output, glorot, stream);
  BOOST_TEST((layer(normal({1, 2, 4, 5}, 0)).shape() == Shape{1, 1, 8, 9}));
  BOOST_CHECK_THROW(layer(normal({1, 2, 5, 5}, 0)), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(parameters_are_named_and_differentiated) {
  Mirror<double> model(Stream(1, "initialisation"));
  const Parameters<double> parameters(model);
  std::vector<std::string> names;
  for (const auto& [name, _] : parameters.named()) names.push_back(name);
  BOOST_TEST(names == (std::vector<std::string>{"down.weight", "down.bias", "up.weight", "up.bias"}), boost::test_tools::per_element());

  const Var<double> x = normal({2, 1, 5, 4}, 0);
  const auto check = autodiff::check_gradients([&](const Mirror<double>& m) { return sum(square(m(x) - x)); }, model);
  BOOST_TEST(check.passed(), check.where);
}

BOOST_AUTO_TEST_SUITE_END()
