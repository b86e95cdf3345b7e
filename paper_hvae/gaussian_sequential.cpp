// # One data set after the other
//
// The authors' script sets the parameters to their start once for each d, not for each of its ten data sets: the second begins where the
// first has ended, and so on. Their Figure 1a is a mean over one first set and nine that had up to ten times its steps. Everywhere else
// in this program every set has a start of its own; here VB, whose error is its number of steps, is trained as the script does.
#include "paper_hvae/gaussian_sequential.hpp"

#include "common/experiments/settings_check.hpp"
#include "common/nn/training.hpp"
#include "paper_hvae/gaussian_data.hpp"
#include "paper_hvae/gaussian_experiment.hpp"
#include "paper_hvae/gaussian_methods.hpp"

#include <fmt/format.h>

#include <cmath>

namespace hvae {

using experiments::Cell;
using experiments::Profile;
using experiments::Run;
using experiments::Settings;
using experiments::SettingsCheck;

namespace {

// The moments of one of the data sets.
Moments moments_of(const Moments& all, std::int64_t set, std::int64_t d) {
  const auto part = [&](const std::vector<double>& values) { return std::vector<double>(values.begin() + set * d, values.begin() + (set + 1) * d); };
  return {all.n, part(all.x_bar), part(all.S)};
}

void run_sequential(Run& run) {
  const Settings& settings = run.settings();
  check_gaussian_settings("sequential", settings);
  SettingsCheck("sequential", settings).at_least("n_sets", 2);
  const std::int64_t d = settings.count("d"), n_sets = settings.count("n_sets"), n_steps = settings.count("n_steps");
  const Truth t = truth(d);
  const Data data = draw_data(run.seed(), n_sets, d, settings.count("N"), 0);
  const auto constant = [&](float value) { return Var<float>(Array<float>::full({1, 1, d}, value)); };
  MeanFieldMethod<float> method{{constant(0), constant(3)}, constant(0), constant(1), Coordinates::as_coded};
  nn::Parameters<float> parameters(method);
  const auto optimiser = gaussian_optimiser(settings, parameters);
  std::int64_t step = 0;
  double first_error = 0, later_error = 0, mle_error = 0;  // sums over the sets that are done
  run.keep("first_error", first_error);
  run.keep("later_error", later_error);
  run.keep("mle_error", mle_error);
  run.keep("parameters", parameters.flat());
  run.keep("optimiser", *optimiser);
  run.keep("step", step);
  run.resume();

  while (step < n_sets * n_steps) {
    const std::int64_t set = step / n_steps;
    const auto moments = statistics<float>(moments_of(data.all, set, d), 1, d);
    for (const std::int64_t end = (set + 1) * n_steps; step < end;) {
      nn::train_step<float>(method, *optimiser, [&](const MeanFieldMethod<float>& m) { return -sum(m.elbo(moments)); });
      ++step;
      if (step == end) {
        double error = 0, mle = 0;
        for (std::int64_t j = 0; j < d; ++j) {
          const auto at = static_cast<std::size_t>(j);
          error += std::pow(method.theta.Delta.value()[j] - t.Delta[at], 2);
          mle += std::pow(data.all.x_bar[static_cast<std::size_t>(set * d) + at] - t.Delta[at], 2);
        }
        (set == 0 ? first_error : later_error) += error;
        mle_error += mle;
        run.append("sets", {{"set", static_cast<double>(set)}, {"delta_error", error}, {"mle_delta_error", mle}});
      }
      run.progress(step, n_sets * n_steps);
    }
  }
  const auto n = static_cast<double>(n_sets);
  const auto metric = [&](const std::string& name, double value, const std::string& of) {
    run.metric(name, {value, "squared distance", of, std::nullopt});
  };
  metric("delta_error", (first_error + later_error) / n, fmt::format("mean over {} data sets, one after the other", n_sets));
  metric("first_delta_error", first_error, "of the first data set");
  metric("later_delta_error", later_error / (n - 1), "mean over the data sets after the first");
  metric("mle_delta_error", mle_error / n, "of the exact maximiser, mean over the same data sets");
  run.weights(parameters.named());
}

std::vector<Cell> cells(Profile profile, std::int64_t N) {
  const bool is_paper = profile == Profile::paper, is_quick = profile == Profile::quick;
  std::vector<Cell> list;
  for (const std::int64_t d : is_paper ? std::vector<std::int64_t>{101, 201, 301} : std::vector<std::int64_t>{is_quick ? 25 : 3}) {
    Settings settings = gaussian_settings("vb", d);
    settings.set("n_sets", std::int64_t{is_paper ? 10 : is_quick ? 3 : 2});
    settings.set("N", is_paper || is_quick ? N : std::int64_t{500});
    settings.set("n_steps", std::int64_t{is_paper ? 30'000 : is_quick ? 10'000 : 30});
    const double estimated_s = estimated_seconds(settings) * static_cast<double>(settings.count("n_sets"));
    list.push_back({fmt::format("d{}/vb", d), 0, std::move(settings), estimated_s});
  }
  return list;
}

}  // namespace

experiments::Experiment sequential_experiment(std::int64_t N) {
  return {.name = "sequential",
          .summary = "The Gaussian model: VB on one data set after the other, as the authors' script has it",
          .revision = 1,
          .cells = [N](Profile profile) { return cells(profile, N); },
          .run = run_sequential,
          .sample = {}};
}

}  // namespace hvae
