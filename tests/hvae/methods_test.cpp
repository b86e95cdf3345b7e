// Laws of the methods on the Gaussian model: Jacobians, gradients in every block, and closed forms.
#include "common/autodiff/check_gradients.hpp"
#include "common/tensors/random.hpp"
#include "paper_hvae/gaussian_methods.hpp"
#include "tests/hvae/laws.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <functional>
#include <limits>

using namespace hvae;
using tensors::Stream;
namespace tt = boost::test_tools;

namespace {

using Vars = std::vector<Var<double>>;
constexpr std::int64_t n_sets = 2, d = 4;
constexpr double N = 20;

Var<double> normal(const Shape& shape, const char* purpose) { return Var<double>(Stream(13, purpose).normal<double>(shape)); }
SufficientStatistics<double> data() { return {N, normal({n_sets, 1, d}, "x_bar"), (square(normal({n_sets, 1, d}, "S")) + 0.5) * N}; }
GaussianParameters<double> parameters() { return {normal({n_sets, 1, d}, "Delta") * 0.3, normal({n_sets, 1, d}, "log_sigma") * 0.2}; }
Planar<double> planar() {
  return {normal({n_sets, 1, d}, "u"), normal({n_sets, 1, d}, "w"), normal({n_sets, 1, 1}, "b")};
}

HamiltonianMethod<double> hamiltonian(int K, TemperingKind kind, double scale) {
  const Var<double> logits = normal({n_sets, 1, K}, "alpha") * scale;
  std::vector<Var<double>> logit_alpha;
  for (int k = 0; k < K; ++k) logit_alpha.push_back(slice(logits, 2, k, 1));
  return {parameters(), normal({n_sets, 1, d}, "epsilon") * scale - 2.0, normal({n_sets, 1, 1}, "tempering") * scale, logit_alpha, K, kind};
}

template <class Method, class... Noise>
autodiff::GradientCheck check(const Method& method, int order, const Noise&... noise) {
  return autodiff::check_gradients([&](const Method& m) { return m.elbo(data(), noise...); }, method, order);
}

}  // namespace

BOOST_AUTO_TEST_CASE(planar_log_determinants_are_those_of_the_jacobian) {
  const Var<double> z_0 = normal({n_sets, 1, d}, "z_0");
  const Planar<double> flow = planar();
  for (const int K : {1, 3}) BOOST_TEST(laws::log_determinant_is_the_jacobians([&](const Var<double>& z) { return flow(z, K); }, z_0));
}

BOOST_AUTO_TEST_CASE(planar_maps_are_invertible_whatever_u) {
  for (const double scale : {0.1, 1.0, 10.0}) {
    Planar<double> flow = planar();
    flow.u = flow.u * -scale;
    const Var<double> wu = sum(flow.w * flow.u_hat(), -1);
    for (double value : wu.value()) BOOST_TEST(value > -1);
  }
}

BOOST_AUTO_TEST_CASE(made_is_autoregressive) {
  const Made<double> made(n_sets, d, 9, Stream(13, "made"));
  const Var<double> z_0 = normal({n_sets, 1, d}, "z_0");
  const auto rows = laws::jacobian(made, z_0);
  const auto order = Stream(13, "made").permutation(d);
  std::int64_t n_below = 0;
  for (std::size_t i = 0; i < d; ++i) {
    for (std::size_t j = 0; j < d; ++j) {
      if (order[j] > order[i]) BOOST_TEST(rows[i][j] == 0.0);
      if (order[j] < order[i]) n_below += rows[i][j] != 0.0;
    }
  }
  BOOST_TEST(n_below > 0);
  BOOST_TEST(laws::log_determinant_is_the_jacobians(made, z_0));
}

BOOST_AUTO_TEST_CASE(the_weights_of_a_planar_flow_average_to_the_likelihood) {
  const Planar<double> flow{laws::number(0.4), laws::number(0.7), laws::number(-0.3)};
  for (const int K : {1, 3})
    BOOST_TEST(laws::estimates_p_without_bias([&](const Var<double>& z_0, const Var<double>&) {
      return flow_elbo(laws::vague_data(), laws::vague_parameters(), z_0, flow(z_0, K), Objective::right);
    }));
}

