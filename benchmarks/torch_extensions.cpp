#include "benchmarks/torch_extensions.hpp"

#include <torch/nn.h>
#include <torch/optim.h>

#include <cmath>
#include <numbers>
#include <stdexcept>
#include <utility>

namespace torch_extensions {

using torch::Tensor;
namespace F = torch::nn::functional;

namespace {

Tensor from_span(std::span<const float> elements, at::IntArrayRef shape) {
  return torch::from_blob(const_cast<float*>(elements.data()), shape).clone();
}

// A weight of torch::nn::Linear is our weight transposed.
Tensor turned(const Tensor& tensor) { return tensor.dim() == 2 ? tensor.t() : tensor; }

// log p(x), summed over pixels: [.., 784] -> [..].
Tensor bernoulli_log_prob(const Tensor& x, const Tensor& logits) {
  const auto each = F::BinaryCrossEntropyWithLogitsFuncOptions().reduction(torch::kNone);
  return -F::binary_cross_entropy_with_logits(logits, x.expand_as(logits), each).sum(-1);
}

Tensor normal_log_prob(const Tensor& z, const Tensor& mean, const Tensor& log_variance) {
  return -0.5 * ((z - mean).pow(2) / log_variance.exp() + log_variance + std::log(2 * std::numbers::pi)).sum(-1);
}

Tensor standard_normal_log_prob(const Tensor& z) { return -0.5 * (z.pow(2) + std::log(2 * std::numbers::pi)).sum(-1); }

using Named = std::vector<std::pair<std::string, Tensor>>;

template <class Module>
void name(Named& named, const std::string& layer, const Module& module) {
  named.emplace_back(layer + ".weight", module->weight);
  named.emplace_back(layer + ".bias", module->bias);
}

struct Network {
  Named named;
  virtual ~Network() = default;
  virtual std::int64_t noise_size() const = 0;                       // for each image
  virtual Tensor loss(const Tensor& x, const Tensor& noise) = 0;  // noise [B noise_size]
};

struct Cnn : Network {
  std::int64_t n;
  torch::nn::BatchNorm2d norm_0{1}, norm_1{32}, norm_2{64}, norm_3{32};
  torch::nn::Conv2d conv_1{torch::nn::Conv2dOptions(1, 32, 4).stride(2).padding(3)}, conv_2{torch::nn::Conv2dOptions(32, 64, 4).stride(2).padding(1)};
  torch::nn::Linear mean, log_variance, dense;
  torch::nn::ConvTranspose2d up_1{torch::nn::ConvTranspose2dOptions(64, 32, 2).stride(2).padding(1)};
  torch::nn::ConvTranspose2d up_2{torch::nn::ConvTranspose2dOptions(32, 1, 4).stride(2).padding(1)};

  explicit Cnn(std::int64_t n) : n(n), mean(4096, n), log_variance(4096, n), dense(n, 4096) {
    name(named, "encoder.norm_0", norm_0);
    name(named, "encoder.conv_1", conv_1);
    name(named, "encoder.norm_1", norm_1);
    name(named, "encoder.conv_2", conv_2);
    name(named, "encoder.norm_2", norm_2);
    name(named, "encoder.mean", mean);
    name(named, "encoder.log_variance", log_variance);
    name(named, "decoder.dense", dense);
    name(named, "decoder.up_1", up_1);
    name(named, "decoder.norm_3", norm_3);
    name(named, "decoder.up_2", up_2);
  }

  std::int64_t noise_size() const override { return n; }

  Tensor loss(const Tensor& x, const Tensor& noise) override {
    const std::int64_t batch = x.size(0);
    Tensor h = torch::leaky_relu(norm_1(conv_1(norm_0(x.view({batch, 1, 28, 28})))));
    h = torch::leaky_relu(norm_2(conv_2(h))).view({batch, 4096});
    const Tensor m = mean(h), v = log_variance(h);
    h = dense(m + torch::exp(0.5 * v) * noise.view({batch, n})).view({batch, 64, 8, 8});
    h = up_2(torch::relu(norm_3(up_1(h)))).view({batch, 784});
    const Tensor kl = 0.5 * (m.pow(2) + v.exp() - v - 1).sum(-1);
    return (kl - bernoulli_log_prob(x, h)).mean();
  }
};

struct Iwae : Network {
  struct Trunk {
    torch::nn::Linear first, second;
    Trunk(Named& named, const std::string& prefix, std::int64_t n_in, std::int64_t hidden) : first(n_in, hidden), second(hidden, hidden) {
      name(named, prefix + ".first", first);
      name(named, prefix + ".second", second);
    }
    Tensor operator()(const Tensor& x) { return torch::tanh(second(torch::tanh(first(x)))); }
  };
  struct Conditional {
    Trunk trunk;
    torch::nn::Linear mean, log_variance;
    Conditional(Named& named, const std::string& prefix, std::int64_t n_in, std::int64_t hidden, std::int64_t n)
        : trunk(named, prefix + ".trunk", n_in, hidden), mean(hidden, n), log_variance(hidden, n) {
      name(named, prefix + ".mean", mean);
      name(named, prefix + ".log_variance", log_variance);
    }
    std::pair<Tensor, Tensor> operator()(const Tensor& x) {
      const Tensor h = trunk(x);
      return {mean(h), log_variance(h)};
    }
  };

