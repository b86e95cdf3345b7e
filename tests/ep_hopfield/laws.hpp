// Laws of equilibrium propagation's gradients, and a small network that they are held to.
#pragma once

#include "common/tensors/kernels.hpp"
#include "paper_ep_hopfield/hopfield_vae.hpp"
#include "tests/laws.hpp"

namespace laws {

using autodiff::Var;
using ep_hopfield::Group, ep_hopfield::Hopfield, ep_hopfield::Settling;

constexpr std::int64_t n_examples = 3;
inline const ep_hopfield::PerGroup<std::int64_t> small_sizes{10, 14, 8};
constexpr ep_hopfield::Dynamics to_rest{.dt = 0.25, .free_steps = 4000, .nudged_steps = 4000, .tolerance = 1e-15};

inline Hopfield<double> small_network(ep_hopfield::Connections connections, double gain = 1.0) {
  return {"network", small_sizes, connections, gain, tensors::Stream(5, "weights")};
}
// [n_examples, size of the group]
inline Array<double> units(Group group, const char* purpose) {
  return tensors::Stream(7, purpose).normal<double>({n_examples, small_sizes[group]});
}

// A loss on the output units, 1/2 |y - target|^2, and its nudge.
struct Target {
  Array<double> target;
  ep_hopfield::Nudge<double> nudge(double beta, Group group) const {
    return {beta, group, [this](const Array<double>& y) { return tensors::kernels::sub(y, target); }};
  }
  double mean_loss(const Array<double>& y) const { return mean(ep_hopfield::half_sse(Var<double>(y), Var<double>(target))).item(); }
};

inline double loss_at_equilibrium(const Hopfield<double>& network, Group clamped, const Array<double>& input, const Target& target) {
  using namespace ep_hopfield;
  return target.mean_loss(Settling<double>(network, clamped, input, to_rest).free().s[clamped == image ? code : image]);
}

// ---- Central differences of fourth order.

template <class F>
double derivative(const F& f) {
  constexpr double h = 1e-3;
  return (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h);
}

// The gradient of every example's own loss in its input.
inline Array<double> input_gradient_by_differences(const Hopfield<double>& network, Group clamped, const Array<double>& input, const Target& target) {
  Array<double> gradient(input.shape());
  for (std::int64_t i = 0; i < input.size(); ++i)
    gradient.mutable_data()[i] = static_cast<double>(n_examples) * derivative([&](double h) {
      Array<double> moved = input.copy();
      moved.mutable_data()[i] += h;
      return loss_at_equilibrium(network, clamped, moved, target);
    });
  return gradient;
}

// ---- The laws.

// Over all arrays together.
inline double relative_error(const std::vector<Array<double>>& ours, const std::vector<Array<double>>& exact) {
  if (ours.size() != exact.size()) return INFINITY;
  double error = 0, size = 0;
  for (std::size_t k = 0; k < ours.size(); ++k)
    for (std::int64_t i = 0; i < ours[k].size(); ++i) {
      error += std::pow(ours[k][i] - exact[k][i], 2);
      size += std::pow(exact[k][i], 2);
    }
  return std::sqrt(error / size);
}

inline Finding agrees(double error, double tolerance) {
  return {error < tolerance, fmt::format("relative error {:.3g}, to be below {:g}", error, tolerance)};
}
inline Finding agrees(const std::vector<Array<double>>& ours, const std::vector<Array<double>>& exact, double tolerance) {
  return agrees(relative_error(ours, exact), tolerance);
}

// An error at beta and at half of it falls with beta to the power `order`, to 5 %.
inline Finding falls_with_order(double order, double at_beta, double at_half) {
  const double seen = std::log2(at_beta / at_half);
  return {std::abs(seen - order) <= 0.05 * order, fmt::format("order {:.3f}, expected {:g}", seen, order)};
}

// A block of pairs within a group [n, n].
template <class T>
Finding is_symmetric_without_diagonal(const Array<T>& G) {
  const std::int64_t n = G.shape()[0];
  for (std::int64_t i = 0; i < n; ++i) {
    if (G[i * n + i] != 0) return {false, fmt::format("{} on the diagonal", G[i * n + i])};
    for (std::int64_t j = 0; j < i; ++j)
      if (G[i * n + j] != G[j * n + i]) return {false, fmt::format("{} and {} for the pair of {} and {}", G[i * n + j], G[j * n + i], i, j)};
  }
  return {true, "symmetric, with a zero diagonal"};
}

}  // namespace laws
