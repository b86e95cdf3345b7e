// # Faces: a Gaussian decoder
//
// Section 4.1 and appendix A.1: the Frey faces, 28 x 20 grey pixels in [0, 1]. Encoder $560 \to 200 \to (n, n)$ and decoder
// $n \to 200 \to (560, 560)$ with tanh; the decoder's mean passes a sigmoid, and its log-variance, in the report, a tanh:
//
// $$\log p_\theta(x \mid z) = -\tfrac12 \sum_{k=1}^{M} \left(\log 2\pi + \log \sigma_k^2 + \frac{(x_k - \mu_k)^2}{\sigma_k^2}\right),
//   \qquad \log \sigma_k^2 = \tanh(\cdot) \in (-1, 1)$$
//
// Pixels lie in [0, 1], a standard deviation is at least $e^{-1/2} = 0.61$: the model may not know a pixel better than to
// 0.61 of the whole range. Hence a floor under $-\log p(x \mid z)$ that no network and no amount of training gets below,
//
// $$\tfrac{M}{2} (\log 2\pi - 1) = 280 (\log 2\pi - 1) = 234.606 \text{ nats for } M = 560,$$
//
// and the reported values 236.67 to 245.74 are this floor, the divergence, and what the means miss, $\tfrac{e}{2} \sum_k
// (x_k - \mu_k)^2$. linear_code.hpp says what of the latter is worth its divergence.
//
// `LogVariance::free` lifts the restriction: the log-variance is bounded from below by one grey level,
// $\sigma \ge 1/255$, through a softplus (without any bound the density of a pixel that is constant over the data has no
// maximum), and not from above.
//
// Paper: the text says that the variance has the tanh; the code has it on the log-variance, as equation (6) needs.
#pragma once

#include "paper_vae_extensions/vae.hpp"

#include <numbers>

namespace vae_extensions {

enum class LogVariance { tanh, free };

// 1/2 n_pixels (log 2 pi - 1), the least value of -log p(x | z) in nats where log-variances are at least -1.
inline double tanh_floor_nats(std::int64_t n_pixels) { return 0.5 * static_cast<double>(n_pixels) * (std::log(2 * std::numbers::pi) - 1); }

template <class T>
struct FreyVae {
  Dense<T> encoder_hidden, encoder_mean, encoder_log_variance;
  Dense<T> decoder_hidden, decoder_mean, decoder_log_variance;
  LogVariance kind = LogVariance::tanh;

  FreyVae(std::int64_t n_pixels, std::int64_t n_hidden, std::int64_t n, LogVariance kind, tensors::Stream stream)
      : encoder_hidden(n_pixels, n_hidden, nn::pytorch_default, stream),
        encoder_mean(n_hidden, n, nn::pytorch_default, stream),
        encoder_log_variance(n_hidden, n, nn::pytorch_default, stream),
        decoder_hidden(n, n_hidden, nn::pytorch_default, stream),
        decoder_mean(n_hidden, n_pixels, nn::pytorch_default, stream),
        decoder_log_variance(n_hidden, n_pixels, nn::pytorch_default, stream),
        kind(kind) {}

  std::int64_t latent_size() const { return encoder_mean.bias.shape()[0]; }

  // q(z | x).
  Normal<T> q(const Var<T>& x) const {
    const Var<T> h = tanh(encoder_hidden(x));  // [B, 200]
    return {encoder_mean(h), encoder_log_variance(h) * T(0.5)};
  }

  // p(x | z), a density over grey values in [0, 1].
  Normal<T> p(const Var<T>& z) const {
    const T least = static_cast<T>(-2 * std::log(255.0));  // the log-variance of one grey level
    const Var<T> h = tanh(decoder_hidden(z));              // [B, 200]
    const Var<T> raw = decoder_log_variance(h);            // [B, 560]
    const Var<T> log_variance = kind == LogVariance::tanh ? tanh(raw) : softplus(raw - least) + least;
    return {sigmoid(decoder_mean(h)), log_variance * T(0.5)};
  }
};

template <class T, class F>
void visit(FreyVae<T>& model, F&& f) {
  f("encoder.hidden", model.encoder_hidden);
  f("encoder.mean", model.encoder_mean);
  f("encoder.log_variance", model.encoder_log_variance);
  f("decoder.hidden", model.decoder_hidden);
  f("decoder.mean", model.decoder_mean);
  f("decoder.log_variance", model.decoder_log_variance);
}

// Equation (6), [B], nats.
template <class T>
Var<T> elbo(const FreyVae<T>& model, const Var<T>& x, const Var<T>& epsilon) {
  const Normal<T> q = model.q(x);
  return model.p(q.sample(epsilon)).log_prob(x) - q.kl_to_standard();
}

}  // namespace vae_extensions
