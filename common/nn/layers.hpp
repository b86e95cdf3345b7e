// Layers: plain aggregates of variables, applied as functions. `visit` names a layer's arrays in a fixed order.
#pragma once

#include "common/autodiff/functions.hpp"
#include "common/nn/initialisers.hpp"

#include <string_view>

namespace nn {

using autodiff::Var;

enum class Activation { identity, tanh, relu, leaky_relu, sigmoid, softplus };  // leaky_relu: slope 0.01

template <class T>
Var<T> activate(Activation activation, const Var<T>& x) {
  switch (activation) {
    case Activation::identity: return x;
    case Activation::tanh: return autodiff::tanh(x);
    case Activation::relu: return autodiff::relu(x);
    case Activation::leaky_relu: return autodiff::leaky_relu(x);
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

// x beside the condition that its rows stand under (labels as one-hot rows, say): [.., B, n] and [B, c] -> [.., B, n + c].
template <class T>
Var<T> conditioned(const Var<T>& x, const Var<T>& condition) {
  tensors::require(x.shape().rank() >= 2 && condition.shape().rank() == 2, "conditioned: x is {}, the condition is {}", x.shape(), condition.shape());
  const int last = x.shape().rank() - 1;
  Shape shape = x.shape();
  shape[last] = condition.shape()[1];
  return autodiff::concat(x, shape == condition.shape() ? condition : autodiff::broadcast_to(condition, shape), last);
}

}  // namespace nn
