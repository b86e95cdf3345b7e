// # The Hopfield variational autoencoder
//
// Two networks, or one that serves as both (section 3 and Figure 1). The encoder's image units are clamped to x; at its
// free equilibrium the code units read $\mathbf y_{enc} = [\mu; \log\sigma^2]$. A draw $z = \mu + \epsilon \odot \sigma$ clamps the
// decoder's code units, and at its free equilibrium the image units are the reconstruction.
//
// | model | networks | code units of the encoder |
// |---|---|---|
// | H-VAE | layered encoder and decoder | 2 L |
// | DH-VAE | dense encoder and decoder | 2 L |
// | TDH-VAE | one dense network | L: $\mu$ alone, $\sigma$ is a setting |
//
// | symbol | here | shape |
// |---|---|---|
// | $x$, in $[-1, 1]$ | `x` | [B, 784] |
// | $\epsilon$ | `epsilon` | [B, L] |
// | $\mu, \log\sigma^2$ | `read_code(model, y)` | two of [B, L] |
// | $\mathcal L_{SSE} = \frac12 \sum (y_{dec} - x)^2$ | `half_sse(y, x)` | [B] |
// | $D_{KL}$, eq. (7) | `kl(read_code(model, y))` | [B], nats |
// | eqs. (8) to (11) | `ep_gradients` | one array a block |
//
// Deviations from the paper's text:
// 1. After eq. (10) the reconstruction terms are said to enter "the update equation (4) for the decoder energy"; they
//    belong to the encoder, whose outputs they nudge.
// 2. $\mathrm{diag}(\exp(\frac12 \mathbf y_{\log\sigma^2}))$ stands where a covariance belongs; it is the matrix of standard deviations.
#pragma once

#include "common/tensors/kernels.hpp"
#include "paper_ep_hopfield/objective.hpp"
#include "paper_ep_hopfield/settling.hpp"

#include <optional>

namespace ep_hopfield {

enum class Kind { layered, dense, tied };

template <class T>
struct HopfieldVae {
  std::vector<Hopfield<T>> networks;  // encoder and decoder, or the one that is both
  std::optional<T> sigma;             // fixed, in the tied model

  HopfieldVae(Kind kind, std::int64_t n_pixels, std::int64_t n_hidden, std::int64_t n_latent, std::optional<T> sigma, double gain,
              const Stream& stream)
      : sigma(kind == Kind::tied ? sigma : std::nullopt) {
    tensors::require(kind != Kind::tied || sigma, "hopfield_vae: the tied model needs its sigma");
    const Connections connections = kind == Kind::layered ? Connections::layered : Connections::dense;
    const auto add = [&](const char* name, std::int64_t n_code) {
      networks.emplace_back(name, PerGroup<std::int64_t>{n_pixels, n_hidden, n_code}, connections, gain, stream.at(networks.size()));
    };
    if (kind == Kind::tied) {
      add("network", n_latent);
    } else {
      add("encoder", 2 * n_latent);
      add("decoder", n_latent);
    }
  }

  const Hopfield<T>& encoder() const { return networks.front(); }
  const Hopfield<T>& decoder() const { return networks.back(); }
  bool tied() const { return networks.size() == 1; }
  std::int64_t latent_size() const { return decoder().sizes[code]; }
  std::int64_t n_weights() const {
    std::int64_t n = 0;
    for (const auto& network : networks) n += network.n_weights();
    return n;
  }
};

template <class T, class F>
void visit(HopfieldVae<T>& model, F&& f) {
  for (auto& network : model.networks) f(network.name, network);
}

// The code that the encoder's code units tell.
template <class T>
Code<T> read_code(const HopfieldVae<T>& model, const Var<T>& y) {
  if (model.sigma) return {y, Var<T>(Array<T>::full(y.shape(), 2 * std::log(*model.sigma)))};
  return split_code(y);
}

// ## Gradients by equilibrium propagation
struct Phases {
  Dynamics dynamics;
  double beta_encoder = 0.02, beta_decoder = 0.1;
  bool two_sided = true;
};

inline double share(std::int64_t part, std::int64_t of) { return static_cast<double>(part) / static_cast<double>(of); }

// What the settlings of a step came to, over its free and its weakly clamped phases.
struct Settlings {
  std::int64_t n = 0, n_unsettled = 0;            // examples times phases; those that some unit was still faster in than the tolerance
  std::int64_t n_free = 0, n_free_unsettled = 0;  // of them the free ones
  double worst_free_residual = 0;
  std::int64_t n_steps = 0, n_phases = 0;

  template <class T>
  void add(const Equilibrium<T>& equilibrium, double tolerance, bool is_free) {
    n += static_cast<std::int64_t>(equilibrium.residual.size());
    n_unsettled += equilibrium.n_unsettled(tolerance);
    if (is_free) {
      n_free += static_cast<std::int64_t>(equilibrium.residual.size());
      n_free_unsettled += equilibrium.n_unsettled(tolerance);
      worst_free_residual = std::max(worst_free_residual, static_cast<double>(equilibrium.worst_residual()));
    }
    n_steps += equilibrium.n_steps;
    ++n_phases;
  }

