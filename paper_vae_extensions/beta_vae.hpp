// # β-VAE
//
// Row "β-VAE" of Table 1 (section 4.2.6; Higgins and others, 2017): the networks of the first row, and an objective that
// charges the divergence $\beta$ times,
//
// $$\mathcal{L}_\beta = \log p_\theta(x \mid z) - \beta\, \mathrm{KL}\left(q_\phi(z \mid x) \,\|\, p(z)\right)$$
//
// For $\beta > 1$ it lies $(\beta - 1)\,\mathrm{KL}$ below the bound $\mathcal{L}_1$ on the likelihood. The row holds
// $\mathcal{L}_4$, so it is lower than the other rows by three divergences before the models differ in anything.
//
// Paper: equation (5) has $\log p(z \mid x)$ where it means $\log p(x \mid z)$.
#pragma once

#include "paper_vae_extensions/vae.hpp"

namespace vae_extensions {

// [B], nats.
template <class T>
Var<T> beta_elbo(const Vae<T>& model, const Var<T>& x, const Var<T>& epsilon, std::type_identity_t<T> beta) {
  const Normal<T> q = model.q(x);
  return model.p(q.sample(epsilon)).log_prob(x) - q.kl_to_standard() * beta;
}

}  // namespace vae_extensions
