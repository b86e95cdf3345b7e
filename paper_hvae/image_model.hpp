// # The image model and its flow
//
// Section 4.2 of the paper: $z \sim N(0, I_\ell)$, $x_j \mid z \sim$ Bernoulli$(\pi_\theta(z)_j)$, and a Hamiltonian flow on top of the
// encoder's $N(\mu_\phi(x), \Sigma_\phi(x))$. The potential is $U(z) = -\log p_\theta(x \mid z) + \frac12 |z|^2$; its gradient is taken by
// autodiff::grad inside each leapfrog step, so the objective's gradient holds the decoder's second derivatives, exactly.
//
// | symbol | here | shape |
// |---|---|---|
// | $x$ | `x` | [B, pixels] |
// | $\mu_\phi, \Sigma_\phi^{1/2}$ | `start.mean`, `start.deviation` | [B, l] |
// | logit $\pi_\theta(z)$ | `generative.logits(z)` | [B, l] -> [B, pixels] |
// | $z_0 = \mu_\phi + \Sigma_\phi^{1/2} \epsilon$, $\gamma$ | `noise.epsilon`, `noise.gamma` | [B, l], standard normal |
// | step sizes $\varepsilon$ | `flow.epsilon()` | one or K of [l] |
#pragma once

#include "common/autodiff/convolution.hpp"
#include "common/autodiff/grad.hpp"
#include "common/nn/convolution.hpp"
#include "common/nn/layers.hpp"
#include "paper_hvae/hvae.hpp"

#include <cmath>
#include <cstdint>
#include <numbers>

namespace hvae {

using tensors::Array;
using tensors::Shape;
using tensors::Stream;

// Paper: the text replaces the stride by upsampling (Dosovitskiy and others); the code has transposed convolutions.
enum class Enlarging { transposed, upsampled };

// The sizes of both networks; the decoder mirrors the encoder.
struct Sizes {
  std::int64_t extent = 28;                           // of the square image
  std::vector<std::int64_t> channels{1, 16, 32, 32};  // of the image, and after each convolution of 5 x 5 with stride 2
  std::int64_t hidden = 450, latent = 64;
  Enlarging enlarging = Enlarging::transposed;

  std::size_t n_layers() const { return channels.size() - 1; }
  std::int64_t pixels() const { return extent * extent; }
  // The extent of the image after so many convolutions: 28, 14, 7, 4; and the number of units.
  std::int64_t extent_after(std::size_t layers) const { return layers == 0 ? extent : (extent_after(layers - 1) + 1) / 2; }
  std::int64_t units_after(std::size_t layers) const { return channels[layers] * extent_after(layers) * extent_after(layers); }
};

// ## Networks
//
// The authors' code starts weights at $N(0, 1 / (n_{in} + n_{out}))$ with the numbers of units on a layer's two sides, and
// biases at zero.
template <class T>
Var<T> initial_weight(const Shape& shape, std::int64_t n_in, std::int64_t n_out, Stream& stream) {
  return Var<T>(stream.normal<T>(shape)) * static_cast<T>(std::sqrt(1.0 / static_cast<double>(n_in + n_out)));
}

template <class T>
nn::Dense<T> initial_dense(std::int64_t n_in, std::int64_t n_out, Stream& stream) {
  nn::Dense<T> layer;
  layer.weight = initial_weight<T>({n_in, n_out}, n_in, n_out, stream);
  layer.bias = Var<T>(Array<T>::zeros({n_out}));
  return layer;
}

template <class T>
struct Gaussian {
  Var<T> mean, deviation;  // [B, l]
};

template <class T>
struct InferenceNetwork {
  Sizes sizes;
  std::vector<nn::Conv2d<T>> down;
  nn::Dense<T> hidden, mean, deviation;

  InferenceNetwork(const Sizes& sizes, Stream& stream) : sizes(sizes) {
    for (std::size_t i = 0; i < sizes.n_layers(); ++i) {
      nn::Conv2d<T> layer;
      layer.geometry = tensors::same_padding({sizes.extent_after(i), sizes.extent_after(i)}, {5, 5}, 2);
      layer.weight = initial_weight<T>({sizes.channels[i + 1], sizes.channels[i], 5, 5}, sizes.units_after(i), sizes.units_after(i + 1), stream);
      layer.bias = Var<T>(Array<T>::zeros({sizes.channels[i + 1]}));
      down.push_back(std::move(layer));
    }
    hidden = initial_dense<T>(sizes.units_after(sizes.n_layers()), sizes.hidden, stream);
    mean = initial_dense<T>(sizes.hidden, sizes.latent, stream);
    deviation = initial_dense<T>(sizes.hidden, sizes.latent, stream);
  }

