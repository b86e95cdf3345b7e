#pragma once

#include "common/tensors/random.hpp"

namespace nn {

using tensors::Array;
using tensors::Shape;

// The numbers of inputs and outputs of one unit's connections, which set the scale of its initial weights.
struct Fans {
  std::int64_t in, out;
};

enum class Draw {
  zeros,
  glorot_uniform,     // U(-a, a), a = sqrt(6 / (in + out))         Glorot and Bengio, 2010
  glorot_normal,      // N(0, 2 / (in + out))
  he_normal,          // N(0, 2 / in)                               He et al., 2015
  he_uniform,         // U(-a, a), a = sqrt(6 / in)
  pytorch_uniform,    // U(-a, a), a = 1 / sqrt(in): what torch.nn.Linear draws for weights and biases
};

template <class T>
Array<T> initialise(Draw draw, const Shape& shape, const Fans& fans, tensors::Stream& stream);

// How a layer's arrays start.
struct Initialiser {
  Draw weight, bias;
};
inline constexpr Initialiser glorot{Draw::glorot_uniform, Draw::zeros};
inline constexpr Initialiser he{Draw::he_normal, Draw::zeros};
inline constexpr Initialiser pytorch_default{Draw::pytorch_uniform, Draw::pytorch_uniform};

}  // namespace nn
