// The convolutional VAE of the HVAE authors (Caterini et al., 2018): three convolutions of 5 x 5 with stride 2 and SAME
// padding, 28 -> 14 -> 7 -> 4, dense layers to a code of 64, and the same way back; softplus throughout.
#pragma once

#include "common/nn/convolution.hpp"
#include "common/nn/layers.hpp"

#include <array>

namespace conv_vae {

using autodiff::Var;
using nn::Shape;

constexpr std::int64_t n_pixels = 784, n_latent = 64;

template <class T>
struct ConvVae {
  std::array<nn::Conv2d<T>, 3> down;
  nn::Dense<T> encoder_hidden, mean, deviation;
  nn::Dense<T> decoder_hidden, to_image;
  std::array<nn::ConvTranspose2d<T>, 3> up;

  explicit ConvVae(tensors::Stream stream)
      : encoder_hidden(512, 450, nn::pytorch_default, stream),
        mean(450, n_latent, nn::pytorch_default, stream),
        deviation(450, n_latent, nn::pytorch_default, stream),
        decoder_hidden(n_latent, 450, nn::pytorch_default, stream),
        to_image(450, 512, nn::pytorch_default, stream) {
    constexpr std::int64_t channels[] = {1, 16, 32, 32}, extents[] = {28, 14, 7, 4};
    const nn::Extents kernel{5, 5};
    for (std::size_t i = 0; i < 3; ++i) {
      const nn::Extents large{extents[i], extents[i]};
      const auto geometry = tensors::same_padding(large, kernel, 2);
      down[i] = nn::Conv2d<T>(channels[i], channels[i + 1], kernel, geometry, nn::pytorch_default, stream);
      up[2 - i] = nn::ConvTranspose2d<T>(channels[i + 1], channels[i], kernel, geometry, large, nn::pytorch_default, stream);
    }
  }

  // The logits of the pixels, [B, 64] -> [B, 784].
  Var<T> logits(const Var<T>& z) const {
    Var<T> h = reshape(softplus(to_image(softplus(decoder_hidden(z)))), Shape{z.shape()[0], 32, 4, 4});
    h = up[2](softplus(up[1](softplus(up[0](h)))));
    return reshape(h, Shape{z.shape()[0], n_pixels});
  }
};

template <class T, class F>
void visit(ConvVae<T>& model, F&& f) {
  f("down", model.down);
  f("encoder_hidden", model.encoder_hidden);
  f("mean", model.mean);
  f("deviation", model.deviation);
  f("decoder_hidden", model.decoder_hidden);
  f("to_image", model.to_image);
  f("up", model.up);
}

// The mean of -ELBO over the batch x [B, 784], with the divergence in closed form and noise epsilon [B, 64].
template <class T>
Var<T> loss(const ConvVae<T>& model, const Var<T>& x, const Var<T>& epsilon) {
  Var<T> h = reshape(x, Shape{x.shape()[0], 1, 28, 28});
  for (const nn::Conv2d<T>& layer : model.down) h = softplus(layer(h));
  h = softplus(model.encoder_hidden(reshape(h, Shape{x.shape()[0], 512})));
  const Var<T> mean = model.mean(h), deviation = softplus(model.deviation(h));
  const Var<T> log_likelihood = bernoulli_log_prob(x, model.logits(mean + deviation * epsilon));
  const Var<T> kl = sum(square(mean) + square(deviation) - T(2) * log(deviation) - T(1), -1) * T(0.5);
  return autodiff::mean(kl - log_likelihood);
}

}  // namespace conv_vae
