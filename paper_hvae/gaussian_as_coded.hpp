// # The objective as coded, where the truth is known
//
// For images the report's code starts the momentum at zero and charges nothing for what the steps then do to the volume
// (normalised_model.hpp). On images nobody knows $\log p(x)$; on the Gaussian model it is a formula. There the same quantity,
//
// $$E[\log p(D, z_K) - \tfrac12 |\rho_K|^2 - \log q(z_0)], \qquad z_0 \sim N(0, I), \rho_0 = 0,$$
//
// is a sum of squares. (The $\ell / 2$ that the code adds once for a batch of images is left out.)
#pragma once

#include "common/experiments/experiment.hpp"
#include "paper_hvae/gaussian_methods.hpp"

#include <span>

namespace hvae {

// The quantity, [n_sets]. `detached`: U's gradients are constants to the derivative, as in the authors' code.
template <class T>
Var<T> objective_as_coded(const HamiltonianMethod<T>& method, const SufficientStatistics<T>& data, bool detached) {
  const Var<T> precision = exp(method.theta.log_sigma * T(-2)), weight = precision * data.N, y = data.x_bar - method.theta.Delta;
  const Var<T> zero(Array<T>::zeros(y.shape())), one(Array<T>::full(y.shape(), T(1)));
  const Tempering<T> tempers = method.tempering();
  const Var<T> eps = method.epsilon(), half = eps * T(-0.5);
  Linear<T> z{one, zero, zero}, rho{zero, zero, zero};
  const auto gradient = [&] {
    Linear<T> g = z.times(weight + T(1));
    g.c = g.c - weight * y;
    return detached ? Linear<T>{stop_gradient(g.a), zero, stop_gradient(g.c)} : g;
  };
  for (int k = 0; k < method.K; ++k) {
    rho = rho.plus(half, gradient());
    z = z.plus(eps, rho);
    rho = rho.plus(half, gradient());
    if (!tempers.alpha.empty()) rho = rho.times(tempers.alpha[static_cast<std::size_t>(k)]);
  }
  const Linear<T> misfit{z.a, z.b, z.c - y};
  const Var<T> terms = method.theta.log_sigma * (-data.N) - (data.S + misfit.mean_square() * data.N) * precision * T(0.5) -
                       (z.mean_square() + rho.mean_square()) * T(0.5) + T(0.5) - static_cast<T>(0.5 * std::log(2 * std::numbers::pi)) * data.N;
  return reshape(sum(terms, -1), {terms.shape()[0]});
}

// How far above $\log p(D)$ it can go: where every $z_0$ arrives at the posterior's mode without momentum, $\log p(D, z_K)$ is $\log p(D)$ plus the
// posterior's log density there, $\frac12 \log(P / 2\pi)$ in each dimension, and $-\log q(z_0)$ adds $q$'s entropy: $\frac12 (1 + \log P)$.
inline double largest_excess(double N, std::span<const double> sigma) {
  double excess = 0;
  for (double s : sigma) excess += 0.5 * (1 + std::log(1 + N / (s * s)));
  return excess;
}

// Cells "k1", "k15" (as coded) and "k1_attached", "k15_attached" (the same quantity, its gradient exact), on one data set of N
// rows and d = 25 with the parameters at the exact maximiser.
experiments::Experiment as_coded_experiment(std::int64_t N);

}  // namespace hvae
