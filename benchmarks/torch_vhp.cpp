#include "benchmarks/torch_vhp.hpp"

#include <torch/nn.h>
#include <torch/optim.h>

#include <cmath>
#include <numbers>
#include <optional>
#include <stdexcept>

namespace torch_vhp {

using torch::Tensor;

namespace {

Tensor tensor_of(std::span<const float> elements, const std::vector<std::int64_t>& shape) {
  return torch::from_blob(const_cast<float*>(elements.data()), shape).clone();
}

const double log_2_pi = std::log(2 * std::numbers::pi);

struct Normal {
  Tensor mean, log_scale;
  Tensor sample(const Tensor& noise) const { return mean + torch::exp(log_scale) * noise; }
  Tensor log_prob(const Tensor& z) const { return (-0.5 * ((z - mean) * torch::exp(-log_scale)).pow(2) - log_scale - 0.5 * log_2_pi).sum(-1); }
};

Tensor standard_normal_log_prob(const Tensor& z) { return (-0.5 * z.pow(2) - 0.5 * log_2_pi).sum(-1); }

}  // namespace

struct Model::Implementation {
  Sizes sizes;
  double variance, beta = 1e-3, C_hat = -1;
  std::vector<std::pair<std::string, Tensor>> named;

  torch::nn::Linear linear(const std::string& name, std::int64_t n_in, std::int64_t n_out) {
    torch::nn::Linear layer(n_in, n_out);
    named.emplace_back(name + ".weight", layer->weight);
    named.emplace_back(name + ".bias", layer->bias);
    return layer;
  }
  torch::nn::Sequential hidden(const std::string& name, std::int64_t n_in) {
    torch::nn::Sequential layers;
    for (std::int64_t i = 0; i < sizes.n_hidden; ++i) {
      layers->push_back(linear(name + ".layers." + std::to_string(i), i == 0 ? n_in : sizes.hidden, sizes.hidden));
      layers->push_back(torch::nn::ReLU());
    }
    return layers;
  }
  struct Gaussian {
    torch::nn::Sequential hidden;
    torch::nn::Linear head;
    Normal operator()(const Tensor& condition) {
      const auto both = head(hidden->forward(condition)).chunk(2, -1);
      return {both[0], both[1]};
    }
  };
  Gaussian gaussian(const std::string& name, std::int64_t n_in) {
    torch::nn::Sequential body = hidden(name + ".hidden", n_in);
    return {body, linear(name + ".head", sizes.hidden, 2 * sizes.d)};
  }

  Gaussian encoder;
  torch::nn::Sequential decoder_hidden;
  torch::nn::Linear decoder_mean;
  Gaussian q, p;
  std::unique_ptr<torch::optim::Adam> optimiser;
  Tensor images;

  Implementation(const Sizes& sizes, double variance)
      : sizes(sizes), variance(variance), encoder(gaussian("first.encoder", sizes.n_x)), decoder_hidden(hidden("first.decoder.hidden", sizes.d)),
        decoder_mean(linear("first.decoder.mean", sizes.hidden, sizes.n_x)), q(gaussian("second.q", sizes.d)), p(gaussian("second.p", sizes.d)) {
    std::vector<Tensor> parameters;
    for (const auto& [_, tensor] : named) parameters.push_back(tensor);
    optimiser = std::make_unique<torch::optim::Adam>(parameters, torch::optim::AdamOptions(1e-4));
  }

  // The loss at a fixed beta, or, where none is given, at the beta that eq. (12) makes of this batch's error.
  Tensor loss(const Tensor& x, const Tensor& of_z, const Tensor& of_zeta, std::optional<double> fixed_beta) {
    const Normal posterior = encoder(x);
    const Tensor z = posterior.sample(of_z);
    const Tensor squares = (decoder_mean(decoder_hidden->forward(z)) - x).pow(2).sum(-1);
    const auto n = static_cast<double>(sizes.n_x);
    const Tensor log_likelihood = -0.5 / variance * squares - 0.5 * n * std::log(2 * std::numbers::pi * variance);
    const Normal of_z_given = q(z);
    const Tensor zeta = of_z_given.sample(of_zeta);
    const Normal unbounded = p(zeta);
    const Normal of_zeta_given{unbounded.mean, torch::log_sigmoid(unbounded.log_scale)};  // deviations below 1
    const Tensor log_w = of_zeta_given.log_prob(z) + standard_normal_log_prob(zeta) - of_z_given.log_prob(zeta);
    const Tensor divergence = posterior.log_prob(z) - (torch::logsumexp(log_w, 0) - std::log(static_cast<double>(sizes.K)));
    if (!fixed_beta) {
      const double C = squares.mean().item<double>() / n, kappa = 0.02, nu = 5, tau = 3, alpha = 0.99;
      C_hat = C_hat < 0 ? C : (1 - alpha) * C + alpha * C_hat;
      const double delta = C_hat - kappa * kappa;
      beta *= std::exp(nu * (delta > 0 ? -1 : std::tanh(tau * (beta - 1))) * delta);
    }
    return (fixed_beta.value_or(beta) * divergence - log_likelihood).mean();
  }
};

Model::Model(const Sizes& sizes, double variance) : implementation_(std::make_unique<Implementation>(sizes, variance)) {}
Model::~Model() = default;

void Model::set_parameters(const Arrays& values) {
  const torch::NoGradGuard no_grad;
  for (auto& [name, tensor] : implementation_->named) {
    const std::vector<float>& value = values.at(name);
    if (static_cast<std::int64_t>(value.size()) != tensor.numel()) throw std::invalid_argument("torch_vhp: " + name + " has another size");
    if (tensor.dim() == 2) tensor.copy_(tensor_of(value, {tensor.size(1), tensor.size(0)}).t());
    else tensor.copy_(tensor_of(value, {tensor.size(0)}));
  }
}

Arrays Model::gradients() const {
  Arrays arrays;
  for (const auto& [name, tensor] : implementation_->named) {
    const Tensor gradient = (tensor.dim() == 2 ? tensor.grad().t() : tensor.grad()).contiguous();
    arrays[name] = {gradient.data_ptr<float>(), gradient.data_ptr<float>() + gradient.numel()};
  }
  return arrays;
}

float Model::differentiate(std::span<const float> x, std::span<const float> of_z, std::span<const float> of_zeta, double beta) {
  const Sizes& s = implementation_->sizes;
  implementation_->optimiser->zero_grad();
  const Tensor value =
      implementation_->loss(tensor_of(x, {s.batch, s.n_x}), tensor_of(of_z, {s.batch, s.d}), tensor_of(of_zeta, {s.K, s.batch, s.d}), beta);
  value.backward();
  return value.item<float>();
}

void Model::set_images(std::span<const float> pixels) {
  const std::int64_t n_x = implementation_->sizes.n_x;
  implementation_->images = tensor_of(pixels, {static_cast<std::int64_t>(pixels.size()) / n_x, n_x});
}

float Model::train_step(std::span<const std::int64_t> rows) {
  const Sizes& s = implementation_->sizes;
  const auto n = static_cast<std::int64_t>(rows.size());
  const Tensor indices = torch::from_blob(const_cast<std::int64_t*>(rows.data()), {n}, torch::kInt64);
  implementation_->optimiser->zero_grad();
  const Tensor value =
      implementation_->loss(implementation_->images.index_select(0, indices), torch::randn({n, s.d}), torch::randn({s.K, n, s.d}), {});
  value.backward();
  implementation_->optimiser->step();
  return value.item<float>();
}

}  // namespace torch_vhp
