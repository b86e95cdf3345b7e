// Laws of the bound and the Lagrangian.
#include "common/autodiff/check_gradients.hpp"
#include "common/nn/parameters.hpp"
#include "paper_vhp/networks.hpp"
#include "paper_vhp/training.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>

using namespace vhp;
using tensors::Array;
using tensors::Shape;
namespace tt = boost::test_tools;

namespace {

constexpr std::int64_t n_x = 6, d = 2, batch = 4;
// With this seed no hidden unit changes sign within a step of the differences.
constexpr std::uint64_t seed = 1;
using Small = Vhp<FirstLayer<double>, SecondLayer<double>>;

Var<double> normal(const Shape& shape, const char* purpose) { return Var<double>(Stream(seed, purpose).normal<double>(shape)); }
// Biases as random as weights: with zeros a unit whose inputs are all silent would sit on ReLU's kink.
Small small(double max_deviation = 0.7) {
  const Widths widths{5, 4};
  Small model{FirstLayer<double>(n_x, d, widths, 0.3, Stream(seed, "first")), SecondLayer<double>(d, widths, max_deviation, Stream(seed, "second"))};
  Stream stream(7, "biases");
  autodiff::for_each_var(model, [&](Var<double>& variable) { variable = variable + Var<double>(stream.normal<double>(variable.shape())) * 0.3; });
  return model;
}
Noise<double> noise(std::int64_t K) { return {normal({batch, d}, "z"), normal({K, batch, d}, "zeta")}; }
Var<double> images() { return normal({batch, n_x}, "x"); }

void check_equal(const Var<double>& a, const Var<double>& b, double tolerance) {
  BOOST_REQUIRE(a.shape() == b.shape());
  for (std::int64_t i = 0; i < a.value().size(); ++i) BOOST_TEST(a.value()[i] == b.value()[i], tt::tolerance(tolerance));
}

// The mean and standard error over n draws of a number.
struct Estimate {
  double mean, error;
};
template <class Draw>
Estimate estimate(int n, const Draw& draw) {
  double sum = 0, squares = 0;
  for (int i = 0; i < n; ++i) {
    const double value = draw(i);
    sum += value;
    squares += value * value;
  }
  return {sum / n, std::sqrt((squares / n - sum / n * (sum / n)) / n)};
}

// A second layer that is linear: p(z | zeta) = N(A zeta, s^2 I) and q(zeta | z) = N(M z, diag(scale^2)).
struct LinearLayer {
  Var<double> A, M;           // [d, d], applied from the right
  Var<double> log_scale;      // [d]
  double s;

  Normal<double> q(const Var<double>& z) const { return {matmul(z, M), broadcast_to(log_scale, z.shape())}; }
  Normal<double> p(const Var<double>& zeta) const {
    const Var<double> mean = reshape(matmul(reshape(zeta, Shape{zeta.shape().size() / d, d}), A), zeta.shape());
    return {mean, Var<double>(Array<double>::full(zeta.shape(), std::log(s)))};
  }
};

// A = diag(a) R with a rotation R: the posterior is diagonal, as q is, and the marginal is so along the rotated axes only.
struct RotatedCase {
  double s = 0.6, angle = 0.7;
  std::array<double, 2> a{1.5, -0.4};

