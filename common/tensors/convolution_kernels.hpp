// What stands behind kernels::conv and its two partners: implementations on checked, non-empty operands in row-major
// order, x [batch, n_in, image], w [n_out, n_in, kernel], y [batch, n_out, output]. Each writes all of its last argument.
#pragma once

#include "common/tensors/convolution.hpp"

namespace tensors {

struct Convolution {
  std::int64_t batch, n_in, n_out;
  Extents image, kernel, output;
  ConvGeometry geometry;

  std::int64_t image_size() const { return image[0] * image[1]; }
  std::int64_t kernel_size() const { return kernel[0] * kernel[1]; }
  std::int64_t output_size() const { return output[0] * output[1]; }
};

// By matrix products with the patches of each image: the reference.
void conv(const Convolution& c, const double* x, const double* w, double* y);
void conv_data(const Convolution& c, const double* y, const double* w, double* x);
void conv_weight(const Convolution& c, const double* x, const double* y, double* w);

// By oneDNN, but for what the next function does better.
void conv(const Convolution& c, const float* x, const float* w, float* y);
void conv_data(const Convolution& c, const float* y, const float* w, float* x);
void conv_weight(const Convolution& c, const float* x, const float* y, float* w);

// conv_data for n_in = 1, which oneDNN computes for sixteen channels.
void conv_data_to_one_channel(const Convolution& c, const float* y, const float* w, float* x);

}  // namespace tensors
