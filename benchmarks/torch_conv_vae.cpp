#include "benchmarks/torch_conv_vae.hpp"

#include <torch/autograd.h>
#include <torch/nn.h>
#include <torch/optim.h>

#include <array>
#include <cmath>
#include <stdexcept>
#include <utility>

namespace torch_conv_vae {

using torch::Tensor;
namespace F = torch::nn::functional;

namespace {

constexpr std::array<std::int64_t, 4> channels{1, 16, 32, 32}, extents{28, 14, 7, 4};
constexpr std::int64_t n_latent = 64, kernel = 5;

// SAME padding with stride 2 takes one more row after the image than before it where the extent is even. LibTorch's
// layers only pad evenly: the uneven rest goes before (F::pad) or is cut off after.
std::int64_t before(std::int64_t extent) { return extent % 2 == 0 ? 1 : 2; }

Tensor from_span(std::span<const float> elements, at::IntArrayRef shape) {
  return torch::from_blob(const_cast<float*>(elements.data()), shape).clone();
}

// A weight of torch::nn::Linear is our weight transposed.
Tensor turned(const Tensor& tensor) { return tensor.dim() == 2 ? tensor.t() : tensor; }

}  // namespace

struct Model::Implementation {
  std::vector<torch::nn::Conv2d> down;
  std::vector<torch::nn::ConvTranspose2d> up;
  torch::nn::Linear encoder_hidden{512, 450}, mean{450, n_latent}, deviation{450, n_latent}, decoder_hidden{n_latent, 450}, to_image{450, 512};
  std::vector<std::pair<std::string, Tensor>> named;
  std::unique_ptr<torch::optim::Adam> optimiser;
  Tensor images;
  int K;
  Tensor logit_epsilon, log_tempering;  // of the flow

  explicit Implementation(int K) : K(K) {
    const auto name = [this](const std::string& layer, const auto& module) {
      named.emplace_back(layer + ".weight", module->weight);
      named.emplace_back(layer + ".bias", module->bias);
    };
    for (std::size_t i = 0; i < 3; ++i) {
      const std::int64_t padding = extents[i] % 2 == 0 ? 0 : 2;
      down.emplace_back(torch::nn::Conv2dOptions(channels[i], channels[i + 1], kernel).stride(2).padding(padding));
      name("down." + std::to_string(i), down.back());
    }
    for (std::size_t i = 0; i < 3; ++i) {
      up.emplace_back(torch::nn::ConvTranspose2dOptions(channels[3 - i], channels[2 - i], kernel).stride(2).padding(before(extents[2 - i])));
      name("up." + std::to_string(i), up.back());
    }
    name("encoder_hidden", encoder_hidden);
    name("mean", mean);
    name("deviation", deviation);
    name("decoder_hidden", decoder_hidden);
    name("to_image", to_image);
    if (K > 0) {
      logit_epsilon = torch::full({n_latent}, std::log(0.2 / 0.3), torch::requires_grad());
      log_tempering = torch::full({}, std::log(0.5), torch::requires_grad());
      named.emplace_back("logit_epsilon", logit_epsilon);
      named.emplace_back("log_tempering", log_tempering);
    }
    std::vector<Tensor> parameters;
    for (const auto& [_, tensor] : named) parameters.push_back(tensor);
    optimiser = std::make_unique<torch::optim::Adam>(parameters, torch::optim::AdamOptions(1e-3));
  }

  std::pair<Tensor, Tensor> encode(const Tensor& x) {
    const std::int64_t batch = x.size(0);
    Tensor h = x.view({batch, 1, 28, 28});
    for (std::size_t i = 0; i < 3; ++i) {
      if (extents[i] % 2 == 0) h = F::pad(h, F::PadFuncOptions({1, 2, 1, 2}));
      h = F::softplus(down[i](h));
    }
    h = F::softplus(encoder_hidden(h.view({batch, 512})));
    return {mean(h), F::softplus(deviation(h))};
  }

