// Laws of the extensions: what each of them is where its extra vanishes, and its whole objective against differences.
#include "common/autodiff/check_gradients.hpp"
#include "common/nn/parameters.hpp"
#include "paper_vae_extensions/beta_vae.hpp"
#include "paper_vae_extensions/cnn.hpp"
#include "paper_vae_extensions/cvae.hpp"
#include "paper_vae_extensions/denoising.hpp"
#include "paper_vae_extensions/frey.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>

using namespace vae_extensions;
using tensors::Array;
using tensors::Shape;
using tensors::Stream;
namespace tt = boost::test_tools;

namespace {

constexpr std::int64_t n_pixels = 6, n_hidden = 5, n_labels = 3, n_latent = 2, batch = 4;
const CnnSizes small_cnn{.edge = 4, .channels_1 = 2, .channels_2 = 3};

Vae<double> small_vae() { return Vae<double>(n_pixels, n_hidden, n_latent, Activation::tanh, Stream(3, "small")); }
Cvae<double> small_cvae() { return Cvae<double>(n_pixels, n_labels, n_hidden, n_latent, Activation::tanh, Stream(3, "small")); }
// With this seed no unit changes sign within a step of the differences.
CnnVae<double> small_cnn_vae() { return CnnVae<double>(small_cnn, n_latent, Stream(1, "small")); }
FreyVae<double> small_frey(LogVariance kind) { return FreyVae<double>(n_pixels, n_hidden, n_latent, kind, Stream(3, "small")); }

Var<double> binary(std::int64_t n_columns) { return Stream(3, "pixels").bernoulli(Array<double>::full({batch, n_columns}, 0.5)); }
Var<double> grey() { return Stream(3, "grey").uniform<double>({batch, n_pixels}); }
Var<double> noise() { return Stream(3, "epsilon").normal<double>({batch, n_latent}); }
Var<double> labels() { return Array<double>({batch, n_labels}, {1, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1}); }

template <class Model, class F>
void agrees_with_differences(const F& loss, const Model& model, int order) {
  const auto check = autodiff::check_gradients(loss, model, order);
  BOOST_TEST(check.passed(), check.where);
}

void near(const Var<double>& a, const Var<double>& b, double tolerance = 1e-12) {
  BOOST_REQUIRE(a.shape() == b.shape());
  for (std::int64_t i = 0; i < a.shape().size(); ++i) BOOST_TEST(std::abs(a.value()[i] - b.value()[i]) <= tolerance * (1 + std::abs(b.value()[i])));
}

// w [n_in, n_out] with rows of zeros below.
Var<double> with_zero_rows(const Var<double>& w, std::int64_t n) {
  return autodiff::concat(w, Var<double>(Array<double>::zeros({n, w.shape()[1]})), 0);
}

}  // namespace

// ## The cross-entropy as coded

BOOST_AUTO_TEST_CASE(rounded_cross_entropy_is_that_of_the_logits_until_a_pixel_saturates) {
  const Var<float> moderate(Array<float>({1, 4}, {-9, -0.5f, 3, 8}));
  const Var<float> x(Array<float>({1, 4}, {0, 1, 1, 0}));
  const auto gradient = [&](const Var<float>& logits) {
    return autodiff::grad<float>([&](const Var<float>& l) { return sum(rounded_log_prob(x, l)); })(logits).value();
  };
  BOOST_TEST(rounded_log_prob(x, moderate).item() == bernoulli_log_prob(x, moderate).item(), tt::tolerance(1e-4f));
  const Array<float> p = tensors::kernels::sigmoid(moderate.value()), slope = gradient(moderate);
  for (std::int64_t i = 0; i < 4; ++i) BOOST_TEST(std::abs(slope[i] - (x.value()[i] - p[i])) < 1e-6f);

  // Wrong pixels: rounded to 1 there is no gradient; near 0 the factor p / 1e-12 is left of it.
  const Var<float> saturated(Array<float>({1, 4}, {40, -40, -20, 200}));
  const Array<float> there = gradient(saturated);
  BOOST_TEST(there[0] == 0);
  BOOST_TEST(there[1] == std::exp(-40.0f) / 1e-12f, tt::tolerance(1e-3f));
  BOOST_TEST(there[2] == 1, tt::tolerance(1e-6f));
  BOOST_TEST(there[3] == 0);
  BOOST_TEST(rounded_log_prob(x, saturated).item() == -100.0f - 40 - 20 - 100, tt::tolerance(1e-5f));
}

// ## What they are without their extra

BOOST_AUTO_TEST_CASE(beta_one_is_the_vae_and_four_is_three_divergences_below) {
  const auto model = small_vae();
  const auto x = binary(n_pixels), epsilon = noise();
  near(beta_elbo(model, x, epsilon, 1.0), elbo(model, x, epsilon));
  near(beta_elbo(model, x, epsilon, 4.0), elbo(model, x, epsilon) - model.q(x).kl_to_standard() * 3.0);
}