  Gaussian<T> operator()(const Var<T>& x) const {
    const std::int64_t B = x.shape()[0];
    Var<T> h = reshape(x, Shape{B, 1, sizes.extent, sizes.extent});
    for (const nn::Conv2d<T>& layer : down) h = softplus(layer(h));
    h = softplus(hidden(reshape(h, Shape{B, sizes.units_after(sizes.n_layers())})));
    return {mean(h), softplus(deviation(h))};
  }
};
template <class T, class F>
void visit(InferenceNetwork<T>& network, F&& f) {
  f("down", network.down);
  f("hidden", network.hidden);
  f("mean", network.mean);
  f("deviation", network.deviation);
}

// A step from a smaller image to a larger one; the weight is [n_in, n_out, 5, 5] of a transposed convolution, or
// [n_out, n_in, 5, 5] of the convolution that follows an upsampling.
template <class T>
struct Enlargement {
  Enlarging kind = Enlarging::transposed;
  tensors::Extents image{};  // the larger one
  Var<T> weight, bias;

  Var<T> operator()(const Var<T>& x) const {
    const auto stride_one = [&] { return tensors::same_padding(image, {5, 5}, 1); };
    const Var<T> y = kind == Enlarging::transposed ? conv_data(x, weight, tensors::same_padding(image, {5, 5}, 2), image)
                     : image[0] == 2 * x.shape()[2] ? conv_of_upsampled(x, weight)
                                                    : conv(upsample(x, image), weight, stride_one());
    return nn::detail::add_to_channels(y, bias);
  }
};
template <class T, class F>
void visit(Enlargement<T>& step, F&& f) {
  f("weight", step.weight);
  f("bias", step.bias);
}

template <class T>
struct GenerativeNetwork {
  Sizes sizes;
  nn::Dense<T> hidden, to_image;
  std::vector<Enlargement<T>> up;

  // The last bias starts at `pixel_logit`: the authors take the mean over the images of logit(mean pixel).
  GenerativeNetwork(const Sizes& sizes, Stream& stream, double pixel_logit = 0) : sizes(sizes) {
    hidden = initial_dense<T>(sizes.latent, sizes.hidden, stream);
    to_image = initial_dense<T>(sizes.hidden, sizes.units_after(sizes.n_layers()), stream);
    for (std::size_t i = sizes.n_layers(); i-- > 0;) {
      const std::int64_t n_in = sizes.channels[i + 1], n_out = sizes.channels[i], e = sizes.extent_after(i);
      const Shape shape = sizes.enlarging == Enlarging::transposed ? Shape{n_in, n_out, 5, 5} : Shape{n_out, n_in, 5, 5};
      up.push_back({sizes.enlarging, {e, e}, initial_weight<T>(shape, sizes.units_after(i + 1), sizes.units_after(i), stream),
                    Var<T>(Array<T>::full({n_out}, static_cast<T>(i == 0 ? pixel_logit : 0.0)))});
    }
  }

  Var<T> logits(const Var<T>& z) const {
    const std::int64_t B = z.shape()[0], e = sizes.extent_after(sizes.n_layers());
    Var<T> h = reshape(softplus(to_image(softplus(hidden(z)))), Shape{B, sizes.channels.back(), e, e});
    for (std::size_t i = 0; i < up.size(); ++i) h = up[i](i == 0 ? h : softplus(h));
    return reshape(h, Shape{B, sizes.pixels()});
  }

  // log p(x, z), [B].
  Var<T> log_joint(const Var<T>& x, const Var<T>& z) const {
    return bernoulli_log_prob(x, logits(z)) + distributions::standard_normal_log_prob(z);
  }

  // log p(x, z), [B], and its gradient in z: rows do not touch each other, so that of the sum holds each row's own.
  std::pair<Var<T>, Var<T>> log_joint_and_gradient(const Var<T>& x, const Var<T>& z) const {
    const auto [log_p, transposed] = autodiff::pullback<T>([&](const Var<T>& at) { return log_joint(x, at); }, z);
    return {log_p, transposed(Var<T>(Array<T>::full(log_p.shape(), T(1))))};
  }

  // z -> grad U(z).
  auto potential_gradient(const Var<T>& x) const {
    return [this, x](const Var<T>& z) { return -log_joint_and_gradient(x, z).second; };
  }
};
template <class T, class F>
void visit(GenerativeNetwork<T>& network, F&& f) {
  f("hidden", network.hidden);
  f("to_image", network.to_image);
  f("up", network.up);
}

// ## The learned flow
//
// $\varepsilon = \xi\,\mathrm{sigmoid}(\cdot)$, $\xi = 1/2$, started at 0.2; fixed tempering with $1 / \beta_0 = 1 + e^{\cdot}$ started at
// 1.5 and a schedule quadratic in $1 / \beta$; free tempering with $\alpha_k = \mathrm{sigmoid}(\cdot)$ started at 0.9.
template <class T>
struct LearnedFlow {
  int K = 0;
  TemperingKind kind = TemperingKind::none;
  std::vector<Var<T>> logit_epsilon;  // one, or K, of [l]
  Var<T> log_tempering;               // a scalar
  std::vector<Var<T>> logit_alpha;    // K scalars

