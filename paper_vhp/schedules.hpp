// # What weights the divergence: schedules of beta
//
// All of them watch the batch's reconstruction error and give the $\beta$ of the step. Here $\delta = \hat C_t -
// \kappa^2$, where $\hat C_t = (1 - \alpha) C_{ba} + \alpha \hat C_{t-1}$ and $\hat C_0 = C_{ba}$.
//
// | method | rule | start |
// |---|---|---|
// | REWO | eq. (12) and Algorithm 1 | $\beta_0 \ll 1$; the initial phase freezes it and the second layer |
// | REWO, other update | eqs. (15), (16) in Algorithm 1 | the same |
// | GECO | eq. (5) with $\beta = 1/\lambda$ | $\beta_0$ |
// | warm-up | $\min(1, t / t_{wu})$ | 0 |
// | none | 1 | 1 |
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace vhp {

// Eq. (13): $f_\beta(\beta, \delta; \tau) = (1 - H(\delta)) \tanh(\tau (\beta - 1)) - H(\delta)$. Paper: $H(0)$ is left
// open, and does not matter, because $f_\beta$ is only ever multiplied by $\delta$.
inline double f_beta(double beta, double delta, double tau) { return delta > 0 ? -1.0 : std::tanh(tau * (beta - 1)); }

// Eq. (12). While the constraint is violated it is GECO's; once it holds, $\beta$ tends to 1 from either side. One step is
// so small that it could pass 1 only with $\nu \tau \kappa^2 > 1$; the paper's are below 0.3, those of this program's data below 0.01.
inline double rewo_update(double beta, double delta, double nu, double tau) { return beta * std::exp(nu * f_beta(beta, delta, tau) * delta); }

// Eq. (5): $\lambda \leftarrow \lambda e^{\nu \delta}$.
inline double geco_update(double beta, double delta, double nu) { return beta * std::exp(-nu * delta); }

// Eqs. (15) and (16): $\gamma \leftarrow \gamma e^{\nu \delta}$, $\beta = 1 / (1 + \tau \gamma)$; so $\tau \gamma = 1/\beta -
// 1$ is multiplied by $e^{\nu\delta}$. Paper: $\tau$, called a slope, only rescales the start of $\gamma$; once $\beta_0$
// is given it has no effect.
inline double alternative_update(double beta, double delta, double nu) { return 1 / (1 + (1 / beta - 1) * std::exp(nu * delta)); }

enum class Method { rewo, rewo_alternative, geco, warm_up, none };

struct ScheduleSettings {
  Method method = Method::rewo;
  double kappa = 0, nu = 0, tau = 0, alpha = 0, beta_0 = 0;
  std::int64_t warm_up_steps = 0;
};

// ## Algorithm 1
//
// The state of a run; plain numbers, so that a checkpoint can hold them.
struct Schedule {
  double beta = 0;
  double C_hat = 0;
  std::int64_t t = 0;          // batches seen
  bool initial_phase = false;  // only the first layer is trained, and beta stands still

  explicit Schedule(const ScheduleSettings& settings) {
    const bool by_phases = settings.method == Method::rewo || settings.method == Method::rewo_alternative;
    initial_phase = by_phases;
    beta = by_phases || settings.method == Method::geco ? settings.beta_0 : settings.method == Method::none ? 1 : 0;
  }

  // Takes a batch's mean error; afterwards `beta` and `initial_phase` are those of this batch's step.
  void observe(const ScheduleSettings& s, double C_ba) {
    C_hat = t == 0 ? C_ba : (1 - s.alpha) * C_ba + s.alpha * C_hat;
    ++t;
    const double delta = C_hat - s.kappa * s.kappa;
    if (delta < 0) initial_phase = false;
    if (initial_phase) return;
    switch (s.method) {
      case Method::rewo: beta = rewo_update(beta, delta, s.nu, s.tau); break;
      case Method::rewo_alternative: beta = alternative_update(beta, delta, s.nu); break;
      case Method::geco: beta = geco_update(beta, delta, s.nu); break;
      case Method::warm_up: beta = std::min(1.0, static_cast<double>(t) / static_cast<double>(s.warm_up_steps)); break;
      case Method::none: break;
    }
  }
};

}  // namespace vhp
