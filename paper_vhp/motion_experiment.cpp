// # Training on human motion
//
// One cell trains one method. At the end it asks how separate the motions are and how well the prior fits the codes, builds
// graphs of prior samples, and walks along them between frames.
#include "paper_vhp/motion_experiment.hpp"

#include "common/datasets/batches.hpp"
#include "common/experiments/messages.hpp"
#include "common/nn/restore.hpp"
#include "common/tensors/kernels.hpp"
#include "paper_vhp/latent_graph.hpp"
#include "paper_vhp/motion_settings.hpp"
#include "paper_vhp/movement.hpp"
#include "paper_vhp/separation.hpp"
#include "paper_vhp/stick_figure.hpp"
#include "paper_vhp/training_run.hpp"
#include "paper_vhp/vamp_prior.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vhp {

using experiments::Cell;
using experiments::Images;
using experiments::Run;
using experiments::Series;
using experiments::Settings;
using tensors::Array;

namespace {

using Hierarchy = SecondLayer<float>;
using Vamp = VampPrior<float>;

// ## The models

// The rows of x, [rows, n].
Array<float> rows_of(const Array<float>& x, std::span<const std::int64_t> rows) { return tensors::kernels::gather(x, rows); }

// The second layer, which IWAE has and does not use; or pseudo-inputs, which begin at frames.
template <class Second>
Second build_second(const Settings& settings, std::uint64_t seed, const Array<float>& x) {
  if constexpr (std::is_same_v<Second, Vamp>) {
    auto rows = Stream(seed, "pseudo-inputs").permutation(x.shape()[0]);
    rows.resize(static_cast<std::size_t>(settings.count("n_pseudo_inputs")));
    return {Var<float>(rows_of(x, rows))};
  } else {
    return second_layer(settings, seed);
  }
}

// ## The priors, evaluated

// log p(z) of the rows of z, [n, d], in nats: exact for IWAE and the VampPrior; for the hierarchical prior the
// importance-weighted bound with 256 draws a row.
template <class Second>
std::vector<double> log_prior(const Vhp<FirstLayer<float>, Second>& model, bool iwae, const Array<float>& z, Stream stream) {
  constexpr std::int64_t n_draws = 256, chunk = 64;
  std::vector<double> result;
  const std::int64_t n = z.shape()[0], d = z.shape()[1];
  for (std::int64_t from = 0; from < n; from += chunk) {
    const std::int64_t count = std::min(chunk, n - from);
    const Var<float> some = slice(Var<float>(z), 0, from, count);
    Var<float> log_p;
    if (iwae) log_p = distributions::standard_normal_log_prob(some);
    else if constexpr (std::is_same_v<Second, Vamp>) log_p = log_vamp_prior(model, some);
    else
      log_p = distributions::importance_bound(log_weights(model.second, some, Var<float>(stream.normal<float>({n_draws, count, d}))));
    result.insert(result.end(), log_p.value().begin(), log_p.value().end());
  }
  return result;
}

// ## Looking at a model

Bones bones_of(const datasets::Skeleton& skeleton) {
  Bones bones;
  for (const datasets::Bone& bone : skeleton.bones) {
    bones.parent.push_back(bone.parent);
    bones.left.push_back(bone.name.starts_with('l') && !bone.name.starts_with("lower"));
  }
  return bones;
}

double mean_of(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value / static_cast<double>(values.size());
  return sum;
}

// ## A cell's training

template <class Second>
class MotionTrial {
 public:
  // `pictured`: with what the figures show, not only the numbers.
  MotionTrial(Run& run, bool pictured)
      : run_(run),
        pictured_(pictured),
        settings_(run.settings()),
        method_(motion_method_of(settings_)),
        data_(motion_data(datasets::cmu_mocap(run.data_option()), settings_.count("n_frames"), scaling_of(settings_))),
        order_(data_.n(), settings_.count("batch"), run.seed()),
        training_(run, {first_layer(settings_, run.seed(), data_.x.shape()[1]), build_second<Second>(settings_, run.seed(), data_.x)},
                  {.schedule = schedule_of(settings_, schedule_method(), order_.batches_per_epoch()),
                   .bound = PriorBound::importance_weighted,
                   .iwae = iwae(),
                   .K = settings_.count("K"),
                   .learning_rate = settings_.number("learning_rate")}),
        model_(training_.model()) {
    run.used_data(data_.source.sha256, data_.source.stand_in);
  }

