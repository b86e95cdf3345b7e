// # Clipping
//
// For gradients that jump, as the exact one does where the energy has next to no curvature: a batch's gradient, all blocks as one
// vector, is scaled down to `factor` times its typical length, a running mean of what was left of the gradients before it.
#pragma once

#include "common/tensors/array.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace ep_hopfield {

struct Clip {
  double factor;
  double typical_length = 0;  // 0: no gradient yet
  std::int64_t n_clipped = 0;

  // What the next gradient is to be multiplied by, at most 1.
  double scale(const std::vector<tensors::Array<float>>& blocks) {
    double squares = 0;
    for (const tensors::Array<float>& block : blocks)
      for (std::int64_t i = 0; i < block.size(); ++i) squares += static_cast<double>(block[i]) * block[i];
    const double length = std::sqrt(squares);
    if (typical_length == 0) {
      typical_length = length;
      return 1;
    }
    const double kept = std::min(length, factor * typical_length);
    constexpr double memory = 0.99;
    typical_length = memory * typical_length + (1 - memory) * kept;
    n_clipped += kept < length;
    return length > 0 ? kept / length : 1;
  }
};

}  // namespace ep_hopfield
