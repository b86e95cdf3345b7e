#include "common/nn/initialisers.hpp"

#include <cmath>

namespace nn {
namespace {

template <class T>
Array<T> uniform(const Shape& shape, double half_width, tensors::Stream& stream) {
  Array<T> values = stream.uniform<T>(shape);
  T* v = values.mutable_data();
  for (std::int64_t i = 0; i < values.size(); ++i) v[i] = static_cast<T>(half_width) * (T(2) * v[i] - T(1));
  return values;
}

template <class T>
Array<T> normal(const Shape& shape, double standard_deviation, tensors::Stream& stream) {
  Array<T> values = stream.normal<T>(shape);
  T* v = values.mutable_data();
  for (std::int64_t i = 0; i < values.size(); ++i) v[i] *= static_cast<T>(standard_deviation);
  return values;
}

}  // namespace

template <class T>
Array<T> initialise(Draw draw, const Shape& shape, const Fans& fans, tensors::Stream& stream) {
  tensors::require(fans.in > 0 && fans.out > 0, "initialise: {} inputs, {} outputs", fans.in, fans.out);
  const auto in = static_cast<double>(fans.in), out = static_cast<double>(fans.out);
  switch (draw) {
    case Draw::zeros: return Array<T>::zeros(shape);
    case Draw::glorot_uniform: return uniform<T>(shape, std::sqrt(6 / (in + out)), stream);
    case Draw::glorot_normal: return normal<T>(shape, std::sqrt(2 / (in + out)), stream);
    case Draw::he_normal: return normal<T>(shape, std::sqrt(2 / in), stream);
    case Draw::he_uniform: return uniform<T>(shape, std::sqrt(6 / in), stream);
    case Draw::pytorch_uniform: return uniform<T>(shape, 1 / std::sqrt(in), stream);
  }
  tensors::require(false, "initialise: unknown draw");
  return {};
}

template Array<float> initialise(Draw, const Shape&, const Fans&, tensors::Stream&);
template Array<double> initialise(Draw, const Shape&, const Fans&, tensors::Stream&);

}  // namespace nn