BOOST_AUTO_TEST_CASE(gradients_agree_with_differences_in_every_block_of_every_method) {
  const Var<double> z_0 = normal({n_sets, 2, d}, "z_0"), gamma = normal({n_sets, 2, d}, "gamma");
  for (const int K : {1, 2})
    for (const TemperingKind kind : {TemperingKind::none, TemperingKind::fixed, TemperingKind::free}) {
      const HamiltonianMethod<double> method = hamiltonian(K, kind, 1.0);
      const auto result = check(method, 1, z_0, gamma);
      BOOST_TEST(result.passed(), "HVAE, K " << K << ": " << result.where);
    }
  const MeanFieldMethod<double> vb{parameters(), normal({n_sets, 1, d}, "mu"), normal({n_sets, 1, d}, "log_sigma_Z") * 0.3};
  BOOST_TEST(check(vb, 2).passed());
  MeanFieldMethod<double> along_the_ridge = vb;
  along_the_ridge.coordinates = Coordinates::along_the_ridge;
  BOOST_TEST(check(along_the_ridge, 2).passed());
  for (const Objective objective : {Objective::right, Objective::as_coded}) {
    const PlanarMethod<double> pnf{parameters(), planar(), 2, objective};
    const auto of_planar = check(pnf, 1, z_0);
    BOOST_TEST(of_planar.passed(), "PNF: " << of_planar.where);
    const AutoregressiveMethod<double> iaf{parameters(), Made<double>(n_sets, d, 5, Stream(13, "made")), objective};
    const auto of_made = check(iaf, 1, z_0);
    BOOST_TEST(of_made.passed(), "IAF: " << of_made.where);
  }
}

BOOST_AUTO_TEST_CASE(the_mean_field_bound_is_the_closed_form) {
  const MeanFieldMethod<double> vb{parameters(), normal({n_sets, 1, d}, "mu"), normal({n_sets, 1, d}, "log_sigma_Z") * 0.3};
  const Var<double> bound = vb.elbo(data());
  for (std::int64_t set = 0; set < n_sets; ++set) {
    double expected = 0;
    for (std::int64_t j = 0; j < d; ++j) {
      const auto at = [&](const Var<double>& v) { return v.value()[set * d + j]; };
      expected += mean_field_elbo(N, at(data().x_bar), at(data().S), at(vb.theta.Delta), std::exp(at(vb.theta.log_sigma)), at(vb.mu_Z()),
                                  std::exp(2 * at(vb.log_sigma_Z)));
    }
    BOOST_TEST(bound.value()[set] == expected, tt::tolerance(1e-12));
  }
}

BOOST_AUTO_TEST_CASE(an_identity_flow_gives_the_prior_s_bound_and_the_coded_objective_its_surplus) {
  // u = 0 is not the identity under the reparametrisation of u; a flow of no layers is.
  const Var<double> z_0 = normal({n_sets, 3, d}, "z_0");
  const Moved<double> still{z_0, Var<double>(Array<double>::zeros({n_sets, 3}))};
  const Var<double> right = flow_elbo(data(), parameters(), z_0, still, Objective::right);
  const Var<double> coded = flow_elbo(data(), parameters(), z_0, still, Objective::as_coded);
  const Var<double> prior = mean(log_joint(data(), parameters(), z_0) - distributions::standard_normal_log_prob(z_0), 1);
  for (std::int64_t set = 0; set < n_sets; ++set) {
    BOOST_TEST(right.value()[set] == prior.value()[set], tt::tolerance(1e-12));
    double surplus = 0;
    for (std::int64_t j = set * d; j < (set + 1) * d; ++j) {
      const double y = data().x_bar.value()[j] - parameters().Delta.value()[j];
      surplus -= (data().S.value()[j] + N * y * y) / (2 * std::exp(2 * parameters().log_sigma.value()[j]));
    }
    BOOST_TEST(coded.value()[set] - right.value()[set] == surplus, tt::tolerance(1e-10));
  }
}

