// # The report's networks
//
// Tables 5 and 6 of the report, with PyTorch's default initialisation. $\ell = 64$; every convolution is 5 x 5.
//
// | encoder | decoder |
// |---|---|
// | norm(1), conv 1 - 16, stride 2, softplus: 14 x 14 | norm(64), dense 64 - 450, softplus |
// | norm(16), conv 16 - 32, stride 2, softplus: 7 x 7 | norm(450), dense 450 - 512, softplus, as 32 x 4 x 4 |
// | norm(32), conv 32 - 32, stride 2: 4 x 4 | norm(32), conv 32 - 32, softplus; enlarged to 7 x 7 |
// | norm(32), dense 512 - 450, softplus | norm(32), conv 32 - 16, softplus; enlarged to 14 x 14 |
// | norm(450), dense 450 - 128: mean, log deviation | norm(16), conv 16 - 16, softplus; enlarged to 28 x 28 |
// | | conv 16 - 1: the logits |
//
// Paper: Table 6 prints the extents after the enlargement in the softplus' row (32 x 7 x 7 after 32 x 4 x 4); softplus and
// copying pixels commute, so it makes no difference that ours comes first.
//
// ## A normalisation is part of the next layer
//
// In training a normalisation takes mean and variance from the batch, so the decoder's image of one code depends on all
// other codes: no density $p_\theta(x \mid z)$, and a potential of one image whose gradient moves the others. Once the statistics are
// *given*, a normalisation is $y = s x + t$, channel by channel, and disappears in the layer behind it: a convolution by $w$ of $y$ is
// one of $x$ by $w s$, plus the convolution of the constant image $t$ (with zeros around it: an image, not a number). `fixed`
// makes that decoder, once for each batch, from the statistics that a pass over given codes meets, or from the running ones.
// The statistics stay functions of the parameters and of those codes: training differentiates them as PyTorch does.
#pragma once

#include "common/autodiff/convolution.hpp"
#include "common/distributions/normal.hpp"
#include "common/nn/batch_norm.hpp"
#include "common/nn/convolution.hpp"
#include "common/nn/layers.hpp"

#include <array>
#include <string>

namespace hvae {

using autodiff::Var;
using distributions::Normal;
using nn::Pass;
using tensors::Array;
using tensors::Shape;
using tensors::Stream;

struct NormalisedSizes {
  std::int64_t extent = 28;                                      // of the square image
  std::array<std::int64_t, 4> encoder_channels{1, 16, 32, 32};   // of the image, and after each convolution
  std::array<std::int64_t, 5> decoder_channels{32, 32, 16, 16, 1};
  std::int64_t hidden = 450, latent = 64;

  std::int64_t pixels() const { return extent * extent; }
  // After so many halvings, the odd row kept: 28, 14, 7, 4.
  std::int64_t extent_after(int halvings) const { return halvings == 0 ? extent : (extent_after(halvings - 1) + 1) / 2; }
  std::int64_t units() const { return encoder_channels[3] * extent_after(3) * extent_after(3); }  // of the smallest image: 512
};

template <class T>
struct NormalisedEncoder {
  NormalisedSizes sizes;
  std::array<nn::BatchNorm<T>, 4> image_norms;
  std::array<nn::Conv2d<T>, 3> convolutions;
  nn::Dense<T> hidden;
  nn::BatchNorm<T> hidden_norm;
  nn::Dense<T> code;

  NormalisedEncoder(const NormalisedSizes& sizes, Stream& stream)
      : sizes(sizes), hidden(sizes.units(), sizes.hidden, nn::pytorch_default, stream), hidden_norm(sizes.hidden),
        code(sizes.hidden, 2 * sizes.latent, nn::pytorch_default, stream) {
    for (std::size_t i = 0; i < 4; ++i) image_norms[i] = nn::BatchNorm<T>(sizes.encoder_channels[i]);
    for (std::size_t i = 0; i < 3; ++i)
      convolutions[i] = nn::Conv2d<T>(sizes.encoder_channels[i], sizes.encoder_channels[i + 1], {5, 5}, tensors::even_padding(2, 2),
                                      nn::pytorch_default, stream);
  }

