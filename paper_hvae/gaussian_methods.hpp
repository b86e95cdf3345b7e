// # The methods on the Gaussian model
//
// Every method learns $\Delta$ and $\log\sigma$ together with parameters of its own, by maximising a bound on $\log p(D)$.
// Each objective below is the bound of every data set, [n_sets], for given noise; data sets do not touch each other, so
// the sum over them trains them all.
#pragma once

#include "paper_hvae/flows.hpp"
#include "paper_hvae/gaussian_model.hpp"
#include "paper_hvae/hvae.hpp"

namespace hvae {

// ## HVAE
//
// $q^0 = N(0, I)$, not learned; $\varepsilon_j = \xi\,\mathrm{sigmoid}(\cdot)$ with $\xi = 1/2$. (Free tempering is used by the documents on
// MNIST only.)
template <class T>
struct HamiltonianMethod {
  GaussianParameters<T> theta;
  Var<T> logit_epsilon;              // [n_sets, 1, d]
  Var<T> log_tempering;              // [n_sets, 1, 1], fixed tempering: log(1 / sqrt(beta_0) - 1)
  std::vector<Var<T>> logit_alpha;   // K of [n_sets, 1, 1], free tempering
  int K = 1;
  TemperingKind kind = TemperingKind::fixed;

  static constexpr double xi = 0.5;

  // Noise: z_0 and gamma, each [n_sets, M, d], standard normal.
  Var<T> elbo(const SufficientStatistics<T>& data, const Var<T>& z_0, const Var<T>& gamma) const {
    const Tempering<T> tempering = this->tempering();
    const PhaseState<T> end = hamiltonian_flow<T>({z_0, tempering.initial_momentum(gamma)}, K, {epsilon()}, tempering,
                                                  potential_gradient(data, theta));
    const Var<T> ratio = flow_log_ratio(log_joint(data, theta, end.z), end.rho, distributions::standard_normal_log_prob(z_0));
    return mean(elbo_draw(ratio, z_0.shape()[2]), 1);
  }

  Var<T> epsilon() const { return sigmoid(logit_epsilon) * T(xi); }
  Tempering<T> tempering() const { return learned_tempering(kind, K, Schedule::root_inverse_beta, log_tempering, logit_alpha); }

  // The bound itself, without draws: on this model the flow is linear in (z_0, gamma), coordinate by coordinate, so
  // z_K = a z_0 + b gamma + c, and every expectation is a sum of squares. [n_sets]
  Var<T> exact_elbo(const SufficientStatistics<T>& data) const;
};

// The coefficients (a, b, c) of a quantity a z_0 + b gamma + c.
template <class T>
struct Linear {
  Var<T> a, b, c;

  Linear plus(const Var<T>& factor, const Linear& other) const { return {a + factor * other.a, b + factor * other.b, c + factor * other.c}; }
  Linear times(const Var<T>& factor) const { return {a * factor, b * factor, c * factor}; }
  Var<T> mean_square() const { return square(a) + square(b) + square(c); }
};

// $E[\log p(D, z_K) - \frac12 |\rho_K|^2]$ plus `entropy` a coordinate, for z_0 ~ N(0, I) and rho_0 = `rho_0` gamma: [n_sets]. `detached`:
// U's gradients are constants to the derivative.
template <class T>
Var<T> expectation_at_end(const HamiltonianMethod<T>& method, const SufficientStatistics<T>& data, const Var<T>& rho_0, T entropy, bool detached = false) {
  const GaussianParameters<T>& theta = method.theta;
  const Var<T> precision = exp(theta.log_sigma * T(-2)), weight = precision * data.N, y = data.x_bar - theta.Delta;
  const Var<T> zero(Array<T>::zeros(y.shape())), one(Array<T>::full(y.shape(), T(1)));
  const Tempering<T> tempers = method.tempering();
  const Var<T> eps = method.epsilon(), half = eps * T(-0.5);
  Linear<T> z{one, zero, zero}, rho{zero, rho_0 * one, zero};
  const auto gradient = [&] {
    Linear<T> g = z.times(weight + T(1));
    g.c = g.c - weight * y;
    return detached ? Linear<T>{stop_gradient(g.a), stop_gradient(g.b), stop_gradient(g.c)} : g;
  };
  for (int k = 0; k < method.K; ++k) {
    rho = rho.plus(half, gradient());
    z = z.plus(eps, rho);
    rho = rho.plus(half, gradient());
    if (!tempers.alpha.empty()) rho = rho.times(tempers.alpha[static_cast<std::size_t>(k)]);
  }
  const Linear<T> misfit{z.a, z.b, z.c - y};
  const Var<T> terms = theta.log_sigma * (-data.N) - (data.S + misfit.mean_square() * data.N) * precision * T(0.5) -
                       (z.mean_square() + rho.mean_square()) * T(0.5) + entropy - static_cast<T>(0.5 * std::log(2 * std::numbers::pi)) * data.N;
  return reshape(sum(terms, -1), {terms.shape()[0]});
}

template <class T>
Var<T> HamiltonianMethod<T>::exact_elbo(const SufficientStatistics<T>& data) const {
  return expectation_at_end(*this, data, tempering().initial_momentum(Var<T>(T(1))), T(1));  // of z_0's entropy and the momentum's
}

template <class T, class F>
void visit(HamiltonianMethod<T>& method, F&& f) {
  f("theta", method.theta);
  f("logit_epsilon", method.logit_epsilon);
  if (method.kind == TemperingKind::fixed) f("log_tempering", method.log_tempering);
  if (method.kind == TemperingKind::free) f("logit_alpha", method.logit_alpha);
}

// ## Mean-field variational Bayes
//
// $q(z) = N(\mu_Z, \mathrm{diag}\,\sigma_Z^2)$; the bound is in closed form (mean_field_elbo in gaussian_model.hpp). It holds
// $\Delta + \mu_Z$ with a curvature of $N / \sigma^2$, and $\mu_Z$ alone, through the prior, with a curvature of 1: in the authors'
// coordinates $(\Delta, \mu_Z)$ a ridge that a step-by-step optimiser walks along slowly. In the coordinates $(\Delta, \Delta + \mu_Z)$
// the ridge is an axis.
enum class Coordinates { as_coded, along_the_ridge };

template <class T>
struct MeanFieldMethod {
  GaussianParameters<T> theta;
  Var<T> centre;       // [n_sets, 1, d]: mu_Z, or Delta + mu_Z
  Var<T> log_sigma_Z;  // [n_sets, 1, d]
  Coordinates coordinates = Coordinates::as_coded;

