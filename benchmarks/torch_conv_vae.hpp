// The VAE of conv_vae.hpp in LibTorch, as its users would write it, and the HVAE on top of it. The benchmarks run against
// them, and tests/parity shows that both compute the same.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace torch_conv_vae {

// By the names and in the layout of our parameters.
using Arrays = std::map<std::string, std::vector<float>>;

class Model {
 public:
  // With K leapfrog steps and fixed tempering (paper_hvae/image_model.hpp); none: the VAE, its divergence in closed form.
  explicit Model(int K = 0);
  ~Model();
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  void set_parameters(const Arrays& values);
  Arrays gradients() const;  // of the last loss

  // The mean of -ELBO over x [B, 784] with the noise [B, 64], and its gradients; a flow also needs the momentum's noise.
  float differentiate(std::span<const float> x, std::span<const float> epsilon, std::span<const float> gamma = {});

  // The images that train_step chooses from, [n, 784].
  void set_images(std::span<const float> pixels);
  // One step of Adam (1e-3) on the given images, with noise of its own; the loss before it.
  float train_step(std::span<const std::int64_t> rows);

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace torch_conv_vae
