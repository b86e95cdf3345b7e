// Exported weights, put back into a model.
#pragma once

#include "common/nn/parameters.hpp"
#include "common/tensors/errors.hpp"

#include <algorithm>
#include <map>

namespace nn {

// Copies into every parameter and buffer the array of its name. Throws std::invalid_argument, naming it, where one is
// missing or has another shape; the model is then changed in part.
template <class T>
void restore(const Parameters<T>& parameters, const std::map<std::string, Array<T>>& weights) {
  for (const auto& [name, array] : parameters.named()) {
    const auto found = weights.find(name);
    tensors::require(found != weights.end(), "weights: {} is missing", name);
    tensors::require(found->second.shape() == array.shape(), "weights: {} has another shape than in the model", name);
    std::copy(found->second.begin(), found->second.end(), array.data_for_update());
  }
}

}  // namespace nn
