// Laws of the Hamiltonian flow, on the Gaussian model, where the truth is known.
#include "common/autodiff/check_gradients.hpp"
#include "common/tensors/random.hpp"
#include "tests/hvae/laws.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>

using namespace hvae;
using autodiff::grad;
using autodiff::value_and_grad;
using laws::largest_difference;
using tensors::Stream;
namespace tt = boost::test_tools;

namespace {

using Vars = std::vector<Var<double>>;

constexpr std::int64_t n_sets = 2, d = 3;
constexpr double N = 20;

Var<double> normal(const Shape& shape, const char* purpose) { return Var<double>(Stream(11, purpose).normal<double>(shape)); }

SufficientStatistics<double> data() { return {N, normal({n_sets, 1, d}, "x_bar"), (square(normal({n_sets, 1, d}, "S")) + 0.5) * N}; }
GaussianParameters<double> parameters() { return {normal({n_sets, 1, d}, "Delta") * 0.3, normal({n_sets, 1, d}, "log_sigma") * 0.2}; }

// A potential that is not quadratic: U = sum z^2 / 2 + sum log cosh-like terms of a random mixing of the coordinates.
Var<double> bumpy_gradient(const Var<double>& z) {
  const Var<double> mixing(Stream(11, "mixing").normal<double>({d, d}));
  const auto U = [&](const Var<double>& at) {
    const Var<double> rows = reshape(at, {at.shape().size() / d, d});
    return sum(square(rows)) * 0.5 + sum(softplus(matmul(rows, mixing)));
  };
  return grad<double>(U)(z);
}

// det of d(z_K, rho_K) / d(z_0, rho_0), by differences.
double flow_determinant(int K, double epsilon, const Tempering<double>& tempering) {
  const auto flow = [&](const std::vector<double>& start) {
    const Var<double> z(Array<double>(Shape{1, d}, std::span<const double>(start.data(), d)));
    const Var<double> rho(Array<double>(Shape{1, d}, std::span<const double>(start.data() + d, d)));
    const auto end = hamiltonian_flow<double>({z, rho}, K, {Var<double>(epsilon)}, tempering, bumpy_gradient);
    std::vector<double> all(end.z.value().begin(), end.z.value().end());
    all.insert(all.end(), end.rho.value().begin(), end.rho.value().end());
    return all;
  };
  std::vector<double> at{0.3, -0.4, 1.1, 0.2, 0.9, -0.7};
  std::vector<std::vector<double>> jacobian(2 * d, std::vector<double>(2 * d));
  for (std::size_t i = 0; i < 2 * d; ++i) {
    auto up = at, down = at;
    up[i] += 1e-5, down[i] -= 1e-5;
    const auto a = flow(up), b = flow(down);
    for (std::size_t j = 0; j < 2 * d; ++j) jacobian[j][i] = (a[j] - b[j]) / 2e-5;
  }
  return determinant(jacobian);
}

double energy(const PhaseState<double>& s) {
  const Var<double> mixing(Stream(11, "mixing").normal<double>({d, d}));
  return (sum(square(s.z)) * 0.5 + sum(softplus(matmul(s.z, mixing))) + sum(square(s.rho)) * 0.5).item();
}

// One draw of the bound on the Gaussian model, as a function of everything that is learned:
// Delta, log sigma, epsilon, s_0.
Var<double> bound(const Vars& learned, int K, bool tempered, const Var<double>& z_0, const Var<double>& gamma) {
  const GaussianParameters<double> theta{learned[0], learned[1]};
  const Tempering<double> tempering =
      tempered ? fixed_tempering(learned[3], K, Schedule::root_inverse_beta) : no_tempering<double>();
  const auto end = hamiltonian_flow<double>({z_0, tempering.initial_momentum(gamma)}, K, {learned[2]}, tempering,
                                            potential_gradient(data(), theta));
  return elbo_draw(flow_log_ratio(log_joint(data(), theta, end.z), end.rho, distributions::standard_normal_log_prob(z_0)), d);
}

Vars learned() {
  const auto theta = parameters();
  return {theta.Delta, theta.log_sigma, Var<double>(Array<double>({n_sets, 1, d}, {.1, .12, .08, .05, .15, .11})),
          Var<double>(Array<double>({n_sets, 1, 1}, {1.7, 2.4}))};
}

}  // namespace

