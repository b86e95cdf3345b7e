// First-order optimisers. Conventions differ between libraries in places that change results: where epsilon stands, and
// how the mean square starts. Each is named here after the library whose rule it follows.
#pragma once

#include "common/nn/parameters.hpp"

#include <array>
#include <cstdint>

namespace nn {

// What all optimisers share: the parameters, up to two arrays of state per parameter, and the count of steps.
template <class T>
class Optimiser {
 public:
  virtual ~Optimiser() = default;

  // A step is: begin_step, then update once for each parameter that has a gradient, in any order.
  void begin_step() { ++n_steps_; }
  void update(std::int32_t parameter, const Array<T>& gradient);

  const Parameters<T>& parameters() const { return parameters_; }
  // The state, for checkpoints.
  std::int64_t& n_steps() { return n_steps_; }
  const std::vector<Array<T>>& state() const { return state_; }

 protected:
  Optimiser(const Parameters<T>& parameters, std::vector<T> initial_state);

  // Updates n elements p (state arrays s[0], s[1]) with gradient g.
  virtual void update_range(std::int64_t n, T* p, const T* g, const std::array<T*, 2>& s) const = 0;

  std::int64_t n_steps_ = 0;

 private:
  Parameters<T> parameters_;
  std::vector<Array<T>> state_;
};

struct SgdSettings { double learning_rate = 0.01, momentum = 0; };
// v = momentum v + g;  p -= lr v                                            (PyTorch's momentum)
template <class T>
class Sgd final : public Optimiser<T> {
 public:
  Sgd(const Parameters<T>& parameters, const SgdSettings& settings) : Optimiser<T>(parameters, {0}), settings_(settings) {}

 private:
  void update_range(std::int64_t n, T* p, const T* g, const std::array<T*, 2>& s) const override;
  SgdSettings settings_;
};

struct AdagradSettings { double learning_rate = 0.01, epsilon = 1e-10, initial_sum = 0; };
// G += g^2;  p -= lr g / (sqrt(G) + epsilon)                                (Duchi et al., 2011; as in PyTorch)
template <class T>
class Adagrad final : public Optimiser<T> {
 public:
  Adagrad(const Parameters<T>& parameters, const AdagradSettings& settings)
      : Optimiser<T>(parameters, {static_cast<T>(settings.initial_sum)}), settings_(settings) {}

 private:
  void update_range(std::int64_t n, T* p, const T* g, const std::array<T*, 2>& s) const override;
  AdagradSettings settings_;
};

struct RmsPropSettings { double learning_rate = 0.01, decay = 0.99, epsilon = 1e-8; };
// v = decay v + (1 - decay) g^2, v_0 = 0;  p -= lr g / (sqrt(v) + epsilon)  (PyTorch)
template <class T>
class RmsPropPyTorch final : public Optimiser<T> {
 public:
  RmsPropPyTorch(const Parameters<T>& parameters, const RmsPropSettings& settings) : Optimiser<T>(parameters, {0}), settings_(settings) {}

 private:
  void update_range(std::int64_t n, T* p, const T* g, const std::array<T*, 2>& s) const override;
  RmsPropSettings settings_;
};

// v = decay v + (1 - decay) g^2, v_0 = 1;  p -= lr g / sqrt(v + epsilon)    (TensorFlow 1; its defaults: 0.9, 1e-10)
template <class T>
class RmsPropTensorFlow1 final : public Optimiser<T> {
 public:
  RmsPropTensorFlow1(const Parameters<T>& parameters, const RmsPropSettings& settings) : Optimiser<T>(parameters, {1}), settings_(settings) {}

 private:
  void update_range(std::int64_t n, T* p, const T* g, const std::array<T*, 2>& s) const override;
  RmsPropSettings settings_;
};

struct AdamSettings { double learning_rate = 1e-3, beta_1 = 0.9, beta_2 = 0.999, epsilon = 1e-8; };
// m, v: moving means of g and g^2, both corrected for their start;  p -= lr m^ / (sqrt(v^) + epsilon)
// (Kingma and Ba, 2015, Algorithm 1; as in PyTorch)
template <class T>
class Adam final : public Optimiser<T> {
 public:
  Adam(const Parameters<T>& parameters, const AdamSettings& settings) : Optimiser<T>(parameters, {0, 0}), settings_(settings) {}

 private:
  void update_range(std::int64_t n, T* p, const T* g, const std::array<T*, 2>& s) const override;
  AdamSettings settings_;
};

struct AdamaxSettings { double learning_rate = 1e-3, beta_1 = 0.9, beta_2 = 0.999, epsilon = 1e-7; };
// v = beta_1 v + (1 - beta_1) g;  m = max(beta_2 m + epsilon, |g|);  p -= lr v / m, nothing corrected for its start.
// (Caterini et al., 2018, in their published code; epsilon adds up inside the maximum)
template <class T>
class AdamaxHvae final : public Optimiser<T> {
 public:
  AdamaxHvae(const Parameters<T>& parameters, const AdamaxSettings& settings) : Optimiser<T>(parameters, {0, 0}), settings_(settings) {}

 private:
  void update_range(std::int64_t n, T* p, const T* g, const std::array<T*, 2>& s) const override;
  AdamaxSettings settings_;
};

// v = beta_1 v + (1 - beta_1) g, corrected for its start;  m = max(beta_2 m, |g| + epsilon);  p -= lr v^ / m
// (Kingma and Ba, 2015, Algorithm 2; as in PyTorch, whose defaults are lr 0.002, epsilon 1e-8)
template <class T>
class AdamaxPyTorch final : public Optimiser<T> {
 public:
  AdamaxPyTorch(const Parameters<T>& parameters, const AdamaxSettings& settings) : Optimiser<T>(parameters, {0, 0}), settings_(settings) {}

 private:
  void update_range(std::int64_t n, T* p, const T* g, const std::array<T*, 2>& s) const override;
  AdamaxSettings settings_;
};

}  // namespace nn
