#include "common/autodiff/convolution.hpp"

#include "common/autodiff/functions.hpp"
#include "common/autodiff/primitive.hpp"
#include "common/tensors/resampling.hpp"

namespace autodiff {

namespace kernels = tensors::kernels;

namespace {

template <class T>
Extents extents_of(const Var<T>& x) { return {x.shape().extent(2), x.shape().extent(3)}; }

}  // namespace

template <class T> Var<T> conv(const Var<T>& x, const Var<T>& w, const ConvGeometry& geometry) {
  return primitive<"conv", T>([=](const Array<T>& x, const Array<T>& w) { return kernels::conv(x, w, geometry); },
      rules([=, image = extents_of(x)](V<T> g, skip, skip, V<T> w) { return conv_data(g, w, geometry, image); },
            [=, kernel = extents_of(w)](V<T> g, skip, V<T> x, skip) { return conv_weight(x, g, geometry, kernel); }), x, w);
}

template <class T> Var<T> conv_data(const Var<T>& g, const Var<T>& w, const ConvGeometry& geometry, const Extents& image) {
  return primitive<"conv_data", T>([=](const Array<T>& g, const Array<T>& w) { return kernels::conv_data(g, w, geometry, image); },
      rules([=](V<T> h, skip, skip, V<T> w) { return conv(h, w, geometry); },
            [=, kernel = extents_of(w)](V<T> h, skip, V<T> g, skip) { return conv_weight(h, g, geometry, kernel); }), g, w);
}

template <class T> Var<T> conv_weight(const Var<T>& x, const Var<T>& g, const ConvGeometry& geometry, const Extents& kernel) {
  return primitive<"conv_weight", T>([=](const Array<T>& x, const Array<T>& g) { return kernels::conv_weight(x, g, geometry, kernel); },
      rules([=, image = extents_of(x)](V<T> h, skip, skip, V<T> g) { return conv_data(g, h, geometry, image); },
            [=](V<T> h, skip, V<T> x, skip) { return conv(x, h, geometry); }), x, g);
}

template <class T> Var<T> upsample(const Var<T>& x, const Extents& image) {
  return primitive<"upsample", T>([=](const Array<T>& x) { return kernels::upsample(x, image); },
      rules([before = extents_of(x)](V<T> g, skip, skip) { return upsample_adjoint(g, before); }), x);
}

template <class T> Var<T> upsample_adjoint(const Var<T>& y, const Extents& image) {
  return primitive<"upsample_adjoint", T>([=](const Array<T>& y) { return kernels::upsample_adjoint(y, image); },
      rules([before = extents_of(y)](V<T> g, skip, skip) { return upsample(g, before); }), y);
}

template <class T> Var<T> join_phases(const Var<T>& x) {
  return primitive<"join_phases", T>(kernels::join_phases<T>, rules([](V<T> g, skip, skip) { return split_phases(g); }), x);
}

template <class T> Var<T> split_phases(const Var<T>& y) {
  return primitive<"split_phases", T>(kernels::split_phases<T>, rules([](V<T> g, skip, skip) { return join_phases(g); }), y);
}

namespace {

std::int64_t floor_half(std::int64_t n) { return (n - (n % 2 != 0 && n < 0)) / 2; }

// How many pixels on either side of its own the kernels of the phases reach.
std::int64_t phase_reach(std::int64_t kernel) { return (kernel / 2 + 1) / 2; }

// Along one axis, with r = kernel / 2: element k of the kernel meets, for an even (a = 0) or odd (a = 1) pixel 2 i + a
// of the result, pixel floor((2 i + a + k - r) / 2) of x. The matrix [kernel^2, 4 taps^2] has a one where an element in
// two dimensions meets a tap of a phase.
template <class T>
Array<T> phase_matrix(std::int64_t kernel) {
  const std::int64_t reach = phase_reach(kernel), taps = 2 * reach + 1;
  const auto tap = [&](std::int64_t phase, std::int64_t k) { return floor_half(phase + k - kernel / 2) + reach; };
  Array<T> matrix = Array<T>::zeros({kernel * kernel, 4 * taps * taps});
  T* to = matrix.mutable_data();
  for (std::int64_t k = 0; k < kernel * kernel; ++k)
    for (std::int64_t phase = 0; phase < 4; ++phase)
      to[((k * 4 + phase) * taps + tap(phase / 2, k / kernel)) * taps + tap(phase % 2, k % kernel)] = 1;
  return matrix;
}

}  // namespace

template <class T> Var<T> conv_of_upsampled(const Var<T>& x, const Var<T>& w) {
  const Extents kernel = extents_of(w);
  tensors::require(kernel[0] == kernel[1] && kernel[0] % 2 == 1, "conv_of_upsampled: a kernel of {} x {} is not square and odd", kernel[0],
                   kernel[1]);
  const std::int64_t n_out = w.shape()[0], n_in = w.shape()[1], reach = phase_reach(kernel[0]), taps = 2 * reach + 1;
  const Var<T> folded = matmul(reshape(w, {n_out * n_in, kernel[0] * kernel[1]}), Var<T>(phase_matrix<T>(kernel[0])));
  const Var<T> by_phase = permute(reshape(folded, {n_out, n_in, 4, taps * taps}), {0, 2, 1, 3});
  return join_phases(conv(x, reshape(by_phase, {4 * n_out, n_in, taps, taps}), tensors::even_padding(1, reach)));
}

#define SUITE_INSTANTIATE(T)                                                                             \
  template Var<T> conv(const Var<T>&, const Var<T>&, const ConvGeometry&);                               \
  template Var<T> conv_data(const Var<T>&, const Var<T>&, const ConvGeometry&, const Extents&);          \
  template Var<T> conv_weight(const Var<T>&, const Var<T>&, const ConvGeometry&, const Extents&);        \
  template Var<T> upsample(const Var<T>&, const Extents&);                                               \
  template Var<T> upsample_adjoint(const Var<T>&, const Extents&);                                       \
  template Var<T> join_phases(const Var<T>&);                                                            \
  template Var<T> split_phases(const Var<T>&);                                                           \
  template Var<T> conv_of_upsampled(const Var<T>&, const Var<T>&);
SUITE_INSTANTIATE(float)
SUITE_INSTANTIATE(double)
#undef SUITE_INSTANTIATE

}  // namespace autodiff
