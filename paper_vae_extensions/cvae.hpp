// # Conditional variational autoencoder
//
// Row "CVAE" of Table 1 (section 4.2.3; Sohn, Lee and Yan, 2015). The label $y$, one-hot, stands beside the image at the
// encoder and beside the code at the decoder: $794 \to 500 \to (n, n)$ and $n + 10 \to 500 \to 784$. The bound is one on
// the conditional likelihood:
//
// $$\log p_\theta(x \mid y) \ge \log p_\theta(x \mid z, y) - \mathrm{KL}\left(q_\phi(z \mid x, y) \,\|\, p(z)\right)$$
//
// It is not the quantity of the other rows. With ten equally likely labels $\log p(x) \ge \log p(x \mid y) - \log 10$, so up
// to $\log 10 = 2.30$ nats of its lead are the label itself, told and not paid for.
//
// Deviation from the report's text, following its code: the activation is tanh ("the same settings from section 4.2.1"
// would be ReLU).
//
// Paper: equation (3) has $\log p(y \mid x, z)$ where it means $\log p(x \mid y, z)$.
#pragma once

#include "paper_vae_extensions/vae.hpp"

namespace vae_extensions {

template <class T>
struct Cvae {
  Dense<T> encoder_hidden, encoder_mean, encoder_log_variance;
  Dense<T> decoder_hidden, decoder_logits;
  Activation activation = Activation::tanh;

  Cvae(std::int64_t n_pixels, std::int64_t n_labels, std::int64_t n_hidden, std::int64_t n, Activation activation, tensors::Stream stream)
      : encoder_hidden(n_pixels + n_labels, n_hidden, nn::pytorch_default, stream),
        encoder_mean(n_hidden, n, nn::pytorch_default, stream),
        encoder_log_variance(n_hidden, n, nn::pytorch_default, stream),
        decoder_hidden(n + n_labels, n_hidden, nn::pytorch_default, stream),
        decoder_logits(n_hidden, n_pixels, nn::pytorch_default, stream),
        activation(activation) {}

  std::int64_t latent_size() const { return encoder_mean.bias.shape()[0]; }

  // q(z | x, y); y is [B, 10].
  Normal<T> q(const Var<T>& x, const Var<T>& y) const {
    const Var<T> h = activate(activation, encoder_hidden(nn::conditioned(x, y)));  // [B, 500]
    return {encoder_mean(h), encoder_log_variance(h) * T(0.5)};
  }

  // p(x | z, y).
  Bernoulli<T> p(const Var<T>& z, const Var<T>& y) const {
    const Var<T> h = activate(activation, decoder_hidden(nn::conditioned(z, y)));  // [B, 500]
    return {decoder_logits(h)};
  }
};

template <class T, class F>
void visit(Cvae<T>& model, F&& f) {
  f("encoder.hidden", model.encoder_hidden);
  f("encoder.mean", model.encoder_mean);
  f("encoder.log_variance", model.encoder_log_variance);
  f("decoder.hidden", model.decoder_hidden);
  f("decoder.logits", model.decoder_logits);
}

// [B], nats.
template <class T>
Var<T> elbo(const Cvae<T>& model, const Var<T>& x, const Var<T>& y, const Var<T>& epsilon) {
  const Normal<T> q = model.q(x, y);
  return model.p(q.sample(epsilon), y).log_prob(x) - q.kl_to_standard();
}

}  // namespace vae_extensions
