// # The same gradients exactly
//
// At a settled equilibrium $\nabla_{\mathbf s} E = 0$, so by the implicit function theorem a loss there has the gradient
//
// $$\frac{d\mathcal L}{dw} = -\lambda^T \frac{\partial \nabla_{\mathbf s} E}{\partial w}, \qquad H \lambda = \nabla_{\mathbf s} \mathcal L, \qquad
//   H v = v - \rho'' \odot (W \rho) \odot v - \rho' \odot W (\rho' \odot v)$$
//
// The Hessian H of a stable equilibrium is symmetric and positive, so conjugate gradients solve for $\lambda$, all examples of a
// batch side by side. With $q = \lambda \odot \rho'$ the derivative in a weight is $q_i \rho_j + \rho_i q_j$, in an input $\rho'(x) \odot W q$:
// equilibrium propagation's contrasts, in which $q$ stands for the limit of the states' difference. To differentiate the settling step by step is no
// substitute: a settling that passes near a saddle has a huge derivative of its own, which the equilibrium has not. Where a
// settling ended near a saddle, H is not positive, and there is no stable equilibrium to differentiate. Such an example, if the solver
// walks along a direction that shows it, and one whose system it does not solve, is left out of that network's gradient, and is
// counted; left out in the encoder it still counts for the decoder.
#pragma once

#include "paper_ep_hopfield/hopfield_vae.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