BOOST_AUTO_TEST_CASE(leapfrog_reverses) {
  const auto flow = [](const PhaseState<double>& start) {
    return hamiltonian_flow<double>(start, 12, {Var<double>(0.1)}, no_tempering<double>(), bumpy_gradient);
  };
  BOOST_TEST(laws::reverses(flow, {normal({4, d}, "z"), normal({4, d}, "rho")}));
}

BOOST_AUTO_TEST_CASE(the_jacobian_is_what_the_density_assumes) {
  BOOST_TEST(flow_determinant(5, 0.2, no_tempering<double>()) == 1.0, tt::tolerance(1e-8));
  for (const Schedule schedule : {Schedule::root_inverse_beta, Schedule::inverse_beta}) {
    const auto fixed = fixed_tempering(Var<double>(1.8), 4, schedule);
    const double root_beta_0 = std::exp(0.5 * fixed.log_beta_0.item());
    BOOST_TEST(root_beta_0 == (schedule == Schedule::root_inverse_beta ? 1 / 1.8 : 1 / std::sqrt(1.8)), tt::tolerance(1e-12));
    BOOST_TEST(flow_determinant(4, 0.2, fixed) == std::pow(root_beta_0, d), tt::tolerance(1e-8));
  }
  const auto free = free_tempering<double>({Var<double>(0.9), Var<double>(0.7)});
  BOOST_TEST(flow_determinant(2, 0.2, free) == std::pow(0.63, d), tt::tolerance(1e-8));
  BOOST_TEST(std::exp(0.5 * free.log_beta_0.item()) == 0.63, tt::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(halving_the_step_quarters_the_energy_error) {
  const PhaseState<double> start{normal({1, d}, "z"), normal({1, d}, "rho")};
  const auto error = [&](int K) {
    return std::abs(energy(hamiltonian_flow<double>(start, K, {Var<double>(1.0 / K)}, no_tempering<double>(), bumpy_gradient)) - energy(start));
  };
  BOOST_TEST(error(40) / error(80) == 4.0, tt::tolerance(0.02));
}

BOOST_AUTO_TEST_CASE(the_potential_gradient_is_that_of_the_joint) {
  const Var<double> z = normal({n_sets, 4, d}, "z");
  const auto by_differentiation = grad<double>([&](const Var<double>& at) { return -sum(log_joint(data(), parameters(), at)); })(z);
  BOOST_TEST(largest_difference(by_differentiation, potential_gradient(data(), parameters())(z)) <= 1e-10);
}

BOOST_AUTO_TEST_CASE(the_oracle_is_consistent) {
  const double x_bar = 0.7, S = 31, Delta = 0.2, sigma = 1.3;
  // log p(D) by quadrature over z.
  double p = 0;
  const double step = 1e-3, at_mode = exact_posterior(N, x_bar, Delta, sigma).mean;
  const auto log_f = [&](double z) {
    return -0.5 * N * std::log(2 * std::numbers::pi) - N * std::log(sigma) - (S + N * std::pow(x_bar - Delta - z, 2)) / (2 * sigma * sigma) -
           0.5 * std::log(2 * std::numbers::pi) - 0.5 * z * z;
  };
  for (double z = at_mode - 8; z <= at_mode + 8; z += step) p += step * std::exp(log_f(z) - log_f(at_mode));
  BOOST_TEST(log_f(at_mode) + std::log(p) == exact_log_p(N, x_bar, S, Delta, sigma), tt::tolerance(1e-10));
  const Posterior q = exact_posterior(N, x_bar, Delta, sigma);
  BOOST_TEST(mean_field_elbo(N, x_bar, S, Delta, sigma, q.mean, q.variance) == exact_log_p(N, x_bar, S, Delta, sigma), tt::tolerance(1e-12));
  BOOST_TEST(mean_field_elbo(N, x_bar, S, Delta, sigma, q.mean + 0.1, q.variance) < exact_log_p(N, x_bar, S, Delta, sigma));
  BOOST_TEST(mean_field_elbo(N, x_bar, S, Delta, sigma, q.mean, 1.1 * q.variance) < exact_log_p(N, x_bar, S, Delta, sigma));
  const double best = maximum_likelihood_sigma(N, S);
  for (const double other : {0.999 * best, 1.001 * best}) BOOST_TEST(exact_log_p(N, x_bar, S, x_bar, other) < exact_log_p(N, x_bar, S, x_bar, best));
}

BOOST_AUTO_TEST_CASE(the_estimate_is_unbiased) {
  const auto data = laws::vague_data();
  const auto theta = laws::vague_parameters();
  std::uint64_t which = 0;
  for (const int K : {0, 1, 3})
    for (const double epsilon : {0.2, 0.6})
      for (const double s_0 : {1.0, 1.5, 3.0}) {
        const bool tempered = s_0 > 1 && K > 0;
        const auto tempering = tempered ? fixed_tempering(Var<double>(s_0), K, Schedule::root_inverse_beta) : no_tempering<double>();
        std::vector<double> bound, estimate;
        const auto draw = [&](const Var<double>& z_0, const Var<double>& gamma) {
          const auto end = hamiltonian_flow<double>({z_0, tempering.initial_momentum(gamma)}, K, {Var<double>(epsilon)}, tempering,
                                                    potential_gradient(data, theta));
          const Var<double> log_ratio = flow_log_ratio(log_joint(data, theta, end.z), end.rho, distributions::standard_normal_log_prob(z_0));
          const Var<double> log_p = log_p_hat(log_ratio, gamma), elbo = elbo_draw(log_ratio, 1);
          estimate.assign(log_p.value().begin(), log_p.value().end());
          bound.assign(elbo.value().begin(), elbo.value().end());
          return log_p;
        };
        BOOST_TEST_CONTEXT("K " << K << ", epsilon " << epsilon << ", s_0 " << s_0) {
          BOOST_TEST(laws::estimates_p_without_bias(draw, which++));
          BOOST_TEST(laws::have_one_mean(bound, estimate));
          BOOST_TEST(laws::mean_is_below(bound, laws::vague_log_p()));
        }
      }
}

BOOST_AUTO_TEST_CASE(without_steps_the_bound_is_the_vae_s) {
  const Var<double> z_0 = normal({n_sets, 5, d}, "z_0"), gamma = normal({n_sets, 5, d}, "gamma");
  const Var<double> flow = bound(learned(), 0, false, z_0, gamma);
  const Var<double> vae = log_joint(data(), parameters(), z_0) - distributions::standard_normal_log_prob(z_0);
  BOOST_TEST(largest_difference(flow, vae - sum(square(gamma), -1) * 0.5 + d * 0.5) <= 1e-12);
}

BOOST_AUTO_TEST_CASE(the_bound_s_gradient_agrees_with_differences_in_every_block) {
  const Var<double> z_0 = normal({n_sets, 2, d}, "z_0"), gamma = normal({n_sets, 2, d}, "gamma");
  for (const int K : {1, 3})
    for (const bool tempered : {false, true}) {
      const auto check = autodiff::check_gradients([&](const Vars& x) { return bound(x, K, tempered, z_0, gamma); }, learned(), 2);
      BOOST_TEST(check.passed(), "K " << K << (tempered ? ", tempered: " : ": ") << check.where);
    }
}

BOOST_AUTO_TEST_CASE(a_flow_through_an_inner_gradient_agrees_with_differences) {
  const Var<double> start = normal({1, d}, "z_0"), gamma = normal({1, d}, "gamma");
  const auto end_energy = [&](const Vars& x) {
    const auto end = hamiltonian_flow<double>({start, gamma}, 2, {x[0]}, no_tempering<double>(), bumpy_gradient);
    return sum(square(end.z)) + sum(square(end.rho));
  };
  const auto check = autodiff::check_gradients(end_energy, {Var<double>(Array<double>({1, d}, {0.1, 0.2, 0.15}))}, 2);
  BOOST_TEST(check.passed(), check.where);
}