BOOST_AUTO_TEST_CASE(untempered_one_step_has_the_closed_form_cost) {
  // At y = 0, with P = 1 + N / sigma^2 and a = eps^2 P: P E z_1^2 + E rho_1^2 - 1 = ... has its least cost factor
  // f(a) = (1 - a/2)^2 + a (1 - a/4)^2 = 11/27 at a = 8/3 (the term of order P).
  const auto f = [](double a) { return (1 - a / 2) * (1 - a / 2) + a * (1 - a / 4) * (1 - a / 4); };
  BOOST_TEST(f(8.0 / 3) == 11.0 / 27, tt::tolerance(1e-14));
  for (const double other : {2.5, 2.6, 2.7, 2.9}) BOOST_TEST(f(other) > f(8.0 / 3));
  // The Monte Carlo bound follows it: its mean over draws of z_0 and gamma, for a large P, is -P f(a) / 2 + O(1).
  const SufficientStatistics<double> one{1e6, Var<double>(Array<double>({1, 1, 1}, {0.0})), Var<double>(Array<double>({1, 1, 1}, {1e6}))};
  const GaussianParameters<double> theta{Var<double>(Array<double>({1, 1, 1}, {0.0})), Var<double>(Array<double>({1, 1, 1}, {0.0}))};
  const double P = 1 + 1e6;
  for (const double a : {1.0, 8.0 / 3}) {
    const double epsilon = std::sqrt(a / P);
    const HamiltonianMethod<double> method{theta, Var<double>(Array<double>({1, 1, 1}, {std::log(epsilon / (0.5 - epsilon))})), Var<double>(0.0), {}, 1, TemperingKind::none};
    const std::int64_t M = 400'000;
    Stream noise(13, "closed form");
    const Var<double> z_0(noise.normal<double>({1, M, 1})), gamma(noise.normal<double>({1, M, 1}));
    const double exact = exact_log_p(1e6, 0, 1e6, 0, 1);
    const double gap = exact - method.elbo(one, z_0, gamma).item();
    BOOST_TEST(gap / (P / 2) == f(a), tt::tolerance(0.01));  // draws: sd of a chi-square mean, sqrt(2 / M) = 0.2 %
  }
}

BOOST_AUTO_TEST_CASE(the_monte_carlo_bound_and_its_gradient_agree_with_the_exact_ones) {
  constexpr std::size_t n_batches = 20;
  constexpr std::int64_t M = 5000;
  // The bound and every entry of its gradient, one after the other.
  const auto flattened = [](const auto& value_and_gradient) {
    std::vector<double> all{value_and_gradient.first.item()};
    for (const Var<double>& block : autodiff::variables(value_and_gradient.second)) all.insert(all.end(), block.value().begin(), block.value().end());
    return all;
  };
  for (const int K : {1, 3})
    for (const TemperingKind kind : {TemperingKind::none, TemperingKind::fixed, TemperingKind::free}) {
      const HamiltonianMethod<double> method = hamiltonian(K, kind, 0.3);
      const auto exact = flattened(autodiff::value_and_grad<double>([&](const auto& m) { return sum(m.exact_elbo(data())); }, method));
      std::vector<double> mean(exact.size(), 0.0), square(exact.size(), 0.0);
      Stream noise(13, "exact");
      for (std::size_t batch = 0; batch < n_batches; ++batch) {
        const Var<double> z_0(noise.normal<double>({n_sets, M, d})), gamma(noise.normal<double>({n_sets, M, d}));
        const auto sampled = flattened(autodiff::value_and_grad<double>([&](const auto& m) { return sum(m.elbo(data(), z_0, gamma)); }, method));
        for (std::size_t i = 0; i < exact.size(); ++i) mean[i] += sampled[i] / n_batches, square[i] += sampled[i] * sampled[i] / n_batches;
      }
      double largest = 0;
      for (double value : exact) largest = std::max(largest, std::abs(value));
      for (std::size_t i = 0; i < exact.size(); ++i) {
        const double standard_error = std::sqrt(std::max(0.0, square[i] - mean[i] * mean[i]) / (n_batches - 1));
        // Student's t with 19 degrees of freedom passes 6 once in 100,000.
        BOOST_TEST(std::abs(mean[i] - exact[i]) <= 6 * standard_error + 1e-12 * largest,
                   "K " << K << ", tempering " << static_cast<int>(kind) << ", entry " << i << ": " << mean[i] << " against " << exact[i]);
        BOOST_TEST(standard_error < 0.01 * largest);  // or the line above could not fail
      }
      // It bounds the exact likelihood from below.
      const Var<double> bound = method.exact_elbo(data());
      for (std::int64_t set = 0; set < n_sets; ++set) {
        double log_p = 0;
        for (std::int64_t j = set * d; j < (set + 1) * d; ++j)
          log_p += exact_log_p(N, data().x_bar.value()[j], data().S.value()[j], parameters().Delta.value()[j], std::exp(parameters().log_sigma.value()[j]));
        BOOST_TEST(bound.value()[set] < log_p);
      }
    }
}

