// The VAE and LibTorch's, from equal weights on equal noise: one loss, one gradient, one rule of every optimiser, one
// path of training. "Equal" is 1e-5 of an array's largest entry: both compute in single precision, in another order.
#include "benchmarks/torch_vae.hpp"
#include "common/nn/training.hpp"
#include "paper_vae_extensions/vae.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>

namespace {

using autodiff::Var;
using tensors::Array;
using tensors::Stream;
using torch_vae::Arrays;
using torch_vae::Rule;
using vae_extensions::Vae;

constexpr double tolerance = 1e-5;

// The paper's network; and a small one, so that no unit of a ReLU hangs on the last bit of its argument.
constexpr torch_vae::Sizes paper_size{784, 500, 20}, small_size{64, 30, 4};

struct Ours {
  Vae<float> model;
  nn::Parameters<float> parameters;

  Ours(const torch_vae::Sizes& sizes, nn::Activation activation)
      : model(sizes.pixels, sizes.hidden, sizes.latent, activation, Stream(7, "initialisation")), parameters(model) {}
};

Arrays to_arrays(const nn::Parameters<float>& parameters) {
  Arrays arrays;
  for (const auto& [name, array] : parameters.named()) arrays[name].assign(array.begin(), array.end());
  return arrays;
}

struct Batch {
  Var<float> x, epsilon;
};

Batch draw_batch(const torch_vae::Sizes& sizes, std::uint64_t step) {
  const std::int64_t n = 50;
  Stream pixels(7, "pixels", step), noise(7, "noise", step);
  return {pixels.bernoulli(Array<float>::full({n, sizes.pixels}, 0.8f)), noise.normal<float>({n, sizes.latent})};
}

float differentiate(torch_vae::Model& torch, const Batch& batch) {
  return torch.differentiate(batch.x.value().elements(), batch.epsilon.value().elements());
}

void check_equal(const std::string& name, std::span<const float> ours, std::span<const float> theirs) {
  BOOST_REQUIRE_EQUAL(ours.size(), theirs.size());
  double largest = 0, difference = 0;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    largest = std::max(largest, std::abs(static_cast<double>(theirs[i])));
    difference = std::max(difference, std::abs(static_cast<double>(ours[i]) - theirs[i]));
  }
  BOOST_TEST(largest > 0, name << " is zero throughout");
  BOOST_TEST(difference <= tolerance * largest, name << ": " << difference << " apart, the largest entry is " << largest);
}

void check_equal(const nn::Parameters<float>& ours, const Arrays& theirs) {
  for (const auto& [name, array] : ours.named()) check_equal(name, array.elements(), theirs.at(name));
}

void check_gradients(const torch_vae::Sizes& sizes, nn::Activation activation, torch_vae::Activation torch_activation) {
  Ours ours(sizes, activation);
  torch_vae::Model torch(sizes, torch_activation, {Rule::Kind::sgd, 0.01});
  torch.set_parameters(to_arrays(ours.parameters));
  const Batch batch = draw_batch(sizes, 0);

  auto [loss, gradient] =
      autodiff::value_and_grad<float>([&](const Vae<float>& m) { return vae_extensions::loss(m, batch.x, batch.epsilon); }, ours.model);
  BOOST_TEST(loss.item() == differentiate(torch, batch), boost::test_tools::tolerance(static_cast<float>(tolerance)));
  const Arrays theirs = torch.gradients();
  std::size_t n_arrays = 0;
  nn::detail::visit_named("", gradient, [&](const std::string& name, const Var<float>& g) {
    check_equal(name, g.value().elements(), theirs.at(name));
    ++n_arrays;
  });
  BOOST_TEST(n_arrays == theirs.size());
}

