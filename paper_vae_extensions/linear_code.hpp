// # The best linear code
//
// What of the faces' variety is worth a latent number, when every pixel has the one variance $\sigma^2$ that the tanh leaves at
// least? For a linear decoder the answer is exact. With $p(z) = N(0, I_n)$ and $p(x \mid z) = N(W z + b, \sigma^2 I_M)$ a normal
// $q(z \mid x)$ can be the posterior itself, so the bound is the log-likelihood of $N(b, W W^\top + \sigma^2 I)$: probabilistic
// principal component analysis (Tipping and Bishop, 1999) with $\sigma^2$ given. It is best where $b$ is the mean image and the
// columns of $W$ lie along the principal components whose variance $\lambda_i$ exceeds $\sigma^2$, the $n$ greatest at most, each
// scaled to $\sqrt{\lambda_i - \sigma^2}$. Over the training images, with $r_i = \lambda_i / \sigma^2$,
//
// $$-\mathrm{mean} \log p(x) = \tfrac{M}{2} \log 2\pi\sigma^2 + \tfrac12 \sum_{i \text{ coded}} (1 + \log r_i) + \tfrac12 \sum_{i \text{ not}} r_i.$$
//
// With $\sigma^2 = 1/e$ the first term is the floor of the faces, and $n = 0$ is the decoder that answers with the mean face.
#pragma once

#include "common/experiments/experiment.hpp"

namespace vae_extensions {

struct LinearCode {
  double nats = 0;          // minus the mean log-likelihood of an image
  std::int64_t n_used = 0;  // latent numbers that are worth their divergence, at most n_latent
};

// For images whose covariance (n in the denominator) has these eigenvalues, all M of them, in any order; pixel_variance > 0.
LinearCode best_linear_code(std::vector<double> principal_variances, double pixel_variance, std::int64_t n_latent);

// The eigenvalues of the covariance of images [n, M], n >= 2, ascending.
std::vector<double> principal_variances(const tensors::Array<float>& images);

// Cell "faces": the code of all Frey faces, by latent size.
experiments::Experiment linear_code_experiment();

}  // namespace vae_extensions