  void operator()() {
    training_.keep();
    run_.resume();
    const std::int64_t n_steps = settings_.count("iterations"), curve_every = std::max<std::int64_t>(1, n_steps / 300);
    while (training_.n_steps() < n_steps) {
      training_.step(Var<float>(rows_of(data_.x, order_.rows(training_.n_steps()))));
      if (training_.n_steps() % curve_every == 0) training_.append_curve(curve_every);
      run_.progress(training_.n_steps(), n_steps);
    }
    report_codes();
    interpolate();
    training_.report_weights();
  }

 private:
  bool iwae() const { return method_ == MotionMethod::iwae; }
  Method schedule_method() const {
    return method_ == MotionMethod::vhp ? Method::rewo : method_ == MotionMethod::vamp_prior ? Method::warm_up : Method::none;
  }
  Normal<float> codes_of(std::span<const std::int64_t> rows) const { return model_.first.q(Var<float>(rows_of(data_.x, rows))); }

  // Rows of degrees that rows of codes decode to.
  std::vector<double> decoded(const Array<float>& codes) const {
    const Array<float> means = model_.first.p(Var<float>(codes)).mean.value();
    return data_.scaling.degrees({means.data(), static_cast<std::size_t>(means.size())});
  }

  Array<float> draw_prior(std::int64_t n, Stream stream) const { return vhp::draw_prior(model_, iwae(), n, stream); }

  // ## Figure 5: codes, and how the motions and the prior lie in them
  void report_codes() {
    training_.report_schedule("");
    if (method_ == MotionMethod::vhp)
      run_.metric("initial_phase_iterations", {static_cast<double>(training_.initial_phase_iterations()), "count", "exact", {}});

    const FrameCodes codes{model_.first.q(Var<float>(data_.x)), data_.motion, data_.seconds};
    const Array<float>& means = codes.q.mean.value();
    if (pictured_) {
      const std::vector<double> motion(data_.motion.begin(), data_.motion.end());
      run_.series("posterior", {{"z_1", rounded(column(means, 0))}, {"z_2", rounded(column(means, 1))}, {"motion", motion}});
    }
    bool finite = true;
    for (const float value : means) finite = finite && std::isfinite(value);
    run_.health("the codes are finite", finite, fmt::format("{} frames", data_.n()));

    const Var<float> mean_error = mean(model_.first.p(codes.q.mean).reconstruction_error(Var<float>(data_.x)));
    run_.metric("reconstruction_error", {mean_error.item(), "1", "C of the posterior means, all frames", {}});
    const std::vector<double> back = decoded(means), true_degrees = data_.scaling.degrees({data_.x.data(), static_cast<std::size_t>(data_.x.size())});
    double squares = 0;
    for (std::size_t i = 0; i < back.size(); ++i) squares += std::pow(back[i] - true_degrees[i], 2) / static_cast<double>(back.size());
    run_.metric("reconstruction_rms_deg", {std::sqrt(squares), "degrees", "root mean square over frames and angles, posterior means", {}});

    const Array<float> z = codes.q.sample(Var<float>(Stream(run_.seed(), "codes").normal<float>(means.shape()))).value();
    const Separation s = separation(codes, z, Stream(run_.seed(), "deals"));
    run_.metric("separation",
                {s.overlap_accuracy, "1", "share of right motions by the posteriors' mixture, mean over motions; one draw a frame", {}});
    run_.metric("separation_chance", {s.chance, "1", "the same, motions dealt at random: mean of 20 deals", {}});
    run_.metric("separation_chance_sd", {s.chance_sd, "1", "standard deviation of these deals", {}});
    run_.metric("separation_neighbours", {s.neighbour_accuracy, "1", "the same by the nearest posterior mean", {}});

    const std::vector<double> posterior_density = log_aggregated_posterior(codes, z);
    const std::vector<double> prior_density = log_prior(model_, iwae(), z, Stream(run_.seed(), "prior density"));
    const std::string how = method_ == MotionMethod::vhp ? "; the prior by its bound, 256 draws" : "";
    run_.metric("prior_gap_nats", {mean_of(posterior_density) - mean_of(prior_density), "nats",
                                   "KL(aggregated posterior || prior), one draw a frame" + how, {}});
  }

