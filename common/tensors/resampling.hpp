// Images [B, C, H, W] made larger without arithmetic, and the adjoints of that.
#pragma once

#include "common/tensors/convolution.hpp"

namespace tensors::kernels {

// Each pixel of the larger image is the nearest one, y[i, j] = x[floor(i H / H'), floor(j W / W')], for an image of the
// given extents (as in PyTorch); no extent may shrink.
template <class T> Array<T> upsample(const Array<T>& x, const Extents& image);
// Its adjoint: sums over the pixels that came from one.
template <class T> Array<T> upsample_adjoint(const Array<T>& y, const Extents& image);

// Four images as the phases of one of twice the extents: [B, 4 C, H, W] -> [B, C, 2 H, 2 W], where pixel (2 i + a, 2 j + b)
// of channel c is pixel (i, j) of channel 4 c + 2 a + b; and its inverse, which is its adjoint.
template <class T> Array<T> join_phases(const Array<T>& x);
template <class T> Array<T> split_phases(const Array<T>& y);

}  // namespace tensors::kernels
