// The primitives and their derivatives. A rule stands beside what it differentiates and is written in the same
// vocabulary; `g` is the cotangent of the value `y`.
#include "common/autodiff/primitives.hpp"

#include "common/autodiff/functions.hpp"
#include "common/autodiff/primitive.hpp"
#include "common/tensors/kernels.hpp"

namespace autodiff {

namespace kernels = tensors::kernels;

std::set<std::string>& primitive_names() {
  static std::set<std::string> names;
  return names;
}

namespace {

// g summed over the axes along which an operand of this shape was repeated.
template <class T>
Var<T> unbroadcast(const Var<T>& g, const Shape& shape) {
  return g.shape() == shape ? g : sum_to(g, shape);
}

// The same of a product.
template <class T>
Var<T> unbroadcast_product(const Var<T>& a, const Var<T>& b, const Shape& shape) {
  return a.shape() == b.shape() && a.shape() != shape ? sum_of_product(a, b, shape) : unbroadcast(mul(a, b), shape);
}

// One value for each row -> [.., 1], to meet [.., d].
template <class T>
Var<T> as_column(const Var<T>& x) {
  Shape shape = x.shape();
  shape.push_back(1);
  return reshape(x, shape);
}

template <class T>
Var<T> sum_of_rows(const Var<T>& x) {
  Shape column = x.shape(), rows;
  column[column.rank() - 1] = 1;
  for (int axis = 0; axis + 1 < x.shape().rank(); ++axis) rows.push_back(x.shape()[axis]);
  return reshape(sum_to(x, column), rows);
}

// [.., d] -> [rows, d].
template <class T>
Var<T> as_matrix(const Var<T>& x) {
  if (x.shape().rank() == 2) return x;
  const std::int64_t d = x.shape()[x.shape().rank() - 1];
  return reshape(x, Shape{x.shape().size() / d, d});
}

Trans flip(Trans t) { return t == Trans::yes ? Trans::no : Trans::yes; }

}  // namespace

// ---- arithmetic

template <class T> Var<T> add(const Var<T>& a, const Var<T>& b) {
  return primitive<"add", T>(kernels::add<T>,
      rules([s = a.shape()](V<T> g, skip, skip, skip) { return unbroadcast(g, s); },
            [s = b.shape()](V<T> g, skip, skip, skip) { return unbroadcast(g, s); }), a, b);
}

template <class T> Var<T> sub(const Var<T>& a, const Var<T>& b) {
  return primitive<"sub", T>(kernels::sub<T>,
      rules([s = a.shape()](V<T> g, skip, skip, skip) { return unbroadcast(g, s); },
            [s = b.shape()](V<T> g, skip, skip, skip) { return unbroadcast(neg(g), s); }), a, b);
}

template <class T> Var<T> mul(const Var<T>& a, const Var<T>& b) {
  return primitive<"mul", T>(kernels::mul<T>,
      rules([s = a.shape()](V<T> g, skip, skip, V<T> b) { return unbroadcast_product(g, b, s); },
            [s = b.shape()](V<T> g, skip, V<T> a, skip) { return unbroadcast_product(g, a, s); }), a, b);
}

template <class T> Var<T> div(const Var<T>& a, const Var<T>& b) {
  return primitive<"div", T>(kernels::div<T>,
      rules([s = a.shape()](V<T> g, skip, skip, V<T> b) { return unbroadcast(g / b, s); },
            [s = b.shape()](V<T> g, V<T> y, skip, V<T> b) { return unbroadcast(neg(g * y / b), s); }), a, b);
}

template <class T> Var<T> neg(const Var<T>& x) {
  return primitive<"neg", T>(kernels::neg<T>, rules([](V<T> g, skip, skip) { return neg(g); }), x);
}

// ---- smooth

template <class T> Var<T> exp(const Var<T>& x) {
  return primitive<"exp", T>(kernels::exp<T>, rules([](V<T> g, V<T> y, skip) { return g * y; }), x);
}

template <class T> Var<T> log(const Var<T>& x) {
  return primitive<"log", T>(kernels::log<T>, rules([](V<T> g, skip, V<T> x) { return g / x; }), x);
}

template <class T> Var<T> pow(const Var<T>& x, std::type_identity_t<T> p) {
  return primitive<"pow", T>([p](const Array<T>& x) { return kernels::pow(x, p); },
      rules([p](V<T> g, skip, V<T> x) { return p == T(2) ? g * x * p : g * pow(x, p - 1) * p; }), x);
}

template <class T> Var<T> tanh(const Var<T>& x) {
  return primitive<"tanh", T>(kernels::tanh<T>, rules([](V<T> g, V<T> y, skip) { return tanh_slope(g, y); }), x);
}

template <class T> Var<T> sigmoid(const Var<T>& x) {
  return primitive<"sigmoid", T>(kernels::sigmoid<T>, rules([](V<T> g, V<T> y, skip) { return sigmoid_slope(g, y); }), x);
}

template <class T> Var<T> softplus(const Var<T>& x) {
  return primitive<"softplus", T>(kernels::softplus<T>, rules([](V<T> g, skip, V<T> x) { return g * sigmoid(x); }), x);
}

// ---- piecewise

template <class T> Var<T> relu(const Var<T>& x) {
  return primitive<"relu", T>(kernels::relu<T>,
      rules([](V<T> g, V<T> y, skip) { return leaky_relu_slope(g, y.value(), T(0)); }), x);
}

template <class T> Var<T> clamp(const Var<T>& x, std::type_identity_t<T> low, std::type_identity_t<T> high) {
  tensors::require(low < high, "clamp: low {} is not below high {}", low, high);
  return primitive<"clamp", T>([=](const Array<T>& x) { return kernels::clamp(x, low, high); },
      rules([=](V<T> g, skip, V<T> x) { return g * Var<T>(kernels::inside(x.value(), low, high)); }), x);
}

template <class T> Var<T> select(const Array<T>& mask, const Var<T>& a, const Var<T>& b) {
  return primitive<"select", T>([mask](const Array<T>& a, const Array<T>& b) { return kernels::select(mask, a, b); },
      rules([mask](V<T> g, skip, skip, skip) { return select(mask, g, Var<T>(Array<T>::zeros(g.shape()))); },
            [mask](V<T> g, skip, skip, skip) { return select(mask, Var<T>(Array<T>::zeros(g.shape())), g); }), a, b);
}

// ---- adjoint pairs

template <class T> Var<T> broadcast_to(const Var<T>& x, const Shape& shape) {
  return primitive<"broadcast_to", T>([shape](const Array<T>& x) { return kernels::broadcast_to(x, shape); },
      rules([s = x.shape()](V<T> g, skip, skip) { return sum_to(g, s); }), x);
}

template <class T> Var<T> sum_to(const Var<T>& x, const Shape& shape) {
  return primitive<"sum_to", T>([shape](const Array<T>& x) { return kernels::sum_to(x, shape); },
      rules([s = x.shape()](V<T> g, skip, skip) { return broadcast_to(g, s); }), x);
}

template <class T> Var<T> slice(const Var<T>& x, int axis, std::int64_t start, std::int64_t length) {
  return primitive<"slice", T>([=](const Array<T>& x) { return kernels::slice(x, axis, start, length); },
      rules([=, n = x.shape().extent(axis)](V<T> g, skip, skip) { return pad(g, axis, start, n); }), x);
}

template <class T> Var<T> pad(const Var<T>& x, int axis, std::int64_t start, std::int64_t length) {
  return primitive<"pad", T>([=](const Array<T>& x) { return kernels::pad(x, axis, start, length); },
      rules([=, n = x.shape().extent(axis)](V<T> g, skip, skip) { return slice(g, axis, start, n); }), x);
}

template <class T> Var<T> gather(const Var<T>& x, const Indices& indices) {
  return primitive<"gather", T>([indices](const Array<T>& x) { return kernels::gather(x, *indices); },
      rules([indices, n = x.shape().extent(0)](V<T> g, skip, skip) { return scatter_add(g, indices, n); }), x);
}

template <class T> Var<T> scatter_add(const Var<T>& x, const Indices& indices, std::int64_t n) {
  return primitive<"scatter_add", T>([indices, n](const Array<T>& x) { return kernels::scatter_add(x, *indices, n); },
      rules([indices](V<T> g, skip, skip) { return gather(g, indices); }), x);
}

// ---- shape

template <class T> Var<T> reshape(const Var<T>& x, const Shape& shape) {
  return primitive<"reshape", T>([shape](const Array<T>& x) { return x.reshaped(shape); },
      rules([s = x.shape()](V<T> g, skip, skip) { return reshape(g, s); }), x);
}

template <class T> Var<T> permute(const Var<T>& x, std::vector<int> axes) {
  std::vector<int> inverse(axes.size());
  for (std::size_t i = 0; i < axes.size(); ++i) {
    tensors::require(axes[i] >= 0 && static_cast<std::size_t>(axes[i]) < axes.size(), "permute: axis {} of {}", axes[i], x.shape());
    inverse[static_cast<std::size_t>(axes[i])] = static_cast<int>(i);
  }
  return primitive<"permute", T>([axes](const Array<T>& x) { return kernels::permute(x, axes); },
      rules([inverse](V<T> g, skip, skip) { return permute(g, inverse); }), x);
}

template <class T> Var<T> concat(const Var<T>& a, const Var<T>& b, int axis) {
  const std::int64_t n_a = a.shape().extent(axis), n_b = b.shape().extent(axis);
  return primitive<"concat", T>([axis](const Array<T>& a, const Array<T>& b) { return kernels::concat(a, b, axis); },
      rules([=](V<T> g, skip, skip, skip) { return slice(g, axis, 0, n_a); },
            [=](V<T> g, skip, skip, skip) { return slice(g, axis, n_a, n_b); }), a, b);
}

// ---- products

// c = op(a) op(b): the cotangent of op(a) is g op(b)', that of op(b) is op(a)' g.
template <class T> Var<T> matmul(const Var<T>& a, const Var<T>& b, Trans ta, Trans tb) {
  return primitive<"matmul", T>([=](const Array<T>& a, const Array<T>& b) { return kernels::matmul(a, b, ta, tb); },
      rules([=](V<T> g, skip, skip, V<T> b) { return ta == Trans::no ? matmul(g, b, Trans::no, flip(tb)) : matmul(b, g, tb, Trans::yes); },
            [=](V<T> g, skip, V<T> a, skip) { return tb == Trans::no ? matmul(a, g, flip(ta), Trans::no) : matmul(g, a, Trans::yes, ta); }), a, b);
}

template <class T> Var<T> affine(const Var<T>& x, const Var<T>& w, const Var<T>& b) {
  return primitive<"affine", T>(kernels::affine<T>,
      rules([s = x.shape()](V<T> g, skip, skip, V<T> w, skip) { return reshape(matmul(as_matrix(g), w, Trans::no, Trans::yes), s); },
            [](V<T> g, skip, V<T> x, skip, skip) { return matmul(as_matrix(x), as_matrix(g), Trans::yes, Trans::no); },
            [s = b.shape()](V<T> g, skip, skip, skip, skip) { return sum_to(g, s); }), x, w, b);
}

// ---- fused

template <class T> Var<T> add_product(const Var<T>& a, const Var<T>& b, const Var<T>& c) {
  return primitive<"add_product", T>(kernels::add_product<T>,
      rules([](V<T> g, skip, skip, skip, skip) { return g; },
            [s = b.shape()](V<T> g, skip, skip, skip, V<T> c) { return unbroadcast_product(g, c, s); },
            [s = c.shape()](V<T> g, skip, skip, V<T> b, skip) { return unbroadcast_product(g, b, s); }), a, b, c);
}

template <class T> Var<T> sum_of_product(const Var<T>& a, const Var<T>& b, const Shape& shape) {
  return primitive<"sum_of_product", T>([shape](const Array<T>& a, const Array<T>& b) { return kernels::sum_of_product(a, b, shape); },
      rules([](V<T> g, skip, skip, V<T> b) { return g * b; }, [](V<T> g, skip, V<T> a, skip) { return g * a; }), a, b);
}

template <class T> Var<T> leaky_relu_slope(const Var<T>& g, const Array<T>& y, std::type_identity_t<T> slope) {
  return primitive<"leaky_relu_slope", T>([=](const Array<T>& g) { return kernels::leaky_relu_slope(g, y, slope); },
      rules([=](V<T> h, skip, skip) { return leaky_relu_slope(h, y, slope); }), g);
}

template <class T> Var<T> tanh_slope(const Var<T>& g, const Var<T>& y) {
  return primitive<"tanh_slope", T>(kernels::tanh_slope<T>,
      rules([](V<T> h, skip, skip, V<T> y) { return tanh_slope(h, y); },
            [](V<T> h, skip, V<T> g, V<T> y) { return h * g * y * T(-2); }), g, y);
}

template <class T> Var<T> sigmoid_slope(const Var<T>& g, const Var<T>& y) {
  return primitive<"sigmoid_slope", T>(kernels::sigmoid_slope<T>,
      rules([](V<T> h, skip, skip, V<T> y) { return sigmoid_slope(h, y); },
            [](V<T> h, skip, V<T> g, V<T> y) { return h * g * (T(1) - y * T(2)); }), g, y);
}

template <class T> Var<T> bernoulli_log_prob(const Var<T>& x, const Var<T>& logits) {
  return primitive<"bernoulli_log_prob", T>(kernels::bernoulli_log_prob<T>,
      rules([](V<T> g, skip, V<T> x, V<T> l) { return unbroadcast(as_column(g) * l, x.shape()); },
            [](V<T> g, skip, V<T> x, V<T> l) { return bernoulli_residual(g, x, l); }), x, logits);
}

template <class T> Var<T> bernoulli_residual(const Var<T>& g, const Var<T>& x, const Var<T>& logits) {
  return primitive<"bernoulli_residual", T>(kernels::bernoulli_residual<T>,
      rules([](V<T> h, skip, skip, V<T> x, V<T> l) { return sum_of_rows(h * (x - sigmoid(l))); },
            [](V<T> h, skip, V<T> g, V<T> x, skip) { return unbroadcast(h * as_column(g), x.shape()); },
            [](V<T> h, skip, V<T> g, skip, V<T> l) { return neg(sigmoid_slope(h * as_column(g), sigmoid(l))); }), g, x, logits);
}

#define SUITE_INSTANTIATE(T)                                                                            \
  template Var<T> add(const Var<T>&, const Var<T>&);                                                    \
  template Var<T> sub(const Var<T>&, const Var<T>&);                                                    \
  template Var<T> mul(const Var<T>&, const Var<T>&);                                                    \
  template Var<T> div(const Var<T>&, const Var<T>&);                                                    \
  template Var<T> neg(const Var<T>&);                                                                   \
  template Var<T> exp(const Var<T>&);                                                                   \
  template Var<T> log(const Var<T>&);                                                                   \
  template Var<T> pow(const Var<T>&, T);                                                                \
  template Var<T> tanh(const Var<T>&);                                                                  \
  template Var<T> sigmoid(const Var<T>&);                                                               \
  template Var<T> softplus(const Var<T>&);                                                              \
  template Var<T> relu(const Var<T>&);                                                                  \
  template Var<T> clamp(const Var<T>&, T, T);                                                           \
  template Var<T> select(const Array<T>&, const Var<T>&, const Var<T>&);                                \
  template Var<T> broadcast_to(const Var<T>&, const Shape&);                                            \
  template Var<T> sum_to(const Var<T>&, const Shape&);                                                  \
  template Var<T> slice(const Var<T>&, int, std::int64_t, std::int64_t);                                \
  template Var<T> pad(const Var<T>&, int, std::int64_t, std::int64_t);                                  \
  template Var<T> gather(const Var<T>&, const Indices&);                                                \
  template Var<T> scatter_add(const Var<T>&, const Indices&, std::int64_t);                             \
  template Var<T> reshape(const Var<T>&, const Shape&);                                                 \
  template Var<T> permute(const Var<T>&, std::vector<int>);                                             \
  template Var<T> concat(const Var<T>&, const Var<T>&, int);                                            \
  template Var<T> matmul(const Var<T>&, const Var<T>&, Trans, Trans);                                   \
  template Var<T> affine(const Var<T>&, const Var<T>&, const Var<T>&);                                  \
  template Var<T> add_product(const Var<T>&, const Var<T>&, const Var<T>&);                             \
  template Var<T> sum_of_product(const Var<T>&, const Var<T>&, const Shape&);                           \
  template Var<T> leaky_relu_slope(const Var<T>&, const Array<T>&, std::type_identity_t<T>);            \
  template Var<T> tanh_slope(const Var<T>&, const Var<T>&);                                             \
  template Var<T> sigmoid_slope(const Var<T>&, const Var<T>&);                                          \
  template Var<T> bernoulli_log_prob(const Var<T>&, const Var<T>&);                                     \
  template Var<T> bernoulli_residual(const Var<T>&, const Var<T>&, const Var<T>&);
SUITE_INSTANTIATE(float)
SUITE_INSTANTIATE(double)
#undef SUITE_INSTANTIATE

}  // namespace autodiff
