// # The flows that are compared with
//
// Both carry draws $z_0 \sim N(0, I)$ to $z$ and know $\log |\det \partial z / \partial z_0|$.
//
// | symbol | here | shape |
// |---|---|---|
// | $u, w, b$ | `planar.u`, `planar.w`, `planar.b` | [n_sets, 1, d], [n_sets, 1, d], [n_sets, 1, 1] |
// | $\hat u$ | `planar.u_hat()` | [n_sets, 1, d] |
// | masked weights of the MADE | `made.hidden`, `made.mean`, `made.log_scale` | [n_sets, d, h], [n_sets, h, d] twice |
// | $z$ | `moved.z` | [n_sets, M, d] |
// | $\log \lvert \det \rvert$ | `moved.log_det` | [n_sets, M] |
#pragma once

#include "common/autodiff/functions.hpp"
#include "common/nn/initialisers.hpp"
#include "common/tensors/random.hpp"

#include <cmath>
#include <vector>

namespace hvae {

using autodiff::Var;
using tensors::Array;
using tensors::Shape;

template <class T>
struct Moved {
  Var<T> z, log_det;
};

// ## Planar flow
//
// Rezende and Mohamed (2015), equation (10): $z' = z + \hat u \tanh(w \cdot z + b)$, $\log |\det| = \log |1 + \hat u \cdot
// \psi|$ with $\psi = (1 - \tanh^2) w$. With $\hat u = u + (m(w \cdot u) - w \cdot u) w / |w|^2$, $m(a) = -1 +
// \mathrm{softplus}(a)$, the map is invertible: $w \cdot \hat u > -1$. The same $u, w, b$ serve all K layers.
template <class T>
struct Planar {
  Var<T> u, w, b;

  Var<T> u_hat() const {
    const Var<T> wu = inner(w, u);
    return u + (softplus(wu) - T(1) - wu) / inner(w, w) * w;
  }

  Moved<T> operator()(const Var<T>& z_0, int K) const {
    const Var<T> direction = u_hat();
    const Var<T> w_u = inner(w, direction);  // [n_sets, 1, 1]
    Var<T> z = z_0, log_det;
    for (int k = 0; k < K; ++k) {
      const Var<T> h = tanh(inner(z, w) + b);  // [n_sets, M, 1]
      // 1 + u_hat . psi is positive, because w . u_hat > -1.
      const Var<T> contribution = sum(log(T(1) + (T(1) - square(h)) * w_u), -1);
      log_det = k == 0 ? contribution : log_det + contribution;
      z = z + direction * h;
    }
    return {z, log_det};
  }

 private:
  static Var<T> inner(const Var<T>& a, const Var<T>& b) {
    const Var<T> product = a * b;
    Shape kept = product.shape();
    kept[kept.rank() - 1] = 1;
    return sum_to(product, kept);
  }
};
template <class T, class F>
void visit(Planar<T>& flow, F&& f) {
  f("u", flow.u);
  f("w", flow.w);
  f("b", flow.b);
}

// ## Inverse autoregressive flow
//
// One masked autoencoder (MADE; Germain et al., 2015) with one hidden ReLU layer gives mean and log-scale of every
// coordinate from those before it in a random order: $z_i = m_i(z_{0,<i}) + e^{s_i(z_{0,<i})} z_{0,i}$, $\log |\det| =
// \sum_i s_i$. Hidden unit j may read the first $d_j$ coordinates, $d_j$ spread evenly over 1 .. d.
template <class T>
struct Made {
  Var<T> hidden, hidden_bias;        // [n_sets, d, h], [n_sets, 1, h]
  Var<T> mean, mean_bias;            // [n_sets, h, d], [n_sets, 1, d]
  Var<T> log_scale, log_scale_bias;  // the same
  Array<T> mask_in, mask_out;        // [d, h], [h, d]

  // `stream` gives the order of the coordinates and the initial weights (PyTorch's default for the masked layers).
  Made(std::int64_t n_sets, std::int64_t d, std::int64_t h, tensors::Stream stream) {
    const std::vector<std::int64_t> order = stream.permutation(d);  // coordinate i comes at place order[i]
    mask_in = Array<T>(Shape{d, h});
    mask_out = Array<T>(Shape{h, d});
    for (std::int64_t j = 0; j < h; ++j) {
      const double spread = h == 1 ? 1.0 : 1.0 + static_cast<double>((d - 1) * j) / static_cast<double>(h - 1);
      const auto reads = static_cast<std::int64_t>(std::nearbyint(spread));
      for (std::int64_t i = 0; i < d; ++i) {
        const std::int64_t place = order[static_cast<std::size_t>(i)] + 1;
        mask_in.mutable_data()[i * h + j] = reads >= place ? T(1) : T(0);
        mask_out.mutable_data()[j * d + i] = place > reads ? T(1) : T(0);
      }
    }
    const auto draw = [&](const Shape& shape, std::int64_t n_in, std::int64_t n_out) {
      return Var<T>(nn::initialise<T>(nn::Draw::pytorch_uniform, shape, {n_in, n_out}, stream));
    };
    hidden = draw({n_sets, d, h}, d, h), hidden_bias = draw({n_sets, 1, h}, d, h);
    mean = draw({n_sets, h, d}, h, d), mean_bias = draw({n_sets, 1, d}, h, d);
    log_scale = draw({n_sets, h, d}, h, d), log_scale_bias = draw({n_sets, 1, d}, h, d);
  }

  Moved<T> operator()(const Var<T>& z_0) const {
    const Var<T> units = relu(matmul(z_0, hidden * Var<T>(mask_in)) + hidden_bias);  // [n_sets, M, h]
    const Var<T> m = matmul(units, mean * Var<T>(mask_out)) + mean_bias;             // [n_sets, M, d]
    const Var<T> s = matmul(units, log_scale * Var<T>(mask_out)) + log_scale_bias;
    return {m + exp(s) * z_0, sum(s, -1)};
  }
};
template <class T, class F>
void visit(Made<T>& made, F&& f) {
  f("hidden", made.hidden);
  f("hidden_bias", made.hidden_bias);
  f("mean", made.mean);
  f("mean_bias", made.mean_bias);
  f("log_scale", made.log_scale);
  f("log_scale_bias", made.log_scale_bias);
}

}  // namespace hvae