  // Minus the log-likelihood, summed over the batch.
  Tensor cross_entropy(const Tensor& x, const Tensor& z) {
    const std::int64_t batch = x.size(0);
    Tensor h = F::softplus(to_image(F::softplus(decoder_hidden(z)))).view({batch, 32, 4, 4});
    for (std::size_t i = 0; i < 3; ++i) {
      h = up[i](h);
      const std::int64_t extent = extents[2 - i];
      if (h.size(2) > extent) h = h.slice(2, 0, extent).slice(3, 0, extent);
      if (i < 2) h = F::softplus(h);
    }
    return F::binary_cross_entropy_with_logits(h.reshape({batch, 784}), x, F::BinaryCrossEntropyWithLogitsFuncOptions().reduction(torch::kSum));
  }

  Tensor loss(const Tensor& x, const Tensor& epsilon, const Tensor& gamma) {
    const auto [m, s] = encode(x);
    Tensor z = m + s * epsilon;
    const auto batch = static_cast<double>(x.size(0));
    if (K == 0) return (cross_entropy(x, z) + 0.5 * torch::sum(m.pow(2) + s.pow(2) - 2 * s.log() - 1)) / batch;

    // The gradient of U with a graph of its own, so that the loss differentiates through it.
    const auto gradient = [&](const Tensor& at) {
      return torch::autograd::grad({cross_entropy(x, at) + 0.5 * at.pow(2).sum()}, {at}, {}, true, true).front();
    };
    const Tensor eps = 0.5 * torch::sigmoid(logit_epsilon), T_0 = 1 + torch::exp(log_tempering);
    Tensor rho = gamma * T_0.sqrt(), T_before = T_0, g = gradient(z);
    for (int k = 1; k <= K; ++k) {
      rho = rho - 0.5 * eps * g;
      z = z + eps * rho;
      g = gradient(z);
      const Tensor T_k = T_0 + (1 - T_0) * (static_cast<double>(k) * k / (static_cast<double>(K) * K));
      rho = (rho - 0.5 * eps * g) * torch::sqrt(T_k / T_before);
      T_before = T_k;
    }
    return (cross_entropy(x, z) + 0.5 * (z.pow(2).sum() + rho.pow(2).sum()) - s.log().sum()) / batch - static_cast<double>(n_latent);
  }

  // Gradients are dropped, not zeroed: autograd then hands over its own arrays instead of adding to old ones.
  float differentiate(const Tensor& x, const Tensor& epsilon, const Tensor& gamma) {
    for (auto& [_, tensor] : named) tensor.mutable_grad().reset();
    const Tensor value = loss(x, epsilon, gamma);
    value.backward();
    return value.item<float>();
  }
};

Model::Model(int K) : implementation_(std::make_unique<Implementation>(K)) {}
Model::~Model() = default;

void Model::set_parameters(const Arrays& values) {
  const torch::NoGradGuard no_grad;
  for (auto& [name, tensor] : implementation_->named) {
    const std::vector<float>& value = values.at(name);
    if (static_cast<std::int64_t>(value.size()) != tensor.numel()) throw std::invalid_argument("torch_conv_vae: " + name + " has another size");
    turned(tensor).copy_(from_span(value, turned(tensor).sizes()));
  }
}

Arrays Model::gradients() const {
  Arrays arrays;
  for (const auto& [name, tensor] : implementation_->named) {
    const Tensor ours = turned(tensor.grad()).contiguous();
    arrays[name].assign(ours.data_ptr<float>(), ours.data_ptr<float>() + ours.numel());
  }
  return arrays;
}

float Model::differentiate(std::span<const float> x, std::span<const float> epsilon, std::span<const float> gamma) {
  const std::int64_t batch = static_cast<std::int64_t>(x.size()) / 784;
  return implementation_->differentiate(from_span(x, {batch, 784}), from_span(epsilon, {batch, n_latent}),
                                        gamma.empty() ? Tensor() : from_span(gamma, {batch, n_latent}));
}

void Model::set_images(std::span<const float> pixels) {
  implementation_->images = from_span(pixels, {static_cast<std::int64_t>(pixels.size()) / 784, 784});
}

float Model::train_step(std::span<const std::int64_t> rows) {
  const auto n = static_cast<std::int64_t>(rows.size());
  const Tensor indices = torch::from_blob(const_cast<std::int64_t*>(rows.data()), {n}, torch::kInt64);
  const float loss = implementation_->differentiate(implementation_->images.index_select(0, indices), torch::randn({n, n_latent}),
                                                     implementation_->K > 0 ? torch::randn({n, n_latent}) : Tensor());
  implementation_->optimiser->step();
  return loss;
}

}  // namespace torch_conv_vae