  // The phases of one network in one step. A one-sided contrast has the free phase in the place of the negative one.
  template <class T>
  void add(const Phases& phases, const Equilibrium<T>& free, const Equilibrium<T>& plus, const Equilibrium<T>& minus) {
    add(free, phases.dynamics.tolerance, true);
    add(plus, phases.dynamics.tolerance, false);
    if (phases.two_sided) add(minus, phases.dynamics.tolerance, false);
  }
};

// Examples of a batch that have no exact gradient: H is not positive, or its system was not solved.
struct LeftOut {
  std::int64_t unstable = 0, unsolved = 0;

  std::int64_t total() const { return unstable + unsolved; }
};

template <class T>
struct Gradients {
  std::vector<Array<T>> blocks;  // of the mean loss over the batch, in the order in which the model is visited
  double half_sse = 0, kl_nats = 0;  // means over the batch, at the free equilibria
  Settlings settlings = {};
  // Of the exact gradient (exact.hpp): the examples that it leaves out, and the worst residual of the others, relative. An example that
  // the decoder leaves out adds nothing to the encoder's either.
  LeftOut left_out = {};
  double residual = 0;
};

// The gradient of the loss in z (eq. 9, of every example) and in the decoder's weights; sse and settlings are added to.
template <class T>
Array<T> decoder_gradients(const Hopfield<T>& decoder, const Array<T>& x, const Array<T>& z, const Phases& phases, Gradients<T>& result) {
  const Settling<T> settling(decoder, code, z, phases.dynamics);
  const auto beta = static_cast<T>(phases.beta_decoder);
  const auto gradient = [&](const Array<T>& y) { return (Var<T>(y) - Var<T>(x)).value(); };  // eq. (8)
  const Equilibrium<T> free = settling.free();
  const Equilibrium<T> plus = settling.weakly_clamped(free, {beta, image, gradient});
  const Equilibrium<T> minus = phases.two_sided ? settling.weakly_clamped(free, {-beta, image, gradient}) : free;
  result.settlings.add(phases, free, plus, minus);
  const T distance = phases.two_sided ? 2 * beta : beta;
  result.blocks = settling.weight_gradient(plus, minus, distance);
  result.half_sse = mean(half_sse(Var<T>(free.s[image]), Var<T>(x))).item();
  return settling.input_gradient(plus, minus, distance);
}

// Eq. (10): what the reconstruction's gradient in z is in log sigma^2; in mu it is the same.
template <class T>
Var<T> reconstruction_to_log_variance(const Code<T>& q, const Var<T>& g_z, const Var<T>& epsilon) {
  return g_z * epsilon * exp(q.log_variance * T(0.5)) * T(0.5);
}

// Eqs. (10) and (11) together: the objective's gradient in the encoder's code units, [B, L] or [B, 2 L].
template <class T>
Var<T> code_gradient(const HopfieldVae<T>& model, const Code<T>& q, const Var<T>& to_mu, const Var<T>& to_log_variance, T beta_KL) {
  const Var<T> of_mu = to_mu + q.mu * beta_KL;
  return model.sigma ? of_mu : concat(of_mu, to_log_variance + (exp(q.log_variance) - T(1)) * (beta_KL / 2), 1);
}

// All gradients of one batch: the decoder's phases, and the encoder's, nudged by what the decoder's tell of z.
template <class T>
Gradients<T> ep_gradients(const HopfieldVae<T>& model, const Array<T>& x, const Array<T>& epsilon, double beta_KL, const Phases& phases) {
  const Settling<T> settling(model.encoder(), image, x, phases.dynamics);
  const Equilibrium<T> free = settling.free();
  const Code<T> q = read_code(model, Var<T>(free.s[code]));
  Gradients<T> result;
  const Var<T> g_z(decoder_gradients(model.decoder(), x, q.sample(Var<T>(epsilon)).value(), phases, result));
  result.kl_nats = mean(kl(q)).item();

  // The reconstruction's part is that at the free equilibrium; the divergence's follows the state.
  const auto weight = static_cast<T>(beta_KL), beta = static_cast<T>(phases.beta_encoder);
  const Var<T> g_log_variance = reconstruction_to_log_variance(q, g_z, Var<T>(epsilon));
  const auto gradient = [&](const Array<T>& y) { return code_gradient(model, read_code(model, Var<T>(y)), g_z, g_log_variance, weight).value(); };
  const Equilibrium<T> plus = settling.weakly_clamped(free, {beta, code, gradient});
  const Equilibrium<T> minus = phases.two_sided ? settling.weakly_clamped(free, {-beta, code, gradient}) : free;
  result.settlings.add(phases, free, plus, minus);
  std::vector<Array<T>> of_encoder = settling.weight_gradient(plus, minus, phases.two_sided ? 2 * beta : beta);
  if (model.tied())
    for (std::size_t i = 0; i < of_encoder.size(); ++i) tensors::kernels::add_into(result.blocks[i], of_encoder[i]);
  else result.blocks.insert(result.blocks.begin(), of_encoder.begin(), of_encoder.end());
  return result;
}

// ## Use after training
template <class T>
Array<T> encode(const HopfieldVae<T>& model, const Array<T>& x, const Dynamics& dynamics) {
  return Settling<T>(model.encoder(), image, x, dynamics).free().s[code];
}

template <class T>
Array<T> decode(const HopfieldVae<T>& model, const Array<T>& z, const Dynamics& dynamics) {
  return Settling<T>(model.decoder(), code, z, dynamics).free().s[image];
}

}  // namespace ep_hopfield
