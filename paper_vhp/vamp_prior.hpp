// # The VampPrior, for comparison
//
// Jakub Tomczak, Max Welling: *VAE with a VampPrior*, AISTATS 2018. The best prior for a given encoder is the aggregated
// posterior $\frac1n \sum_i q_\phi(z \mid x_i)$; the VampPrior is the same with a few learned pseudo-inputs in the place of
// the data, $p(z) = \frac1P \sum_k q_\phi(z \mid u_k)$. It is a mixture, where the hierarchical prior is continuous; it has
// no second layer, and one draw of $z$ gives the ELBO.
//
// It takes the second layer's place in `Vhp`: `terms`, and with it the whole training step, find it by its type.
#pragma once

#include "common/tensors/kernels.hpp"
#include "paper_vhp/networks.hpp"

namespace vhp {

template <class T>
struct VampPrior {
  Var<T> u;  // [P, n]
};

template <class T, class F>
void visit(VampPrior<T>& prior, F&& f) {
  f("u", prior.u);
}

// $\log \frac1P \sum_k q_\phi(z \mid u_k)$ for z [B, d]: [B], nats.
template <class T, class First>
Var<T> log_vamp_prior(const Vhp<First, VampPrior<T>>& model, const Var<T>& z) {
  const Normal<T> components = model.first.q(model.second.u);  // [P, d]
  const Var<T> log_q = components.log_prob(reshape(z, {z.shape()[0], 1, z.shape()[1]}));  // [B, P]
  return log_sum_exp(log_q, 1) - static_cast<T>(std::log(static_cast<double>(model.second.u.shape()[0])));
}

// The bound is exact: neither `epsilon.zeta` nor the kind of bound matters.
template <class T, class First>
Terms<T> terms(const Vhp<First, VampPrior<T>>& model, const Var<T>& x, const Noise<T>& epsilon, PriorBound) {
  const Normal<T> q = model.first.q(x);
  const Var<T> z = q.sample(epsilon.z);
  const auto p = model.first.p(z);
  return {p.log_prob(x), q.log_prob_of_sample(epsilon.z) - log_vamp_prior(model, z), p.reconstruction_error(x)};
}

// Draws from the mixture, [n, d].
template <class T>
Array<T> sample_prior(const Vhp<FirstLayer<T>, VampPrior<T>>& model, std::int64_t n, Stream stream) {
  const auto P = static_cast<std::uint64_t>(model.second.u.shape()[0]);
  std::vector<std::int64_t> chosen;
  for (std::int64_t i = 0; i < n; ++i) chosen.push_back(static_cast<std::int64_t>(stream.below(P)));
  const Var<T> u(tensors::kernels::gather(model.second.u.value(), chosen));
  return model.first.q(u).sample(stream).value();
}

}  // namespace vhp
