// The HVAE on images and LibTorch's, from equal weights on equal noise: one loss and one gradient, through the decoder's second
// derivatives in the leapfrog steps. "Equal" is 1e-5 of the loss and 1e-4 of an array's largest entry: single precision, in
// another order, through a chain of decoder gradients.
#include "benchmarks/torch_conv_vae.hpp"
#include "common/nn/parameters.hpp"
#include "paper_hvae/image_model.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>

using autodiff::Var;
using tensors::Array;
using tensors::Stream;
using Model = hvae::ImageModel<float>;

namespace {

// The names of the networks there.
std::string there(const std::string& name) {
  const std::pair<std::string, std::string> prefixes[] = {
      {"inference.down", "down"},           {"inference.hidden", "encoder_hidden"},       {"inference.mean", "mean"},
      {"inference.deviation", "deviation"}, {"generative.hidden", "decoder_hidden"},      {"generative.to_image", "to_image"},
      {"generative.up", "up"},              {"flow.logit_epsilon.0", "logit_epsilon"},    {"flow.log_tempering", "log_tempering"}};
  for (const auto& [ours, theirs] : prefixes)
    if (name.starts_with(ours)) return theirs + name.substr(ours.size());
  return name;
}

}  // namespace

BOOST_AUTO_TEST_CASE(loss_and_gradients_of_the_hvae_on_images) {
  constexpr std::int64_t n = 20;
  const hvae::Sizes sizes;
  for (const int K : {1, 5}) {
    Stream stream(7, "initialisation");
    hvae::InferenceNetwork<float> inference(sizes, stream);
    hvae::GenerativeNetwork<float> generative(sizes, stream, -1.0);
    // Larger than the start, so that the potential is curved.
    generative.hidden.weight = generative.hidden.weight * 3.0f;
    generative.to_image.weight = generative.to_image.weight * 3.0f;
    Model model{inference, generative, hvae::LearnedFlow<float>(K, hvae::TemperingKind::fixed, false, sizes.latent)};
    const nn::Parameters<float> parameters(model);
    torch_conv_vae::Arrays values;
    for (const auto& [name, array] : parameters.named()) values[there(name)].assign(array.begin(), array.end());
    torch_conv_vae::Model torch(K);
    torch.set_parameters(values);

    Stream pixels(7, "pixels"), noise(7, "noise");
    const Var<float> x(pixels.bernoulli(Array<float>::full({n, sizes.pixels()}, 0.3f)));
    const hvae::FlowNoise<float> drawn{Var<float>(noise.normal<float>({n, sizes.latent})), Var<float>(noise.normal<float>({n, sizes.latent}))};
    auto [loss, gradient] = autodiff::value_and_grad<float>([&](const Model& m) { return -mean(m.elbo(x, drawn)); }, model);
    BOOST_TEST(loss.item() == torch.differentiate(x.value().elements(), drawn.epsilon.value().elements(), drawn.gamma.value().elements()),
               boost::test_tools::tolerance(1e-5f));

    const torch_conv_vae::Arrays theirs = torch.gradients();
    std::size_t n_arrays = 0;
    nn::detail::visit_named("", gradient, [&](const std::string& name, const Var<float>& g) {
      const std::vector<float>& other = theirs.at(there(name));
      BOOST_REQUIRE_EQUAL(static_cast<std::size_t>(g.shape().size()), other.size());
      double largest = 0, difference = 0;
      for (std::size_t i = 0; i < other.size(); ++i) {
        largest = std::max(largest, std::abs(static_cast<double>(other[i])));
        difference = std::max(difference, std::abs(static_cast<double>(g.value()[static_cast<std::int64_t>(i)]) - other[i]));
      }
      BOOST_TEST(largest > 0, name << " is zero throughout");
      BOOST_TEST(difference <= 1e-4 * largest, "K " << K << ", " << name << ": " << difference << " apart, the largest entry is " << largest);
      ++n_arrays;
    });
    BOOST_TEST(n_arrays == theirs.size());
  }
}