// Both rules are given LibTorch's gradients: a rule that divides by a root makes of two gradients that are zero but for
// rounding two steps of opposite sign.
template <class Optimiser, class Settings>
void check_rule(const Settings& settings, const Rule& rule) {
  Ours ours(small_size, nn::Activation::tanh);
  Optimiser optimiser(ours.parameters, settings);
  torch_vae::Model torch(small_size, torch_vae::Activation::tanh, rule);
  torch.set_parameters(to_arrays(ours.parameters));
  for (std::uint64_t step = 0; step < 5; ++step) {
    differentiate(torch, draw_batch(small_size, step));
    const Arrays gradients = torch.gradients();
    torch.update();
    optimiser.begin_step();
    std::int32_t i = 0;
    for (const auto& entry : ours.parameters.entries())
      optimiser.update(i++, Array<float>(entry.window.shape(), std::span<const float>(gradients.at(entry.name))));
    check_equal(ours.parameters, torch.parameters());
  }
}

// Calls check(our loss, their loss, their parameters) for five steps that each side takes by itself.
template <class Check>
void train_both(Ours& ours, nn::Optimiser<float>& optimiser, const Rule& rule, const Check& check) {
  torch_vae::Model torch(paper_size, torch_vae::Activation::tanh, rule);
  torch.set_parameters(to_arrays(ours.parameters));
  for (std::uint64_t step = 0; step < 5; ++step) {
    const Batch batch = draw_batch(paper_size, step);
    const float loss =
        nn::train_step<float>(ours.model, optimiser, [&](const Vae<float>& m) { return vae_extensions::loss(m, batch.x, batch.epsilon); });
    const float torch_loss = differentiate(torch, batch);
    torch.update();
    check(loss, torch_loss, torch.parameters());
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(loss_and_gradients_with_tanh) { check_gradients(paper_size, nn::Activation::tanh, torch_vae::Activation::tanh); }

BOOST_AUTO_TEST_CASE(loss_and_gradients_with_relu) { check_gradients(small_size, nn::Activation::relu, torch_vae::Activation::relu); }

BOOST_AUTO_TEST_CASE(rule_of_sgd) {
  check_rule<nn::Sgd<float>>(nn::SgdSettings{.learning_rate = 0.01, .momentum = 0.9}, {Rule::Kind::sgd, 0.01, 0.9});
}

BOOST_AUTO_TEST_CASE(rule_of_adagrad) {
  check_rule<nn::Adagrad<float>>(nn::AdagradSettings{.learning_rate = 0.01}, {Rule::Kind::adagrad, 0.01});
}

BOOST_AUTO_TEST_CASE(rule_of_rmsprop) {
  check_rule<nn::RmsPropPyTorch<float>>(nn::RmsPropSettings{.learning_rate = 0.01}, {Rule::Kind::rmsprop, 0.01});
}

BOOST_AUTO_TEST_CASE(rule_of_adam) { check_rule<nn::Adam<float>>(nn::AdamSettings{.learning_rate = 1e-3}, {Rule::Kind::adam, 1e-3}); }

// Momentum is smooth in the gradient: the parameters themselves stay together.
BOOST_AUTO_TEST_CASE(training_by_sgd) {
  Ours ours(paper_size, nn::Activation::tanh);
  nn::Sgd<float> sgd(ours.parameters, {.learning_rate = 1e-3, .momentum = 0.9});
  train_both(ours, sgd, {Rule::Kind::sgd, 1e-3, 0.9}, [&](float loss, float torch_loss, const Arrays& theirs) {
    BOOST_TEST(loss == torch_loss, boost::test_tools::tolerance(static_cast<float>(tolerance)));
    check_equal(ours.parameters, theirs);
  });
}

// Adam is not, where a gradient is next to nothing; the loss does not depend on such parameters.
BOOST_AUTO_TEST_CASE(training_by_adam) {
  Ours ours(paper_size, nn::Activation::tanh);
  nn::Adam<float> adam(ours.parameters, {.learning_rate = 1e-3});
  float first = 0, last = 0;
  train_both(ours, adam, {Rule::Kind::adam, 1e-3}, [&](float loss, float torch_loss, const Arrays&) {
    BOOST_TEST(loss == torch_loss, boost::test_tools::tolerance(static_cast<float>(tolerance)));
    if (first == 0) first = loss;
    last = loss;
  });
  BOOST_TEST(last < first);
}
