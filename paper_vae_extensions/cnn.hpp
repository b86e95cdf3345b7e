// # The convolutional model
//
// Row "VAE CNN" of Table 1 (section 4.2.2, appendix A.2, Figure 2). Sizes, strides and paddings are those of the authors'
// code; the figure that should give them is not legible in the text at hand.
//
// | layer | kernel, stride, padding | image |
// |---|---|---|
// | $x$ | | 1 x 28 x 28 |
// | batch normalisation, convolution | 4, 2, 3 | 32 x 16 x 16 |
// | batch normalisation, leaky ReLU, convolution | 4, 2, 1 | 64 x 8 x 8 |
// | batch normalisation, leaky ReLU, dense | | mean and log-variance of $z$ |
// | dense | | 64 x 8 x 8 |
// | transposed convolution | 2, 2, 1 | 32 x 14 x 14 |
// | batch normalisation, ReLU, transposed convolution | 4, 2, 1 | logits, 1 x 28 x 28 |
//
// The decoder's dense layer has no activation, and its first transposed convolution neither overlaps nor covers the border:
// the authors' choices, kept.
//
// Batch normalisation makes the objective of a training batch a function of the whole batch: $\mathcal{L}$ of one image
// then depends on the 99 others. Only in evaluation, by running statistics, is it a bound on $\log p(x)$ of that image.
#pragma once

#include "common/nn/batch_norm.hpp"
#include "common/nn/convolution.hpp"
#include "paper_vae_extensions/rounded_likelihood.hpp"
#include "paper_vae_extensions/vae.hpp"

namespace vae_extensions {

using nn::BatchNorm;
using nn::Pass;

// The image's edge (a multiple of 4) and the channels after each convolution.
struct CnnSizes {
  std::int64_t edge = 28, channels_1 = 32, channels_2 = 64;
};

template <class T>
struct CnnVae {
  CnnSizes sizes;
  BatchNorm<T> norm_0, norm_1, norm_2;
  nn::Conv2d<T> conv_1, conv_2;
  Dense<T> encoder_mean, encoder_log_variance;
  Dense<T> decoder_dense;
  nn::ConvTranspose2d<T> up_1, up_2;
  BatchNorm<T> norm_3;

  CnnVae(const CnnSizes& sizes, std::int64_t n, tensors::Stream stream)
      : sizes(sizes), norm_0(1), norm_1(sizes.channels_1), norm_2(sizes.channels_2), norm_3(sizes.channels_1) {
    using tensors::even_padding;
    tensors::require(sizes.edge >= 4 && sizes.edge % 4 == 0, "cnn: an edge of {} is not a multiple of 4", sizes.edge);
    const std::int64_t half = sizes.edge / 2, flat = sizes.channels_2 * code_edge() * code_edge();
    conv_1 = {1, sizes.channels_1, {4, 4}, even_padding(2, 3), nn::pytorch_default, stream};
    conv_2 = {sizes.channels_1, sizes.channels_2, {4, 4}, even_padding(2, 1), nn::pytorch_default, stream};
    encoder_mean = {flat, n, nn::pytorch_default, stream};
    encoder_log_variance = {flat, n, nn::pytorch_default, stream};
    decoder_dense = {n, flat, nn::pytorch_default, stream};
    up_1 = {sizes.channels_2, sizes.channels_1, {2, 2}, even_padding(2, 1), {half, half}, nn::pytorch_default, stream};
    up_2 = {sizes.channels_1, 1, {4, 4}, even_padding(2, 1), {sizes.edge, sizes.edge}, nn::pytorch_default, stream};
  }

  std::int64_t latent_size() const { return encoder_mean.bias.shape()[0]; }
  std::int64_t code_edge() const { return sizes.edge / 4 + 1; }  // of the innermost image: 8

