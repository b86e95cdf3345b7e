// # The variational autoencoder of Kingma and Welling, as the report rebuilds it
//
// Xavier Sumba, Hafizur Rahman, Roger Madhu: *Improving Variational Autoencoders*, COMP 551 project report, McGill
// University, 2019 (below: the report). Rows "VAE implementation" and "VAE tuned" of its Table 1.
//
// The model: a latent code $z \in \mathbb{R}^n$ with prior $p(z) = N(0, I)$; a decoder network with one hidden layer of
// 500 units gives the logits of $p_\theta(x \mid z)$, a product of Bernoulli distributions over the 784 pixels; an
// encoder network of the same width gives mean and log-variance of the approximate posterior
// $q_\phi(z \mid x) = N(\mu, \mathrm{diag}\,\sigma^2)$.
//
// | symbol | here | shape |
// |---|---|---|
// | $x$ | `x` | [B, 784], zeros and ones |
// | $z$ | `z` | [B, n] |
// | $\epsilon \sim N(0, I)$ | `epsilon` | [B, n] |
// | $q_\phi(z \mid x)$ | `model.q(x)` | two of [B, n] |
// | $p_\theta(x \mid z)$ | `model.p(z)` | [B, 784] |
// | $\mathcal{L}$, eq. (2) | `elbo(model, x, epsilon)` | [B], nats |
// | $\log w = \log p(x, z) - \log q(z \mid x)$, eq. (7) | `log_weight(p, q, x, z)` | [B], nats |
//
// Deviations from the report's text, which follow its published code:
// 1. *Binarisation.* Every pixel with any ink becomes 0 and paper becomes 1 (the text says only that pixels above zero
//    are set to zero).
// 2. *Adam's* $\beta_2$ is 0.999 (the text says 0.99).
// 3. *Learning rate of the tuned row*: 0.01 for n = 3, 0.001 for the others; the first row has Adagrad with 0.01.
#pragma once

#include "common/distributions/bernoulli.hpp"
#include "common/distributions/normal.hpp"
#include "common/nn/layers.hpp"

namespace vae_extensions {

using autodiff::Var;
using distributions::Bernoulli;
using distributions::Normal;
using nn::Activation;
using nn::Dense;

// ## The networks
//
// $784 \to 500 \to (n, n)$ and $n \to 500 \to 784$: $784 \cdot 500 + 500 + 2 (500 n + n) + 500 n + 500 + 500 \cdot 784 +
// 784$ parameters. `activation` is tanh in the first row of the table and ReLU in the tuned one.
template <class T>
struct Vae {
  Dense<T> encoder_hidden, encoder_mean, encoder_log_variance;
  Dense<T> decoder_hidden, decoder_logits;
  Activation activation = Activation::tanh;

  Vae(std::int64_t n_pixels, std::int64_t n_hidden, std::int64_t n, Activation activation, tensors::Stream stream,
      const nn::Initialiser& initialiser = nn::pytorch_default)
      : encoder_hidden(n_pixels, n_hidden, initialiser, stream),
        encoder_mean(n_hidden, n, initialiser, stream),
        encoder_log_variance(n_hidden, n, initialiser, stream),
        decoder_hidden(n, n_hidden, initialiser, stream),
        decoder_logits(n_hidden, n_pixels, initialiser, stream),
        activation(activation) {}

  std::int64_t latent_size() const { return encoder_mean.bias.shape()[0]; }

  // The approximate posterior q(z | x).
  Normal<T> q(const Var<T>& x) const {
    const Var<T> h = activate(activation, encoder_hidden(x));  // [B, 500]
    return {encoder_mean(h), encoder_log_variance(h) * T(0.5)};
  }

  // The likelihood p(x | z).
  Bernoulli<T> p(const Var<T>& z) const {
    const Var<T> h = activate(activation, decoder_hidden(z));  // [B, 500]
    return {decoder_logits(h)};
  }
};

template <class T, class F>
void visit(Vae<T>& model, F&& f) {
  f("encoder.hidden", model.encoder_hidden);
  f("encoder.mean", model.encoder_mean);
  f("encoder.log_variance", model.encoder_log_variance);
  f("decoder.hidden", model.decoder_hidden);
  f("decoder.logits", model.decoder_logits);
}

// ## The bound
//
// Equation (2), with the expectation estimated from one draw $z = \mu + \sigma \epsilon$ and the divergence in closed
// form (the first half of equation 6):
//
// $$\mathcal{L} = \log p_\theta(x \mid z) - \mathrm{KL}\left(N(\mu, \sigma^2) \,\|\, N(0, I)\right)$$
template <class T>
Var<T> elbo(const Vae<T>& model, const Var<T>& x, const Var<T>& epsilon) {
  const Normal<T> q = model.q(x);
  const Var<T> z = q.sample(epsilon);  // [B, n]
  return model.p(z).log_prob(x) - q.kl_to_standard();
}

// What training minimises: the mean of $-\mathcal{L}$ over the batch, a scalar.
template <class T>
Var<T> loss(const Vae<T>& model, const Var<T>& x, const Var<T>& epsilon) {
  return -mean(elbo(model, x, epsilon));
}

// ## Importance weights
//
// $\log w = \log p(x \mid z) + \log p(z) - \log q(z \mid x)$ for $z \sim q(z \mid x)$. The mean of $w$ over draws is an
// unbiased estimate of $p(x)$; the mean of $\log w$ is the ELBO, here with a sampled divergence.
// Here $p = p(\cdot \mid z)$ and $q = q(\cdot \mid x)$, of whichever row has one code.
template <class T, class Likelihood>
Var<T> log_weight(const Likelihood& p, const Normal<T>& q, const Var<T>& x, const Var<T>& z) {
  return p.log_prob(x) + distributions::standard_normal_log_prob(z) - q.log_prob(z);
}

}  // namespace vae_extensions