  double xi = 0.5;

  LearnedFlow() = default;
  LearnedFlow(int K, TemperingKind kind, bool vary_epsilon, std::int64_t latent) : K(K), kind(kind), log_tempering(static_cast<T>(std::log(0.5))) {
    const auto start = static_cast<T>(std::log(0.2 / (xi - 0.2)));
    for (int k = 0; k < (K == 0 ? 0 : vary_epsilon ? K : 1); ++k) logit_epsilon.push_back(Var<T>(Array<T>::full({latent}, start)));
    for (int k = 0; k < K; ++k) logit_alpha.push_back(Var<T>(static_cast<T>(std::log(9.0))));
  }

  std::vector<Var<T>> epsilon() const {
    std::vector<Var<T>> steps;
    for (const Var<T>& logit : logit_epsilon) steps.push_back(sigmoid(logit) * T(xi));
    return steps;
  }

  Tempering<T> tempering() const { return learned_tempering(kind, K, Schedule::inverse_beta, log_tempering, logit_alpha); }
};
template <class T, class F>
void visit(LearnedFlow<T>& flow, F&& f) {
  f("logit_epsilon", flow.logit_epsilon);
  if (flow.kind == TemperingKind::fixed) f("log_tempering", flow.log_tempering);
  if (flow.kind == TemperingKind::free) f("logit_alpha", flow.logit_alpha);
}

// ## Estimators
template <class T>
struct FlowNoise {
  Var<T> epsilon, gamma;  // [B, l]
};

template <class T>
struct ImageModel {
  InferenceNetwork<T> inference;
  GenerativeNetwork<T> generative;
  LearnedFlow<T> flow;

  // z_0 through the K steps, and what the estimators need of its way. For K = 0 the momentum stays what it was drawn.
  struct Way {
    Gaussian<T> start;
    PhaseState<T> end;
    Var<T> log_joint;  // log p(x, z_K), [B]: the last gradient was taken there, and so the decoder needs no other pass
  };
  Way travel(const Var<T>& x, const FlowNoise<T>& noise) const {
    Way way;
    way.start = inference(x);
    const Tempering<T> tempering = flow.tempering();
    way.end = {way.start.mean + way.start.deviation * noise.epsilon, tempering.initial_momentum(noise.gamma)};
    if (flow.K == 0) way.log_joint = generative.log_joint(x, way.end.z);
    way.end = hamiltonian_flow<T>(way.end, flow.K, flow.epsilon(), tempering, [&](const Var<T>& z) {
      const auto [log_p, gradient] = generative.log_joint_and_gradient(x, z);
      way.log_joint = log_p;
      return -gradient;
    });
    return way;
  }

  // The bound's integrand, one draw for each row, [B], with the entropies of both noises in closed form:
  // $\log p(x, z_K) - \frac12 |\rho_K|^2 + \sum \log \Sigma^{1/2} + \frac\ell2 \log 2\pi + \ell$.
  Var<T> elbo(const Var<T>& x, const FlowNoise<T>& noise) const {
    const Way way = travel(x, noise);
    const auto l = static_cast<T>(noise.gamma.shape()[1]);
    return way.log_joint - sum(square(way.end.rho), -1) * T(0.5) + sum(log(way.start.deviation), -1) +
           l * static_cast<T>(1 + 0.5 * std::log(2 * std::numbers::pi));
  }

  // One draw of log p-hat for each row, equation (6), [B].
  Var<T> log_p_hat(const Var<T>& x, const FlowNoise<T>& noise) const {
    const Way way = travel(x, noise);
    const Var<T> log_q = distributions::standard_normal_log_prob(noise.epsilon) - sum(log(way.start.deviation), -1);
    return hvae::log_p_hat(flow_log_ratio(way.log_joint, way.end.rho, log_q), noise.gamma);
  }

  // The VAE's own estimate (K = 0), with KL(q || p) in closed form, [B].
  Var<T> elbo_vae(const Var<T>& x, const Var<T>& epsilon) const {
    const Gaussian<T> q = inference(x);
    const Var<T> kl = sum(square(q.mean) + square(q.deviation) - log(q.deviation) * T(2) - T(1), -1) * T(0.5);
    return bernoulli_log_prob(x, generative.logits(q.mean + q.deviation * epsilon)) - kl;
  }
};
template <class T, class F>
void visit(ImageModel<T>& model, F&& f) {
  f("inference", model.inference);
  f("generative", model.generative);
  f("flow", model.flow);
}

}  // namespace hvae
