#include "benchmarks/torch_gaussian_hvae.hpp"

#include <torch/nn.h>
#include <torch/optim.h>

#include <cmath>
#include <numbers>
#include <stdexcept>

namespace torch_gaussian_hvae {

using torch::Tensor;

namespace {

Tensor tensor_of(std::span<const float> elements, const std::vector<std::int64_t>& shape) {
  return torch::from_blob(const_cast<float*>(elements.data()), shape).clone();
}

}  // namespace

struct Model::Implementation {
  Sizes sizes;
  double N;
  Tensor x_bar, S;
  Tensor Delta, log_sigma, logit_epsilon, log_tempering;
  std::vector<std::pair<std::string, Tensor>> named;
  std::unique_ptr<torch::optim::RMSprop> optimiser;

  Implementation(const Sizes& sizes, double N, std::span<const float> x_bar, std::span<const float> S)
      : sizes(sizes), N(N), x_bar(tensor_of(x_bar, {sizes.n_sets, 1, sizes.d})), S(tensor_of(S, {sizes.n_sets, 1, sizes.d})) {
    const auto parameter = [&](const std::string& name, Tensor& tensor, double value, std::int64_t d) {
      tensor = torch::full({sizes.n_sets, 1, d}, value).set_requires_grad(true);
      named.emplace_back(name, tensor);
    };
    parameter("theta.Delta", Delta, 0, sizes.d);
    parameter("theta.log_sigma", log_sigma, 3, sizes.d);
    parameter("logit_epsilon", logit_epsilon, std::log(0.01 / 0.99), sizes.d);
    parameter("log_tempering", log_tempering, std::log(4.0), 1);
    std::vector<Tensor> parameters;
    for (const auto& [_, tensor] : named) parameters.push_back(tensor);
    optimiser = std::make_unique<torch::optim::RMSprop>(parameters, torch::optim::RMSpropOptions(1e-3));
  }

  Tensor loss(const Tensor& z_0, const Tensor& gamma) const {
    const double log_2_pi = std::log(2 * std::numbers::pi);
    const auto d = static_cast<double>(sizes.d);
    const Tensor precision = torch::exp(-2 * log_sigma), weight = precision * N, y = x_bar - Delta;
    const Tensor epsilon = 0.5 * torch::sigmoid(logit_epsilon), half = 0.5 * epsilon, s_0 = 1 + torch::exp(log_tempering);
    const auto grad_U = [&](const Tensor& z) { return z + weight * (z - y); };
    Tensor z = z_0, rho = s_0 * gamma, gradient = grad_U(z), before = s_0;
    for (int k = 1; k <= sizes.K; ++k) {
      rho = rho - half * gradient;
      z = z + epsilon * rho;
      gradient = grad_U(z);
      const Tensor s_k = s_0 + (1 - s_0) * (static_cast<double>(k) * k / (static_cast<double>(sizes.K) * sizes.K));
      rho = (s_k / before) * (rho - half * gradient);
      before = s_k;
    }
    const Tensor of_set = -0.5 * S * precision - N * log_sigma - 0.5 * N * log_2_pi;
    const Tensor log_joint = (-0.5 * weight * (y - z).pow(2)).sum(-1) + of_set.sum(-1) - 0.5 * z.pow(2).sum(-1) - 0.5 * d * log_2_pi;
    const Tensor log_q_0 = -0.5 * z_0.pow(2).sum(-1) - 0.5 * d * log_2_pi;
    const Tensor draws = log_joint - 0.5 * rho.pow(2).sum(-1) - log_q_0 + 0.5 * d;  // [n_sets, n_draws]
    return -draws.mean(1).sum();
  }

  float differentiate(const Tensor& z_0, const Tensor& gamma) {
    for (auto& [_, tensor] : named) tensor.mutable_grad().reset();
    const Tensor value = loss(z_0, gamma);
    value.backward();
    return value.item<float>();
  }
};

Model::Model(const Sizes& sizes, double N, std::span<const float> x_bar, std::span<const float> S)
    : implementation_(std::make_unique<Implementation>(sizes, N, x_bar, S)) {}
Model::~Model() = default;

void Model::set_parameters(const Arrays& values) {
  const torch::NoGradGuard no_grad;
  for (auto& [name, tensor] : implementation_->named) {
    const std::vector<float>& value = values.at(name);
    if (static_cast<std::int64_t>(value.size()) != tensor.numel()) throw std::invalid_argument("torch_gaussian_hvae: " + name + " has another size");
    tensor.copy_(tensor_of(value, tensor.sizes().vec()));
  }
}

Arrays Model::gradients() const {
  Arrays arrays;
  for (const auto& [name, tensor] : implementation_->named) {
    const Tensor gradient = tensor.grad().contiguous();
    arrays[name] = {gradient.data_ptr<float>(), gradient.data_ptr<float>() + gradient.numel()};
  }
  return arrays;
}

float Model::differentiate(std::span<const float> z_0, std::span<const float> gamma) {
  const Sizes& s = implementation_->sizes;
  return implementation_->differentiate(tensor_of(z_0, {s.n_sets, s.n_draws, s.d}), tensor_of(gamma, {s.n_sets, s.n_draws, s.d}));
}

float Model::train_step() {
  const Sizes& s = implementation_->sizes;
  const float loss = implementation_->differentiate(torch::randn({s.n_sets, s.n_draws, s.d}), torch::randn({s.n_sets, s.n_draws, s.d}));
  implementation_->optimiser->step();
  return loss;
}

}  // namespace torch_gaussian_hvae
