// # Settling, and equilibrium propagation
//
// The free phase lets a network settle with one group clamped. The weakly clamped phases go on from there with $\pm\beta$
// times a loss added to the energy, eq. (4). The difference of the two equilibria is the gradient of the loss at the free
// equilibrium, of the weights (eq. 5) and of the input (eq. 9, appendix A):
//
// $$\frac{d\mathcal L}{dw} = \lim_{\beta \to 0} \frac1{2\beta} \left(\frac{\partial F}{\partial w}\Big|_{\mathbf s^\beta} -
//   \frac{\partial F}{\partial w}\Big|_{\mathbf s^{-\beta}}\right), \qquad \frac{\partial F}{\partial w_{ij}} = -\rho(s_i) \rho(s_j)$$
//
// The paper writes "proportional to" and means descent along it. What makes it quick: the clamped group's part of the
// field is computed once, a step is then one product for each block that joins free groups and one fused pass over the
// units, and the contrast of two products is one product of a difference and a sum,
// $r_+ r_+^T - r_- r_-^T = \frac12 (\Delta \Sigma^T + \Sigma \Delta^T)$, which is also exact to rounding for small differences.
#pragma once

#include "paper_ep_hopfield/networks.hpp"

#include <functional>

namespace ep_hopfield {

// How a phase is integrated: until no unit moves faster than `tolerance`, at most the given number of steps.
struct Dynamics {
  double dt = 0.25;
  int free_steps = 60, nudged_steps = 20;
  double tolerance = 1e-3;
};

// Where a settling ended.
template <class T>
struct Equilibrium {
  PerGroup<Array<T>> s, r;      // states and rho of them, [B, n]
  std::vector<T> residual;      // [B] the largest |ds/dt| at the last step
  int n_steps = 0;

  std::int64_t n_unsettled(double tolerance) const;
  T worst_residual() const;
};

// A loss on the states of one group; `gradient` is [B, n], summed over nothing.
template <class T>
struct Nudge {
  T beta;
  Group group;
  std::function<Array<T>(const Array<T>& s)> gradient;
};

// One network with one group clamped to a batch of inputs [B, n]. Throws tensors::Divergence, naming network, group and
// step, where a state stops being finite.
template <class T>
class Settling {
 public:
  Settling(const Hopfield<T>& network, Group clamped, const Array<T>& input, const Dynamics& dynamics);

  // From zero.
  Equilibrium<T> free() const;
  // On from an equilibrium, with the nudge.
  Equilibrium<T> weakly_clamped(const Equilibrium<T>& from, const Nudge<T>& nudge) const;

  // The gradient of the loss, averaged over the batch, in every block, from equilibria under beta_plus and beta_minus (which may be
  // the free one) that are `distance` = beta_plus - beta_minus apart. Exactly zero between clamped units.
  std::vector<Array<T>> weight_gradient(const Equilibrium<T>& plus, const Equilibrium<T>& minus, T distance) const;
  // The gradient of every example's loss in its input, [B, n].
  Array<T> input_gradient(const Equilibrium<T>& plus, const Equilibrium<T>& minus, T distance) const;

  // The largest |ds/dt| over the batch after each of n steps of the free phase.
  std::vector<double> residuals(int n_steps) const;

 private:
  void step(Equilibrium<T>& state, const Nudge<T>* nudge) const;
  void settle(Equilibrium<T>& state, int n_steps, const Nudge<T>* nudge) const;
  Equilibrium<T> start() const;

  const Hopfield<T>& network_;
  Group clamped_;
  Array<T> input_, input_r_;
  Dynamics dynamics_;
  PerGroup<Array<T>> drive_;  // the clamped group's part of the field
};

// Both triangles of x / 2 summed, without the diagonal: (x + x^T) / 2 of a square array.
template <class T>
Array<T> symmetrised(const Array<T>& x);

}  // namespace ep_hopfield
