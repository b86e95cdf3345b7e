// Layers on images [B, C, H, W].
#pragma once

#include "common/autodiff/convolution.hpp"
#include "common/autodiff/functions.hpp"
#include "common/nn/initialisers.hpp"

#include <string_view>

namespace nn {

using autodiff::ConvGeometry;
using autodiff::Extents;
using autodiff::Var;

namespace detail {

// A number for each channel, added to all its pixels.
template <class T>
Var<T> add_to_channels(const Var<T>& x, const Var<T>& bias) {
  return x + reshape(bias, Shape{bias.shape()[0], 1, 1});
}

}  // namespace detail

// y = x * weight + bias: [B, n_in, H, W] -> [B, n_out, H', W'] with (H', W') = conv_extents({H, W}, kernel, geometry).
template <class T>
struct Conv2d {
  Var<T> weight;  // [n_out, n_in, kernel]
  Var<T> bias;    // [n_out]
  ConvGeometry geometry;

  Conv2d() = default;
  Conv2d(std::int64_t n_in, std::int64_t n_out, const Extents& kernel, const ConvGeometry& geometry, const Initialiser& initialiser,
         tensors::Stream& stream)
      : geometry(geometry) {
    const std::int64_t size = kernel[0] * kernel[1];
    const Fans fans{n_in * size, n_out * size};
    weight = initialise<T>(initialiser.weight, {n_out, n_in, kernel[0], kernel[1]}, fans, stream);
    bias = initialise<T>(initialiser.bias, {n_out}, fans, stream);
  }

  Var<T> operator()(const Var<T>& x) const { return detail::add_to_channels(autodiff::conv(x, weight, geometry), bias); }
};

template <class T, class F>
void visit(Conv2d<T>& layer, F&& f) {
  f("weight", layer.weight);
  f("bias", layer.bias);
}

// The transposed convolution: x goes the way back that a convolution with this geometry goes from images of `output`
// extents. [B, n_in, H, W] -> [B, n_out, output].
//
// Several outputs have convolutions of one size. TensorFlow is told the output, and its padding is
// same_padding(output, kernel, stride); PyTorch is told the padding, and its output is
// transposed_extents({H, W}, kernel, geometry, output_padding). A call throws where the output does not go with x.
//
// As in PyTorch, the weight is [n_in, n_out, kernel], and what it takes for the number of a unit's inputs is n_out times
// the kernel's size.
template <class T>
struct ConvTranspose2d {
  Var<T> weight;  // [n_in, n_out, kernel]
  Var<T> bias;    // [n_out]
  ConvGeometry geometry;
  Extents output{};

  ConvTranspose2d() = default;
  ConvTranspose2d(std::int64_t n_in, std::int64_t n_out, const Extents& kernel, const ConvGeometry& geometry, const Extents& output,
                  const Initialiser& initialiser, tensors::Stream& stream)
      : geometry(geometry), output(output) {
    const std::int64_t size = kernel[0] * kernel[1];
    const Fans fans{n_out * size, n_in * size};
    weight = initialise<T>(initialiser.weight, {n_in, n_out, kernel[0], kernel[1]}, fans, stream);
    bias = initialise<T>(initialiser.bias, {n_out}, fans, stream);
  }

  Var<T> operator()(const Var<T>& x) const { return detail::add_to_channels(autodiff::conv_data(x, weight, geometry, output), bias); }
};

template <class T, class F>
void visit(ConvTranspose2d<T>& layer, F&& f) {
  f("weight", layer.weight);
  f("bias", layer.bias);
}

}  // namespace nn
