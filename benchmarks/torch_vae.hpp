// The VAE of paper_vae_extensions/vae.hpp in LibTorch, as its users would write it: torch::nn, torch::optim, autograd.
// The benchmark runs against it, and tests/parity shows that both compute the same.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace torch_vae {

struct Sizes {
  std::int64_t pixels, hidden, latent;
};

enum class Activation { tanh, relu };

// torch::optim's, with its defaults for all but what is here.
struct Rule {
  enum class Kind { sgd, adagrad, rmsprop, adam } kind;
  double learning_rate;
  double momentum = 0;  // of sgd
};

// By the names and in the layout of our parameters: "encoder.hidden.weight" is [n_in, n_out], row-major.
using Arrays = std::map<std::string, std::vector<float>>;

class Model {
 public:
  Model(const Sizes& sizes, Activation activation, const Rule& rule);
  ~Model();
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  void set_parameters(const Arrays& values);
  Arrays parameters() const;
  Arrays gradients() const;  // of the last loss

  // The mean of -ELBO over the rows of x [B, pixels], with the given noise [B, latent], and its gradients.
  float differentiate(std::span<const float> x, std::span<const float> epsilon);
  // Updates the parameters by the gradients.
  void update();

  // The images that train_step chooses from, [n, pixels].
  void set_images(std::span<const float> pixels);
  // One training step on the given images with noise of its own; the loss before it.
  float train_step(std::span<const std::int64_t> rows);

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

// Version and threads.
std::string description();

}  // namespace torch_vae
