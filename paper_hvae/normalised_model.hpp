// # HVAE and IWAE with batch normalisation
//
// Sections 2.2 and 2.3 of the report. Encoder and decoder are those of normalised_networks.hpp; three models stand on them.
//
// | symbol | here | shape |
// |---|---|---|
// | $x$ | `x` | [B, pixels], zeros and ones |
// | $q(z_0 \mid x) = N(\mu, \sigma^2)$ | `encoder(x, pass)` | [B, l] |
// | $\epsilon, \gamma$ | `noise.epsilon`, `noise.gamma` | [B, l], standard normal |
// | step size $\varepsilon$ | `flow.epsilon()` | [l] |
// | $F$, the autoregressive layers | `autoregressive` | on [1, B, 2 l] |
//
// *HVAE, right.* Algorithm 1 with the decoder's batch statistics taken once, at $z_0$, and held through the K steps: rows do not
// touch each other on the way, the leapfrog keeps its volume, and the estimate is what it says. The outer gradient is exact.
//
// *HVAE as coded.* In the authors' code the momentum is drawn and then overwritten by zeros; the gradients of U are cut off from
// the tape; and every evaluation of U normalises by the batch of that moment. From $\rho_0 = 0$ the steps are gradient ascent on
// $\log p(x, z)$ with a memory: they contract, $q(z_K \mid x)$ is narrower than $q(z_0 \mid x)$, and no determinant is charged for it. What is
// maximised, $\log p(x, z_K) - \frac12 |\rho_K|^2 - \log q(z_0 \mid x)$, is no bound on $\log p(x)$: it can be as high as the
// density at the mode allows. (The $\ell / 2$ of equation 12 is added once for a batch there, not once for each image.)
//
// *HVAE + IAF.* Section 2.2: $(\tilde z, \tilde\rho) = F(z_K, \rho_K)$, F some masked autoencoders (flows.hpp) on all $2 \ell$ coordinates, and
// $\log |\det \nabla F|$ is added. Paper: the authors' notebook of it walks along $\nabla \log p(x \mid z) + z$ where
// $\nabla U = -\nabla \log p(x \mid z) + z$: the likelihood's part has the wrong sign. The flow keeps its volume, so the bound
// stays a bound; but it carries the codes away from the data. And it shuffles the rows of the batch behind every layer of F, where the
// coordinates were meant, so that an image is decoded from another one's code: over the batch still a bound, the rows being
// only permuted, but of a decoder that is told nothing of its image.
#pragma once

#include "paper_hvae/flows.hpp"
#include "paper_hvae/hvae.hpp"
#include "paper_hvae/normalised_networks.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

namespace hvae {

enum class Potential { right, sign_as_coded };  // the second: -grad log p(x | z) has lost its minus

// Step sizes per coordinate, below 1/2 (the report starts them at 0.005); $\log \alpha_k \le 0$ started at zero, where nothing is tempered:
// what a step takes above zero is put back there (`keep_cool`), so that it can still come down.
template <class T>
struct ReportFlow {
  int K = 0;
  Var<T> logit_epsilon;             // [l]
  std::vector<Var<T>> log_alpha;    // K scalars
  Potential potential = Potential::right;

  static constexpr double xi = 0.5;

  ReportFlow(int K, std::int64_t l, double epsilon, double log_alpha_0 = 0)
      : K(K), logit_epsilon(Array<T>::full({l}, static_cast<T>(std::log(epsilon / (xi - epsilon))))),
        log_alpha(static_cast<std::size_t>(K), Var<T>(static_cast<T>(log_alpha_0))) {}

  Var<T> epsilon() const { return sigmoid(logit_epsilon) * T(xi); }

  Tempering<T> tempering() const {
    if (K == 0) return no_tempering<T>();
    std::vector<Var<T>> alpha;
    for (const Var<T>& a : log_alpha) alpha.push_back(exp(a));
    return free_tempering(std::move(alpha));
  }

