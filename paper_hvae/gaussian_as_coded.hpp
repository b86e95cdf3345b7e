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
  return expectation_at_end(method, data, Var<T>(T(0)), T(0.5), detached);
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
