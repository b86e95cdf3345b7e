// The VHP of paper_vhp with its low-dimensional networks in LibTorch, as its users would write it: torch::nn, autograd,
// torch::optim::Adam. The benchmark runs against it, and tests/parity shows that both compute the same.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace torch_vhp {

struct Sizes {
  std::int64_t n_x, d, hidden, n_hidden, batch, K;
};

// By the names and in the layout of our parameters.
using Arrays = std::map<std::string, std::vector<float>>;

class Model {
 public:
  Model(const Sizes& sizes, double variance);
  ~Model();
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  void set_parameters(const Arrays& values);
  Arrays gradients() const;  // of the last loss

  // The mean over the batch of -log p(x | z) + beta F, with the importance-weighted bound, and its gradients; x [B, n_x],
  // noise [B, d] and [K, B, d].
  float differentiate(std::span<const float> x, std::span<const float> of_z, std::span<const float> of_zeta, double beta);

  // The images that train_step chooses from, [n, n_x].
  void set_images(std::span<const float> pixels);
  // One step of Adam at rate 1e-4 on the given images with noise of its own; beta is moved by eq. (12) before it.
  float train_step(std::span<const std::int64_t> rows);

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace torch_vhp
