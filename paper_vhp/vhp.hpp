// # A variational autoencoder with a learned hierarchical prior
//
// Alexej Klushyn, Nutan Chen, Richard Kurle, Botond Cseke, Patrick van der Smagt: *Learning Hierarchical Priors in VAEs*,
// NeurIPS 2019 (below: the paper).
//
// The paper claims that a prior with a layer of its own, learned together with the autoencoder under a constraint on the
// reconstruction error, keeps the posterior from being pressed into a standard normal: the topology of the codes becomes
// that of the data. A pendulum's images should lie on a circle, in the order of the angle.
//
// The model: $p(z) = \int p_\Theta(z \mid \zeta)\, p(\zeta)\, d\zeta$ with $p(\zeta) = N(0, I)$; a decoder $p_\theta(x \mid
// z)$; approximate posteriors $q_\phi(z \mid x)$ and $q_\Phi(\zeta \mid z)$. All conditionals are networks. $(\theta, \phi)$
// are called the first layer, $(\Theta, \Phi)$ the second.
//
// | symbol | here | shape |
// |---|---|---|
// | $x$ | `x` | [B, n] |
// | $z$, $\epsilon$ with $z = \mu + \sigma \epsilon$ | `z`, `epsilon.z` | [B, d] |
// | $\zeta_{1:K}$ and its noise | `zeta`, `epsilon.zeta` | [K, B, d] |
// | $q_\phi(z \mid x)$, $p_\theta(x \mid z)$ | `model.first.q(x)`, `model.first.p(z)` | |
// | $q_\Phi(\zeta \mid z)$, $p_\Theta(z \mid \zeta)$ | `model.second.q(z)`, `model.second.p(zeta)` | |
// | $\log p_\Theta(z \mid \zeta_k) p(\zeta_k) / q_\Phi(\zeta_k \mid z)$ | `log_weights` | [K, B], nats |
// | bound on $\log p(z)$ in eq. (9) | `log_prior_bound` | [B], nats |
// | $\mathcal F$, eq. (9) | `Terms::divergence` | [B], nats |
// | $C_\theta(x, z)$ | `Terms::reconstruction_error` | [B], per pixel |
// | $\mathcal L_{VHP}$, eq. (10) | `lagrangian(terms, beta)` | scalar, nats |
// | $\beta$, eqs. (5), (12), (15), (16) and Algorithm 1 | `schedules.hpp` | |
//
// Where the paper leaves a choice:
// 1. *$C$* is the squared error of the decoder's mean, averaged over the pixels. Only so are the paper's $\kappa$ (0.02 to
//    0.31) reachable: $\kappa^2 = 0.0004$ nats of a whole image would be absurd.
// 2. *The objective* is $-\log p_\theta(x \mid z) + \beta \mathcal F$, in nats: eq. (10) divided by $\lambda$, with the
//    likelihood in the place of $C$ to which it is proportional. At $\beta = 1$ it is the negative ELBO, as the paper
//    wants it; $C$ itself only drives $\beta$.
// 3. *The decoder's variance* is fixed (the paper says "Gaussian" and no more).
#pragma once

#include "common/distributions/importance_bound.hpp"
#include "common/distributions/normal.hpp"

namespace vhp {

using autodiff::Var;
using distributions::Normal;

// ## The model
//
// Each layer is a pair of conditionals, and what the networks inside look like is the layer's own business: `first.q(x)`,
// `second.q(z)` and `second.p(zeta)` give a Normal, `first.p(z)` a likelihood with `log_prob(x)`, [.., n] -> [..], and
// `reconstruction_error(x)`. Networks of other data sets (networks.hpp has those of the pendulum) bring nothing else.
template <class First, class Second>
struct Vhp {
  First first;
  Second second;
};

template <class First, class Second, class F>
void visit(Vhp<First, Second>& model, F&& f) {
  f("first", model.first);
  f("second", model.second);
}

// The noise of one evaluation, standard normal.
template <class T>
struct Noise {
  Var<T> z;     // [B, d]
  Var<T> zeta;  // [K, B, d]
};

// ## The bound on the prior
//
// $\log w_k = \log p_\Theta(z \mid \zeta_k) + \log p(\zeta_k) - \log q_\Phi(\zeta_k \mid z)$ for $\zeta_k \sim q_\Phi(\zeta \mid
// z)$: [K, B].
template <class T, class Second>
Var<T> log_weights(const Second& second, const Var<T>& z, const Var<T>& epsilon) {
  const Normal<T> q = second.q(z);
  const Var<T> zeta = q.sample(epsilon);  // [K, B, d]
  return second.p(zeta).log_prob(z) + distributions::standard_normal_log_prob(zeta) - q.log_prob_of_sample(epsilon);
}

// The importance-weighted bound of eq. (9), $\log \frac1K \sum_k w_k$; or the ELBO, $\frac1K \sum_k \log w_k$, which
// appendix B.4 puts in its place. [K, B] -> [B].
enum class PriorBound { importance_weighted, elbo };

template <class T>
Var<T> log_prior_bound(PriorBound bound, const Var<T>& log_w) {
  return bound == PriorBound::elbo ? mean(log_w, 0) : distributions::importance_bound(log_w);
}

// ## The objective
//
// One draw of $z$ for each image, and what the Lagrangian is made of.
template <class T>
struct Terms {
  Var<T> log_likelihood;        // [B] log p(x | z)
  Var<T> divergence;            // [B] F: above KL(q(z | x) || p(z)) in expectation
  Var<T> reconstruction_error;  // [B] C
};

template <class T, class First, class Second>
Terms<T> terms(const Vhp<First, Second>& model, const Var<T>& x, const Noise<T>& epsilon, PriorBound bound) {
  const Normal<T> q = model.first.q(x);
  const Var<T> z = q.sample(epsilon.z);
  const auto p = model.first.p(z);
  const Var<T> log_prior = log_prior_bound(bound, log_weights(model.second, z, epsilon.zeta));
  return {p.log_prob(x), q.log_prob_of_sample(epsilon.z) - log_prior, p.reconstruction_error(x)};
}

// $-\log p_\theta(x \mid z) + \beta \mathcal F$, the mean over the batch: a scalar, in nats.
template <class T>
Var<T> lagrangian(const Terms<T>& t, double beta) {
  return mean(t.divergence * static_cast<T>(beta) - t.log_likelihood);
}

// ## The importance-weighted autoencoder, for comparison
//
// Burda, Grosse and Salakhutdinov (2016), with a standard normal prior: $\log \frac1K \sum_k p_\theta(x \mid z_k) p(z_k) /
// q_\phi(z_k \mid x)$, for noise [K, B, d]. Its error is that of all K draws alike.
template <class T>
struct IwaeTerms {
  Var<T> log_p_x;               // [B] the bound on log p(x)
  Var<T> reconstruction_error;  // [K, B]
};

template <class T, class First>
IwaeTerms<T> iwae_terms(const First& first, const Var<T>& x, const Var<T>& epsilon) {
  const Normal<T> q = first.q(x);
  const Var<T> z = q.sample(epsilon);
  const auto p = first.p(z);
  const Var<T> log_w = p.log_prob(x) + distributions::standard_normal_log_prob(z) - q.log_prob_of_sample(epsilon);
  return {distributions::importance_bound(log_w), p.reconstruction_error(x)};
}

}  // namespace vhp
