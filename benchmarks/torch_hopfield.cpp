#include "benchmarks/torch_hopfield.hpp"

#include <torch/torch.h>

namespace torch_hopfield {

using torch::Tensor;

struct Network::Implementation {
  Tensor W_in, W;  // [clamped, free], [free, free]
  Tensor before;   // rho of the state settled before

  Tensor settle(const Tensor& input, float dt, int n_steps) const {
    const torch::NoGradGuard no_grad;
    const Tensor drive = torch::matmul(torch::sigmoid(3 * input), W_in);
    Tensor s = torch::zeros_like(drive), field = torch::empty_like(drive);
    for (int i = 0; i < n_steps; ++i) {
      const Tensor r = torch::sigmoid(3 * s);
      torch::addmm_out(field, drive, r, W);
      s.mul_(1 - dt).addcmul_(r.mul(1 - r), field, 3 * dt);
    }
    return s;
  }
};

namespace {

Tensor tensor_of(std::span<const float> elements, std::int64_t rows) {
  return torch::from_blob(const_cast<float*>(elements.data()), {rows, static_cast<std::int64_t>(elements.size()) / rows}).clone();
}

}  // namespace

Network::Network(std::int64_t n, std::int64_t n_clamped, std::span<const float> W) : implementation_(std::make_unique<Implementation>()) {
  using torch::indexing::Slice;
  const Tensor all = tensor_of(W, n);
  implementation_->W_in = all.index({Slice(0, n_clamped), Slice(n_clamped, n)}).contiguous();
  implementation_->W = all.index({Slice(n_clamped, n), Slice(n_clamped, n)}).contiguous();
}
Network::~Network() = default;

std::vector<float> Network::settle(std::span<const float> input, std::int64_t B, float dt, int n_steps) {
  const Tensor s = implementation_->settle(tensor_of(input, B), dt, n_steps).contiguous();
  return {s.data_ptr<float>(), s.data_ptr<float>() + s.numel()};
}

void Network::settle_and_contrast(std::span<const float> input, std::int64_t B, float dt, int n_steps) {
  const torch::NoGradGuard no_grad;
  const Tensor r = torch::sigmoid(3 * implementation_->settle(tensor_of(input, B), dt, n_steps));
  if (implementation_->before.defined()) {
    const Tensor product = torch::matmul((r - implementation_->before).t(), r + implementation_->before);
    const Tensor gradient = (product + product.t()).fill_diagonal_(0).mul_(-0.5 / static_cast<double>(B));
    (void)gradient;
  }
  implementation_->before = r;
}

}  // namespace torch_hopfield
