// # Training on the pendulum
//
// One cell trains one method. At the marked iterations, and at regular ones between them, it reads the angle off the codes
// of all images; at the end it walks along the graph of prior samples from 0 to 180 degrees.
#include "paper_vhp/pendulum_experiment.hpp"

#include "common/datasets/batches.hpp"
#include "common/experiments/pictures.hpp"
#include "common/nn/restore.hpp"
#include "paper_vhp/angle_regression.hpp"
#include "paper_vhp/latent_graph.hpp"
#include "paper_vhp/pendulum_settings.hpp"
#include "paper_vhp/training_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numbers>
#include <numeric>
#include <utility>

namespace vhp {

using experiments::Cell;
using experiments::Images;
using experiments::Run;
using experiments::Settings;
using tensors::Array;

namespace {

using Model = Vhp<FirstLayer<float>, SecondLayer<float>>;
constexpr std::int64_t n_pictured = 300;  // codes, and draws from the prior, that a figure shows

Model build(const Settings& settings, std::uint64_t seed) {
  return {first_layer(settings, seed, 256), second_layer(settings, seed)};
}

// ## Looking at a model

// Stretched to the full grey scale.
Images as_images(const Array<float>& means, const Rendering& rendering) {
  return experiments::as_images(means, 16, 16, 0, static_cast<float>(rendering.contrast));
}

// ## A cell's training

class Trial {
 public:
  // `pictured`: with what the figures show, not only the errors.
  Trial(Run& run, bool pictured)
      : run_(run),
        pictured_(pictured),
        settings_(checked(run.settings())),
        rendering_(rendering_of(settings_)),
        data_(pendulum(settings_.count("n_images"), rendering_)),
        iwae_(settings_.text("method") == "iwae"),
        order_(data_.images.n, settings_.count("batch"), run.seed()),
        training_(run, build(settings_, run.seed()),
                  {.schedule = schedule_of(settings_, order_.batches_per_epoch()),
                   .bound = bound_of(settings_),
                   .iwae = iwae_,
                   .K = settings_.count("K"),
                   .learning_rate = settings_.number("learning_rate")}),
        model_(training_.model()) {
    for (std::size_t level = 0; level < pixels_.size(); ++level) pixels_[level] = static_cast<float>(level) / 255;
  }

  void operator()() {
    training_.keep();
    run_.resume();
    const std::int64_t n_steps = settings_.count("iterations"), curve_every = std::max<std::int64_t>(1, n_steps / 300),
                       errors_every = std::max<std::int64_t>(1, n_steps / 30);
    const auto marks = marked_iterations(settings_);
    while (training_.n_steps() < n_steps) {
      training_.step(Var<float>(datasets::gather(data_.images, order_.rows(training_.n_steps()), pixels_)));
      const std::int64_t step = training_.n_steps();
      if (step % curve_every == 0) training_.append_curve(curve_every);
      const bool marked = std::ranges::find(marks, step) != marks.end();
      if (marked || step % errors_every == 0) append_errors();
      if (marked) keep_mark();
      run_.progress(step, n_steps);
    }
    report();
  }

 private:
  static const Settings& checked(const Settings& settings) {
    check_settings(settings);
    return settings;
  }

  Array<float> all_codes() const { return model_.first.q(Var<float>(datasets::gather_all(data_.images, pixels_))).mean.value(); }

  void regress() {
    const Array<float> codes = all_codes();
    regression_ = regress_angle(column(codes, 0), column(codes, 1), data_.angles);
  }

  void append_errors() {
    regress();
    run_.append("angle_errors", {{"iteration", static_cast<double>(training_.n_steps())}, {"arcsin_error_rad", regression_.arcsin_error},
                                 {"unwrapped_error_rad", regression_.unwrapped_error},
                                 {"winding_number", static_cast<double>(regression_.winding_number)}});
  }

  // The state as metrics; `when` ends their names.
  void report_state(const std::string& when) {
    const std::string images = fmt::format("{} images, posterior means", data_.images.n);
    run_.metric("angle_error_arcsin_rad" + when, {regression_.arcsin_error, "radians", "mean absolute error, OLS on arcsin(z_2/r); " + images, {}});
    run_.metric("angle_error_polar_rad" + when, {regression_.polar_error, "radians", "the same with each code's own r; " + images, {}});
    run_.metric("angle_error_rad" + when, {regression_.unwrapped_error, "radians", "mean absolute error of the code's own angle; " + images, {}});
    run_.metric("winding_number" + when, {static_cast<double>(regression_.winding_number), "count", "turns of the code for one of the pendulum", {}});
    training_.report_schedule(when);
  }

  void keep_mark() {
    report_state(fmt::format("_at_{}", training_.n_steps()));
    if (pictured_) keep_clouds();
  }