  double posterior_variance(std::size_t i) const { return 1 / (1 + a[i] * a[i] / (s * s)); }
  double marginal_variance(std::size_t i) const { return a[i] * a[i] + s * s; }
  LinearLayer layer(double stretch) const {  // q's scale is `stretch` times that of the exact posterior
    const Array<double> R = rotation(angle);
    Array<double> A({d, d}), M({d, d}), log_scale({d});
    for (std::int64_t i = 0; i < d; ++i) {
      const auto at = static_cast<std::size_t>(i);
      for (std::int64_t j = 0; j < d; ++j) {
        A.data_for_update()[i * d + j] = a[at] * R[i * d + j];
        M.data_for_update()[j * d + i] = posterior_variance(at) * a[at] / (s * s) * R[i * d + j];
      }
      log_scale.data_for_update()[i] = 0.5 * std::log(posterior_variance(at)) + std::log(stretch);
    }
    return {A, M, log_scale, s};
  }
  static Array<double> rotation(double by) { return {Shape{2, 2}, {std::cos(by), std::sin(by), -std::sin(by), std::cos(by)}}; }
  Var<double> log_marginal(const Var<double>& z) const {
    Array<double> log_scales({d});
    for (std::size_t i = 0; i < d; ++i) log_scales.mutable_data()[i] = 0.5 * std::log(marginal_variance(i));
    return Normal<double>{Var<double>(Array<double>::zeros({d})), broadcast_to(Var<double>(log_scales), z.shape())}.log_prob(
        matmul(z, Var<double>(rotation(-angle))));
  }
};

double one_log_bound(const LinearLayer& layer, PriorBound bound, const Var<double>& z, std::int64_t K, Stream stream) {
  return mean(log_prior_bound(bound, log_weights(layer, z, Var<double>(stream.normal<double>({K, batch, d}))))).item();
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_lagrangian_agrees_with_differences_in_every_block) {
  for (const PriorBound bound : {PriorBound::importance_weighted, PriorBound::elbo})
    for (const double beta : {0.1, 1.0}) {
      const auto check = autodiff::check_gradients(
          [&](const Small& m) { return lagrangian(terms(m, images(), noise(3), bound), beta); }, small(), 1);
      BOOST_TEST(check.passed(), check.where);
    }
}

BOOST_AUTO_TEST_CASE(the_iwae_bound_agrees_with_differences_in_every_block) {
  const auto check = autodiff::check_gradients(
      [&](const FirstLayer<double>& m) { return mean(iwae_terms(m, images(), normal({3, batch, d}, "iwae")).log_p_x); }, small().first, 1);
  BOOST_TEST(check.passed(), check.where);
}

BOOST_AUTO_TEST_CASE(the_prior_s_deviations_stay_below_their_bound) {
  for (const double bound : {0.3, 2.0}) {
    const Var<double> log_scale = small(bound).second.p(normal({200, d}, "zeta") * 100.0).log_scale;
    for (const double value : log_scale.value()) BOOST_TEST(value <= std::log(bound));
  }
  BOOST_TEST(std::ranges::max(small(0).second.p(normal({200, d}, "zeta") * 100.0).log_scale.value().elements()) > 0);
}

BOOST_AUTO_TEST_CASE(one_draw_gives_the_two_layer_elbo) {
  const Small model = small();
  const Noise<double> epsilon = noise(1);
  const Var<double> x = images();
  const Normal<double> q = model.first.q(x);
  const Var<double> z = q.sample(epsilon.z), zeta_noise = reshape(epsilon.zeta, {batch, d});
  const Normal<double> q_zeta = model.second.q(z);
  const Var<double> zeta = q_zeta.sample(zeta_noise);
  const Var<double> two_layers = model.first.p(z).log_prob(x) + model.second.p(zeta).log_prob(z) + distributions::standard_normal_log_prob(zeta) -
                                 q.log_prob(z) - q_zeta.log_prob(zeta);
  for (const PriorBound bound : {PriorBound::importance_weighted, PriorBound::elbo}) {
    const Terms<double> t = terms(model, x, epsilon, bound);
    check_equal(t.log_likelihood - t.divergence, two_layers, 1e-12);
  }
}

BOOST_AUTO_TEST_CASE(a_prior_that_ignores_its_second_layer_is_the_vae) {
  // p(z | zeta) standard normal whatever zeta, and q(zeta | z) = p(zeta): every weight is N(z; 0, I).
  Small model = small(0);
  for (auto* network : {&model.second.generator, &model.second.recogniser})
    for (Var<double>* zero : {&network->head.weight, &network->head.bias}) *zero = Var<double>(Array<double>::zeros(zero->shape()));
  const Noise<double> epsilon = noise(5);
  const Normal<double> q = model.first.q(images());
  const Var<double> z = q.sample(epsilon.z);
  for (const PriorBound bound : {PriorBound::importance_weighted, PriorBound::elbo})
    check_equal(terms(model, images(), epsilon, bound).divergence, q.log_prob(z) - distributions::standard_normal_log_prob(z), 1e-12);
}

BOOST_AUTO_TEST_CASE(on_a_linear_hierarchy_the_exact_posterior_makes_the_bound_exact) {
  const RotatedCase linear;
  const Var<double> z = normal({batch, d}, "z");
  const Var<double> log_w = log_weights(linear.layer(1), z, normal({5, batch, d}, "zeta"));
  for (const PriorBound bound : {PriorBound::importance_weighted, PriorBound::elbo})
    check_equal(log_prior_bound(bound, log_w), linear.log_marginal(z), 1e-12);
}

BOOST_AUTO_TEST_CASE(with_another_posterior_the_bound_lies_below_and_tightens_with_the_number_of_draws) {
  const RotatedCase linear;
  const LinearLayer layer = linear.layer(1.6);
  const Var<double> z = normal({batch, d}, "z");
  const double exact = mean(linear.log_marginal(z)).item();
  const Stream stream(7, "draws");
  constexpr int n = 4000;
  const auto at = [&](PriorBound bound, std::int64_t K) {
    return estimate(n, [&](int i) { return one_log_bound(layer, bound, z, K, stream.at(static_cast<std::uint64_t>(i))); });
  };
  double below = -std::numeric_limits<double>::infinity(), error = 0;
  for (const std::int64_t K : {1, 2, 8, 32}) {
    const Estimate bound = at(PriorBound::importance_weighted, K);
    BOOST_TEST(bound.mean > below + 5 * (bound.error + error));
    BOOST_TEST(bound.mean < exact + 5 * bound.error);
    below = bound.mean;
    error = bound.error;
  }
  BOOST_TEST(std::abs(below - exact) < 0.02);
  // The ELBO's gap is KL(q || posterior) in closed form, whatever K: sum over dimensions of (s^2 - 1) / 2 - log s.
  const double gap = d * ((1.6 * 1.6 - 1) / 2 - std::log(1.6));
  for (const std::int64_t K : {1, 8}) {
    const Estimate elbo = at(PriorBound::elbo, K);
    BOOST_TEST(std::abs(elbo.mean - (exact - gap)) < 5 * elbo.error);
  }
}

BOOST_AUTO_TEST_CASE(at_beta_one_the_lagrangian_is_the_negative_elbo_and_at_zero_the_reconstruction) {
  const Terms<double> t = terms(small(), images(), noise(3), PriorBound::importance_weighted);
  BOOST_TEST(lagrangian(t, 1).item() == -mean(t.log_likelihood - t.divergence).item(), tt::tolerance(1e-13));
  BOOST_TEST(lagrangian(t, 0).item() == -mean(t.log_likelihood).item(), tt::tolerance(1e-13));
}

BOOST_AUTO_TEST_CASE(the_likelihood_is_the_constraint_up_to_scale) {
  // -log p(x | z) = n C / (2 variance) + n/2 log(2 pi variance): eq. (10) divided by lambda, up to scale and a constant.
  const Terms<double> t = terms(small(), images(), noise(2), PriorBound::elbo);
  const double variance = 0.3, constant = 0.5 * n_x * std::log(2 * std::numbers::pi * variance);
  check_equal(-t.log_likelihood, t.reconstruction_error * (n_x / (2 * variance)) + constant, 1e-12);
}

BOOST_AUTO_TEST_CASE(the_iwae_bound_with_one_draw_is_the_elbo) {
  const Small model = small();
  const Var<double> x = images(), one = normal({1, batch, d}, "one");
  const Normal<double> q = model.first.q(x);
  const Var<double> z = q.sample(reshape(one, {batch, d}));
  check_equal(iwae_terms(model.first, x, one).log_p_x,
              model.first.p(z).log_prob(x) + distributions::standard_normal_log_prob(z) - q.log_prob(z), 1e-12);
}

BOOST_AUTO_TEST_CASE(the_networks_of_table_3_have_their_parameters) {
  const Widths widths(4, 256);
  Vhp<FirstLayer<float>, SecondLayer<float>> model{FirstLayer<float>(256, 2, widths, 0.1, Stream(0, "a")),
                                                   SecondLayer<float>(2, widths, 1, Stream(0, "b"))};
  const std::int64_t hidden = 3 * (256 * 256 + 256), heads = 2 * (256 * 2 + 2);
  const std::int64_t from_image = 256 * 256 + 256 + hidden, from_code = 2 * 256 + 256 + hidden;
  BOOST_TEST(nn::Parameters<float>(model).count() == from_image + heads + from_code + 256 * 256 + 256 + 2 * (from_code + heads));
}

namespace {

struct Moved {
  bool first, second;
};

// Whether each layer's parameters changed in a step.
template <class Step>
Moved moved_by(Trainer<double, FirstLayer<double>, SecondLayer<double>>& trainer, const Step& step) {
  const Array<double> first = trainer.first().flat().copy(), second = trainer.second().flat().copy();
  step();
  return {!std::ranges::equal(first.elements(), trainer.first().flat().elements()),
          !std::ranges::equal(second.elements(), trainer.second().flat().elements())};
}

}  // namespace

BOOST_AUTO_TEST_CASE(in_the_initial_phase_only_the_first_layer_moves) {
  // The constraint is out of reach, or fulfilled from the first batch on.
  for (const double kappa : {1e-3, 1e3})
    for (const Method method : {Method::rewo, Method::rewo_alternative, Method::geco, Method::none}) {
      Small model = small();
      Trainer<double, FirstLayer<double>, SecondLayer<double>> trainer(
          model, {.method = method, .kappa = kappa, .nu = 1e-6, .tau = 3, .alpha = 0.9, .beta_0 = 0.01}, PriorBound::importance_weighted, 1e-3);
      const bool waits = kappa < 1 && (method == Method::rewo || method == Method::rewo_alternative);
      for (int i = 0; i < 3; ++i) {
        const Moved moved = moved_by(trainer, [&] { trainer.step(images(), noise(3)); });
        BOOST_TEST(moved.first);
        BOOST_TEST(moved.second == !waits);
      }
      if (method != Method::none) BOOST_TEST((trainer.schedule().beta == 0.01) == waits);
    }
}

BOOST_AUTO_TEST_CASE(iwae_trains_the_first_layer_alone_and_reports_its_bound) {
  Small model = small();
  Trainer<double, FirstLayer<double>, SecondLayer<double>> trainer(model, {.method = Method::none}, PriorBound::importance_weighted, 1e-3);
  const Var<double> epsilon = normal({3, batch, d}, "iwae");
  const double bound = mean(iwae_terms(model.first, images(), epsilon).log_p_x).item();
  const Moved moved = moved_by(trainer, [&] { BOOST_TEST(trainer.iwae_step(images(), epsilon).log_likelihood == bound); });
  BOOST_TEST(moved.first);
  BOOST_TEST(!moved.second);
}