  // The projection of the authors' code, in place, to follow every step of the optimiser.
  void keep_cool() {
    for (Var<T>& a : log_alpha) *a.value().data_for_update() = std::min(a.item(), T(0));
  }
};
template <class T, class F>
void visit(ReportFlow<T>& flow, F&& f) {
  if (flow.K == 0) return;
  f("logit_epsilon", flow.logit_epsilon);
  f("log_alpha", flow.log_alpha);
}

template <class T>
struct ReportNoise {
  Var<T> epsilon, gamma;          // [B, l]
  std::vector<Var<T>> row_orders = {};  // [B, B], a permutation for each autoregressive layer; empty: the rows stay
};

// What the notebook has after every autoregressive layer: the rows in another order, where the coordinates were meant.
template <class T>
std::vector<Var<T>> random_row_orders(std::size_t n_layers, std::int64_t B, Stream& stream) {
  std::vector<Var<T>> orders;
  for (std::size_t i = 0; i < n_layers; ++i) {
    const Array<T> order = Array<T>::zeros({B, B});
    std::int64_t row = 0;
    for (const std::int64_t from : stream.permutation(B)) order.data_for_update()[row++ * B + from] = T(1);
    orders.push_back(Var<T>(order));
  }
  return orders;
}

template <class T>
struct NormalisedModel {
  NormalisedEncoder<T> encoder;
  NormalisedDecoder<T> decoder;
  ReportFlow<T> flow;
  std::vector<Made<T>> autoregressive;

  struct Steps {
    int K = 0;
    double epsilon = 0.005, log_alpha = 0;
  };
  struct Layers {
    int n = 0;
    std::int64_t n_hidden = 0;
  };
  // Encoder and decoder are drawn first, whatever stands on them: models of one seed start from the same networks.
  NormalisedModel(const NormalisedSizes& sizes, const Steps& steps, Stream& stream, const Layers& made = {})
      : encoder(sizes, stream), decoder(sizes, stream), flow(steps.K, sizes.latent, steps.epsilon, steps.log_alpha) {
    for (int i = 0; i < made.n; ++i) autoregressive.emplace_back(1, 2 * sizes.latent, made.n_hidden, Stream(stream.below(1u << 30),
        "autoregressive layer"));
  }

  // ## The flow
  struct Way {
    Normal<T> start;
    FixedDecoder<T> p;
    PhaseState<T> end;
    Var<T> log_det;  // of the autoregressive layers, [B]; 0 without
  };

  Way travel(const Var<T>& x, const ReportNoise<T>& noise, const Pass<T>& pass) const {
    const Normal<T> start = encoder(x, pass);
    const Var<T> z_0 = start.sample(noise.epsilon);
    FixedDecoder<T> p = pass.is_training() ? decoder.fixed(z_0, pass) : decoder.fixed();
    const Tempering<T> tempering = flow.tempering();
    PhaseState<T> end = hamiltonian_flow<T>({z_0, tempering.initial_momentum(noise.gamma)}, flow.K, {flow.epsilon()}, tempering, gradient(p, x));
    Var<T> log_det(T(0));
    for (std::size_t i = 0; i < autoregressive.size(); ++i) {
      const std::int64_t B = x.shape()[0], l = decoder.sizes.latent;
      const Moved<T> moved = autoregressive[i](reshape(concat(end.z, end.rho, 1), Shape{1, B, 2 * l}));
      Var<T> both = reshape(moved.z, Shape{B, 2 * l});
      if (!noise.row_orders.empty()) both = matmul(noise.row_orders[i], both);
      end = {slice(both, 1, 0, l), slice(both, 1, l, l)};
      log_det = log_det + reshape(moved.log_det, Shape{B});
    }
    return {start, std::move(p), std::move(end), log_det};
  }

  // ## Estimators, [B]

