// The convolutional VAE of benchmarks/conv_vae.hpp and LibTorch's, from equal weights on equal noise: one loss, one
// gradient. "Equal" is 1e-5 of an array's largest entry: both compute in single precision, in another order.
#include "benchmarks/conv_vae.hpp"
#include "benchmarks/torch_conv_vae.hpp"
#include "common/nn/parameters.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>

using autodiff::Var;
using tensors::Array;
using tensors::Stream;
using Model = conv_vae::ConvVae<float>;

BOOST_AUTO_TEST_CASE(loss_and_gradients_of_the_convolutional_vae) {
  constexpr double tolerance = 1e-5;
  constexpr std::int64_t n = 20;
  Model model(Stream(7, "initialisation"));
  const nn::Parameters<float> parameters(model);
  BOOST_TEST(parameters.count() == 626'469);  // as the authors have it

  torch_conv_vae::Arrays values;
  for (const auto& [name, array] : parameters.named()) values[name].assign(array.begin(), array.end());
  torch_conv_vae::Model torch;
  torch.set_parameters(values);

  Stream pixels(7, "pixels"), noise(7, "noise");
  const Var<float> x(pixels.bernoulli(Array<float>::full({n, conv_vae::n_pixels}, 0.3f))), epsilon(noise.normal<float>({n, conv_vae::n_latent}));
  auto [loss, gradient] = autodiff::value_and_grad<float>([&](const Model& m) { return conv_vae::loss(m, x, epsilon); }, model);
  BOOST_TEST(loss.item() == torch.differentiate(x.value().elements(), epsilon.value().elements()),
             boost::test_tools::tolerance(static_cast<float>(tolerance)));

  const torch_conv_vae::Arrays theirs = torch.gradients();
  std::size_t n_arrays = 0;
  nn::detail::visit_named("", gradient, [&](const std::string& name, const Var<float>& g) {
    const std::vector<float>& other = theirs.at(name);
    BOOST_REQUIRE_EQUAL(static_cast<std::size_t>(g.shape().size()), other.size());
    double largest = 0, difference = 0;
    for (std::size_t i = 0; i < other.size(); ++i) {
      largest = std::max(largest, std::abs(static_cast<double>(other[i])));
      difference = std::max(difference, std::abs(static_cast<double>(g.value()[static_cast<std::int64_t>(i)]) - other[i]));
    }
    BOOST_TEST(largest > 0, name << " is zero throughout");
    BOOST_TEST(difference <= tolerance * largest, name << ": " << difference << " apart, the largest entry is " << largest);
    ++n_arrays;
  });
  BOOST_TEST(n_arrays == theirs.size());
}
