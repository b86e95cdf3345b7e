// The Gaussian model's HVAE of paper_hvae in LibTorch, as its users would write it: sufficient statistics, fixed
// tempering, data sets as a leading axis, autograd through the leapfrog steps.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace torch_gaussian_hvae {

struct Sizes {
  std::int64_t n_sets, n_draws, d;
  int K;
};

// By the names and in the layout of our parameters.
using Arrays = std::map<std::string, std::vector<float>>;

class Model {
 public:
  // x_bar and S: [n_sets, d], moments of N rows.
  Model(const Sizes& sizes, double N, std::span<const float> x_bar, std::span<const float> S);
  ~Model();
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  void set_parameters(const Arrays& values);
  Arrays gradients() const;  // of the last loss

  // Minus the bounds' sum, and its gradients; noise z_0 and gamma, [n_sets, n_draws, d].
  float differentiate(std::span<const float> z_0, std::span<const float> gamma);
  // The same with noise of its own, and a step of RMSProp at rate 0.001.
  float train_step();

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace torch_gaussian_hvae