  // q(z | x) for x [B, pixels].
  Normal<T> operator()(const Var<T>& x, const Pass<T>& pass) const {
    const std::int64_t B = x.shape()[0];
    Var<T> h = reshape(x, Shape{B, 1, sizes.extent, sizes.extent});
    for (std::size_t i = 0; i < 3; ++i) {
      h = convolutions[i](image_norms[i](h, pass));
      if (i < 2) h = softplus(h);
    }
    h = softplus(hidden(reshape(image_norms[3](h, pass), Shape{B, sizes.units()})));
    const Var<T> both = code(hidden_norm(h, pass));
    return {slice(both, 1, 0, sizes.latent), slice(both, 1, sizes.latent, sizes.latent)};
  }
};
template <class T, class F>
void visit(NormalisedEncoder<T>& encoder, F&& f) {
  f("image_norms", encoder.image_norms);
  f("convolutions", encoder.convolutions);
  f("hidden", encoder.hidden);
  f("hidden_norm", encoder.hidden_norm);
  f("code", encoder.code);
}

// ## The decoder

// Its way from code to image, for layers that may or may not have a normalisation left in them: dense(i, h), i = 0, 1, and
// conv(i, h, enlarged), i = 0 .. 3, of an image whose pixels are doubled first where `enlarged` says so.
template <class T, class DenseLayer, class ConvLayer>
Var<T> decode(const NormalisedSizes& sizes, const Var<T>& z, const DenseLayer& dense, const ConvLayer& conv) {
  const std::int64_t B = z.shape()[0];
  Var<T> h = softplus(dense(1, softplus(dense(0, z))));
  h = reshape(h, Shape{B, sizes.decoder_channels[0], sizes.extent_after(3), sizes.extent_after(3)});
  for (std::size_t i = 0; i < 4; ++i) {
    const std::int64_t extent = sizes.extent_after(3 - static_cast<int>(i));  // 4, 7, 14, 28
    const bool doubled = extent == 2 * h.shape()[2];
    if (!doubled && extent != h.shape()[2]) h = upsample(h, {extent, extent});
    h = conv(i, h, doubled);
    if (i < 3) h = softplus(h);
  }
  return h;
}

template <class T>
Var<T> convolved(const Var<T>& h, const Var<T>& weight, bool doubled) {
  return doubled ? conv_of_upsampled(h, weight) : autodiff::conv(h, weight, tensors::even_padding(1, 2));
}

// The decoder under fixed statistics: a function of each code alone.
template <class T>
struct FixedDecoder {
  NormalisedSizes sizes;
  std::array<nn::Dense<T>, 2> dense;
  std::array<Var<T>, 4> weights, offsets;  // of the convolutions; an offset is [1, C, H, W], or [C, 1, 1]

  // [B, l] -> [B, pixels].
  Var<T> logits(const Var<T>& z) const {
    const Var<T> image = decode(
        sizes, z, [&](std::size_t i, const Var<T>& h) { return dense[i](h); },
        [&](std::size_t i, const Var<T>& h, bool doubled) { return convolved(h, weights[i], doubled) + offsets[i]; });
    return reshape(image, Shape{z.shape()[0], sizes.pixels()});
  }

  // log p(x, z), [B].
  Var<T> log_joint(const Var<T>& x, const Var<T>& z) const {
    return bernoulli_log_prob(x, logits(z)) + distributions::standard_normal_log_prob(z);
  }

  // z -> grad U(z), each row's own.
  auto potential_gradient(const Var<T>& x) const {
    return autodiff::grad<T>([this, x](const Var<T>& z) { return -sum(log_joint(x, z)); });
  }
};
template <class T, class F>
void visit(FixedDecoder<T>& decoder, F&& f) {
  f("dense", decoder.dense);
  f("weights", decoder.weights);
  f("offsets", decoder.offsets);
}

template <class T>
struct NormalisedDecoder {
  NormalisedSizes sizes;
  std::array<nn::BatchNorm<T>, 2> code_norms;
  std::array<nn::Dense<T>, 2> dense;
  std::array<nn::BatchNorm<T>, 3> image_norms;
  std::array<nn::Conv2d<T>, 4> convolutions;

  NormalisedDecoder(const NormalisedSizes& sizes, Stream& stream)
      : sizes(sizes), code_norms{nn::BatchNorm<T>(sizes.latent), nn::BatchNorm<T>(sizes.hidden)},
        dense{nn::Dense<T>(sizes.latent, sizes.hidden, nn::pytorch_default, stream),
              nn::Dense<T>(sizes.hidden, sizes.units(), nn::pytorch_default, stream)} {
    for (std::size_t i = 0; i < 3; ++i) image_norms[i] = nn::BatchNorm<T>(sizes.decoder_channels[i]);
    for (std::size_t i = 0; i < 4; ++i)
      convolutions[i] = nn::Conv2d<T>(sizes.decoder_channels[i], sizes.decoder_channels[i + 1], {5, 5}, tensors::even_padding(1, 2),
                                      nn::pytorch_default, stream);
  }

