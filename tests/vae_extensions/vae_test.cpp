// Laws of the variational autoencoder: its bound against the truth, its gradient against differences.
#include "common/autodiff/check_gradients.hpp"
#include "common/nn/parameters.hpp"
#include "tests/vae_extensions/laws.hpp"

#include <boost/test/unit_test.hpp>

using namespace vae_extensions;
using laws::exact_log_p, laws::n_hidden, laws::n_images, laws::n_pixels, laws::small_images, laws::small_vae;
using tensors::Array;
using tensors::Shape;
using tensors::Stream;
namespace tt = boost::test_tools;

BOOST_AUTO_TEST_CASE(the_loss_agrees_with_differences_in_every_block_to_second_order) {
  const Var<double> x(small_images()), epsilon(Stream(3, "epsilon").normal<double>({n_images, 2}));
  const Vae<double> model = small_vae(2);
  const auto check = autodiff::check_gradients([&](const Vae<double>& m) { return loss(m, x, epsilon); }, model, 2);
  BOOST_TEST(check.passed(), check.where);
}

BOOST_AUTO_TEST_CASE(the_tuned_loss_agrees_with_differences) {
  // First order, away from the kinks: with this seed no hidden unit changes sign within a step.
  const Var<double> x(small_images()), epsilon(Stream(3, "epsilon").normal<double>({n_images, 2}));
  const Vae<double> model = small_vae(2, Activation::relu);
  const auto check = autodiff::check_gradients([&](const Vae<double>& m) { return loss(m, x, epsilon); }, model, 1);
  BOOST_TEST(check.passed(), check.where);
}

BOOST_AUTO_TEST_CASE(parameter_counts_match_the_formula) {
  for (const auto& [n, expected] : {std::pair<std::int64_t, std::int64_t>{3, 790'290}, {20, 815'824}, {200, 1'086'184}}) {
    Vae<float> model(784, 500, n, Activation::tanh, Stream(0, "count"));
    BOOST_TEST(784 * 500 + 500 + 2 * (500 * n + n) + 500 * n + 500 + 500 * 784 + 784 == expected);
    BOOST_TEST(nn::Parameters<float>(model).count() == expected);
  }
}

BOOST_AUTO_TEST_CASE(the_bound_lies_below_the_likelihood_and_the_weights_average_to_it) {
  const Vae<double> model = small_vae(1);
  const auto bound = [&](const Var<double>& x, const Var<double>& epsilon) { return elbo(model, x, epsilon); };
  const auto log_w = [&](const Var<double>& x, const Var<double>& epsilon) {
    const Normal<double> q = model.q(x);
    const Var<double> z = q.sample(epsilon);
    return log_weight(model.p(z), q, x, z);
  };
  BOOST_TEST(laws::lies_below_log_p(model, bound));
  BOOST_TEST(laws::weights_average_to_p(model, log_w));
  // Closed-form and sampled divergence have the same mean.
  const Var<double> x = broadcast_to(Var<double>(small_images().window(0, {1, n_pixels})), {20'000, n_pixels});
  const Var<double> epsilon(Stream(3, "divergences").normal<double>({20'000, 1}));
  BOOST_TEST(laws::have_one_mean(bound(x, epsilon).value().elements(), log_w(x, epsilon).value().elements()));
}

BOOST_AUTO_TEST_CASE(the_bound_is_tight_at_the_exact_posterior) {
  // A decoder that ignores z has the prior as its posterior; an encoder that returns the prior makes the bound exact.
  Vae<double> model = small_vae(1);
  for (Dense<double>* layer : {&model.decoder_hidden, &model.encoder_mean, &model.encoder_log_variance}) {
    layer->weight = Var<double>(Array<double>::zeros(layer->weight.shape()));
    layer->bias = Var<double>(Array<double>::zeros(layer->bias.shape()));
  }
  const Array<double> x = small_images();
  const auto exact = exact_log_p(model, x);
  const Var<double> epsilon(Stream(3, "epsilon").normal<double>({n_images, 1}));
  const Normal<double> q = model.q(Var<double>(x));
  const Var<double> z = q.sample(epsilon);
  for (std::int64_t i = 0; i < n_images; ++i) {
    BOOST_TEST(elbo(model, Var<double>(x), epsilon).value()[i] == exact[static_cast<std::size_t>(i)], tt::tolerance(1e-10));
    BOOST_TEST(log_weight(model.p(z), q, Var<double>(x), z).value()[i] == exact[static_cast<std::size_t>(i)], tt::tolerance(1e-10));
  }
}

BOOST_AUTO_TEST_CASE(float_agrees_with_double) {
  const Vae<double> model = small_vae(2);
  Vae<float> single(n_pixels, n_hidden, 2, Activation::tanh, Stream(3, "small"));
  const auto doubles = autodiff::variables(model);
  std::size_t i = 0;
  const auto to_float = [](const Array<double>& a) {
    const std::vector<float> values(a.begin(), a.end());
    return Array<float>(a.shape(), std::span<const float>(values));
  };
  autodiff::for_each_var(single, [&](Var<float>& variable) { variable = Var<float>(to_float(doubles[i++].value())); });
  const Array<double> x = small_images(), epsilon = Stream(3, "epsilon").normal<double>({n_images, 2});
  const Var<double> exact = elbo(model, Var<double>(x), Var<double>(epsilon));
  const Var<float> rounded = elbo(single, Var<float>(to_float(x)), Var<float>(to_float(epsilon)));
  for (std::int64_t b = 0; b < n_images; ++b) BOOST_TEST(rounded.value()[b] == static_cast<float>(exact.value()[b]), tt::tolerance(1e-5f));
}