  static constexpr std::int64_t h_1 = 100;
  std::int64_t n, k;
  Conditional q_1, q_2, p_1;
  Trunk decoder;
  torch::nn::Linear logits{200, 784};

  Iwae(std::int64_t n, std::int64_t k)
      : n(n),
        k(k),
        q_1(named, "q_1", 784, 200, h_1),
        q_2(named, "q_2", h_1, 100, n),
        p_1(named, "p_1", n, 100, h_1),
        decoder(named, "decoder", h_1, 200) {
    name(named, "decoder_logits", logits);
  }

  std::int64_t noise_size() const override { return k * (h_1 + n); }

  Tensor loss(const Tensor& x, const Tensor& noise) override {
    const std::int64_t batch = x.size(0), first = k * batch * h_1;
    const Tensor epsilon_1 = noise.slice(0, 0, first).view({k, batch, h_1}), epsilon_2 = noise.slice(0, first).view({k, batch, n});
    const auto [m_1, v_1] = q_1(x);
    const Tensor h = m_1 + torch::exp(0.5 * v_1) * epsilon_1;
    const auto [m_2, v_2] = q_2(h);
    const Tensor z = m_2 + torch::exp(0.5 * v_2) * epsilon_2;
    const auto [m_p, v_p] = p_1(z);
    const Tensor log_w = bernoulli_log_prob(x, logits(decoder(h))) + normal_log_prob(h, m_p, v_p) + standard_normal_log_prob(z) -
                         normal_log_prob(h, m_1, v_1) - normal_log_prob(z, m_2, v_2);
    return -(torch::logsumexp(log_w, 0) - std::log(static_cast<double>(k))).mean();
  }
};

std::unique_ptr<Network> build(Kind kind, std::int64_t n, std::int64_t k) {
  if (kind == Kind::cnn) return std::make_unique<Cnn>(n);
  return std::make_unique<Iwae>(n, k);
}

}  // namespace

struct Model::Implementation {
  std::unique_ptr<Network> network;
  std::unique_ptr<torch::optim::Adam> optimiser;
  Tensor images;

  Implementation(Kind kind, std::int64_t n, std::int64_t k) : network(build(kind, n, k)) {
    std::vector<Tensor> parameters;
    for (const auto& [_, tensor] : network->named) parameters.push_back(tensor);
    optimiser = std::make_unique<torch::optim::Adam>(parameters, torch::optim::AdamOptions(1e-3));
  }

  // Gradients are dropped, not zeroed: autograd then hands over its own arrays instead of adding to old ones.
  float differentiate(const Tensor& x, const Tensor& noise) {
    for (auto& [_, tensor] : network->named) tensor.mutable_grad().reset();
    const Tensor value = network->loss(x, noise);
    value.backward();
    return value.item<float>();
  }
};

Model::Model(Kind kind, std::int64_t n, std::int64_t k) : implementation_(std::make_unique<Implementation>(kind, n, k)) {}
Model::~Model() = default;

void Model::set_parameters(const Arrays& values) {
  const torch::NoGradGuard no_grad;
  for (auto& [name, tensor] : implementation_->network->named) {
    const std::vector<float>& value = values.at(name);
    if (static_cast<std::int64_t>(value.size()) != tensor.numel()) throw std::invalid_argument("torch_extensions: " + name + " has another size");
    turned(tensor).copy_(from_span(value, turned(tensor).sizes()));
  }
}

Arrays Model::gradients() const {
  Arrays arrays;
  for (const auto& [name, tensor] : implementation_->network->named) {
    const Tensor ours = turned(tensor.grad()).contiguous();
    arrays[name].assign(ours.data_ptr<float>(), ours.data_ptr<float>() + ours.numel());
  }
  return arrays;
}

float Model::differentiate(std::span<const float> x, std::span<const float> noise) {
  return implementation_->differentiate(from_span(x, {static_cast<std::int64_t>(x.size()) / 784, 784}),
                                        from_span(noise, {static_cast<std::int64_t>(noise.size())}));
}

void Model::set_images(std::span<const float> pixels) {
  implementation_->images = from_span(pixels, {static_cast<std::int64_t>(pixels.size()) / 784, 784});
}

float Model::train_step(std::span<const std::int64_t> rows) {
  const auto n = static_cast<std::int64_t>(rows.size());
  const Tensor indices = torch::from_blob(const_cast<std::int64_t*>(rows.data()), {n}, torch::kInt64);
  const float loss = implementation_->differentiate(implementation_->images.index_select(0, indices),
                                                    torch::randn({n * implementation_->network->noise_size()}));
  implementation_->optimiser->step();
  return loss;
}

}  // namespace torch_extensions
