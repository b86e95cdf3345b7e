// Laws of the importance-weighted autoencoder: its weights, its bound, and what was reported in place of it.
#include "common/autodiff/check_gradients.hpp"
#include "common/nn/parameters.hpp"
#include "paper_vae_extensions/iwae.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <numbers>

using namespace vae_extensions;
using tensors::Array;
using tensors::Stream;
namespace tt = boost::test_tools;

namespace {

constexpr std::int64_t batch = 3;
const IwaeSizes small{.pixels = 5, .hidden_1 = 4, .h_1 = 2, .hidden_2 = 3};

Iwae<double> small_model(const IwaeSizes& sizes = small, std::int64_t n = 2) { return Iwae<double>(sizes, n, Stream(4, "small")); }
Var<double> images() { return Stream(4, "pixels").bernoulli(Array<double>::full({batch, small.pixels}, 0.5)); }
IwaeNoise<double> noise(const Iwae<double>& model, std::int64_t k, Stream& stream) {
  const Array<double> first = stream.normal<double>({k, batch, model.h_1_size()});
  return {first, stream.normal<double>({k, batch, model.latent_size()})};
}
Var<double> weights(const Iwae<double>& model, std::int64_t k, Prior prior, std::uint64_t step = 0) {
  Stream stream(4, "noise", step);
  return log_weights(model, model.q_1(images()), images(), noise(model, k, stream), prior);
}

// log p(x) of every image where h_1 and h_2 have one dimension each: the trapezoidal rule over a square.
std::vector<double> exact_log_p(const Iwae<double>& model, const Var<double>& x) {
  constexpr std::int64_t n_nodes = 801;
  constexpr double width = 10, step = 2 * width / (n_nodes - 1);
  Array<double> nodes({n_nodes, 1});
  for (std::int64_t i = 0; i < n_nodes; ++i) nodes.mutable_data()[i] = -width + static_cast<double>(i) * step;
  const Var<double> h(nodes);
  std::vector<double> log_p;
  for (std::int64_t image = 0; image < x.shape()[0]; ++image) {
    const Var<double> one = autodiff::broadcast_to(slice(x, 0, image, 1), {n_nodes, x.shape()[1]});
    const auto log_x = model.p(h).log_prob(one).value();  // by node of h_1
    double p = 0;
    for (std::int64_t j = 0; j < n_nodes; ++j) {
      const Var<double> h_2(Array<double>::full({n_nodes, 1}, nodes[j]));
      const auto log_h = (model.p_1(h_2).log_prob(h) + distributions::standard_normal_log_prob(h_2)).value();
      for (std::int64_t i = 0; i < n_nodes; ++i) p += step * step * std::exp(log_x[i] + log_h[i]);
    }
    log_p.push_back(std::log(p));
  }
  return log_p;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_weights_are_the_ratio_of_the_densities) {
  const auto model = small_model();
  Stream stream(4, "noise");
  const auto draw = noise(model, 3, stream);
  const auto x = images();
  const Normal<double> q_1 = model.q_1(x);
  const Var<double> h_1 = q_1.sample(draw.epsilon_1);
  const Normal<double> q_2 = model.q_2(h_1);
  const Var<double> h_2 = q_2.sample(draw.epsilon_2);
  const auto right = log_weights(model, q_1, x, draw, Prior::right), twice = log_weights(model, q_1, x, draw, Prior::counted_twice);
  for (std::int64_t i = 0; i < 3; ++i) {
    const auto of_draw = [&](const Var<double>& all) { return reshape(slice(all, 0, i, 1), {batch, all.shape()[2]}); };
    const Var<double> a = of_draw(h_1), b = of_draw(h_2);
    const Var<double> log_w = model.p(a).log_prob(x) + model.p_1(b).log_prob(a) + distributions::standard_normal_log_prob(b) - q_1.log_prob(a) -
                              Normal<double>{of_draw(q_2.mean), of_draw(q_2.log_scale)}.log_prob(b);
    const auto extra = distributions::standard_normal_log_prob(a);
    for (std::int64_t image = 0; image < batch; ++image) {
      BOOST_TEST(right.value()[i * batch + image] == log_w.value()[image], tt::tolerance(1e-11));
      BOOST_TEST(twice.value()[i * batch + image] == log_w.value()[image] + extra.value()[image], tt::tolerance(1e-11));
      BOOST_TEST(extra.value()[image] <= -0.5 * small.h_1 * std::log(2 * std::numbers::pi));
    }
  }
}

BOOST_AUTO_TEST_CASE(one_draw_gives_the_elbo_sample_by_sample) {
  const auto model = small_model();
  const auto log_w = weights(model, 1, Prior::right);
  for (std::int64_t i = 0; i < batch; ++i) {
    BOOST_TEST(importance_bound(log_w).value()[i] == log_w.value()[i], tt::tolerance(1e-13));
    BOOST_TEST(weighted_log_weight(log_w).value()[i] == log_w.value()[i], tt::tolerance(1e-13));
    BOOST_TEST(std::abs(surplus(log_w).value()[i]) < 1e-13);
  }
}

BOOST_AUTO_TEST_CASE(the_bound_grows_with_the_number_of_draws) {
  // For any weights, not only in expectation: the bound of k is at least the mean of the bounds of all k - 1 of them.
  constexpr std::int64_t k = 6;
  const auto log_w = weights(small_model(), k, Prior::right);
  const auto all = importance_bound(log_w);
  std::vector<double> without(batch, 0.0);
  for (std::int64_t left_out = 0; left_out < k; ++left_out) {
    const auto rest = autodiff::concat(slice(log_w, 0, 0, left_out), slice(log_w, 0, left_out + 1, k - 1 - left_out), 0);
    for (std::int64_t i = 0; i < batch; ++i) without[static_cast<std::size_t>(i)] += importance_bound(rest).value()[i] / k;
  }
  for (std::int64_t i = 0; i < batch; ++i) BOOST_TEST(all.value()[i] > without[static_cast<std::size_t>(i)]);
}

BOOST_AUTO_TEST_CASE(the_weights_average_to_the_likelihood_and_their_bounds_lie_below_it) {
  const auto model = small_model({.pixels = small.pixels, .hidden_1 = 4, .h_1 = 1, .hidden_2 = 3}, 1);
  const auto exact = exact_log_p(model, images());
  constexpr std::int64_t k = 50;
  constexpr int n_rounds = 400;
  std::vector<double> sum(batch, 0), squares(batch, 0), bound_1(batch, 0), bound_k(batch, 0);
  for (int round = 0; round < n_rounds; ++round) {
    const auto log_w = weights(model, k, Prior::right, static_cast<std::uint64_t>(round));
    const auto bound = importance_bound(log_w);
    for (std::size_t i = 0; i < batch; ++i) {
      for (std::int64_t draw = 0; draw < k; ++draw) {
        const double l = log_w.value()[draw * batch + static_cast<std::int64_t>(i)];
        sum[i] += std::exp(l) / (k * n_rounds);
        squares[i] += std::exp(2 * l) / (k * n_rounds);
        bound_1[i] += l / (k * n_rounds);
      }
      bound_k[i] += bound.value()[static_cast<std::int64_t>(i)] / n_rounds;
    }
  }
  for (std::size_t i = 0; i < batch; ++i) {
    const double error = std::sqrt((squares[i] - sum[i] * sum[i]) / (k * n_rounds));
    BOOST_TEST(std::abs(sum[i] - std::exp(exact[i])) < 5 * error);
    BOOST_TEST(bound_1[i] < bound_k[i]);
    BOOST_TEST(bound_k[i] < exact[i] + 5 * error / sum[i]);
  }
}

// ## What was reported

BOOST_AUTO_TEST_CASE(the_reported_value_is_the_bound_and_a_surplus) {
  for (const std::int64_t k : {2, 50}) {
    const auto log_w = weights(small_model(), k, Prior::counted_twice);
    const auto reported = weighted_log_weight(log_w), bound = importance_bound(log_w), extra = surplus(log_w);
    for (std::int64_t i = 0; i < batch; ++i) {
      BOOST_TEST(reported.value()[i] == bound.value()[i] + extra.value()[i], tt::tolerance(1e-12));
      BOOST_TEST(extra.value()[i] > 0);
      BOOST_TEST(extra.value()[i] < std::log(static_cast<double>(k)));
    }
  }
  // Its ends: equal weights, and one weight that has it all.
  const Var<double> equal(Array<double>::full({4, 1}, -100)), one(Array<double>({4, 1}, {-100, -3000, -3000, -3000}));
  BOOST_TEST(std::abs(surplus(equal).item()) < 1e-12);
  BOOST_TEST(surplus(one).item() == std::log(4.0), tt::tolerance(1e-12));
  BOOST_TEST(weighted_log_weight(one).item() == -100, tt::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(the_gradient_of_what_was_reported_is_that_of_the_bound) {
  const auto model = small_model();
  Stream stream(4, "noise");
  const auto draw = noise(model, 5, stream);
  const auto x = images();
  for (const Prior prior : {Prior::right, Prior::counted_twice}) {
    const auto gradient = [&](auto value) {
      return autodiff::variables(autodiff::grad<double>([&](const Iwae<double>& m) {
        return -mean(value(log_weights(m, m.q_1(x), x, draw, prior)));
      })(model));
    };
    const auto bound = gradient([](const Var<double>& l) { return importance_bound(l); });
    const auto reported = gradient([](const Var<double>& l) { return weighted_log_weight(l); });
    for (std::size_t block = 0; block < bound.size(); ++block)
      for (std::int64_t i = 0; i < bound[block].shape().size(); ++i)
        BOOST_TEST(std::abs(bound[block].value()[i] - reported[block].value()[i]) < 1e-12);
  }
}

BOOST_AUTO_TEST_CASE(the_objective_agrees_with_differences_in_every_block_to_second_order) {
  const auto model = small_model();
  Stream stream(4, "noise");
  const auto draw = noise(model, 3, stream);
  const auto x = images();
  const auto right = autodiff::check_gradients([&](const Iwae<double>& m) { return iwae_loss(m, x, draw, Prior::right); }, model, 2);
  BOOST_TEST(right.passed(), right.where);
  // The loss as coded holds its weights constant, so differences are taken of the bound that has its gradient.
  const auto twice = autodiff::check_gradients(
      [&](const Iwae<double>& m) { return -mean(importance_bound(log_weights(m, m.q_1(x), x, draw, Prior::counted_twice))); }, model, 2);
  BOOST_TEST(twice.passed(), twice.where);
}

BOOST_AUTO_TEST_CASE(parameter_counts_match_the_formula) {
  for (const std::int64_t n : {3, 20, 200}) {
    Iwae<float> model(IwaeSizes{}, n, Stream(0, "count"));
    const auto trunk = [](std::int64_t n_in, std::int64_t hidden) { return n_in * hidden + hidden + hidden * hidden + hidden; };
    BOOST_TEST(nn::Parameters<float>(model).count() == trunk(784, 200) + 2 * (200 * 100 + 100) + trunk(100, 100) + 2 * (100 * n + n) +
                                                           trunk(n, 100) + 2 * (100 * 100 + 100) + trunk(100, 200) + 200 * 784 + 784);
  }
}