namespace ep_hopfield {

// What the free groups' v give to one group, the clamped one or another: its part of W v where v is zero on the clamped group, [B, n].
template <class T>
Var<T> free_field(const Hopfield<T>& network, Group clamped, const States<T>& v, Group group) {
  Var<T> total(Array<T>::zeros({v[clamped == image ? code : image].shape()[0], network.sizes[group]}));
  for (const auto& [a, b, W] : network.blocks) {
    if (b == group && a != clamped) total = total + matmul(v[a], W);
    if (a == group && b != clamped && a != b) total = total + matmul(v[b], W, Trans::no, Trans::yes);
  }
  return total;
}

template <class T>
struct Adjoint {
  States<T> lambda;     // [B, n] for each free group; zero for an example that is left out
  Var<T> kept;          // [B, 1]: 0 for an example that is left out, else 1
  LeftOut left_out;
  double residual = 0;  // the largest of the others, relative to the largest g
};

// For a loss with gradient g [B, n] in the `output` units.
template <class T>
Adjoint<T> adjoint(const Hopfield<T>& network, Group clamped, const Equilibrium<T>& at, Group output, const Var<T>& g) {
  constexpr int most_steps = 200;
  const T tolerance = std::is_same_v<T, float> ? T(1e-5) : T(1e-13);  // of the residual, relative
  const std::int64_t B = g.shape()[0];
  std::vector<Group> free;
  for (const Group group : groups)
    if (group != clamped) free.push_back(group);
  States<T> r, slopes, curvature, x, residual;
  for (const Group group : groups) r[group] = Var<T>(at.r[group]);
  for (const Group group : free) {
    slopes[group] = slope(r[group]);
    curvature[group] = T(1) - slopes[group] * (T(1) - r[group] * T(2)) * T(3) * field(network, r, group);
    x[group] = Var<T>(Array<T>::zeros(at.s[group].shape()));
    residual[group] = group == output ? g : x[group];
  }
  const auto hessian_times = [&](const States<T>& v) {
    States<T> scaled, product;
    for (const Group group : free) scaled[group] = slopes[group] * v[group];
    for (const Group group : free) product[group] = curvature[group] * v[group] - slopes[group] * free_field(network, clamped, scaled, group);
    return product;
  };
  const auto dot = [&](const States<T>& a, const States<T>& b) {  // [B, 1]
    return reshape(sum(a[free[0]] * b[free[0]], -1) + sum(a[free[1]] * b[free[1]], -1), Shape{B, 1});
  };
  const auto largest = [](const Var<T>& v) {  // NaN where one is
    T most = 0;
    for (const T value : v.value()) most = std::isnan(value) || value > most ? value : most;
    return most;
  };
  constexpr T tiny = T(1e-30);  // keeps an example that is done from dividing by zero

  States<T> p = residual;
  Var<T> square_now = dot(residual, residual);
  const T at_first = largest(square_now), enough = tolerance * tolerance * at_first;
  const auto is_done = [&](std::int64_t example) { return square_now.value()[example] <= enough; };

  Array<T> kept = Array<T>::full({B, 1}, T(1));
  // Clears what belongs to the examples of which `is_bad` holds; how many they are.
  const auto leave_out = [&](auto&& is_bad) {
    std::vector<std::int64_t> rows;
    for (std::int64_t example = 0; example < B; ++example)
      if (is_bad(example)) rows.push_back(example);
    const auto clear = [&](Var<T>& v) {
      Array<T> values = v.value().copy();
      const std::int64_t n = values.size() / B;
      for (const std::int64_t row : rows) std::fill_n(values.data_for_update() + row * n, n, T(0));
      v = Var<T>(values);
    };
    if (rows.empty()) return std::int64_t{0};
    for (const Group group : free)
      for (States<T>* v : {&x, &p, &residual}) clear((*v)[group]);
    clear(square_now);
    for (const std::int64_t row : rows) kept.data_for_update()[row] = 0;
    return static_cast<std::int64_t>(rows.size());
  };

  LeftOut left_out;
  for (int i = 0; i < most_steps && std::isfinite(at_first) && !(largest(square_now) <= enough); ++i) {
    States<T> Hp = hessian_times(p);
    Var<T> curvature_along = dot(p, Hp);
    if (const auto n = leave_out([&](std::int64_t example) { return !is_done(example) && !(curvature_along.value()[example] > 0); }); n > 0) {
      left_out.unstable += n;
      Hp = hessian_times(p);
      curvature_along = dot(p, Hp);
    }
    const Var<T> alpha = square_now / (curvature_along + tiny);
    for (const Group group : free) {
      x[group] = x[group] + alpha * p[group];
      residual[group] = residual[group] - alpha * Hp[group];
    }
    const Var<T> square_next = dot(residual, residual), beta = square_next / (square_now + tiny);
    for (const Group group : free) p[group] = residual[group] + beta * p[group];
    square_now = square_next;
  }
  left_out.unsolved = leave_out([&](std::int64_t example) { return !is_done(example); });
  const bool has_rest = left_out.total() < B && at_first > 0;
  return {x, Var<T>(kept), left_out, has_rest ? std::sqrt(static_cast<double>(largest(square_now)) / static_cast<double>(at_first)) : 0};
}

template <class T>
struct Sensitivity {
  std::vector<Array<T>> blocks;  // averaged over the batch
  Var<T> input;                  // of every example, [B, n]
  Var<T> kept;                   // of the adjoint, as the two below
  LeftOut left_out;
  double residual = 0;
};

// The gradient of a loss at an equilibrium, given the loss's own gradient g [B, n] in the `output` units.
template <class T>
Sensitivity<T> implicit_gradient(const Hopfield<T>& network, Group clamped, const Equilibrium<T>& at, Group output, const Var<T>& g) {
  const auto [lambda, kept, left_out, residual] = adjoint(network, clamped, at, output, g);
  const T per_example = T(1) / static_cast<T>(g.shape()[0]);
  States<T> q, r;
  for (const Group group : groups) {
    r[group] = Var<T>(at.r[group]);
    if (group != clamped) q[group] = slope(r[group]) * lambda[group];
  }
  Sensitivity<T> result{.blocks = {}, .input = {}, .kept = kept, .left_out = left_out, .residual = residual};
  for (const auto& [a, b, W] : network.blocks) {
    Var<T> G(Array<T>::zeros(W.shape()));
    if (a != clamped) G = G + matmul(q[a], r[b], Trans::yes);
    if (b != clamped) G = G + matmul(r[a], q[b], Trans::yes);
    result.blocks.push_back(a == b ? symmetrised((G * per_example).value()) : (G * per_example).value());
  }
  result.input = slope(r[clamped]) * free_field(network, clamped, q, clamped);
  return result;
}

// How far gradients are from the exact ones, all blocks together.
struct Agreement {
  double cosine, relative_error;
};

template <class T>
Agreement agreement(std::span<const Array<T>> ours, std::span<const Array<T>> exact) {
  double product = 0, ours_squared = 0, exact_squared = 0, difference = 0;
  for (std::size_t k = 0; k < ours.size(); ++k)
    for (std::int64_t i = 0; i < ours[k].size(); ++i) {
      const double a = ours[k][i], b = exact[k][i];
      product += a * b;
      ours_squared += a * a;
      exact_squared += b * b;
      difference += (a - b) * (a - b);
    }
  return {product / std::sqrt(ours_squared * exact_squared), std::sqrt(difference / exact_squared)};
}

// What ep_gradients estimates, at the equilibria that `dynamics` arrives at.
template <class T>
Gradients<T> exact_gradients(const HopfieldVae<T>& model, const Array<T>& x, const Array<T>& epsilon, double beta_KL, const Dynamics& dynamics) {
  Gradients<T> result;
  const auto weight = static_cast<T>(beta_KL);
  const Equilibrium<T> encoded = Settling<T>(model.encoder(), image, x, dynamics).free();
  const Code<T> q = read_code(model, Var<T>(encoded.s[code]));
  const Equilibrium<T> decoded = Settling<T>(model.decoder(), code, q.sample(Var<T>(epsilon)).value(), dynamics).free();
  for (const auto* phase : {&encoded, &decoded}) result.settlings.add(*phase, dynamics.tolerance, true);
  result.half_sse = mean(half_sse(Var<T>(decoded.s[image]), Var<T>(x))).item();
  result.kl_nats = mean(kl(q)).item();

  const Sensitivity<T> of_decoder = implicit_gradient(model.decoder(), code, decoded, image, Var<T>(decoded.s[image]) - Var<T>(x));
  const Var<T> to_log_variance = reconstruction_to_log_variance(q, of_decoder.input, Var<T>(epsilon));
  Sensitivity<T> of_encoder =
      implicit_gradient(model.encoder(), image, encoded, code, code_gradient(model, q, of_decoder.input, to_log_variance, weight) * of_decoder.kept);
  result.residual = std::max(of_decoder.residual, of_encoder.residual);
  result.left_out = {of_decoder.left_out.unstable + of_encoder.left_out.unstable, of_decoder.left_out.unsolved + of_encoder.left_out.unsolved};
  result.blocks = std::move(of_encoder.blocks);
  if (model.tied())
    for (std::size_t i = 0; i < result.blocks.size(); ++i) tensors::kernels::add_into(result.blocks[i], of_decoder.blocks[i]);
  else result.blocks.insert(result.blocks.end(), of_decoder.blocks.begin(), of_decoder.blocks.end());
  return result;
}

}  // namespace ep_hopfield
