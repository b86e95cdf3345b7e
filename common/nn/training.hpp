#pragma once

#include "common/nn/optimisers.hpp"

#include <cmath>

namespace nn {

// One training step: evaluates loss(model), sweeps back, and updates each parameter as soon as its gradient is complete
// (so the gradient is still in the cache). Returns the loss before the step. Throws tensors::Divergence, before any
// parameter is touched, where the loss is not finite.
template <class T, class Model, class Loss>
T train_step(const Model& model, Optimiser<T>& optimiser, Loss&& loss) {
  optimiser.begin_step();
  const Var<T> value = autodiff::sweep_gradients<T>(
      [&](const Model& watched) {
        const Var<T> l = loss(watched);
        if (!std::isfinite(l.item())) throw_divergence(optimiser, static_cast<double>(l.item()));
        return l;
      },
      model, [&](std::int32_t i, const Var<T>& gradient) { optimiser.update(i, gradient.value()); });
  return value.item();
}

// Names the step, and the first parameter array that is not finite, if any.
template <class T>
[[noreturn]] void throw_divergence(Optimiser<T>& optimiser, double loss);

}  // namespace nn
