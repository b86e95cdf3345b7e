// Convolutions of images: the three partial derivatives of <g, x * w>, each of which is differentiated in terms of the
// other two. As in all neural-network libraries, "convolution" is correlation: the kernel is not flipped.
#pragma once

#include "common/tensors/array.hpp"

#include <array>

namespace tensors {

// A count for each of the two image axes: rows (height), columns (width).
using Extents = std::array<std::int64_t, 2>;

// How a kernel walks over an image: its stride, and the rows and columns of zeros before and after the image.
struct ConvGeometry {
  Extents stride{1, 1}, pad_lo{0, 0}, pad_hi{0, 0};
};

// PyTorch's way to say it: one stride, and the same padding on all four sides.
ConvGeometry even_padding(std::int64_t stride, std::int64_t padding);
// TensorFlow's SAME: the output has ceil(input / stride) rows; of an odd number of padding rows the last side gets one more.
ConvGeometry same_padding(const Extents& input, const Extents& kernel, std::int64_t stride);

// The output of a convolution, (input + pad_lo + pad_hi - kernel) / stride + 1, rounded down. Throws where the padded
// image is smaller than the kernel, and for a stride below 1 or a negative padding.
Extents conv_extents(const Extents& input, const Extents& kernel, const ConvGeometry& geometry);
// The output of a transposed convolution, (input - 1) stride - pad_lo - pad_hi + kernel + extra: the image whose
// convolution has the extents `input`. There are `stride` such images for each axis, told apart by 0 <= extra < stride.
Extents transposed_extents(const Extents& input, const Extents& kernel, const ConvGeometry& geometry, const Extents& extra = {0, 0});

namespace kernels {

// Float runs on oneDNN (images or results of one channel partly on a kernel of our own); double is the reference, a
// matrix product with the image's patches.

// x * w: [B, C, H, W] and [O, C, kh, kw] -> [B, O, H', W'], (H', W') = conv_extents({H, W}, {kh, kw}, geometry).
template <class T> Array<T> conv(const Array<T>& x, const Array<T>& w, const ConvGeometry& geometry);
// The gradient of <g, x * w> in x, an image of the given extents: [B, O, H', W'] and [O, C, kh, kw] -> [B, C, H, W].
template <class T> Array<T> conv_data(const Array<T>& g, const Array<T>& w, const ConvGeometry& geometry, const Extents& image);
// Its gradient in w, of the given extents: [B, C, H, W] and [B, O, H', W'] -> [O, C, kh, kw].
template <class T> Array<T> conv_weight(const Array<T>& x, const Array<T>& g, const ConvGeometry& geometry, const Extents& kernel);

}  // namespace kernels
}  // namespace tensors
