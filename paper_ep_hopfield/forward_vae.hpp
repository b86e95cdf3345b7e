// # The baseline
//
// F-VAE (section 4): a feed-forward encoder and decoder with one hidden layer of sigmoids each, a hyperbolic tangent at the
// decoder's output, trained by back-propagation on the same objective: $784 \to h \to (L, L)$ and $L \to h \to 784$.
#pragma once

#include "common/nn/layers.hpp"
#include "paper_ep_hopfield/objective.hpp"

namespace ep_hopfield {

template <class T>
struct ForwardVae {
  nn::Dense<T> encoder_hidden, encoder_code;  // the code is [mean, log-variance], [B, 2 L]
  nn::Dense<T> decoder_hidden, decoder_image;

  ForwardVae(std::int64_t n_pixels, std::int64_t n_hidden, std::int64_t n_latent, tensors::Stream stream)
      : encoder_hidden(n_pixels, n_hidden, nn::glorot, stream), encoder_code(n_hidden, 2 * n_latent, nn::glorot, stream),
        decoder_hidden(n_latent, n_hidden, nn::glorot, stream), decoder_image(n_hidden, n_pixels, nn::glorot, stream) {}

  std::int64_t latent_size() const { return decoder_hidden.weight.shape()[0]; }
  Var<T> encode(const Var<T>& x) const { return encoder_code(sigmoid(encoder_hidden(x))); }
  Var<T> decode(const Var<T>& z) const { return tanh(decoder_image(sigmoid(decoder_hidden(z)))); }
};

template <class T, class F>
void visit(ForwardVae<T>& model, F&& f) {
  f("encoder.hidden", model.encoder_hidden);
  f("encoder.code", model.encoder_code);
  f("decoder.hidden", model.decoder_hidden);
  f("decoder.image", model.decoder_image);
}

template <class T>
Losses<T> losses(const ForwardVae<T>& model, const Var<T>& x, const Var<T>& epsilon) {
  const Code<T> q = split_code(model.encode(x));
  return {half_sse(model.decode(q.sample(epsilon)), x), kl(q)};
}

}  // namespace ep_hopfield
