#include "common/nn/optimisers.hpp"

#include "common/tensors/loops.hpp"

#include <algorithm>
#include <cmath>

namespace nn {

template <class T>
Optimiser<T>::Optimiser(const Parameters<T>& parameters, std::vector<T> initial_state) : parameters_(parameters) {
  for (T value : initial_state) state_.push_back(Array<T>::full(parameters.flat().shape(), value));
}

template <class T>
void Optimiser<T>::update(std::int32_t parameter, const Array<T>& gradient) {
  const auto& entry = parameters_.entries()[static_cast<std::size_t>(parameter)];
  tensors::require(gradient.shape() == entry.window.shape(), "optimiser: {} is {}, its gradient is {}", entry.name,
                   entry.window.shape(), gradient.shape());
  T* p = entry.window.data_for_update();
  const T* g = gradient.data();
  std::array<T*, 2> s{};
  for (std::size_t i = 0; i < state_.size(); ++i) s[i] = state_[i].data_for_update() + entry.offset;
  tensors::kernels::parallel_ranges(gradient.size(), 1 << 15, [&](std::int64_t begin, std::int64_t end) {
    update_range(end - begin, p + begin, g + begin, {s[0] ? s[0] + begin : nullptr, s[1] ? s[1] + begin : nullptr});
  });
}

template <class T>
void Sgd<T>::update_range(std::int64_t n, T* __restrict p, const T* __restrict g, const std::array<T*, 2>& s) const {
  const auto rate = static_cast<T>(settings_.learning_rate), momentum = static_cast<T>(settings_.momentum);
  T* __restrict v = s[0];
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) {
    v[i] = momentum * v[i] + g[i];
    p[i] -= rate * v[i];
  }
}

template <class T>
void Adagrad<T>::update_range(std::int64_t n, T* __restrict p, const T* __restrict g, const std::array<T*, 2>& s) const {
  const auto rate = static_cast<T>(settings_.learning_rate), epsilon = static_cast<T>(settings_.epsilon);
  T* __restrict sum = s[0];
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) {
    sum[i] += g[i] * g[i];
    p[i] -= rate * g[i] / (std::sqrt(sum[i]) + epsilon);
  }
}

template <class T>
void RmsPropPyTorch<T>::update_range(std::int64_t n, T* __restrict p, const T* __restrict g, const std::array<T*, 2>& s) const {
  const auto rate = static_cast<T>(settings_.learning_rate), decay = static_cast<T>(settings_.decay), epsilon = static_cast<T>(settings_.epsilon);
  T* __restrict v = s[0];
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) {
    v[i] = decay * v[i] + (T(1) - decay) * g[i] * g[i];
    p[i] -= rate * g[i] / (std::sqrt(v[i]) + epsilon);
  }
}

template <class T>
void RmsPropTensorFlow1<T>::update_range(std::int64_t n, T* __restrict p, const T* __restrict g, const std::array<T*, 2>& s) const {
  const auto rate = static_cast<T>(settings_.learning_rate), decay = static_cast<T>(settings_.decay), epsilon = static_cast<T>(settings_.epsilon);
  T* __restrict v = s[0];
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) {
    v[i] = decay * v[i] + (T(1) - decay) * g[i] * g[i];
    p[i] -= rate * g[i] / std::sqrt(v[i] + epsilon);
  }
}

template <class T>
void Adam<T>::update_range(std::int64_t n, T* __restrict p, const T* __restrict g, const std::array<T*, 2>& s) const {
  const auto t = static_cast<double>(this->n_steps_);
  const auto beta_1 = static_cast<T>(settings_.beta_1), beta_2 = static_cast<T>(settings_.beta_2);
  const auto rate = static_cast<T>(settings_.learning_rate / (1 - std::pow(settings_.beta_1, t)));
  const auto root_correction = static_cast<T>(1 / std::sqrt(1 - std::pow(settings_.beta_2, t)));
  const auto epsilon = static_cast<T>(settings_.epsilon);
  T* __restrict m = s[0];
  T* __restrict v = s[1];
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) {
    m[i] = beta_1 * m[i] + (T(1) - beta_1) * g[i];
    v[i] = beta_2 * v[i] + (T(1) - beta_2) * g[i] * g[i];
    p[i] -= rate * m[i] / (std::sqrt(v[i]) * root_correction + epsilon);
  }
}

template <class T>
void AdamaxHvae<T>::update_range(std::int64_t n, T* __restrict p, const T* __restrict g, const std::array<T*, 2>& s) const {
  const auto beta_1 = static_cast<T>(settings_.beta_1), beta_2 = static_cast<T>(settings_.beta_2);
  const auto rate = static_cast<T>(settings_.learning_rate), epsilon = static_cast<T>(settings_.epsilon);
  T* __restrict v = s[0];
  T* __restrict m = s[1];
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) {
    v[i] = beta_1 * v[i] + (T(1) - beta_1) * g[i];
    m[i] = std::max(beta_2 * m[i] + epsilon, std::abs(g[i]));
    p[i] -= rate * v[i] / m[i];
  }
}

template <class T>
void AdamaxPyTorch<T>::update_range(std::int64_t n, T* __restrict p, const T* __restrict g, const std::array<T*, 2>& s) const {
  const auto beta_1 = static_cast<T>(settings_.beta_1), beta_2 = static_cast<T>(settings_.beta_2);
  const auto rate = static_cast<T>(settings_.learning_rate / (1 - std::pow(settings_.beta_1, static_cast<double>(this->n_steps_)))), epsilon = static_cast<T>(settings_.epsilon);
  T* __restrict v = s[0];
  T* __restrict m = s[1];
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) {
    v[i] = beta_1 * v[i] + (T(1) - beta_1) * g[i];
    m[i] = std::max(beta_2 * m[i], std::abs(g[i]) + epsilon);
    p[i] -= rate * v[i] / m[i];
  }
}

template class Optimiser<float>;
template class Optimiser<double>;
template class Sgd<float>;
template class Sgd<double>;
template class Adagrad<float>;
template class Adagrad<double>;
template class RmsPropPyTorch<float>;
template class RmsPropPyTorch<double>;
template class RmsPropTensorFlow1<float>;
template class RmsPropTensorFlow1<double>;
template class Adam<float>;
template class Adam<double>;
template class AdamaxHvae<float>;
template class AdamaxHvae<double>;
template class AdamaxPyTorch<float>;
template class AdamaxPyTorch<double>;

}  // namespace nn
