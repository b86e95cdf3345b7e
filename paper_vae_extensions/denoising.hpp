// # Denoising variational autoencoder
//
// Row "DVAE" of Table 1 (section 4.2.5; Im, Ahn, Memisevic and Bengio, 2017). The networks are those of the tuned row; the
// encoder sees a damaged image $\tilde{x} \sim p(\tilde{x} \mid x)$, and the decoder has to explain the undamaged one:
//
// $$\mathcal{L} = \log p_\theta(x \mid z) - \mathrm{KL}\left(q_\phi(z \mid \tilde{x}) \,\|\, p(z)\right),\qquad z \sim q_\phi(z \mid \tilde{x})$$
//
// Whatever $\tilde{x}$ is, this is a lower bound on $\log p_\theta(x)$, because the bound holds for any distribution of
// codes. So a bound "with noise at test" and one "without" are bounds on the same quantity, and damage that the encoder
// does not profit from can only loosen it.
//
// Paper: equation (4) has $p_\theta(\tilde{x} \mid x)$, as if the damage had parameters to be learnt; it has none.
#pragma once

#include "paper_vae_extensions/vae.hpp"

namespace vae_extensions {

// Salt and pepper: of each image's pixels a share `rate` is replaced, half by ones and half by zeros. `uniform` has the
// shape of x and decides where, one number in (0, 1) a pixel.
template <class T>
tensors::Array<T> salt_and_pepper(const tensors::Array<T>& x, T rate, const tensors::Array<T>& uniform) {
  tensors::require(x.shape() == uniform.shape(), "salt and pepper: x is {}, uniform is {}", x.shape(), uniform.shape());
  tensors::Array<T> damaged = x.copy();
  T* pixels = damaged.mutable_data();
  for (std::int64_t i = 0; i < x.size(); ++i) {
    if (uniform[i] < rate / 2) pixels[i] = 1;
    else if (uniform[i] > 1 - rate / 2) pixels[i] = 0;
  }
  return damaged;
}

// The bound of every image in nats, [B]: `damaged` and `x` are [B, 784].
template <class T>
Var<T> denoising_elbo(const Vae<T>& model, const Var<T>& x, const Var<T>& damaged, const Var<T>& epsilon) {
  const Normal<T> q = model.q(damaged);
  return model.p(q.sample(epsilon)).log_prob(x) - q.kl_to_standard();
}

}  // namespace vae_extensions
