// # Hamiltonian flow: Algorithm 1
//
// Anthony L. Caterini, Arnaud Doucet, Dino Sejdinovic: *Hamiltonian Variational Auto-Encoder*, NeurIPS 2018 (below: the
// paper); used again by Daniil Selikhanovych, Aleksandr Artemenkov, Igor Karpikov: *Hamiltonian Variational Auto-Encoder*,
// report, Skoltech (below: the report). Both programs, and both of their models, drive this file.
//
// A position $z_0 \sim q^0(z)$ and a momentum $\rho_0 = \gamma / \sqrt{\beta_0}$, $\gamma \sim N(0, I)$, are carried
// through $K$ leapfrog steps of the dynamics with potential $U(z) = -\log p(x, z)$; after step $k$ the momentum is
// multiplied by $\alpha_k \le 1$ (tempering), with $\prod_k \alpha_k = \sqrt{\beta_0}$. A leapfrog step has unit
// Jacobian and tempering has $\alpha_k^\ell$, so the density at the end is known and
//
// $$\log \hat p = \log p(x, z_K) - \tfrac12 |\rho_K|^2 - \log q^0(z_0) + \tfrac12 |\gamma|^2$$
//
// is the logarithm of an unbiased estimate of $p(x)$ (equation 6; the powers of $\beta_0$ in the density of $\rho_0$ and
// in the Jacobian cancel). Its mean is the bound; equation (12) puts $\ell/2$ in the place of $|\gamma|^2/2$.
//
// | symbol | here | shape |
// |---|---|---|
// | $z_k, \rho_k$ | `state.z`, `state.rho` | [.., l] |
// | $\varepsilon$ | `epsilon[k]`, or `epsilon[0]` for all steps | broadcasts to [.., l] |
// | $\alpha_k$ | `tempering.alpha[k - 1]` | broadcasts to [.., l] |
// | $\log \beta_0$ | `tempering.log_beta_0` | broadcasts to [.., l] |
// | $\nabla U$ | `grad_U(z)` | [.., l] |
//
// The leading axes carry images, draws, or whole data sets; nothing here depends on them. The potential's gradient is
// taken by `grad_U`, whatever it is made of; when it differentiates (autodiff::grad), the flow's own derivative contains
// its second derivatives, exactly.
#pragma once

#include "common/autodiff/functions.hpp"
#include "common/distributions/normal.hpp"

#include <string>
#include <vector>

namespace hvae {

using autodiff::Var;

template <class T>
struct PhaseState {
  Var<T> z, rho;
};

// ## Tempering
template <class T>
struct Tempering {
  std::vector<Var<T>> alpha;  // K factors; empty: all are 1
  Var<T> log_beta_0 = Var<T>(T(0));

