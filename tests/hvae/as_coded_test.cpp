// Laws of the objective as coded on the Gaussian model: it is what its draws average to, it passes log p(D), and how far it can go.
#include "common/autodiff/check_gradients.hpp"
#include "common/distributions/normal.hpp"
#include "paper_hvae/gaussian_as_coded.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>

using namespace hvae;
namespace tt = boost::test_tools;

namespace {

using V = Var<double>;
constexpr std::int64_t d = 3;
const std::vector<double> sigmas{0.4, 0.7, 1.1};

V row(std::initializer_list<double> values) { return V(Array<double>({1, 1, d}, values)); }
SufficientStatistics<double> data() { return {50, row({0.3, -0.2, 0.1}), row({8, 24, 60})}; }

// Delta is the mean of the data: the posterior's mode is zero.
HamiltonianMethod<double> method(int K, const V& epsilon, double alpha) {
  HamiltonianMethod<double> m{{data().x_bar, log(row({0.4, 0.7, 1.1}))}, log(epsilon / (0.5 - epsilon)), V(0.0), {}, K, TemperingKind::free};
  for (int k = 0; k < K; ++k) m.logit_alpha.push_back(V(Array<double>::full({1, 1, 1}, std::log(alpha / (1 - alpha)))));
  return m;
}

double log_p() {
  double total = 0;
  for (std::int64_t j = 0; j < d; ++j)
    total += exact_log_p(50, data().x_bar.value()[j], data().S.value()[j], data().x_bar.value()[j], sigmas[static_cast<std::size_t>(j)]);
  return total;
}

double objective(const HamiltonianMethod<double>& m) { return sum(objective_as_coded(m, data(), false)).item(); }

}  // namespace

BOOST_AUTO_TEST_CASE(it_is_the_mean_of_its_draws) {
  const HamiltonianMethod<double> m = method(3, row({0.03, 0.05, 0.07}), 0.9);
  const std::int64_t M = 20'000;
  const V z_0(tensors::Stream(3, "z_0").normal<double>({1, M, d})), at_rest(Array<double>::zeros({1, M, d}));
  const auto end = hamiltonian_flow<double>({z_0, at_rest}, 3, {m.epsilon()}, m.tempering(), potential_gradient(data(), m.theta));
  const V draws = flow_log_ratio(log_joint(data(), m.theta, end.z), end.rho, distributions::standard_normal_log_prob(z_0));
  double total = 0, squares = 0;
  for (double v : draws.value()) total += v, squares += v * v;
  const double average = total / M, error = std::sqrt((squares / M - average * average) / M);
  BOOST_TEST(std::abs(average - objective(m)) < 5 * error, average << " +- " << error << ", exactly " << objective(m));
}

// One step with epsilon^2 P = 2 takes every z_0 to the mode, and alpha = 0 takes the momentum away.
BOOST_AUTO_TEST_CASE(it_reaches_the_closed_form_above_log_p) {
  const auto at = [](double s) { return std::sqrt(2 / (1 + 50 / (s * s))); };
  const HamiltonianMethod<double> m = method(1, row({at(0.4), at(0.7), at(1.1)}), 1e-9);
  BOOST_TEST(objective(m) - log_p() == largest_excess(50, sigmas), tt::tolerance(1e-9));
  BOOST_TEST(largest_excess(50, sigmas) > 0);
}

BOOST_AUTO_TEST_CASE(it_never_passes_the_closed_form_but_the_bound_never_passes_log_p) {
  for (const int K : {1, 4})
    for (const double alpha : {0.1, 0.8, 0.999})
      for (const double epsilon : {0.01, 0.05, 0.2}) {
        const HamiltonianMethod<double> m = method(K, row({epsilon, epsilon, epsilon}), alpha);
        BOOST_TEST(objective(m) <= log_p() + largest_excess(50, sigmas) + 1e-9);
        BOOST_TEST(sum(m.exact_elbo(data())).item() <= log_p() + 1e-9);
      }
}

BOOST_AUTO_TEST_CASE(its_gradient_is_exact_only_where_nothing_is_detached) {
  const HamiltonianMethod<double> m = method(2, row({0.1, 0.12, 0.15}), 0.8);
  const auto check = [&](bool detached) {
    return autodiff::check_gradients([&](const HamiltonianMethod<double>& at) { return objective_as_coded(at, data(), detached); }, m, 1);
  };
  BOOST_TEST(check(false).passed(), check(false).where);
  BOOST_TEST(!check(true).passed(1e-2));
}