  // The bound's integrand, both noises' entropies in closed form:
  // $\log p(x, \tilde z) - \frac12 |\tilde\rho|^2 + \log |\det \nabla F| + \sum \log \sigma + \frac\ell2 \log 2\pi + \ell$. K = 0 is the VAE.
  Var<T> elbo(const Var<T>& x, const ReportNoise<T>& noise, const Pass<T>& pass) const {
    const Way way = travel(x, noise, pass);
    const auto l = static_cast<T>(decoder.sizes.latent);
    return way.p.log_joint(x, way.end.z) - sum(square(way.end.rho), -1) * T(0.5) + way.log_det + sum(way.start.log_scale, -1) +
           l * static_cast<T>(1 + 0.5 * std::log(2 * std::numbers::pi));
  }

  // One draw of log p-hat, equation (6) with the determinant of F: its exponential has mean p(x).
  Var<T> log_p_hat(const Var<T>& x, const ReportNoise<T>& noise) const {
    const Way way = travel(x, noise, Pass<T>::evaluation());
    const Var<T> ratio = flow_log_ratio(way.p.log_joint(x, way.end.z), way.end.rho, way.start.log_prob_of_sample(noise.epsilon));
    return hvae::log_p_hat(ratio + way.log_det, noise.gamma);
  }

  // What the authors' code maximises in the place of the bound. In evaluation nothing couples the rows, but it is still no bound.
  Var<T> as_coded(const Var<T>& x, const Var<T>& epsilon, const Pass<T>& pass) const {
    const Normal<T> start = encoder(x, pass);
    const Var<T> z_0 = start.sample(epsilon), no_momentum(Array<T>::zeros(z_0.shape()));
    // Nothing outside differentiates U, so it runs on plain arrays.
    NormalisedDecoder<T> plain = decoder;
    autodiff::for_each_var(plain, [](Var<T>& v) { v = stop_gradient(v); });
    const auto detached = [&](const Var<T>& z) {
      return autodiff::grad<T>([&](const Var<T>& at) {
        return -sum(bernoulli_log_prob(x, plain.logits(at, pass)) + distributions::standard_normal_log_prob(at));
      })(stop_gradient(z));
    };
    const PhaseState<T> end = hamiltonian_flow<T>({z_0, no_momentum}, flow.K, {flow.epsilon()}, flow.tempering(), detached);
    const Var<T> log_joint = bernoulli_log_prob(x, decoder.logits(end.z, pass)) + distributions::standard_normal_log_prob(end.z);
    const T once = static_cast<T>(0.5 * static_cast<double>(decoder.sizes.latent) / static_cast<double>(x.shape()[0]));
    return flow_log_ratio(log_joint, end.rho, start.log_prob_of_sample(epsilon)) + once;
  }

  // The importance weights of an IWAE, [k, B]; epsilon is [k, B, l]. In training the decoder normalises over all k B codes.
  Var<T> log_weights(const Var<T>& x, const Var<T>& epsilon, const Pass<T>& pass) const {
    const std::int64_t k = epsilon.shape()[0], B = x.shape()[0], l = decoder.sizes.latent;
    const Normal<T> q = encoder(x, pass);
    const Var<T> z = q.sample(epsilon);  // [k, B, l]
    const Var<T> logits = reshape(decoder.logits(reshape(z, Shape{k * B, l}), pass), Shape{k, B, decoder.sizes.pixels()});
    return bernoulli_log_prob(x, logits) + distributions::standard_normal_log_prob(z) - q.log_prob_of_sample(epsilon);
  }

  // grad U under fixed statistics.
  auto gradient(const FixedDecoder<T>& p, const Var<T>& x) const {
    return [right = p.potential_gradient(x), sign = flow.potential](const Var<T>& z) {
      const Var<T> g = right(z);
      return sign == Potential::right ? g : z * T(2) - g;
    };
  }
};
template <class T, class F>
void visit(NormalisedModel<T>& model, F&& f) {
  f("encoder", model.encoder);
  f("decoder", model.decoder);
  f("flow", model.flow);
  if (!model.autoregressive.empty()) f("autoregressive", model.autoregressive);
}

}  // namespace hvae
