// A small autoencoder with batch normalisation of images and of rows between a convolution and a transposed one, here
// and in LibTorch: from equal weights one loss, one gradient, the same running statistics, the same evaluation after
// training. "Equal" is 1e-5 of an array's largest entry: both compute in single precision, in another order.
#include "common/distributions/bernoulli.hpp"
#include "common/nn/batch_norm.hpp"
#include "common/nn/convolution.hpp"
#include "common/nn/layers.hpp"
#include "common/nn/training.hpp"
#include "tests/parity/torch_norm_net.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>

namespace {

using namespace nn;
using tensors::Stream;
using torch_norm_net::Arrays;

constexpr std::int64_t n = 16;
constexpr double tolerance = 1e-5;

struct Net {
  BatchNorm<float> input_norm{1}, down_norm{4}, code_norm{10}, up_norm{4};
  Conv2d<float> down;
  Dense<float> code, expand;
  ConvTranspose2d<float> up;

  explicit Net(Stream stream)
      : down(1, 4, {4, 4}, tensors::even_padding(2, 1), pytorch_default, stream),
        code(144, 10, pytorch_default, stream),
        expand(10, 144, pytorch_default, stream),
        up(4, 1, {4, 4}, tensors::even_padding(2, 1), {12, 12}, pytorch_default, stream) {}

  Var<float> logits(const Var<float>& x, const Pass<float>& pass) const {
    Var<float> h = activate(Activation::leaky_relu, down_norm(down(input_norm(x, pass)), pass));
    h = tanh(code_norm(code(reshape(h, {n, 144})), pass));
    h = softplus(up_norm(reshape(expand(h), {n, 4, 6, 6}), pass));
    return up(h);
  }
};

template <class F>
void visit(Net& net, F&& f) {
  f("input_norm", net.input_norm);
  f("down", net.down);
  f("down_norm", net.down_norm);
  f("code", net.code);
  f("code_norm", net.code_norm);
  f("expand", net.expand);
  f("up_norm", net.up_norm);
  f("up", net.up);
}

Var<float> loss(const Net& net, const Var<float>& x, const Pass<float>& pass) {
  const Shape rows{n, 144};
  return -mean(bernoulli_log_prob(reshape(x, rows), reshape(net.logits(x, pass), rows)));
}

// The mean of what is normalised next does not matter: these gradients are rounding and nothing else.
bool is_absorbed(const std::string& name) { return name == "down.bias" || name == "code.bias"; }

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

struct Both {
  Net net{Stream(7, "initialisation")};
  Parameters<float> parameters{net};
  torch_norm_net::Model torch;

  // Weights, biases and statistics that no layer starts with.
  Both() {
    Stream stream(7, "state");
    for (const auto& [name, array] : parameters.named()) {
      if (name.find("norm") == std::string::npos) continue;
      const Array<float> values = stream.uniform<float>(array.shape());
      std::transform(values.begin(), values.end(), array.data_for_update(), [](float v) { return v + 0.5f; });
    }
    torch.set(state());
  }
  Arrays state() const {
    Arrays arrays;
    for (const auto& [name, array] : parameters.named()) arrays[name].assign(array.begin(), array.end());
    return arrays;
  }
  void check_states_equal() const {
    const Arrays ours = state(), theirs = torch.state();
    BOOST_TEST(ours.size() == theirs.size());
    for (const auto& [name, values] : ours) check_equal(name, values, theirs.at(name));
  }
  static Var<float> batch(std::uint64_t step) { return Stream(7, "pixels", step).bernoulli(Array<float>::full({n, 1, 12, 12}, 0.3f)); }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(batch_normalisation)

BOOST_FIXTURE_TEST_CASE(one_step_has_the_same_loss_gradients_and_running_statistics, Both) {
  const Var<float> x = batch(0);
  BatchStatistics<float> met;
  auto [value, gradient] = autodiff::value_and_grad<float>([&](const Net& m) { return loss(m, x, Pass<float>::training(met)); }, net);
  met.update_running();
  BOOST_TEST(value.item() == torch.step(x.value().elements(), 0), boost::test_tools::tolerance(static_cast<float>(tolerance)));
  const Arrays theirs = torch.gradients();
  std::size_t n_arrays = 0;
  detail::visit_named("", gradient, [&](const std::string& name, const Var<float>& g) {
    ++n_arrays;
    if (!is_absorbed(name)) return check_equal(name, g.value().elements(), theirs.at(name));
    for (const float v : g.value()) BOOST_TEST(std::abs(v) < 1e-5);
    for (const float v : theirs.at(name)) BOOST_TEST(std::abs(v) < 1e-5);
  });
  BOOST_TEST(n_arrays == theirs.size());
  check_states_equal();
}

BOOST_FIXTURE_TEST_CASE(training_stays_together_and_so_does_the_evaluation_after_it, Both) {
  Sgd<float> sgd(parameters, {.learning_rate = 1e-3});
  for (std::uint64_t step = 0; step < 5; ++step) {
    const Var<float> x = batch(step);
    BatchStatistics<float> met;
    const float ours = train_step<float>(net, sgd, [&](const Net& m) { return loss(m, x, Pass<float>::training(met)); });
    met.update_running();
    BOOST_TEST(ours == torch.step(x.value().elements(), 1e-3), boost::test_tools::tolerance(static_cast<float>(tolerance)));
  }
  check_states_equal();
  const Var<float> x = batch(100);
  check_equal("logits", net.logits(x, Pass<float>::evaluation()).value().elements(), torch.evaluate(x.value().elements()));
}

BOOST_AUTO_TEST_SUITE_END()