  // ## Figures 6 to 8 and 19
  void interpolate() {
    const std::int64_t n_graphs = settings_.count("n_graphs"), n_each = settings_.count("n_interpolations"),
                       n_points = settings_.count("path_points");
    std::vector<Smoothness> even, by_nodes;
    std::vector<double> n_nodes;
    for (std::int64_t g = 0; g < n_graphs; ++g) {
      const Array<float> nodes = draw_prior(settings_.count("n_nodes"), Stream(run_.seed(), "graph", static_cast<std::uint64_t>(g)));
      const LatentGraph graph(nodes, settings_.count("n_neighbours"));
      if (g == 0 && pictured_) picture(nodes, graph);
      Stream ends(run_.seed(), "interpolation", static_cast<std::uint64_t>(g));
      for (std::int64_t i = 0; i < n_each; ++i) {
        const auto pick = [&] { return static_cast<std::int64_t>(ends.below(static_cast<std::uint64_t>(data_.n()))); };
        const std::int64_t from = pick(), to = pick();
        const auto path = walk(graph, from, to);
        if (!path) continue;
        even.push_back(smoothness(decoded(resampled(*path, n_points)), data_.joints));
        by_nodes.push_back(smoothness(decoded(*path), data_.joints));
        n_nodes.push_back(static_cast<double>(path->shape()[0]));
      }
    }
    const double n = static_cast<double>(n_graphs * n_each);
    run_.metric("paths_found", {static_cast<double>(even.size()) / n, "1", fmt::format("share of {} pairs of frames that the graphs join", n), {}});
    if (even.empty()) return;
    run_.metric("path_nodes", {mean_of(n_nodes), "count", "nodes of a path, mean", {}});

    for (std::size_t joint = 0; joint < data_.joints.size(); ++joint) {
      const auto [mean, sd] = spread(even, [&](const Smoothness& s) { return s.per_joint[joint]; });
      run_.metric("smoothness_deg_" + data_.joints[joint].name,
                  {mean, "degrees", "root mean square second difference, mean over interpolations",
                   sd / std::sqrt(static_cast<double>(even.size()))});
    }
    const auto over_joints = [](const Smoothness& s) { return mean_of(s.per_joint); };
    report_mean("smoothness_deg", even, over_joints, fmt::format("the same, mean over joints; paths of {} points", n_points));
    report_mean("smoothness_by_nodes_deg", by_nodes, over_joints, "the same along the nodes as the graph gives them");
    report_mean("largest_step_deg", even, [](const Smoothness& s) { return s.largest_step; },
                "largest change between neighbouring points, root mean square over angles; mean over interpolations");
  }

  std::optional<Array<float>> walk(const LatentGraph& graph, std::int64_t from, std::int64_t to) const {
    const std::int64_t rows[] = {from, to};
    const Array<float> ends = codes_of(rows).mean.value();
    const auto d = static_cast<std::size_t>(ends.shape()[1]);
    return graph.shortest_path({ends.data(), d}, {ends.data() + d, d});
  }

  template <class Value>
  static std::pair<double, double> spread(const std::vector<Smoothness>& all, const Value& value) {
    double sum = 0, squares = 0;
    const auto n = static_cast<double>(all.size());
    for (const Smoothness& s : all) sum += value(s) / n;
    for (const Smoothness& s : all) squares += std::pow(value(s) - sum, 2) / std::max(n - 1, 1.0);
    return {sum, std::sqrt(squares)};
  }
  template <class Value>
  void report_mean(const std::string& name, const std::vector<Smoothness>& all, const Value& value, const std::string& estimator) {
    const auto [mean, sd] = spread(all, value);
    run_.metric(name, {mean, "degrees", estimator, sd / std::sqrt(static_cast<double>(all.size()))});
  }

  // The middle frame of a motion.
  std::int64_t middle_of(const std::string& motion) const {
    const auto& recordings = data_.source.recordings;
    const auto m = static_cast<std::size_t>(std::ranges::find(recordings, motion, &datasets::Recording::name) - recordings.begin());
    const auto first = std::ranges::find(data_.motion, m) - data_.motion.begin(), size = std::ranges::count(data_.motion, m);
    return first + size / 2;
  }