  // q(z | x); x is [B, 784].
  Normal<T> q(const Var<T>& x, const Pass<T>& pass) const {
    const std::int64_t n_images = x.shape()[0];
    Var<T> h = conv_1(norm_0(reshape(x, {n_images, 1, sizes.edge, sizes.edge}), pass));         // [B, 32, 16, 16]
    h = conv_2(leaky_relu(norm_1(h, pass)));                                                    // [B, 64, 8, 8]
    h = reshape(leaky_relu(norm_2(h, pass)), {n_images, encoder_mean.weight.shape()[0]});       // [B, 4096]
    return {encoder_mean(h), encoder_log_variance(h) * T(0.5)};
  }

  // p(x | z), logits [B, 784].
  Bernoulli<T> p(const Var<T>& z, const Pass<T>& pass) const {
    const std::int64_t n_images = z.shape()[0];
    const Var<T> h = up_1(reshape(decoder_dense(z), {n_images, sizes.channels_2, code_edge(), code_edge()}));  // [B, 32, 14, 14]
    return {reshape(up_2(relu(norm_3(h, pass))), {n_images, sizes.edge * sizes.edge})};
  }
};

template <class T, class F>
void visit(CnnVae<T>& model, F&& f) {
  f("encoder.norm_0", model.norm_0);
  f("encoder.conv_1", model.conv_1);
  f("encoder.norm_1", model.norm_1);
  f("encoder.conv_2", model.conv_2);
  f("encoder.norm_2", model.norm_2);
  f("encoder.mean", model.encoder_mean);
  f("encoder.log_variance", model.encoder_log_variance);
  f("decoder.dense", model.decoder_dense);
  f("decoder.up_1", model.up_1);
  f("decoder.norm_3", model.norm_3);
  f("decoder.up_2", model.up_2);
}

enum class CrossEntropy { of_logits, rounded };

// [B], nats.
template <class T>
Var<T> elbo(const CnnVae<T>& model, const Var<T>& x, const Var<T>& epsilon, const Pass<T>& pass, CrossEntropy cross_entropy = CrossEntropy::of_logits) {
  const Normal<T> q = model.q(x, pass);
  const Bernoulli<T> p = model.p(q.sample(epsilon), pass);
  return (cross_entropy == CrossEntropy::rounded ? rounded_log_prob(x, p.logits) : p.log_prob(x)) - q.kl_to_standard();
}

// ## Its own description
//
// One step of the way from image to image, as the model's arrays have it: what Figure 2 is drawn from.
struct CnnStage {
  std::string operation;         // what leads here: "conv 4 x 4, stride 2, padding 3"
  std::int64_t channels, edge;   // edge 1: a vector of `channels` numbers
};

template <class T>
std::vector<CnnStage> stages(const CnnVae<T>& model) {
  const auto convolution = [](const char* name, const auto& layer) {
    return fmt::format("{} {} x {}, stride {}, padding {}", name, layer.weight.shape()[2], layer.weight.shape()[3], layer.geometry.stride[0],
                       layer.geometry.pad_lo[0]);
  };
  const std::int64_t edge = model.sizes.edge;
  const auto edge_1 = tensors::conv_extents({edge, edge}, {4, 4}, model.conv_1.geometry);
  const auto edge_2 = tensors::conv_extents(edge_1, {4, 4}, model.conv_2.geometry);
  return {{"image", 1, edge},
          {"batch norm, " + convolution("conv", model.conv_1), model.conv_1.weight.shape()[0], edge_1[0]},
          {"batch norm, leaky ReLU, " + convolution("conv", model.conv_2), model.conv_2.weight.shape()[0], edge_2[0]},
          {"batch norm, leaky ReLU, dense: mean and log-variance", model.latent_size(), 1},
          {"dense", model.up_1.weight.shape()[0], model.code_edge()},
          {convolution("transposed conv", model.up_1), model.up_1.weight.shape()[1], model.up_1.output[0]},
          {"batch norm, ReLU, " + convolution("transposed conv", model.up_2) + ", sigmoid", model.up_2.weight.shape()[1], model.up_2.output[0]}};
}

}  // namespace vae_extensions