  // rho_0 = gamma / sqrt(beta_0).
  Var<T> initial_momentum(const Var<T>& gamma) const { return alpha.empty() ? gamma : gamma * exp(log_beta_0 * T(-0.5)); }
};

template <class T>
Tempering<T> no_tempering() {
  return {};
}

// Every $\alpha_k$ is a parameter in (0, 1): $\beta_0 = \prod_k \alpha_k^2$.
template <class T>
Tempering<T> free_tempering(std::vector<Var<T>> alpha) {
  tensors::require(!alpha.empty(), "free_tempering: no steps");
  Var<T> log_product = log(alpha[0]);
  for (std::size_t k = 1; k < alpha.size(); ++k) log_product = log_product + log(alpha[k]);
  return {std::move(alpha), log_product * T(2)};
}

// What falls quadratically from its start to 1 over the steps, $s_k = s_0 + (1 - s_0) k^2 / K^2$, differs between the
// authors' two experiments; the momentum is multiplied by the root of $\beta_{k-1} / \beta_k$ either way.
enum class Schedule {
  root_inverse_beta,  // s = 1 / sqrt(beta): the Gaussian model's code, here and in the report
  inverse_beta,       // s = 1 / beta: the MNIST code
};

// Fixed tempering: one parameter, $s_0 > 1$.
template <class T>
Tempering<T> fixed_tempering(const Var<T>& s_0, int K, Schedule schedule) {
  tensors::require(K >= 1, "fixed_tempering: {} steps", K);
  const bool root = schedule == Schedule::root_inverse_beta;
  Tempering<T> tempering;
  Var<T> before = s_0;
  for (int k = 1; k <= K; ++k) {
    const Var<T> s_k = s_0 + (T(1) - s_0) * static_cast<T>(static_cast<double>(k) * k / (static_cast<double>(K) * K));
    tempering.alpha.push_back(root ? s_k / before : sqrt(s_k / before));
    before = s_k;
  }
  tempering.log_beta_0 = log(s_0) * T(root ? -2 : -1);
  return tempering;
}

// What is learned of it, unconstrained: fixed tempering has $s_0 = 1 + e^{\cdot}$, free tempering $\alpha_k =
// \mathrm{sigmoid}(\cdot)$.
enum class TemperingKind { none, fixed, free };

inline TemperingKind tempering_from(const std::string& name) {
  return name == "none" ? TemperingKind::none : name == "fixed" ? TemperingKind::fixed : TemperingKind::free;
}

template <class T>
Tempering<T> learned_tempering(TemperingKind kind, int K, Schedule schedule, const Var<T>& log_tempering, const std::vector<Var<T>>& logit_alpha) {
  if (K == 0 || kind == TemperingKind::none) return no_tempering<T>();
  if (kind == TemperingKind::fixed) return fixed_tempering(exp(log_tempering) + T(1), K, schedule);
  std::vector<Var<T>> alpha;
  for (const Var<T>& logit : logit_alpha) alpha.push_back(sigmoid(logit));
  return free_tempering(std::move(alpha));
}

// ## The flow
//
// Equations (7) to (9), K times; the gradient at the end of a step is the one at the start of the next. `epsilon` has one
// entry for all steps, or one for each.
template <class T, class Gradient>
PhaseState<T> hamiltonian_flow(PhaseState<T> state, int K, const std::vector<Var<T>>& epsilon, const Tempering<T>& tempering, Gradient&& grad_U) {
  tensors::require(K >= 0, "hamiltonian_flow: {} steps", K);
  if (K == 0) return state;
  const auto n_steps = static_cast<std::size_t>(K);
  tensors::require(epsilon.size() == 1 || epsilon.size() == n_steps, "hamiltonian_flow: {} step sizes for {} steps", epsilon.size(), K);
  tensors::require(tempering.alpha.empty() || tempering.alpha.size() == n_steps, "hamiltonian_flow: {} tempering factors for {} steps",
                   tempering.alpha.size(), K);
  Var<T> gradient = grad_U(state.z);
  for (std::size_t k = 0; k < n_steps; ++k) {
    const Var<T>& eps = epsilon[epsilon.size() == 1 ? 0 : k];
    const Var<T> minus_half = eps * T(-0.5);
    state.rho = add_product(state.rho, minus_half, gradient);  // (7)
    state.z = add_product(state.z, eps, state.rho);            // (8)
    gradient = grad_U(state.z);
    state.rho = add_product(state.rho, minus_half, gradient);  // (9)
    if (!tempering.alpha.empty()) state.rho = tempering.alpha[k] * state.rho;
  }
  return state;
}

// ## The estimators
//
// What both share: $\log p(x, z_K) - \frac12 |\rho_K|^2 - \log q^0(z_0)$, for log-densities of shape [..].
template <class T>
Var<T> flow_log_ratio(const Var<T>& log_joint_at_end, const Var<T>& rho_K, const Var<T>& log_q_at_start) {
  return log_joint_at_end - sum(square(rho_K), -1) * T(0.5) - log_q_at_start;
}

// One draw of $\log \hat p$, equation (6): its exponential has mean p(x).
template <class T>
Var<T> log_p_hat(const Var<T>& log_ratio, const Var<T>& gamma) {
  return log_ratio + sum(square(gamma), -1) * T(0.5);
}

// One draw of the bound's integrand, equation (12): the same mean as log_p_hat, with the momentum's entropy in closed form.
template <class T>
Var<T> elbo_draw(const Var<T>& log_ratio, std::int64_t n_latent) {
  return log_ratio + static_cast<T>(n_latent) * T(0.5);
}

}  // namespace hvae
