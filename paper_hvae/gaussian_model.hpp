// # The Gaussian model
//
// Section 4.1 of the paper: one code $z \sim N(0, I_d)$ for a whole data set, $x_i \mid z \sim N(z + \Delta,
// \mathrm{diag}\,\sigma^2)$ for $i = 1 .. N$; the parameters are $\Delta$ and $\sigma$. Everything that depends on the
// data does so through $N$, the mean $\bar x$ and the scatter $S_j = \sum_i (x_{ij} - \bar x_j)^2$.
//
// | symbol | here | shape |
// |---|---|---|
// | $N, \bar x, S$ | `data.N`, `data.x_bar`, `data.S` | a number; [n_sets, 1, d] |
// | $\Delta, \log \sigma$ | `theta.Delta`, `theta.log_sigma` | [n_sets, 1, d] |
// | $z$ | `z` | [n_sets, M, d]: M draws for each data set |
//
// The axis of data sets is one of independent problems: an experiment's ten data sets are trained as one.
#pragma once

#include "common/distributions/normal.hpp"

#include <cmath>
#include <numbers>
#include <span>

namespace hvae {

using autodiff::Var;
using tensors::Array;
using tensors::Shape;

template <class T>
struct SufficientStatistics {
  T N = 0;
  Var<T> x_bar, S;  // [n_sets, 1, d]
};

template <class T>
struct GaussianParameters {
  Var<T> Delta, log_sigma;  // [n_sets, 1, d]
};
template <class T, class F>
void visit(GaussianParameters<T>& theta, F&& f) {
  f("Delta", theta.Delta);
  f("log_sigma", theta.log_sigma);
}

// ## Joint density and potential

// $\log p(D, z)$ = $-\frac N2 \log 2\pi - N \log\sigma - (S + N (\bar x - \Delta - z)^2) / 2\sigma^2$, summed over
// dimensions, plus $\log N(z; 0, I)$: [n_sets, M, d] -> [n_sets, M].
template <class T>
Var<T> log_joint(const SufficientStatistics<T>& data, const GaussianParameters<T>& theta, const Var<T>& z) {
  const Var<T> precision = exp(theta.log_sigma * T(-2));                                   // [n_sets, 1, d]
  const Var<T> of_draw = square((data.x_bar - theta.Delta) - z) * (precision * (data.N * T(-0.5)));  // [n_sets, M, d]
  const Var<T> of_set = data.S * precision * T(-0.5) - theta.log_sigma * data.N - static_cast<T>(0.5 * std::log(2 * std::numbers::pi)) * data.N;
  return sum(of_draw, -1) + sum(of_set, -1) + distributions::standard_normal_log_prob(z);
}

// $\nabla U = z + N (z + \Delta - \bar x) / \sigma^2$, as a function of z. Paper: the text gives $U = \log p$ without the minus
// sign, and x for $\bar x$.
template <class T>
auto potential_gradient(const SufficientStatistics<T>& data, const GaussianParameters<T>& theta) {
  const Var<T> weight = exp(theta.log_sigma * T(-2)) * data.N, y = data.x_bar - theta.Delta;  // [n_sets, 1, d]
  return [=](const Var<T>& z) { return add_product(z, weight, z - y); };  // y first: it is as small as z, its two parts are not
}

// ## The exact oracle, dimension by dimension

// The exact posterior: precision $1 + N / \sigma^2$, mean $N y / (N + \sigma^2)$ with $y = \bar x - \Delta$.
struct Posterior {
  double mean, variance;
};
inline Posterior exact_posterior(double N, double x_bar, double Delta, double sigma) {
  const double v = sigma * sigma;
  return {N * (x_bar - Delta) / (N + v), v / (N + v)};
}

// $\log p(D)$ = $-\frac N2 \log 2\pi - (N - 1) \log\sigma - \frac12 \log(\sigma^2 + N) - S / 2\sigma^2 - N y^2 / 2(\sigma^2 + N)$.
inline double exact_log_p(double N, double x_bar, double S, double Delta, double sigma) {
  const double v = sigma * sigma, y = x_bar - Delta;
  return -0.5 * N * std::log(2 * std::numbers::pi) - (N - 1) * std::log(sigma) - 0.5 * std::log(v + N) - S / (2 * v) - N * y * y / (2 * (v + N));
}

// The maximiser of $\log p(D)$: $\Delta = \bar x$, and $v = \sigma^2$ solves $v = S / (N - 1 + v / (v + N))$, found by
// iteration (a contraction: the right-hand side changes by about v / N times what v changes). Paper: $z$ is drawn once per
// data set, so $\bar x = \Delta + z + $ noise, and no method can tell $\Delta$ from $z$.
inline double maximum_likelihood_sigma(double N, double S) {
  double v = S / N;
  for (double before = 0; std::abs(v - before) > 1e-15 * v;) {
    before = v;
    v = S / (N - 1 + v / (v + N));
  }
  return std::sqrt(v);
}

// The mean-field bound with q(z) = N(mu, q_variance); equal to exact_log_p at the posterior, below it elsewhere.
inline double mean_field_elbo(double N, double x_bar, double S, double Delta, double sigma, double mu, double q_variance) {
  const double v = sigma * sigma, y = x_bar - Delta;
  return -0.5 * N * std::log(2 * std::numbers::pi) - N * std::log(sigma) - (S + N * ((y - mu) * (y - mu) + q_variance)) / (2 * v) +
         0.5 * (1 + std::log(q_variance)) - 0.5 * (mu * mu + q_variance);
}

// ## What a Hamiltonian flow can reach
//
// In (z, rho) together the flow has volume one, whatever the tempering: the $\alpha_k$ take back what $1 / \sqrt{\beta_0}$ had
// stretched, which is why $\beta_0$ cancels from equation (6). It starts from $N(0, I)$ and aims at the posterior, of
// deviation $P^{-1/2}$ with $P = 1 + N / \sigma^2$, times the momentum's $N(0, 1)$: a volume too small for it. Among Gaussians of
// volume one the nearest has variances $P^{-1/2}$ and $P^{1/2}$, at a distance of $\sqrt P - 1 - \frac12 \log P$ a dimension.
inline double least_gap(double N, std::span<const double> sigma) {
  double gap = 0;
  for (double s : sigma) {
    const double P = 1 + N / (s * s);
    gap += std::sqrt(P) - 1 - 0.5 * std::log(P);
  }
  return gap;
}

// One step with fixed tempering: $\varepsilon^2 P = 2$ annihilates $z_0$ and leaves $z_1 = \varepsilon \gamma / \sqrt{\beta_0}$, $\rho_1$ proportional to
// $z_0$, at a cost of $\beta_0^{-1} + \beta_0 P / 4$ a dimension. All dimensions share $\beta_0$; the best is $\beta_0^{-2} = \sum P / 4 d$.
inline double shared_tempering_gap(double N, std::span<const double> sigma) {
  const auto d = static_cast<double>(sigma.size());
  double sum = 0, logs = 0;
  for (double s : sigma) {
    const double P = 1 + N / (s * s);
    sum += P;
    logs += std::log(P);
  }
  return std::sqrt(d * sum) - d - 0.5 * logs;
}

// Without tempering the best is to lay the start's width into the momentum. A leapfrog step turns the oscillator by $\vartheta$,
// $\varepsilon \sqrt P = 2 \sin(\vartheta / 2)$, on the ellipse $\rho^2 + P s z^2$ with $s = \cos^2(\vartheta / 2)$. When K steps make a quarter
// turn up to half turns, $\vartheta = (2 m + 1) \pi / 2 K$, they leave $z_K = \pm \rho_0 / \sqrt{P s}$ and $\rho_K = \mp \sqrt{P s} z_0$, at a cost
// of $P s / 2 + 1 / 2 s$ a dimension. Each m < K is a valley of its own. At first the last is the deepest, $\varepsilon \sqrt P = 2 \cos(\pi / 4 K)$,
// close to where a step is no longer stable; at $s = P^{-1/2}$, which takes about $\frac{\pi}{4} P^{1/4}$ steps, the cost would be that of the
// nearest Gaussian of volume one.
inline double quarter_turn_share(double P, int K) {
  double best = 1;
  for (int m = 0; m < K; ++m) {
    const double s = std::pow(std::cos((2 * m + 1) * std::numbers::pi / (4 * K)), 2);
    if (P * s + 1 / s < P * best + 1 / best) best = s;
  }
  return best;
}
inline double quarter_turn_gap(double N, std::span<const double> sigma, int K) {
  double gap = 0;
  for (double each : sigma) {
    const double P = 1 + N / (each * each), s = quarter_turn_share(P, K);
    gap += 0.5 * (P * s + 1 / s) - 1 - 0.5 * std::log(P);
  }
  return gap;
}

// The model pays for that cost, $\sqrt{d \sum_j N / \hat\sigma_j^2}$, with its variances: $\hat\sigma_j^2 = \sigma_j^2 + w$, the same w in every
// dimension, $w = \sqrt{d / (N \sum_j \hat\sigma_j^{-2})}$.
inline double shared_tempering_width(double N, std::span<const double> sigma) {
  double w = 0;
  for (double before = -1; std::abs(w - before) > 1e-14;) {
    before = w;
    double sum = 0;
    for (double s : sigma) sum += 1 / (s * s + w);
    w = std::sqrt(static_cast<double>(sigma.size()) / (N * sum));
  }
  return w;
}

}  // namespace hvae
