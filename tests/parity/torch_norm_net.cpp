#include "tests/parity/torch_norm_net.hpp"

#include <torch/nn.h>
#include <torch/optim.h>

#include <stdexcept>
#include <utility>

namespace torch_norm_net {

using torch::Tensor;
namespace F = torch::nn::functional;

namespace {

Tensor images(std::span<const float> x) {
  return torch::from_blob(const_cast<float*>(x.data()), {static_cast<std::int64_t>(x.size()) / 144, 1, 12, 12}).clone();
}

// A weight of torch::nn::Linear is our weight transposed.
Tensor turned(const Tensor& tensor) { return tensor.dim() == 2 ? tensor.t() : tensor; }

std::vector<float> elements(const Tensor& tensor) {
  const Tensor ours = turned(tensor).detach().contiguous();
  return {ours.data_ptr<float>(), ours.data_ptr<float>() + ours.numel()};
}

}  // namespace

struct Model::Implementation {
  torch::nn::BatchNorm2d input_norm{1}, down_norm{4}, up_norm{4};
  torch::nn::Conv2d down{torch::nn::Conv2dOptions(1, 4, 4).stride(2).padding(1)};
  torch::nn::Linear code{144, 10}, expand{10, 144};
  torch::nn::BatchNorm1d code_norm{10};
  torch::nn::ConvTranspose2d up{torch::nn::ConvTranspose2dOptions(4, 1, 4).stride(2).padding(1)};
  std::vector<std::pair<std::string, Tensor>> parameters, buffers;

  Implementation() {
    const auto name = [this](const std::string& layer, const auto& module) {
      parameters.emplace_back(layer + ".weight", module->weight);
      parameters.emplace_back(layer + ".bias", module->bias);
    };
    const auto name_norm = [&](const std::string& layer, const auto& module) {
      name(layer, module);
      buffers.emplace_back(layer + ".running_mean", module->running_mean);
      buffers.emplace_back(layer + ".running_variance", module->running_var);
    };
    name_norm("input_norm", input_norm);
    name("down", down);
    name_norm("down_norm", down_norm);
    name("code", code);
    name_norm("code_norm", code_norm);
    name("expand", expand);
    name_norm("up_norm", up_norm);
    name("up", up);
  }

  Tensor logits(const Tensor& x, bool training) {
    input_norm->train(training), down_norm->train(training), code_norm->train(training), up_norm->train(training);
    Tensor h = F::leaky_relu(down_norm(down(input_norm(x))));
    h = torch::tanh(code_norm(code(h.view({-1, 144}))));
    h = torch::softplus(up_norm(expand(h).view({-1, 4, 6, 6})));
    return up(h);
  }
};

Model::Model() : implementation_(std::make_unique<Implementation>()) {}
Model::~Model() = default;

void Model::set(const Arrays& values) {
  const torch::NoGradGuard no_grad;
  for (auto* list : {&implementation_->parameters, &implementation_->buffers})
    for (auto& [name, tensor] : *list) {
      const std::vector<float>& value = values.at(name);
      if (static_cast<std::int64_t>(value.size()) != tensor.numel()) throw std::invalid_argument("torch_norm_net: " + name + " has another size");
      Tensor target = turned(tensor);
      target.copy_(torch::from_blob(const_cast<float*>(value.data()), target.sizes()));
    }
}

Arrays Model::state() const {
  Arrays arrays;
  for (const auto* list : {&implementation_->parameters, &implementation_->buffers})
    for (const auto& [name, tensor] : *list) arrays[name] = elements(tensor);
  return arrays;
}

Arrays Model::gradients() const {
  Arrays arrays;
  for (const auto& [name, tensor] : implementation_->parameters) arrays[name] = elements(tensor.grad());
  return arrays;
}

float Model::step(std::span<const float> x, double learning_rate) {
  for (auto& [_, tensor] : implementation_->parameters) tensor.mutable_grad().reset();
  const Tensor batch = images(x);
  const auto summed = F::BinaryCrossEntropyWithLogitsFuncOptions().reduction(torch::kSum);
  const Tensor loss = F::binary_cross_entropy_with_logits(implementation_->logits(batch, true), batch, summed) / static_cast<double>(batch.size(0));
  loss.backward();
  const torch::NoGradGuard no_grad;
  for (auto& [_, tensor] : implementation_->parameters) tensor.sub_(tensor.grad() * learning_rate);
  return loss.item<float>();
}

std::vector<float> Model::evaluate(std::span<const float> x) {
  const torch::NoGradGuard no_grad;
  return elements(implementation_->logits(images(x), false).flatten());
}

}  // namespace torch_norm_net