  // What the figures show: posterior means with their deviations, and draws from the prior.
  void keep_clouds() {
    const std::int64_t n = std::min<std::int64_t>(n_pictured, data_.images.n);
    std::vector<std::int64_t> rows(static_cast<std::size_t>(n));
    std::iota(rows.begin(), rows.end(), std::int64_t{0});
    const Normal<float> q = model_.first.q(Var<float>(datasets::gather(data_.images, rows, pixels_)));
    const auto log_1 = column(q.log_scale.value(), 0), log_2 = column(q.log_scale.value(), 1);
    std::vector<double> deviation;
    for (std::size_t i = 0; i < log_1.size(); ++i) deviation.push_back(std::exp((log_1[i] + log_2[i]) / 2));
    const std::vector<double> angles(data_.angles.begin(), data_.angles.begin() + n);
    run_.series(fmt::format("posterior_at_{}", training_.n_steps()),
                {{"z_1", rounded(column(q.mean.value(), 0))}, {"z_2", rounded(column(q.mean.value(), 1))}, {"angle", rounded(angles)},
                 {"deviation", rounded(deviation)}});
    const Array<float> prior = draw_prior(model_, iwae_, n, Stream(run_.seed(), "prior samples"));
    run_.series(fmt::format("prior_at_{}", training_.n_steps()), {{"z_1", rounded(column(prior, 0))}, {"z_2", rounded(column(prior, 1))}});
  }

  // ## The end: Table 1, Figure 15, and the way from 0 to 180 degrees
  void report() {
    regress();
    report_state("");
    if (!iwae_) run_.metric("initial_phase_iterations", {static_cast<double>(training_.initial_phase_iterations()), "count", "exact", {}});
    run_.health("the codes are finite", std::isfinite(regression_.circle.radius), fmt::format("radius {:.4g}", regression_.circle.radius));
    if (pictured_) report_pictures();
    training_.report_weights();
  }

  void report_pictures() {
    const std::int64_t n_shown = std::min<std::int64_t>(n_pictured, data_.images.n);
    const Array<float> codes = all_codes();
    experiments::Series scatter{
        {"angle", rounded({data_.angles.begin(), data_.angles.begin() + n_shown})}, {"arcsin", {}}, {"folded_angle", {}}, {"fit", {}}};
    for (std::int64_t i = 0; i < n_shown; ++i) {
      const double regressor = arcsin_of(regression_.circle, codes[2 * i + 1]);
      scatter["arcsin"].push_back(regressor);
      scatter["folded_angle"].push_back(folded(data_.angles[static_cast<std::size_t>(i)] + regression_.rotation));
      scatter["fit"].push_back(regression_.intercept + regression_.slope * regressor);
    }
    for (const char* name : {"arcsin", "folded_angle", "fit"}) scatter[name] = rounded(scatter[name]);
    run_.series("regression", scatter);

    interpolate();
    std::vector<std::int64_t> first_rows{0, 1, 2, 3, 4, 5, 6, 7};
    first_rows.resize(std::min<std::size_t>(first_rows.size(), static_cast<std::size_t>(data_.images.n)));
    const Var<float> originals(datasets::gather(data_.images, first_rows, pixels_));
    run_.images("originals", as_images(originals.value(), rendering_));
    run_.images("reconstructions", as_images(model_.first.p(model_.first.q(originals).mean).mean.value(), rendering_));
  }

  void interpolate() {
    const Array<float> nodes = draw_prior(model_, iwae_, settings_.count("n_nodes"), Stream(run_.seed(), "graph"));
    const LatentGraph graph(nodes, settings_.count("n_neighbours"));
    run_.series("graph", {{"z_1", rounded(column(nodes, 0))}, {"z_2", rounded(column(nodes, 1))}, {"mean_edge", rounded(graph.mean_edge_lengths())}});

    const double ends[] = {0, std::numbers::pi};
    Rendering clean = rendering_;
    clean.noise = 0;
    const datasets::ImageSet end_images = draw_pendulum(ends, clean, Stream(0, "none"));
    const Array<float> end_codes = model_.first.q(Var<float>(datasets::gather_all(end_images, pixels_))).mean.value();
    const auto d = static_cast<std::size_t>(model_.first.latent_size());
    const auto path = graph.shortest_path({end_codes.data(), d}, {end_codes.data() + d, d});
    run_.metric("path_found", {path ? 1.0 : 0.0, "count", "1 where the graph joins 0 and 180 degrees", {}});
    if (!path) {
      run_.metric("path_largest_jump_rad", {std::numbers::pi, "radians", "there is no path from 0 to 180 degrees", {}});
      return;
    }
    const Array<float> means = model_.first.p(Var<float>(*path)).mean.value();
    run_.images("path", as_images(means, rendering_));
    experiments::Series steps{{"z_1", rounded(column(*path, 0))}, {"z_2", rounded(column(*path, 1))}, {"seen_angle", {}}, {"distance", {}}};
    double largest_jump = 0, farthest = 0, before = ends[0];
    const auto jump_to = [&](double angle) { largest_jump = std::max(largest_jump, std::abs(wrapped(angle - std::exchange(before, angle)))); };
    for (std::int64_t i = 0; i < means.shape()[0]; ++i) {
      const SeenAngle seen = seen_angle({means.data() + 256 * i, 256}, rendering_);
      jump_to(seen.angle);
      farthest = std::max(farthest, seen.distance);
      steps["seen_angle"].push_back(seen.angle);
      steps["distance"].push_back(seen.distance);
    }
    jump_to(ends[1]);  // a path on which nothing moves has jumped at its ends
    run_.series("path", steps);
    run_.metric("path_largest_jump_rad", {largest_jump, "radians", "of the angle seen in neighbouring images of the path from 0 to 180 degrees", {}});
    run_.metric("path_farthest_from_a_pendulum",
                {farthest, "grey scale", "root mean squared distance of the path's worst image from the nearest rendering", {}});
  }

