#include "common/autodiff/batch_norm.hpp"

#include "common/autodiff/functions.hpp"
#include "common/autodiff/primitive.hpp"

namespace autodiff {

namespace kernels = tensors::kernels;

template <class T> Var<T> per_channel(const Var<T>& values, const Shape& x) {
  Shape shape{values.shape().extent(0)};
  for (int axis = 2; axis < x.rank(); ++axis) shape.push_back(1);
  return reshape(values, shape);
}

namespace {

template <class T>
Var<T> sum_of_channels(const Var<T>& x) {
  const Shape channels{x.shape().extent(1)};
  return reshape(sum_to(x, per_channel(Var<T>(Array<T>::zeros(channels)), x.shape()).shape()), channels);
}

template <class T>
T n_of_channel(const Var<T>& x) { return static_cast<T>(x.shape().size() / x.shape()[1]); }

// y itself.
template <class T>
Var<T> standardised(const Var<T>& x, const Moments<T>& of_x) {
  const Shape& channels = of_x.mean.shape();
  return batch_norm(x, Var<T>(Array<T>::full(channels, T(1))), Var<T>(Array<T>::zeros(channels)), of_x);
}

}  // namespace

template <class T> Var<T> batch_norm(const Var<T>& x, const Var<T>& weight, const Var<T>& bias, const Moments<T>& of_x) {
  return primitive<"batch_norm", T>(
      [of_x](const Array<T>& x, const Array<T>& w, const Array<T>& b) { return kernels::batch_norm(x, of_x, w, b); },
      rules([of_x](V<T> g, skip, V<T> x, V<T> w, skip) { return batch_norm_slope(g, x, w, of_x); },
            [of_x](V<T> g, skip, V<T> x, skip, skip) { return batch_norm_dot(g, x, of_x); },
            [](V<T> g, skip, skip, skip, skip) { return sum_of_channels(g); }), x, weight, bias);
}

// s(g) = w r (g - mean(g) - y mean(g y)) with r = 1 / sqrt(variance + epsilon): linear and symmetric in g, so its pullback
// to g is s itself. To x it goes through y, by -w r (h mean(g y) + g mean(h y)), and through r, by dr = -r^2 mean(y dx).
template <class T> Var<T> batch_norm_slope(const Var<T>& g, const Var<T>& x, const Var<T>& weight, const Moments<T>& of_x) {
  return primitive<"batch_norm_slope", T>(
      [of_x](const Array<T>& g, const Array<T>& x, const Array<T>& w) { return kernels::batch_norm_slope(g, x, of_x, w); },
      rules([of_x](V<T> h, skip, skip, V<T> x, V<T> w) { return batch_norm_slope(h, x, w, of_x); },
            [of_x](V<T> h, V<T> s, V<T> g, V<T> x, V<T> w) {
              const auto mean_with_y = [&](const Var<T>& v) { return per_channel(batch_norm_dot(v, x, of_x) / n_of_channel(x), x.shape()); };
              const Var<T> through_y = batch_norm_slope(h * mean_with_y(g) + g * mean_with_y(h), x, w, of_x);
              const Var<T> through_r = standardised(x, of_x) * per_channel(sum_of_channels(h * s) / n_of_channel(x), x.shape());
              return neg((through_y + through_r) * per_channel(inverse_deviation(x, of_x), x.shape()));
            },
            [of_x](V<T> h, skip, V<T> g, V<T> x, skip) {
              const Var<T> one = Array<T>::full(of_x.mean.shape(), T(1));
              return sum_of_channels(h * batch_norm_slope(g, x, one, of_x));
            }), g, x, weight);
}

template <class T> Var<T> batch_norm_dot(const Var<T>& g, const Var<T>& x, const Moments<T>& of_x) {
  return primitive<"batch_norm_dot", T>([of_x](const Array<T>& g, const Array<T>& x) { return kernels::batch_norm_dot(g, x, of_x); },
      rules([of_x](V<T> h, skip, skip, V<T> x) { return per_channel(h, x.shape()) * standardised(x, of_x); },
            [of_x](V<T> h, skip, V<T> g, V<T> x) { return batch_norm_slope(g, x, h, of_x); }), g, x);
}

template <class T> Var<T> inverse_deviation(const Var<T>& x, const Moments<T>& of_x) {
  return primitive<"inverse_deviation", T>([of_x](const Array<T>&) { return of_x.inverse_deviation; },
      rules([of_x](V<T> g, V<T> r, V<T> x) { return standardised(x, of_x) * per_channel(g * r * r / -n_of_channel(x), x.shape()); }), x);
}

#define SUITE_INSTANTIATE(T)                                                                                       \
  template Var<T> per_channel(const Var<T>&, const Shape&);                                                        \
  template Var<T> batch_norm(const Var<T>&, const Var<T>&, const Var<T>&, const Moments<T>&);                      \
  template Var<T> batch_norm_slope(const Var<T>&, const Var<T>&, const Var<T>&, const Moments<T>&);                \
  template Var<T> batch_norm_dot(const Var<T>&, const Var<T>&, const Moments<T>&);                                 \
  template Var<T> inverse_deviation(const Var<T>&, const Moments<T>&);
SUITE_INSTANTIATE(float)
SUITE_INSTANTIATE(double)
#undef SUITE_INSTANTIATE

}  // namespace autodiff