  // [B, l] -> [B, pixels], normalised as the pass says. (Doubling the pixels leaves mean and biased variance as they are.)
  Var<T> logits(const Var<T>& z, const Pass<T>& pass) const {
    const Var<T> image = decode(
        sizes, z, [&](std::size_t i, const Var<T>& h) { return dense[i](code_norms[i](h, pass)); },
        [&](std::size_t i, const Var<T>& h, bool doubled) {
          const Var<T> y = i < 3 ? image_norms[i](h, pass) : h;
          return nn::detail::add_to_channels(convolved(y, convolutions[i].weight, doubled), convolutions[i].bias);
        });
    return reshape(image, Shape{z.shape()[0], sizes.pixels()});
  }

  // With the statistics that a pass of this kind over z meets: fixed(z, pass).logits(z) is logits(z, pass).
  FixedDecoder<T> fixed(const Var<T>& z, const Pass<T>& pass) const {
    FixedDecoder<T> result{sizes, {}, {}, {}};
    decode(
        sizes, z,
        [&](std::size_t i, const Var<T>& h) {
          const auto [scale, shift] = affine_of(code_norms[i], h, pass);
          result.dense[i].weight = dense[i].weight * reshape(scale, Shape{scale.shape()[0], 1});
          result.dense[i].bias = reshape(matmul(reshape(shift, Shape{1, shift.shape()[0]}), dense[i].weight), dense[i].bias.shape()) + dense[i].bias;
          return result.dense[i](h);
        },
        [&](std::size_t i, const Var<T>& h, bool doubled) {
          const Var<T> bias = reshape(convolutions[i].bias, Shape{convolutions[i].bias.shape()[0], 1, 1});
          if (i == 3) {  // nothing is normalised here, and nothing follows that needs the image
            result.weights[i] = convolutions[i].weight;
            result.offsets[i] = bias;
            return h;
          }
          const auto [scale, shift] = affine_of(image_norms[i], h, pass);
          const std::int64_t C = scale.shape()[0], extent = h.shape()[2] * (doubled ? 2 : 1);
          const Var<T> constant = broadcast_to(reshape(shift, Shape{1, C, 1, 1}), Shape{1, C, extent, extent});
          result.weights[i] = convolutions[i].weight * reshape(scale, Shape{1, C, 1, 1});
          result.offsets[i] = convolved(constant, convolutions[i].weight, false) + bias;
          return convolved(h, result.weights[i], doubled) + result.offsets[i];
        });
    return result;
  }
  // In evaluation: the running statistics.
  FixedDecoder<T> fixed() const { return fixed(Var<T>(Array<T>::zeros({1, sizes.latent})), Pass<T>::evaluation()); }

 private:
  // s and t of y = s x + t, [C].
  static std::pair<Var<T>, Var<T>> affine_of(const nn::BatchNorm<T>& norm, const Var<T>& x, const Pass<T>& pass) {
    Var<T> mean(norm.running_mean.value), variance(norm.running_variance.value);
    if (pass.is_training()) {
      const Shape per_channel = autodiff::per_channel(norm.weight, x.shape()).shape();
      const std::int64_t n = x.shape().size() / norm.weight.shape()[0];
      tensors::require(n > 1, "batch normalisation: {} has {} value a channel; training needs two", x.shape(), n);
      const Var<T> centre = sum_to(x, per_channel) / static_cast<T>(n);
      mean = reshape(centre, norm.weight.shape());
      variance = reshape(sum_to(square(x - centre), per_channel), norm.weight.shape()) / static_cast<T>(n);
      if (pass.met()) {
        const Var<T> unbiased = Var<T>(variance.value()) * (static_cast<T>(n) / static_cast<T>(n - 1));
        pass.met()->note(norm.running_mean, norm.running_variance, mean.value(), unbiased.value(), norm.momentum);
      }
    }
    const Var<T> scale = norm.weight * pow(variance + norm.epsilon, T(-0.5));
    return {scale, norm.bias - mean * scale};
  }
};
template <class T, class F>
void visit(NormalisedDecoder<T>& decoder, F&& f) {
  f("code_norms", decoder.code_norms);
  f("dense", decoder.dense);
  f("image_norms", decoder.image_norms);
  f("convolutions", decoder.convolutions);
}

}  // namespace hvae