  Var<T> mu_Z() const { return coordinates == Coordinates::as_coded ? centre : centre - theta.Delta; }

  Var<T> elbo(const SufficientStatistics<T>& data) const {
    const Var<T> q_variance = exp(log_sigma_Z * T(2)), precision = exp(theta.log_sigma * T(-2)), mean = mu_Z();
    const Var<T> y = coordinates == Coordinates::as_coded ? data.x_bar - theta.Delta - mean : data.x_bar - centre;
    const Var<T> misfit = square(y) + q_variance;  // E (x_bar - Delta - z)^2
    const Var<T> terms = theta.log_sigma * (-data.N) - (data.S + misfit * data.N) * precision * T(0.5) + log_sigma_Z + T(0.5) -
                         (square(mean) + q_variance) * T(0.5) - static_cast<T>(0.5 * std::log(2 * std::numbers::pi)) * data.N;
    return reshape(sum(terms, -1), {terms.shape()[0]});
  }
};
template <class T, class F>
void visit(MeanFieldMethod<T>& method, F&& f) {
  f("theta", method.theta);
  f("centre", method.centre);
  f("log_sigma_Z", method.log_sigma_Z);
}

// ## Normalising flows
//
// The bound $E[\log p(D, z) - \log N(z_0; 0, I) + \log |\det|]$. The authors' code of both documents has another
// objective: with $y = \bar x - \Delta$ its quadratic term reads $-\frac{N}{\sigma^2} (S / N + y^2 - y z + z^2 / 2)$, in which
// the terms without $z$ stand twice as large as they should. `as_coded` adds what it adds.
enum class Objective { right, as_coded };

template <class T>
Var<T> flow_elbo(const SufficientStatistics<T>& data, const GaussianParameters<T>& theta, const Var<T>& z_0, const Moved<T>& moved,
                 Objective objective) {
  const Var<T> bound = log_joint(data, theta, moved.z) - distributions::standard_normal_log_prob(z_0) + moved.log_det;  // [n_sets, M]
  if (objective == Objective::right) return mean(bound, 1);
  const Var<T> again = (data.S + square(data.x_bar - theta.Delta) * data.N) * exp(theta.log_sigma * T(-2)) * T(-0.5);  // [n_sets, 1, d]
  return mean(bound + sum(again, -1), 1);
}

template <class T>
struct PlanarMethod {
  GaussianParameters<T> theta;
  Planar<T> flow;
  int K = 1;
  Objective objective = Objective::right;

  Var<T> elbo(const SufficientStatistics<T>& data, const Var<T>& z_0) const { return flow_elbo(data, theta, z_0, flow(z_0, K), objective); }
};
template <class T, class F>
void visit(PlanarMethod<T>& method, F&& f) {
  f("theta", method.theta);
  f("flow", method.flow);
}

template <class T>
struct AutoregressiveMethod {
  GaussianParameters<T> theta;
  Made<T> flow;
  Objective objective = Objective::right;

  Var<T> elbo(const SufficientStatistics<T>& data, const Var<T>& z_0) const { return flow_elbo(data, theta, z_0, flow(z_0), objective); }
};
template <class T, class F>
void visit(AutoregressiveMethod<T>& method, F&& f) {
  f("theta", method.theta);
  f("flow", method.flow);
}

}  // namespace hvae
