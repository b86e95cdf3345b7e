// The network of norm_parity_test.cpp in LibTorch.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace torch_norm_net {

// Parameters, gradients and running statistics, by the names and in the layout of ours.
using Arrays = std::map<std::string, std::vector<float>>;

class Model {
 public:
  Model();
  ~Model();
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  void set(const Arrays& values);
  Arrays state() const;      // parameters and running statistics
  Arrays gradients() const;  // of the last step, before it

  // One step of gradient descent in training mode on x [B, 1, 12, 12]; the loss before it.
  float step(std::span<const float> x, double learning_rate);
  // The logits in evaluation mode.
  std::vector<float> evaluate(std::span<const float> x);

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace torch_norm_net
