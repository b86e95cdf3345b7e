// Controls of the variational autoencoder's bound and of importance-sampled likelihoods.
#include "common/autodiff/check_gradients.hpp"
#include "common/metrics/importance.hpp"
#include "tests/controls/control.hpp"
#include "tests/metrics/laws.hpp"
#include "tests/vae_extensions/laws.hpp"

using namespace vae_extensions;
using V = Var<double>;
using laws::Array;

namespace {

// Codes far from the prior's, so that the divergence is no trifle.
Vae<double> far_vae() {
  Vae<double> model = laws::small_vae(1);
  model.encoder_mean.bias = model.encoder_mean.bias + 1.0;
  return model;
}

std::vector<double> each_row(const Array<double>& log_w, double (*of_row)(std::span<const double>)) {
  std::vector<double> results;
  const auto n = static_cast<std::size_t>(log_w.shape()[1]);
  for (std::size_t i = 0; i < static_cast<std::size_t>(log_w.size()); i += n) results.push_back(of_row(log_w.elements().subspan(i, n)));
  return results;
}

std::vector<double> log_of_mean(const Array<double>& log_w) {
  metrics::ImportanceLikelihood likelihood(log_w.shape()[0]);
  likelihood.add(log_w);
  std::vector<double> log_p;
  for (const auto& estimate : likelihood.estimates()) log_p.push_back(estimate.log_p_nats);
  return log_p;
}

std::vector<double> mean_of_logs(const Array<double>& log_w) {
  return each_row(log_w, [](std::span<const double> row) { return laws::sample_mean(row).value; });
}

std::vector<double> log_of_sum(const Array<double>& log_w) {
  return each_row(log_w, [](std::span<const double> row) {
    double sum = 0;
    for (const double w : row) sum += std::exp(w);
    return std::log(sum);
  });
}

}  // namespace

BOOST_AUTO_TEST_CASE(sign_of_the_divergence) {
  const Vae<double> model = far_vae();
  const auto right = [&](const V& x, const V& epsilon) { return elbo(model, x, epsilon); };
  const auto planted = [&](const V& x, const V& epsilon) {
    const auto q = model.q(x);
    return model.p(q.sample(epsilon)).log_prob(x) + q.kl_to_standard();
  };
  control(laws::lies_below_log_p(model, right), laws::lies_below_log_p(model, planted));
}

BOOST_AUTO_TEST_CASE(width_missing_from_the_proposal) {
  const Vae<double> model = far_vae();
  const auto right = [&](const V& x, const V& epsilon) {
    const auto q = model.q(x);
    const V z = q.sample(epsilon);
    return log_weight(model.p(z), q, x, z);
  };
  const auto planted = [&](const V& x, const V& epsilon) { return right(x, epsilon) - sum(model.q(x).log_scale, -1); };
  control(laws::weights_average_to_p(model, right), laws::weights_average_to_p(model, planted));
}

BOOST_AUTO_TEST_CASE(draw_detached_from_the_encoder) {
  const V x(laws::small_images()), epsilon(tensors::Stream(3, "epsilon").normal<double>({laws::n_images, 2}));
  const auto law = [&](const auto& objective) {
    const auto check = autodiff::check_gradients([&](const Vae<double>& m) { return objective(m, x, epsilon); }, laws::small_vae(2), 1);
    return laws::Finding{check.passed(), check.where};
  };
  const auto planted = [](const Vae<double>& m, const V& images, const V& noise) {
    const auto q = m.q(images);
    return -mean(m.p(autodiff::stop_gradient(q.sample(noise))).log_prob(images) - q.kl_to_standard());
  };
  control(law(loss<double>), law(planted));
}

BOOST_AUTO_TEST_CASE(mean_of_logs_for_log_of_mean) {
  control(laws::likelihoods_are_unbiased(log_of_mean, 16), laws::likelihoods_are_unbiased(mean_of_logs, 16));
}

BOOST_AUTO_TEST_CASE(weights_not_divided_by_their_number) {
  control(laws::likelihoods_are_unbiased(log_of_mean, 16), laws::likelihoods_are_unbiased(log_of_sum, 16));
}
