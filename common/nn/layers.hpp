// Layers: plain aggregates of variables, applied as functions. `visit` names a layer's arrays in a fixed order.
#pragma once

#include "common/autodiff/functions.hpp"
#include "common/nn/initialisers.hpp"

#include <string_view>

namespace nn {

using autodiff::Var;

enum class Activation { identity, tanh, relu, sigmoid, softplus };

template <class T>
Var<T> activate(Activation activation, const Var<T>& x) {
  switch (activation) {
    case Activation::identity: return x;
    case Activation::tanh: return autodiff::tanh(x);
    case Activation::relu: return autodiff::relu(x);
    case Activation::sigmoid: return autodiff::sigmoid(x);
    case Activation::softplus: return autodiff::softplus(x);
  }
  return x;
}

// y = x weight + bias: [.., n_in] -> [.., n_out].
template <class T>
struct Dense {
  Var<T> weight;  // [n_in, n_out]
  Var<T> bias;    // [n_out]

  Dense() = default;
  Dense(std::int64_t n_in, std::int64_t n_out, const Initialiser& initialiser, tensors::Stream& stream)
      : weight(initialise<T>(initialiser.weight, {n_in, n_out}, {n_in, n_out}, stream)),
        bias(initialise<T>(initialiser.bias, {n_out}, {n_in, n_out}, stream)) {}

  Var<T> operator()(const Var<T>& x) const { return autodiff::affine(x, weight, bias); }
};

template <class T, class F>
void visit(Dense<T>& layer, F&& f) {
  f("weight", layer.weight);
  f("bias", layer.bias);
}

}  // namespace nn
