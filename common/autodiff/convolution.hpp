// Images [B, C, H, W] in the differentiable vocabulary: the convolution triad, each of which is differentiated in terms
// of the other two, and resampling. The kernels are described in common/tensors/convolution.hpp and resampling.hpp.
#pragma once

#include "common/autodiff/var.hpp"
#include "common/tensors/convolution.hpp"

namespace autodiff {

using tensors::ConvGeometry;
using tensors::Extents;

// The partial derivatives of <g, x * w> in g, in x and in w. A transposed convolution is conv_data.
template <class T> Var<T> conv(const Var<T>& x, const Var<T>& w, const ConvGeometry& geometry);
template <class T> Var<T> conv_data(const Var<T>& g, const Var<T>& w, const ConvGeometry& geometry, const Extents& image);
template <class T> Var<T> conv_weight(const Var<T>& x, const Var<T>& g, const ConvGeometry& geometry, const Extents& kernel);

// Nearest neighbours at larger extents, and its adjoint.
template <class T> Var<T> upsample(const Var<T>& x, const Extents& image);
template <class T> Var<T> upsample_adjoint(const Var<T>& y, const Extents& image);

// [B, 4 C, H, W] -> [B, C, 2 H, 2 W] and back.
template <class T> Var<T> join_phases(const Var<T>& x);
template <class T> Var<T> split_phases(const Var<T>& y);

// conv(upsample(x, {2 H, 2 W}), w, SAME) for a square kernel of odd size, at the lower resolution: a pixel of the result
// meets only a few pixels of x, each through the sum of the kernel elements that fall on it. Which ones depends on
// whether its row and column are even, so the kernel becomes four smaller ones (of 3 x 3 for 5 x 5: 2.8 times fewer
// products), and their results are the phases of the image.
template <class T> Var<T> conv_of_upsampled(const Var<T>& x, const Var<T>& w);

}  // namespace autodiff