  void picture(const Array<float>& nodes, const LatentGraph& graph) {
    run_.series("graph", {{"z_1", rounded(column(nodes, 0))}, {"z_2", rounded(column(nodes, 1))}, {"mean_edge", rounded(graph.mean_edge_lengths())}});
    const Bones bones = bones_of(data_.source.skeleton);
    const Series skeleton{{"parent", {bones.parent.begin(), bones.parent.end()}}, {"left", {bones.left.begin(), bones.left.end()}}};
    run_.series("skeleton", skeleton);
    for (const PicturedMovement& movement : pictured_movements()) {
      std::int64_t from = middle_of(movement.from), to = middle_of(movement.to);
      if (from == to) {  // within one motion: from its first quarter to its third
        const std::int64_t quarter = std::ranges::count(data_.motion, data_.motion[static_cast<std::size_t>(from)]) / 4;
        from -= quarter;
        to += quarter;
      }
      const auto path = walk(graph, from, to);
      if (!path) continue;
      run_.series(fmt::format("path_{}", movement.name), {{"z_1", rounded(column(*path, 0))}, {"z_2", rounded(column(*path, 1))}});
      // Every so many points of the even path, as projections of the joints.
      const std::vector<double> degrees = decoded(resampled(*path, n_pictured_poses));
      const std::size_t width = data_.places.size();
      Series poses{{"x", {}}, {"y", {}}};
      for (std::size_t at = 0; at < degrees.size(); at += width)
        for (const auto& [x, y] : projected(pose(data_, std::span(degrees).subspan(at, width)))) {
          poses["x"].push_back(x);
          poses["y"].push_back(y);
        }
      for (auto& [name, values] : poses) values = rounded(values);
      run_.series(fmt::format("poses_{}", movement.name), poses);
      const Smoothness s = smoothness(decoded(resampled(*path, settings_.count("path_points"))), data_.joints);
      run_.metric(fmt::format("movement_{}_largest_step_deg", movement.name), {s.largest_step, "degrees", "of the pictured movement", {}});
    }
  }

  Run& run_;
  bool pictured_;
  const Settings& settings_;
  MotionMethod method_;
  MotionData data_;
  datasets::BatchOrder order_;
  TrainingRun<Second> training_;
  const typename TrainingRun<Second>::Model& model_;
};

void run_trial(Run& run, bool pictured) {
  check_motion_settings(run.settings());
  if (motion_method_of(run.settings()) == MotionMethod::vamp_prior) MotionTrial<Vamp>{run, pictured}();
  else MotionTrial<Hierarchy>{run, pictured}();
}

// New postures from a trained cell.
template <class Second>
Images sample_postures(const Cell& cell, const experiments::Experiment::Weights& weights, std::int64_t n) {
  const datasets::CmuMocap recordings = datasets::cmu_mocap({});
  if (recordings.stand_in) experiments::say("motion: the angles have the stand-in's ranges, which fit a model trained on it; for the recordings', set PAPER_DATA");
  const MotionData data = motion_data(recordings, cell.settings.count("n_frames"), scaling_of(cell.settings));
  Vhp<FirstLayer<float>, Second> model{first_layer(cell.settings, cell.seed, data.x.shape()[1]),
                                       build_second<Second>(cell.settings, cell.seed, data.x)};
  nn::restore(nn::Parameters<float>(model), weights);
  const Stream stream(cell.seed, "samples");
  const Array<float> z = motion_method_of(cell.settings) == MotionMethod::iwae ? Stream(stream).normal<float>({n, model.first.latent_size()})
                                                                               : sample_prior(model, n, stream);
  std::vector<std::vector<Point>> poses;
  const Array<float> means = model.first.p(Var<float>(z)).mean.value();
  const std::vector<double> degrees = data.scaling.degrees({means.data(), static_cast<std::size_t>(means.size())});
  for (std::size_t at = 0; at < degrees.size(); at += data.places.size())
    poses.push_back(projected(pose(data, std::span(degrees).subspan(at, data.places.size()))));
  return draw_stick_figures(poses, bones_of(data.source.skeleton));
}

Images sample_cell(const Cell& cell, const experiments::Experiment::Weights& weights, std::int64_t n) {
  return motion_method_of(cell.settings) == MotionMethod::vamp_prior ? sample_postures<Vamp>(cell, weights, n)
                                                                     : sample_postures<Hierarchy>(cell, weights, n);
}

}  // namespace

std::vector<PicturedMovement> pictured_movements() {
  return {{"black", "walk", "walk"}, {"orange", "walk", "run"}, {"red", "walk", "punch"}, {"maroon", "jump", "bend"}};
}

experiments::Experiment motion_experiment() {
  return {.name = "motion",
          .summary = "Human motion: VHP with REWO, VampPrior and IWAE (Figures 5 to 8 and 19)",
          .revision = 1,
          .cells = motion_cells,
          .run = [](Run& run) { run_trial(run, true); },
          .sample = sample_cell};
}

experiments::Experiment motion_seeds_experiment() {
  return {.name = "motion_seeds",
          .summary = "The seed's share in Figures 5 and 8: each method six times, with the settings of profile quick",
          .revision = 1,
          .cells = motion_seeds_cells,
          .run = [](Run& run) { run_trial(run, false); },
          .sample = {}};
}

}  // namespace vhp
