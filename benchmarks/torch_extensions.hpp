// Two models of paper_vae_extensions in LibTorch, as its users would write them: cnn.hpp's step and iwae.hpp's (the right
// bound; the encoder's first network once for each image). The benchmark runs against them, and tests/parity shows that
// both compute the same.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace torch_extensions {

enum class Kind { cnn, iwae };

// By the names and in the layout of our parameters.
using Arrays = std::map<std::string, std::vector<float>>;

class Model {
 public:
  // n: latent size; k: draws of each image (1 for the CNN).
  Model(Kind kind, std::int64_t n, std::int64_t k);
  ~Model();
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  void set_parameters(const Arrays& values);  // running statistics may be among them
  Arrays gradients() const;                   // of the last loss

  // The mean of minus the bound over x [B, 784], and its gradients, in training mode. Noise: [B, n] for the CNN; [k, B, 100]
  // and then [k, B, n] for IWAE.
  float differentiate(std::span<const float> x, std::span<const float> noise);

  // The images that train_step chooses from, [n, 784].
  void set_images(std::span<const float> pixels);
  // One step of Adam (1e-3) on the given images, with noise of its own; the loss before it.
  float train_step(std::span<const std::int64_t> rows);

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace torch_extensions
