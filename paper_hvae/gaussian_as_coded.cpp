// # Learning the objective as coded
//
// Step sizes and temperatures by Adam, with the parameters at the exact maximiser.
#include "paper_hvae/gaussian_as_coded.hpp"

#include "common/nn/training.hpp"
#include "paper_hvae/gaussian_data.hpp"
#include "paper_hvae/gaussian_experiment.hpp"

#include <fmt/format.h>

#include <cmath>

namespace hvae {

using experiments::Cell;
using experiments::Profile;
using experiments::Run;
using experiments::Settings;

namespace {

// Step sizes and temperatures are learned, as for images: epsilon from 0.005, alpha from where nothing is tempered (nearly: 0.99, so
// that the sigmoid has a slope).
struct Flow {
  HamiltonianMethod<double> method;
};
template <class F>
void visit(Flow& flow, F&& f) {
  f("logit_epsilon", flow.method.logit_epsilon);
  f("logit_alpha", flow.method.logit_alpha);
}

void run_as_coded(Run& run) {
  const Settings& settings = run.settings();
  check_gaussian_settings("as_coded", settings);
  const std::int64_t d = settings.count("d"), n_steps = settings.count("n_steps");
  const auto N = static_cast<double>(settings.count("N"));
  const Moments moments = draw_data(run.seed(), 1, d, settings.count("N"), 0).all;
  Array<double> log_sigma(Shape{1, 1, d});
  std::vector<double> sigmas;
  double log_p = 0;
  for (std::int64_t j = 0; j < d; ++j) {
    const auto at = static_cast<std::size_t>(j);
    sigmas.push_back(maximum_likelihood_sigma(N, moments.S[at]));
    log_sigma.mutable_data()[j] = std::log(sigmas.back());
    log_p += exact_log_p(N, moments.x_bar[at], moments.S[at], moments.x_bar[at], sigmas.back());
  }
  const auto row = [&](const std::vector<double>& values) { return Var<double>(Array<double>(Shape{1, 1, d}, std::span(values))); };
  const SufficientStatistics<double> data{N, row(moments.x_bar), row(moments.S)};
  const int K = static_cast<int>(settings.count("K"));
  const bool detached = settings.flag("detached");
  Flow flow{{{data.x_bar, Var<double>(log_sigma)}, Var<double>(Array<double>::full({1, 1, d}, std::log(0.005 / 0.495))), Var<double>(0.0), {}, K,
      TemperingKind::free}};
  for (int k = 0; k < K; ++k) flow.method.logit_alpha.push_back(Var<double>(Array<double>::full({1, 1, 1}, std::log(99.0))));

  nn::Parameters<double> parameters(flow);
  nn::Adam<double> optimiser(parameters, {.learning_rate = settings.number("learning_rate")});
  std::int64_t step = 0;
  run.keep("parameters", parameters.flat());
  run.keep("optimiser", optimiser);
  run.keep("step", step);
  run.resume();
  const std::int64_t every = std::max<std::int64_t>(1, n_steps / 100);
  while (step < n_steps) {
    const double value = -nn::train_step<double>(flow, optimiser, [&](const Flow& f) { return -sum(objective_as_coded(f.method, data, detached)); });
    if (step % every == 0) run.append("curve", {{"step", static_cast<double>(step)}, {"excess_nats", value - log_p}, {"bound_nats",
        sum(flow.method.exact_elbo(data)).item() - log_p}});
    run.progress(++step, n_steps);
  }

  const double value = sum(objective_as_coded(flow.method, data, false)).item(), bound = sum(flow.method.exact_elbo(data)).item();
  if (!std::isfinite(value + bound)) throw tensors::Divergence(fmt::format("the objective is {} and the bound {} after the last step", value, bound));
  const auto metric = [&](const std::string& name, double number, const std::string& unit, const std::string& estimator) {
    run.metric(name, {number, unit, estimator, std::nullopt});
  };
  metric("objective_nats", value, "nats", "the objective as coded, exact");
  metric("log_p_nats", log_p, "nats", "exact");
  metric("excess_nats", value - log_p, "nats", "the objective as coded less log p(D), exact; a bound has none");
  metric("bound_excess_nats", bound - log_p, "nats", "the bound of the same flow, started with its momentum, less log p(D), exact");
  metric("law_excess_nats", largest_excess(N, sigmas), "nats", "closed form: every z_0 at the posterior's mode, no momentum left");
  metric("mean_epsilon", mean(flow.method.epsilon()).item(), "", "learned, mean over dimensions");
  run.health("the right bound is below log p(D)", bound <= log_p + 1e-9 * std::abs(log_p), fmt::format("{:.4f} against {:.4f} nats", bound, log_p));
}

}  // namespace

experiments::Experiment as_coded_experiment(std::int64_t N) {
  const auto cells = [N](Profile profile) {
    const bool is_smoke = profile == Profile::smoke;
    std::vector<Cell> list;
    for (const std::int64_t K : {1, 15})
      for (const bool detached : {true, false}) {
        Settings settings{{"d", std::int64_t{is_smoke ? 3 : 25}}, {"N", N}, {"K", K}, {"detached", detached},
                          {"n_steps", std::int64_t{is_smoke ? 20 : 10'000}}, {"learning_rate", 0.01}};
        list.push_back({fmt::format("k{}{}", K, detached ? "" : "_attached"), 0, std::move(settings), 0.1 * static_cast<double>(K)});
      }
    return list;
  };
  return {.name = "as_coded",
          .summary = fmt::format("The objective that the authors coded for images, on the Gaussian model (N = {}): its excess over log p(D)", N),
          .revision = 1,
          .cells = cells,
          .run = run_as_coded,
          .sample = {}};
}

}  // namespace hvae
