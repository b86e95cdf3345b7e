// # The flow at the optimum
//
// With $\Delta = \bar x$ and $\sigma$ the exact maximiser, the gap between $\log p(D)$ and the bound depends on the flow
// alone: on $\varepsilon$, on the temperatures, and on K. The bound is known without draws (exact_elbo), so the gap is
// minimised by plain gradient steps in double. Its landscape has several valleys, one for each way to fit half turns into
// K steps; hence several starts, $\varepsilon_j = c / \sqrt{P_j}$ with $P = 1 + N / \sigma^2$ the potential's curvature (a leapfrog
// step is stable for c < 2). The authors' $\varepsilon = 0.005$ is none of them: at this $\sigma$ it is not stable for N = 10,000; it
// becomes so only because $\sigma$ starts at 20.
#include "paper_hvae/gaussian_optimum.hpp"

#include "common/nn/training.hpp"
#include "paper_hvae/gaussian_data.hpp"
#include "paper_hvae/gaussian_experiment.hpp"
#include "paper_hvae/gaussian_methods.hpp"

#include <fmt/format.h>

namespace hvae {

using experiments::Cell;
using experiments::Profile;
using experiments::Run;
using experiments::Settings;

namespace {

constexpr std::array<double, 9> starts{0.05, 0.1, 0.2, 0.4, 0.7, 1.0, 1.3, 1.6, 1.9};  // c

// The method with nothing but the flow to learn.
struct FlowAlone {
  HamiltonianMethod<double> method;
};
template <class F>
void visit(FlowAlone& flow, F&& f) {
  f("logit_epsilon", flow.method.logit_epsilon);
  if (flow.method.kind == TemperingKind::fixed) f("log_tempering", flow.method.log_tempering);
  if (flow.method.kind == TemperingKind::free) f("logit_alpha", flow.method.logit_alpha);
}

void run_optimum(Run& run) {
  const Settings& settings = run.settings();
  check_gaussian_settings("optimum", settings);
  const std::int64_t d = settings.count("d"), n_starts = static_cast<std::int64_t>(starts.size());
  const auto N = static_cast<double>(settings.count("N"));
  const Moments moments = draw_data(run.seed(), 1, d, settings.count("N"), 0).all;

  // The same data set and parameters for every start.
  Moments repeated{moments.n, {}, {}};
  Array<double> log_sigma(Shape{n_starts, 1, d}), logit_epsilon(Shape{n_starts, 1, d});
  double log_p = 0;
  std::vector<double> sigmas;
  for (std::int64_t start = 0; start < n_starts; ++start)
    for (std::int64_t j = 0; j < d; ++j) {
      const auto at = static_cast<std::size_t>(j);
      repeated.x_bar.push_back(moments.x_bar[at]);
      repeated.S.push_back(moments.S[at]);
      const double sigma = maximum_likelihood_sigma(N, moments.S[at]), curvature = 1 + N / (sigma * sigma);
      const double epsilon = starts[static_cast<std::size_t>(start)] / std::sqrt(curvature);
      log_sigma.mutable_data()[start * d + j] = std::log(sigma);
      logit_epsilon.mutable_data()[start * d + j] = std::log(epsilon / (HamiltonianMethod<double>::xi - epsilon));
      if (start > 0) continue;
      log_p += exact_log_p(N, moments.x_bar[at], moments.S[at], moments.x_bar[at], sigma);
      sigmas.push_back(sigma);
    }
  const SufficientStatistics<double> data = statistics<double>(repeated, n_starts, d);

  const int K = static_cast<int>(settings.count("K"));
  const auto constant = [&](double value) { return Var<double>(Array<double>::full({n_starts, 1, 1}, value)); };
  FlowAlone flow{{{data.x_bar, Var<double>(log_sigma)}, Var<double>(logit_epsilon), constant(std::log(4.0)), {}, K,
      tempering_from(settings.text("tempering"))}};
  for (int k = 0; k < K; ++k) flow.method.logit_alpha.push_back(constant(std::log(9.0)));  // alpha = 0.9

  nn::Parameters<double> parameters(flow);
  nn::Adam<double> optimiser(parameters, nn::AdamSettings{.learning_rate = settings.number("learning_rate")});
  const std::int64_t n_steps = settings.count("n_steps");
  std::int64_t step = 0;
  run.keep("parameters", parameters.flat());
  run.keep("optimiser", optimiser);
  run.keep("step", step);
  run.resume();
  while (step < n_steps) {
    nn::train_step<double>(flow, optimiser, [&](const FlowAlone& f) { return -sum(f.method.exact_elbo(data)); });
    run.progress(++step, n_steps);
  }

  const Var<double> bounds = flow.method.exact_elbo(data);
  experiments::Series by_start{{"start", {}}, {"gap_nats", {}}};
  std::int64_t best = 0;
  for (std::int64_t start = 0; start < n_starts; ++start) {
    by_start["start"].push_back(starts[static_cast<std::size_t>(start)]);
    by_start["gap_nats"].push_back(log_p - bounds.value()[start]);
    if (bounds.value()[start] > bounds.value()[best]) best = start;
  }
  run.series("starts", by_start);
  const auto metric = [&](const std::string& name, double value, const std::string& unit, const std::string& estimator) {
    run.metric(name, {value, unit, estimator, std::nullopt});
  };
  metric("gap_nats", log_p - bounds.value()[best], "nats", fmt::format("exact log p less the exact bound, best of {} starts", n_starts));
  metric("law_least_gap_nats", least_gap(N, sigmas), "nats", "closed form: no flow of volume one comes closer");
  metric("law_shared_tempering_gap_nats", shared_tempering_gap(N, sigmas), "nats", "closed form: one step, fixed tempering");
  double reach = 0;
  const Var<double> epsilon = flow.method.epsilon();
  for (std::int64_t j = 0; j < d; ++j) {
    const double sigma = std::exp(log_sigma[best * d + j]);
    reach += epsilon.value()[best * d + j] * std::sqrt(1 + N / (sigma * sigma)) / static_cast<double>(d);
  }
  metric("epsilon_root_curvature", reach, "", "learned epsilon times the root of the curvature, mean over dimensions");
  if (const Tempering<double> tempering = flow.method.tempering(); !tempering.alpha.empty())
    metric("inverse_root_beta_0", std::exp(-0.5 * tempering.log_beta_0.value()[best]), "", "learned 1 / sqrt(beta_0)");
  run.health("the bound is below log p(D)", bounds.value()[best] <= log_p + 1e-9 * std::abs(log_p),
             fmt::format("{:.4f} against {:.4f} nats", bounds.value()[best], log_p));
}

}  // namespace

experiments::Experiment optimum_experiment(std::int64_t N) {
  const auto cells = [N](Profile profile) {
    const bool is_paper = profile == Profile::paper;
    std::vector<std::int64_t> steps{1, 2};
    if (profile == Profile::quick) steps = {1, 3, 10};
    if (is_paper) steps = {1, 2, 3, 5, 10, 15, 20, 30};
    std::vector<Cell> list;
    for (const std::string tempering : {"none", "fixed", "free"})
      for (const std::int64_t K : steps) {
        Settings settings{{"d", std::int64_t{profile == Profile::smoke ? 3 : 25}},
                          {"N", N},
                          {"K", K},
                          {"tempering", tempering},
                          {"n_steps", std::int64_t{is_paper ? 6000 : profile == Profile::quick ? 1500 : 20}},
                          {"learning_rate", 0.01}};
        const double estimated_s = 1e-6 * static_cast<double>((80 + 60 * K) * settings.count("n_steps"));
        list.push_back({fmt::format("{}_k{}", tempering, K), 0, std::move(settings), estimated_s});
      }
    return list;
  };
  return {.name = "optimum",
          .summary = fmt::format("The flow alone, at the exact maximiser for N = {}: gap against K and tempering", N),
          .revision = 2,
          .cells = cells,
          .run = run_optimum,
          .sample = {}};
}

}  // namespace hvae
