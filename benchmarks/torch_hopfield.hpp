// The settling of a dense continuous Hopfield network and its contrastive weight gradient in LibTorch, as its users would
// write them: one product of all free units with all, the clamped units' part computed once, no autograd.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace torch_hopfield {

class Network {
 public:
  // W: [n, n] symmetric, the first n_clamped units clamped.
  Network(std::int64_t n, std::int64_t n_clamped, std::span<const float> W);
  ~Network();
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  // The free units' states, [B, n - n_clamped], after n_steps Euler steps from zero.
  std::vector<float> settle(std::span<const float> input, std::int64_t B, float dt, int n_steps);
  // The same, and the gradient in all weights between free units, of a contrast with the state that was settled before.
  void settle_and_contrast(std::span<const float> input, std::int64_t B, float dt, int n_steps);

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace torch_hopfield
