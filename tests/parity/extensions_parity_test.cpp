// The convolutional model and IWAE of paper_vae_extensions and LibTorch's, from equal weights on equal noise: one loss, one
// gradient. "Equal" is 2e-5 of an array's largest entry: both compute in single precision, in another order. For IWAE it is
// 3e-4: a weight is the exponential of a sum of about -500 nats, which single precision knows to 3e-5.
#include "benchmarks/torch_extensions.hpp"
#include "common/nn/parameters.hpp"
#include "paper_vae_extensions/cnn.hpp"
#include "paper_vae_extensions/iwae.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>

using namespace vae_extensions;
using tensors::Array;
using tensors::Stream;

namespace {

constexpr std::int64_t batch = 20, n_latent = 5, k = 4;

Var<float> images() { return Stream(7, "pixels").bernoulli(Array<float>::full({batch, 784}, 0.3f)); }

template <class Model, class Loss>
void same_loss_and_gradient(Model& model, torch_extensions::Model& torch, const Loss& loss, const std::vector<float>& noise,
                            double tolerance) {
  const nn::Parameters<float> parameters(model);
  torch_extensions::Arrays values;
  for (const auto& [name, array] : parameters.named()) values[name].assign(array.begin(), array.end());
  torch.set_parameters(values);
  auto [value, gradient] = autodiff::value_and_grad<float>(loss, model);
  BOOST_TEST(value.item() == torch.differentiate(images().value().elements(), noise), boost::test_tools::tolerance(2e-5f));
  const torch_extensions::Arrays theirs = torch.gradients();
  std::size_t n_arrays = 0;
  nn::detail::visit_named("", gradient, [&](const std::string& name, const Var<float>& g) {
    const std::vector<float>& other = theirs.at(name);
    BOOST_REQUIRE_EQUAL(static_cast<std::size_t>(g.shape().size()), other.size());
    double largest = 0, difference = 0;
    for (std::size_t i = 0; i < other.size(); ++i) {
      largest = std::max(largest, std::abs(static_cast<double>(other[i])));
      difference = std::max(difference, std::abs(static_cast<double>(g.value()[static_cast<std::int64_t>(i)]) - other[i]));
    }
    // What stands before a batch normalisation and only shifts or scales cancels out: its gradient is rounding.
    const bool cancelled =
        name == "encoder.conv_1.bias" || name == "encoder.conv_2.bias" || name == "decoder.up_1.bias" || name == "encoder.norm_0.weight";
    BOOST_TEST((cancelled || largest > 0), name << " is zero throughout");
    BOOST_TEST(difference <= (cancelled ? 1e-3 : tolerance * largest), name << ": " << difference << " apart, the largest entry is " << largest);
    ++n_arrays;
  });
  BOOST_TEST(n_arrays == theirs.size());
}

}  // namespace

BOOST_AUTO_TEST_CASE(loss_and_gradients_of_the_convolutional_row) {
  CnnVae<float> model(CnnSizes{}, n_latent, Stream(7, "initialisation"));
  torch_extensions::Model torch(torch_extensions::Kind::cnn, n_latent, 1);
  const Array<float> epsilon = Stream(7, "noise").normal<float>({batch, n_latent});
  same_loss_and_gradient(
      model, torch, [&](const CnnVae<float>& m) { return -mean(elbo(m, images(), Var<float>(epsilon), Pass<float>::training())); },
      {epsilon.begin(), epsilon.end()}, 2e-5);
}

BOOST_AUTO_TEST_CASE(loss_and_gradients_of_iwae) {
  Iwae<float> model(IwaeSizes{}, n_latent, Stream(7, "initialisation"));
  torch_extensions::Model torch(torch_extensions::Kind::iwae, n_latent, k);
  Stream stream(7, "noise");
  const Array<float> first = stream.normal<float>({k, batch, 100}), second = stream.normal<float>({k, batch, n_latent});
  std::vector<float> noise(first.begin(), first.end());
  noise.insert(noise.end(), second.begin(), second.end());
  same_loss_and_gradient(
      model, torch, [&](const Iwae<float>& m) { return iwae_loss(m, images(), IwaeNoise<float>{first, second}, Prior::right); }, noise, 3e-4);
}