  Run& run_;
  bool pictured_;
  const Settings& settings_;
  Rendering rendering_;
  Pendulum data_;
  bool iwae_;
  datasets::BatchOrder order_;
  datasets::PixelMap pixels_{};
  TrainingRun<SecondLayer<float>> training_;
  const Model& model_;
  AngleRegression regression_;
};

void run_cell(Run& run) { Trial{run, true}(); }
void run_for_errors(Run& run) { Trial{run, false}(); }

// How the error depends on the turn of the plane, at every mark, by the codes that the record holds; and what errors and jumps are
// held against.
std::map<std::string, experiments::Metric> derived_metrics(const experiments::Record& record) {
  std::map<std::string, experiments::Metric> metrics;
  const std::string prefix = "posterior_at_";
  const std::string last = fmt::format("{}{}", prefix, marked_iterations(record.identity.settings).back());
  for (const auto& [name, codes] : record.series) {
    if (!name.starts_with(prefix)) continue;
    const auto& angles = codes.at("angle");
    const TurnedErrors errors = turn_the_plane(codes.at("z_1"), codes.at("z_2"), angles);
    const auto add = [&](const char* metric, double value, const char* what) {
      const experiments::Metric radians{value, "radians", fmt::format("{} over 18 turns of the plane; {} images, posterior means", what, angles.size()), {}};
      metrics[metric + ("_at_" + name.substr(prefix.size()))] = radians;
      if (name == last) metrics[metric] = radians;
    };
    add("angle_error_turned_rad", errors.mean, "mean");
    add("angle_error_least_turned_rad", errors.least, "least");
    add("angle_error_greatest_turned_rad", errors.greatest, "greatest");
  }
  metrics["angle_error_knowing_nothing_rad"] = {std::numbers::pi / 4, "radians", "closed form", {}};
  metrics["path_discontinuity_rad"] = {discontinuity, "radians", "chosen", {}};
  return metrics;
}

// New pendulums from a trained cell.
Images sample_cell(const Cell& cell, const experiments::Experiment::Weights& weights, std::int64_t n) {
  Model model = build(cell.settings, cell.seed);
  nn::restore(nn::Parameters<float>(model), weights);
  const bool iwae = cell.settings.text("method") == "iwae";
  return as_images(model.first.p(Var<float>(draw_prior(model, iwae, n, Stream(cell.seed, "samples")))).mean.value(),
                   rendering_of(cell.settings));
}

}  // namespace

experiments::Experiment pendulum_experiment() {
  return {.name = "pendulum",
          .summary = "The pendulum: VHP with REWO, GECO, warm-up or no schedule, and IWAE (Table 1, Figures 2 to 4, 11 to 18)",
          .revision = 2,
          .cells = pendulum_cells,
          .run = run_cell,
          .sample = sample_cell,
          .derived = derived_metrics};
}

experiments::Experiment sensitivity_experiment() {
  return {.name = "sensitivity",
          .summary = "VHP with REWO on the pendulum, one open choice changed at a time: six starts, with the settings of profile quick",
          .revision = 2,
          .cells = sensitivity_cells,
          .run = run_for_errors,
          .sample = {}};
}

experiments::Experiment seeds_experiment() {
  return {.name = "seeds",
          .summary = "The seed's share in Table 1: each method six times, with the settings of profile quick",
          .revision = 2,
          .cells = seeds_cells,
          .run = run_for_errors,
          .sample = {}};
}

}  // namespace vhp
