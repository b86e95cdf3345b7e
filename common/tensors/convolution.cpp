#include "common/tensors/convolution_kernels.hpp"
#include "common/tensors/gemm.hpp"

namespace tensors {

ConvGeometry even_padding(std::int64_t stride, std::int64_t padding) {
  return {.stride = {stride, stride}, .pad_lo = {padding, padding}, .pad_hi = {padding, padding}};
}

ConvGeometry same_padding(const Extents& input, const Extents& kernel, std::int64_t stride) {
  require(stride > 0, "same_padding: stride {}", stride);
  ConvGeometry geometry{.stride = {stride, stride}};
  for (std::size_t axis = 0; axis < 2; ++axis) {
    const std::int64_t output = (input[axis] + stride - 1) / stride;
    const std::int64_t padding = std::max<std::int64_t>(0, (output - 1) * stride + kernel[axis] - input[axis]);
    geometry.pad_lo[axis] = padding / 2;
    geometry.pad_hi[axis] = padding - padding / 2;
  }
  return geometry;
}

namespace {

void check(const Extents& kernel, const ConvGeometry& geometry) {
  for (std::size_t axis = 0; axis < 2; ++axis) {
    require(kernel[axis] > 0, "convolution: a kernel of {} x {}", kernel[0], kernel[1]);
    require(geometry.stride[axis] > 0 && geometry.pad_lo[axis] >= 0 && geometry.pad_hi[axis] >= 0,
            "convolution: along axis {} the stride is {}, the padding {} and {}", axis, geometry.stride[axis], geometry.pad_lo[axis],
            geometry.pad_hi[axis]);
  }
}

}  // namespace

Extents conv_extents(const Extents& input, const Extents& kernel, const ConvGeometry& geometry) {
  check(kernel, geometry);
  Extents output;
  for (std::size_t axis = 0; axis < 2; ++axis) {
    const std::int64_t room = input[axis] + geometry.pad_lo[axis] + geometry.pad_hi[axis] - kernel[axis];
    require(input[axis] > 0 && room >= 0, "convolution: a kernel of {} x {} does not fit into an image of {} x {} with its padding", kernel[0],
            kernel[1], input[0], input[1]);
    output[axis] = room / geometry.stride[axis] + 1;
  }
  return output;
}

Extents transposed_extents(const Extents& input, const Extents& kernel, const ConvGeometry& geometry, const Extents& extra) {
  check(kernel, geometry);
  Extents output;
  for (std::size_t axis = 0; axis < 2; ++axis) {
    const std::int64_t stride = geometry.stride[axis];
    require(extra[axis] >= 0 && extra[axis] < stride, "transposed convolution: {} extra along axis {}, the stride is {}", extra[axis], axis, stride);
    output[axis] = (input[axis] - 1) * stride - geometry.pad_lo[axis] - geometry.pad_hi[axis] + kernel[axis] + extra[axis];
    require(input[axis] > 0 && output[axis] > 0, "transposed convolution: an image of {} x {} leaves nothing inside the padding", input[0],
            input[1]);
  }
  return output;
}

// ---- the reference

namespace {

// Calls body(row of patches, k, output row, image row, kernel column) for the patches' rows that lie in the image.
// A patch matrix has a row for each (channel, kernel element) and a column for each output pixel.
template <class Body>
void for_patch_rows(const Convolution& c, const Body& body) {
  std::int64_t k = 0;
  for (std::int64_t channel = 0; channel < c.n_in; ++channel)
    for (std::int64_t i = 0; i < c.kernel[0]; ++i)
      for (std::int64_t j = 0; j < c.kernel[1]; ++j, ++k)
        for (std::int64_t row = 0; row < c.output[0]; ++row) {
          const std::int64_t image_row = row * c.geometry.stride[0] + i - c.geometry.pad_lo[0];
          if (image_row < 0 || image_row >= c.image[0]) continue;
          for (std::int64_t column = 0; column < c.output[1]; ++column) {
            const std::int64_t image_column = column * c.geometry.stride[1] + j - c.geometry.pad_lo[1];
            if (image_column < 0 || image_column >= c.image[1]) continue;
            body(k * c.output_size() + row * c.output[1] + column, (channel * c.image[0] + image_row) * c.image[1] + image_column);
          }
        }
}

Array<double> patches(const Convolution& c, const double* image) {
  Array<double> result = Array<double>::zeros({c.n_in * c.kernel_size(), c.output_size()});
  double* to = result.mutable_data();
  for_patch_rows(c, [=](std::int64_t in_patches, std::int64_t in_image) { to[in_patches] = image[in_image]; });
  return result;
}

}  // namespace

void conv(const Convolution& c, const double* x, const double* w, double* y) {
  for (std::int64_t n = 0; n < c.batch; ++n)
    gemm(Trans::no, Trans::no, c.n_out, c.output_size(), c.n_in * c.kernel_size(), w, patches(c, x + n * c.n_in * c.image_size()).data(), 0,
         y + n * c.n_out * c.output_size());
}

void conv_data(const Convolution& c, const double* y, const double* w, double* x) {
  std::fill_n(x, c.batch * c.n_in * c.image_size(), 0.0);
  Array<double> gradient({c.n_in * c.kernel_size(), c.output_size()});  // of the patches
  const double* from = gradient.data();
  for (std::int64_t n = 0; n < c.batch; ++n) {
    gemm(Trans::yes, Trans::no, c.n_in * c.kernel_size(), c.output_size(), c.n_out, w, y + n * c.n_out * c.output_size(), 0,
         gradient.mutable_data());
    double* image = x + n * c.n_in * c.image_size();
    for_patch_rows(c, [=](std::int64_t in_patches, std::int64_t in_image) { image[in_image] += from[in_patches]; });
  }
}

void conv_weight(const Convolution& c, const double* x, const double* y, double* w) {
  for (std::int64_t n = 0; n < c.batch; ++n)
    gemm(Trans::no, Trans::yes, c.n_out, c.n_in * c.kernel_size(), c.output_size(), y + n * c.n_out * c.output_size(),
         patches(c, x + n * c.n_in * c.image_size()).data(), n > 0, w);
}

// ---- the kernels

namespace kernels {
namespace {

// The convolution of images [batch, n_in, image] by a kernel to `output_shape`, if its shapes fit together.
Convolution convolution(const Shape& images, const Shape& kernel, const ConvGeometry& geometry) {
  require(images.rank() == 4 && kernel.rank() == 4 && images[1] == kernel[1], "convolution: images {}, kernel {}", images, kernel);
  Convolution c{.batch = images[0], .n_in = images[1], .n_out = kernel[0], .image = {images[2], images[3]}, .kernel = {kernel[2], kernel[3]},
                .output = {}, .geometry = geometry};
  c.output = conv_extents(c.image, c.kernel, geometry);
  return c;
}

Shape shape_of(std::int64_t outer, std::int64_t channels, const Extents& extents) { return {outer, channels, extents[0], extents[1]}; }

template <class T, class F>
Array<T> computed(const Shape& shape, bool empty_operands, const F& compute) {
  if (empty_operands) return Array<T>::zeros(shape);
  Array<T> result(shape);
  if (result.size() > 0) compute(result.mutable_data());
  return result;
}

}  // namespace

template <class T>
Array<T> conv(const Array<T>& x, const Array<T>& w, const ConvGeometry& geometry) {
  const Convolution c = convolution(x.shape(), w.shape(), geometry);
  return computed<T>(shape_of(c.batch, c.n_out, c.output), x.size() == 0 || w.size() == 0,
                     [&](T* y) { tensors::conv(c, x.data(), w.data(), y); });
}

template <class T>
Array<T> conv_data(const Array<T>& g, const Array<T>& w, const ConvGeometry& geometry, const Extents& image) {
  require(g.shape().rank() == 4 && w.shape().rank() == 4, "conv_data: results {}, kernel {}", g.shape(), w.shape());
  const Convolution c = convolution(shape_of(g.shape()[0], w.shape()[1], image), w.shape(), geometry);
  require(g.shape() == shape_of(c.batch, c.n_out, c.output), "conv_data: results {}, kernel {} on images of {} x {} gives {} x {}", g.shape(),
          w.shape(), image[0], image[1], c.output[0], c.output[1]);
  return computed<T>(shape_of(c.batch, c.n_in, c.image), g.size() == 0 || w.size() == 0,
                     [&](T* x) { tensors::conv_data(c, g.data(), w.data(), x); });
}

template <class T>
Array<T> conv_weight(const Array<T>& x, const Array<T>& g, const ConvGeometry& geometry, const Extents& kernel) {
  require(x.shape().rank() == 4 && g.shape().rank() == 4, "conv_weight: images {}, results {}", x.shape(), g.shape());
  const Convolution c = convolution(x.shape(), shape_of(g.shape()[1], x.shape()[1], kernel), geometry);
  require(g.shape() == shape_of(c.batch, c.n_out, c.output), "conv_weight: images {}, results {}; a kernel of {} x {} gives {} x {}", x.shape(),
          g.shape(), kernel[0], kernel[1], c.output[0], c.output[1]);
  return computed<T>(shape_of(c.n_out, c.n_in, c.kernel), x.size() == 0 || g.size() == 0,
                     [&](T* w) { tensors::conv_weight(c, x.data(), g.data(), w); });
}

#define SUITE_INSTANTIATE(T)                                                                                  \
  template Array<T> conv(const Array<T>&, const Array<T>&, const ConvGeometry&);                              \
  template Array<T> conv_data(const Array<T>&, const Array<T>&, const ConvGeometry&, const Extents&);         \
  template Array<T> conv_weight(const Array<T>&, const Array<T>&, const ConvGeometry&, const Extents&);
SUITE_INSTANTIATE(float)
SUITE_INSTANTIATE(double)
#undef SUITE_INSTANTIATE

}  // namespace kernels
}  // namespace tensors