BOOST_AUTO_TEST_CASE(the_exact_bound_s_best_untempered_step_is_the_closed_form) {
  // At the maximiser over epsilon and sigma, y = 0: sigma^2 = S / N + 11 / 27 to leading order, whatever N.
  const double n = 1e4, v_data = 0.25;
  const auto bound = [&](double v, double a) {
    const double P = 1 + n / v;
    const double epsilon = std::sqrt(a / P);
    const SufficientStatistics<double> one{n, Var<double>(Array<double>({1, 1, 1}, {0.0})), Var<double>(Array<double>({1, 1, 1}, {n * v_data}))};
    const GaussianParameters<double> theta{Var<double>(Array<double>({1, 1, 1}, {0.0})), Var<double>(Array<double>({1, 1, 1}, {0.5 * std::log(v)}))};
    return HamiltonianMethod<double>{theta, Var<double>(Array<double>({1, 1, 1}, {std::log(epsilon / (0.5 - epsilon))})), Var<double>(0.0), {}, 1, TemperingKind::none}.exact_elbo(one).item();
  };
  const double best_v = v_data + 11.0 / 27, best_a = 8.0 / 3, step = 0.01;
  for (const double dv : {-step, step}) BOOST_TEST(bound(best_v + dv, best_a) < bound(best_v, best_a));
  for (const double da : {-step, step}) BOOST_TEST(bound(best_v, best_a + da) < bound(best_v, best_a));
}

// The exact bound, maximised over the flow alone, meets the closed forms of what a flow of volume one can reach.
BOOST_AUTO_TEST_CASE(the_best_gap_is_that_of_a_flow_of_volume_one) {
  const std::vector<double> sigma{0.3, 0.7, 1.0};
  const double n = 1e4;
  Array<double> S(Shape{1, 1, 3}), log_sigma(Shape{1, 1, 3});
  double log_p = 0;
  for (std::int64_t j = 0; j < 3; ++j) {
    const double s = sigma[static_cast<std::size_t>(j)];
    S.mutable_data()[j] = n * s * s;
    log_sigma.mutable_data()[j] = std::log(s);
    log_p += exact_log_p(n, 0, n * s * s, 0, s);
  }
  const SufficientStatistics<double> moments{n, Var<double>(Array<double>::zeros({1, 1, 3})), Var<double>(S)};
  // With epsilon^2 P = a(P).
  const auto gap_of = [&](double beta_0, const std::function<double(double)>& a, int K, TemperingKind kind) {
    Array<double> logit(Shape{1, 1, 3});
    for (std::int64_t j = 0; j < 3; ++j) {
      const double P = 1 + n / std::pow(sigma[static_cast<std::size_t>(j)], 2), epsilon = std::sqrt(a(P) / P);
      logit.mutable_data()[j] = std::log(epsilon / (0.5 - epsilon));
    }
    const HamiltonianMethod<double> method{{moments.x_bar, Var<double>(log_sigma)}, Var<double>(logit),
                                           Var<double>(Array<double>::full({1, 1, 1}, std::log(1 / std::sqrt(beta_0) - 1))), {}, K, kind};
    return log_p - method.exact_elbo(moments).item();
  };
  const auto gap = [&](double beta_0, double a) { return gap_of(beta_0, [&](double) { return a; }, 1, TemperingKind::fixed); };
  double sum = 0;
  for (double s : sigma) sum += 1 + n / (s * s);
  const double beta_0 = 2 / std::sqrt(sum / 3), shared = shared_tempering_gap(n, sigma), least = least_gap(n, sigma);
  BOOST_TEST(gap(beta_0, 2) == shared, tt::tolerance(1e-6));
  BOOST_TEST(least < shared);
  for (const double factor : {0.5, 0.9, 1.1, 2.0}) {
    BOOST_TEST(gap(factor * beta_0, 2) > shared);
    BOOST_TEST(gap(factor * beta_0, 2) > least);
    BOOST_TEST(gap(beta_0, 2 * factor) > least);
  }
  // Without tempering: the cheapest quarter turn of K steps, each dimension its own.
  double before = std::numeric_limits<double>::infinity();
  for (const int K : {1, 2, 5, 10, 30}) {
    const auto turn = [&](double P) { return 4 * (1 - quarter_turn_share(P, K)); };
    const double closed = quarter_turn_gap(n, sigma, K);
    BOOST_TEST(gap_of(0.5, turn, K, TemperingKind::none) == closed, tt::tolerance(1e-6));
    BOOST_TEST(closed > least);
    BOOST_TEST(closed <= before);
    before = closed;
  }
  // With equal sigma nothing is lost by sharing.
  BOOST_TEST(least_gap(n, std::vector<double>(3, 0.4)) == shared_tempering_gap(n, std::vector<double>(3, 0.4)), tt::tolerance(1e-12));
}