BOOST_AUTO_TEST_CASE(without_noise_the_denoising_model_is_the_vae) {
  const auto model = small_vae();
  const auto x = binary(n_pixels), epsilon = noise();
  const Array<double> same = salt_and_pepper(x.value(), 0.0, Stream(3, "uniform").uniform<double>(x.shape()));
  BOOST_TEST(same.elements() == x.value().elements(), tt::per_element());
  near(denoising_elbo(model, x, Var<double>(same), epsilon), elbo(model, x, epsilon));
}

BOOST_AUTO_TEST_CASE(salt_and_pepper_replace_the_share_that_they_should) {
  constexpr std::int64_t n = 200'000;
  const double rate = 0.15;
  for (const double before : {0.0, 1.0}) {
    const Array<double> x = Array<double>::full({n}, before);
    const Array<double> after = salt_and_pepper(x, rate, Stream(3, "uniform").uniform<double>({n}));
    double n_changed = 0;
    for (const double pixel : after) {
      BOOST_TEST_REQUIRE((pixel == 0 || pixel == 1));
      n_changed += pixel != before;
    }
    // Half of the replaced pixels become what they were.
    const double expected = rate / 2 * n;
    BOOST_TEST(std::abs(n_changed - expected) < 5 * std::sqrt(expected));
  }
  BOOST_CHECK_THROW(salt_and_pepper(Array<double>::zeros({2}), 0.1, Array<double>::zeros({3})), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(the_conditional_model_with_zero_label_weights_is_the_vae) {
  const auto vae = small_vae();
  auto cvae = small_cvae();
  cvae.encoder_hidden.weight = with_zero_rows(vae.encoder_hidden.weight, n_labels);
  cvae.decoder_hidden.weight = with_zero_rows(vae.decoder_hidden.weight, n_labels);
  cvae.encoder_hidden.bias = vae.encoder_hidden.bias;
  cvae.decoder_hidden.bias = vae.decoder_hidden.bias;
  cvae.encoder_mean = vae.encoder_mean;
  cvae.encoder_log_variance = vae.encoder_log_variance;
  cvae.decoder_logits = vae.decoder_logits;
  const auto x = binary(n_pixels), epsilon = noise();
  near(elbo(cvae, x, labels(), epsilon), elbo(vae, x, epsilon));
}

BOOST_AUTO_TEST_CASE(the_label_reaches_encoder_and_decoder) {
  const auto model = small_cvae();
  const auto x = binary(n_pixels);
  const Var<double> other = Array<double>({batch, n_labels}, {0, 0, 1, 1, 0, 0, 1, 0, 0, 0, 1, 0});
  for (std::int64_t i = 0; i < batch; ++i) {
    BOOST_TEST(model.q(x, labels()).mean.value()[i * n_latent] != model.q(x, other).mean.value()[i * n_latent]);
    BOOST_TEST(model.p(noise(), labels()).logits.value()[i * n_pixels] != model.p(noise(), other).logits.value()[i * n_pixels]);
  }
}

// ## Gradients of the whole objectives

BOOST_AUTO_TEST_CASE(the_objectives_of_the_dense_models_agree_with_differences_to_second_order) {
  const auto x = binary(n_pixels), epsilon = noise(), y = labels();
  const Var<double> damaged = salt_and_pepper(x.value(), 0.4, Stream(3, "uniform").uniform<double>(x.shape()));
  agrees_with_differences([&](const Vae<double>& m) { return -mean(beta_elbo(m, x, epsilon, 4.0)); }, small_vae(), 2);
  agrees_with_differences([&](const Vae<double>& m) { return -mean(denoising_elbo(m, x, damaged, epsilon)); }, small_vae(), 2);
  agrees_with_differences([&](const Cvae<double>& m) { return -mean(elbo(m, x, y, epsilon)); }, small_cvae(), 2);
}

BOOST_AUTO_TEST_CASE(the_objective_of_faces_agrees_with_differences_to_second_order) {
  const auto x = grey(), epsilon = noise();
  for (const LogVariance kind : {LogVariance::tanh, LogVariance::free})
    agrees_with_differences([&](const FreyVae<double>& m) { return -mean(elbo(m, x, epsilon)); }, small_frey(kind), 2);
}

BOOST_AUTO_TEST_CASE(the_convolutional_objective_agrees_with_differences_through_the_batch_statistics) {
  // First order, away from the kinks of (leaky) ReLU.
  const auto x = binary(small_cnn.edge * small_cnn.edge), epsilon = noise();
  agrees_with_differences([&](const CnnVae<double>& m) { return -mean(elbo(m, x, epsilon, Pass<double>::training())); }, small_cnn_vae(), 1);
  agrees_with_differences([&](const CnnVae<double>& m) { return -mean(elbo(m, x, epsilon, Pass<double>::evaluation())); }, small_cnn_vae(), 1);
}

// ## Batch normalisation

BOOST_AUTO_TEST_CASE(in_evaluation_an_image_does_not_depend_on_its_batch) {
  auto model = small_cnn_vae();
  const auto x = binary(small_cnn.edge * small_cnn.edge), epsilon = noise();
  nn::BatchStatistics<double> met;
  elbo(model, x, epsilon, Pass<double>::training(met));
  met.update_running();
  const auto all = elbo(model, x, epsilon, Pass<double>::evaluation());
  const auto trained = elbo(model, x, epsilon, Pass<double>::training());
  for (std::int64_t i = 0; i < batch; ++i) {
    const auto alone = elbo(model, slice(x, 0, i, 1), slice(epsilon, 0, i, 1), Pass<double>::evaluation());
    BOOST_TEST(alone.value()[0] == all.value()[i], tt::tolerance(1e-12));
    const auto pair = elbo(model, slice(x, 0, i / 2 * 2, 2), slice(epsilon, 0, i / 2 * 2, 2), Pass<double>::training());
    BOOST_TEST(std::abs(pair.value()[i % 2] - trained.value()[i]) > 1e-6);
  }
}

BOOST_AUTO_TEST_CASE(a_trained_model_is_made_of_parameters_and_running_statistics) {
  CnnVae<float> model(CnnSizes{}, 3, Stream(0, "count"));
  const nn::Parameters<float> parameters(model);
  BOOST_TEST(parameters.buffers().size() == 8u);
  BOOST_TEST(parameters.named().size() == parameters.entries().size() + 8);
}

// ## Sizes

BOOST_AUTO_TEST_CASE(the_images_of_the_convolutional_model_have_the_authors_sizes) {
  const CnnVae<float> model(CnnSizes{}, 20, Stream(0, "sizes"));
  const auto all = stages(model);
  const std::vector<std::pair<std::int64_t, std::int64_t>> expected{{1, 28}, {32, 16}, {64, 8}, {20, 1}, {64, 8}, {32, 14}, {1, 28}};
  BOOST_TEST_REQUIRE(all.size() == expected.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    BOOST_TEST(all[i].channels == expected[i].first);
    BOOST_TEST(all[i].edge == expected[i].second);
  }
  BOOST_TEST(all[1].operation == "batch norm, conv 4 x 4, stride 2, padding 3");
  BOOST_CHECK_THROW(CnnVae<float>(CnnSizes{.edge = 30}, 3, Stream(0, "sizes")), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(parameter_counts_match_the_formulas) {
  const auto count = [](auto model) { return nn::Parameters<float>(model).count(); };
  for (const std::int64_t n : {3, 20, 200}) {
    BOOST_TEST(count(Cvae<float>(784, 10, 500, n, Activation::tanh, Stream(0, "count"))) ==
               794 * 500 + 500 + 2 * (500 * n + n) + 500 * (n + 10) + 500 + 500 * 784 + 784);
    BOOST_TEST(count(CnnVae<float>(CnnSizes{}, n, Stream(0, "count"))) ==
               2 + (16 * 32 + 32) + 64 + (16 * 32 * 64 + 64) + 128 + 2 * (4096 * n + n) + (4096 * n + 4096) + (4 * 64 * 32 + 32) + 64 +
                   (16 * 32 + 1));
    BOOST_TEST(count(FreyVae<float>(560, 200, n, LogVariance::tanh, Stream(0, "count"))) ==
               560 * 200 + 200 + 2 * (200 * n + n) + 200 * n + 200 + 2 * (200 * 560 + 560));
  }
}

// ## The floor under the faces

BOOST_AUTO_TEST_CASE(no_reconstruction_is_better_than_the_floor_and_a_perfect_one_reaches_it) {
  BOOST_TEST(tanh_floor_nats(560) == 234.606, tt::tolerance(3e-6));
  const double floor = tanh_floor_nats(n_pixels);
  auto model = small_frey(LogVariance::tanh);
  const auto x = grey(), z = noise();
  for (std::int64_t i = 0; i < batch; ++i) BOOST_TEST(-model.p(z).log_prob(x).value()[i] > floor);
  // Certain of the right values: biases of -40 make the tanh -1; the mean is the image itself.
  model.decoder_log_variance.weight = Var<double>(Array<double>::zeros({n_hidden, n_pixels}));
  model.decoder_log_variance.bias = Var<double>(Array<double>::full({n_pixels}, -40));
  const auto at_mean = model.p(z).log_prob(model.p(z).mean);
  for (std::int64_t i = 0; i < batch; ++i) BOOST_TEST(-at_mean.value()[i] == floor, tt::tolerance(1e-12));
  // Free, the same biases go below it, to one grey level.
  auto free = small_frey(LogVariance::free);
  free.decoder_log_variance = model.decoder_log_variance;
  const auto below = free.p(z).log_prob(free.p(z).mean);
  const double least = 0.5 * n_pixels * (std::log(2 * std::numbers::pi) - 2 * std::log(255.0));
  for (std::int64_t i = 0; i < batch; ++i) BOOST_TEST(-below.value()[i] == least, tt::tolerance(1e-9));
}
