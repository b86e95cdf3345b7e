#include "benchmarks/torch_vae.hpp"

#include <ATen/Parallel.h>
#include <torch/nn.h>
#include <torch/optim.h>
#include <torch/version.h>

#include <stdexcept>
#include <utility>

namespace torch_vae {

using torch::Tensor;
namespace F = torch::nn::functional;

namespace {

std::unique_ptr<torch::optim::Optimizer> build_optimiser(const std::vector<Tensor>& parameters, const Rule& rule) {
  using namespace torch::optim;
  switch (rule.kind) {
    case Rule::Kind::sgd: return std::make_unique<SGD>(parameters, SGDOptions(rule.learning_rate).momentum(rule.momentum));
    case Rule::Kind::adagrad: return std::make_unique<Adagrad>(parameters, AdagradOptions(rule.learning_rate));
    case Rule::Kind::rmsprop: return std::make_unique<RMSprop>(parameters, RMSpropOptions(rule.learning_rate));
    case Rule::Kind::adam: return std::make_unique<Adam>(parameters, AdamOptions(rule.learning_rate));
  }
  throw std::invalid_argument("torch_vae: unknown rule");
}

// The tensor's elements in our layout: torch::nn::Linear keeps a weight as [n_out, n_in].
std::vector<float> to_ours(const Tensor& tensor) {
  const Tensor ours = (tensor.dim() == 2 ? tensor.t() : tensor).detach().contiguous();
  return {ours.data_ptr<float>(), ours.data_ptr<float>() + ours.numel()};
}

Tensor matrix(std::span<const float> elements, std::int64_t n_columns) {
  const auto n_rows = static_cast<std::int64_t>(elements.size()) / n_columns;
  return torch::from_blob(const_cast<float*>(elements.data()), {n_rows, n_columns}).clone();
}

}  // namespace

struct Model::Implementation {
  Sizes sizes;
  Activation activation;
  torch::nn::Linear encoder_hidden, encoder_mean, encoder_log_variance, decoder_hidden, decoder_logits;
  std::vector<std::pair<std::string, Tensor>> named;
  std::unique_ptr<torch::optim::Optimizer> optimiser;
  Tensor images;

  Implementation(const Sizes& sizes, Activation activation, const Rule& rule)
      : sizes(sizes),
        activation(activation),
        encoder_hidden(sizes.pixels, sizes.hidden),
        encoder_mean(sizes.hidden, sizes.latent),
        encoder_log_variance(sizes.hidden, sizes.latent),
        decoder_hidden(sizes.latent, sizes.hidden),
        decoder_logits(sizes.hidden, sizes.pixels) {
    const auto name = [this](const std::string& layer, torch::nn::Linear& linear) {
      named.emplace_back(layer + ".weight", linear->weight);
      named.emplace_back(layer + ".bias", linear->bias);
    };
    name("encoder.hidden", encoder_hidden);
    name("encoder.mean", encoder_mean);
    name("encoder.log_variance", encoder_log_variance);
    name("decoder.hidden", decoder_hidden);
    name("decoder.logits", decoder_logits);
    std::vector<Tensor> parameters;
    for (const auto& [_, tensor] : named) parameters.push_back(tensor);
    optimiser = build_optimiser(parameters, rule);
  }

  Tensor activate(const Tensor& x) const { return activation == Activation::tanh ? torch::tanh(x) : torch::relu(x); }

  // The mean of -ELBO over the batch.
  Tensor loss(const Tensor& x, const Tensor& epsilon) {
    const Tensor h = activate(encoder_hidden(x));
    const Tensor mean = encoder_mean(h), log_variance = encoder_log_variance(h);
    const Tensor z = mean + torch::exp(0.5 * log_variance) * epsilon;
    const Tensor logits = decoder_logits(activate(decoder_hidden(z)));
    const Tensor cross_entropy =
        F::binary_cross_entropy_with_logits(logits, x, F::BinaryCrossEntropyWithLogitsFuncOptions().reduction(torch::kSum));
    const Tensor kl = -0.5 * torch::sum(1 + log_variance - mean.pow(2) - log_variance.exp());
    return (cross_entropy + kl) / static_cast<double>(x.size(0));
  }

  // Gradients are dropped, not zeroed: autograd then hands over its own arrays instead of adding to old ones.
  float differentiate(const Tensor& x, const Tensor& epsilon) {
    for (auto& [_, tensor] : named) tensor.mutable_grad().reset();
    const Tensor value = loss(x, epsilon);
    value.backward();
    return value.item<float>();
  }
};

Model::Model(const Sizes& sizes, Activation activation, const Rule& rule)
    : implementation_(std::make_unique<Implementation>(sizes, activation, rule)) {}
Model::~Model() = default;

void Model::set_parameters(const Arrays& values) {
  const torch::NoGradGuard no_grad;
  for (auto& [name, tensor] : implementation_->named) {
    const std::vector<float>& value = values.at(name);
    if (static_cast<std::int64_t>(value.size()) != tensor.numel()) throw std::invalid_argument("torch_vae: " + name + " has another size");
    tensor.copy_(tensor.dim() == 2 ? matrix(value, tensor.size(0)).t() : matrix(value, tensor.size(0)).squeeze(0));
  }
}

Arrays Model::parameters() const {
  Arrays arrays;
  for (const auto& [name, tensor] : implementation_->named) arrays[name] = to_ours(tensor);
  return arrays;
}

Arrays Model::gradients() const {
  Arrays arrays;
  for (const auto& [name, tensor] : implementation_->named) arrays[name] = to_ours(tensor.grad());
  return arrays;
}

float Model::differentiate(std::span<const float> x, std::span<const float> epsilon) {
  const Sizes& sizes = implementation_->sizes;
  return implementation_->differentiate(matrix(x, sizes.pixels), matrix(epsilon, sizes.latent));
}

void Model::update() { implementation_->optimiser->step(); }

void Model::set_images(std::span<const float> pixels) { implementation_->images = matrix(pixels, implementation_->sizes.pixels); }

float Model::train_step(std::span<const std::int64_t> rows) {
  const auto n = static_cast<std::int64_t>(rows.size());
  const Tensor indices = torch::from_blob(const_cast<std::int64_t*>(rows.data()), {n}, torch::kInt64);
  const Tensor x = implementation_->images.index_select(0, indices);
  const float loss = implementation_->differentiate(x, torch::randn({n, implementation_->sizes.latent}));
  update();
  return loss;
}

std::string description() {
  return std::string("LibTorch ") + TORCH_VERSION + ", " + std::to_string(at::get_num_threads()) + " threads";
}

}  // namespace torch_vae
