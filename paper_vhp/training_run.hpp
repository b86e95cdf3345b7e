// # The course of a training
//
// What cells share, whatever their data: a model of Table 3's networks, its steps and what they saw, the state that a
// checkpoint holds, and the weights that are left. The data set's own experiment gives the batches and looks at the model.
#pragma once

#include "common/experiments/experiment.hpp"
#include "common/experiments/settings_check.hpp"
#include "paper_vhp/networks.hpp"
#include "paper_vhp/training.hpp"

#include <cmath>
#include <cstdint>

namespace vhp {

// How a cell is trained, from its settings.
struct Plan {
  ScheduleSettings schedule;
  PriorBound bound = PriorBound::importance_weighted;
  bool iwae = false;  // neither schedule nor second layer
  std::int64_t K = 1;
  double learning_rate = 0;
};

// Reads kappa, nu, tau, alpha, beta_0 and warm_up_epochs.
inline ScheduleSettings schedule_of(const experiments::Settings& settings, Method method, std::int64_t batches_per_epoch) {
  return {.method = method,
          .kappa = settings.number("kappa"),
          .nu = settings.number("nu"),
          .tau = settings.number("tau"),
          .alpha = settings.number("alpha"),
          .beta_0 = settings.number("beta_0"),
          .warm_up_steps = settings.count("warm_up_epochs") * batches_per_epoch};
}

// Refuses what no training can have: Failure(usage), naming the experiment and the setting.
inline void check_training_settings(const char* experiment, const experiments::Settings& settings) {
  const experiments::SettingsCheck check(experiment, settings);
  for (const char* name : {"learning_rate", "kappa", "variance"}) check.above_zero(name);
  for (const char* name : {"nu", "tau", "prior_max_deviation"}) check.refuse_unless(name, [](double x) { return x >= 0; }, "not 0 or more");
  check.refuse_unless("alpha", [](double x) { return x >= 0 && x < 1; }, "not in [0, 1)");
  check.refuse_unless("beta_0", [](double x) { return x > 0 && x <= 1; }, "not in (0, 1]");
  const std::string& method = settings.text("method");
  check.at_least("warm_up_epochs", method == "warm_up" || method == "vampprior" ? 1 : 0);
}

// Table 3's networks, drawn from the seed: the first layer for n_x features, and the second.
inline Widths hidden_widths(const experiments::Settings& settings) {
  return Widths(static_cast<std::size_t>(settings.count("n_hidden")), settings.count("hidden"));
}
inline FirstLayer<float> first_layer(const experiments::Settings& settings, std::uint64_t seed, std::int64_t n_x) {
  return FirstLayer<float>(n_x, settings.count("latent"), hidden_widths(settings), settings.number("variance"), tensors::Stream(seed, "first layer"));
}
inline SecondLayer<float> second_layer(const experiments::Settings& settings, std::uint64_t seed) {
  return SecondLayer<float>(settings.count("latent"), hidden_widths(settings), settings.number("prior_max_deviation"), tensors::Stream(seed, "second layer"));
}

// Draws from a model's prior, [n, d]: its own, or the standard normal that IWAE has.
template <class Model>
tensors::Array<float> draw_prior(const Model& model, bool iwae, std::int64_t n, tensors::Stream stream) {
  return iwae ? stream.normal<float>({n, model.first.latent_size()}) : sample_prior(model, n, stream);
}

// On two cores: nearly all of it are the products of the networks that see every draw; `rows` of them in a step.
inline double training_seconds(const experiments::Settings& settings, double rows) {
  const auto squares = static_cast<double>(settings.count("hidden") * settings.count("hidden") * settings.count("n_hidden"));
  constexpr double flop_a_second = 2.5e11, overhead_s = 1e-3;
  return static_cast<double>(settings.count("iterations")) * (6 * rows * squares / flop_a_second + overhead_s);
}
// Of the layers: each of K draws passes the second layer's two networks and the decoder as rows of one size.
inline double training_rows(const experiments::Settings& settings, bool iwae) {
  return static_cast<double>(settings.count("batch") * (settings.count("K") + (iwae ? 1 : 3)));
}

// `Second` is the second layer, or another prior that `terms` knows.
template <class Second>
class TrainingRun {
 public:
  using Model = Vhp<FirstLayer<float>, Second>;

  TrainingRun(experiments::Run& run, Model model, const Plan& plan)
      : run_(run), plan_(plan), model_(std::move(model)), noise_(run.seed(), "training noise"),
        trainer_(model_, plan.schedule, plan.bound, plan.learning_rate) {}

  // Registers what a checkpoint holds.
  void keep() {
    trainer_.visit_state([&](const std::string& name, auto& memory) { run_.keep(name, memory); });
    run_.keep("initial_phase_ended", initial_phase_ended_);
    run_.keep("step", n_steps_);
    run_.keep("divergence_sum", sums_.divergence);
    run_.keep("log_likelihood_sum", sums_.log_likelihood);
    run_.keep("reconstruction_error_sum", sums_.reconstruction_error);
  }

  // One step on a batch [B, n].
  void step(const Var<float>& x) {
    Stream stream = noise_.at(static_cast<std::uint64_t>(n_steps_));
    const std::int64_t B = x.shape()[0], d = model_.first.latent_size(), K = plan_.K;
    const auto draw = [&](const tensors::Shape& shape) { return Var<float>(stream.normal<float>(shape)); };
    StepValues values;
    if (plan_.iwae) {
      values = trainer_.iwae_step(x, draw({K, B, d}));
    } else {
      const Var<float> of_z = draw({B, d});
      values = trainer_.step(x, Noise<float>{of_z, draw({K, B, d})});
    }
    sums_.divergence += values.divergence;
    sums_.log_likelihood += values.log_likelihood;
    sums_.reconstruction_error += values.reconstruction_error;
    ++n_steps_;
    if (trainer_.schedule().initial_phase) initial_phase_ended_ = n_steps_;
  }

  // A point of the learning curve: means over the `every` steps since the last one.
  void append_curve(std::int64_t every) {
    const auto n = static_cast<double>(every);
    std::map<std::string, double> row{{"iteration", static_cast<double>(n_steps_)},
                                      {"log_likelihood_nats", sums_.log_likelihood / n},
                                      {"reconstruction_error", sums_.reconstruction_error / n}};
    if (!plan_.iwae) {
      row["beta"] = trainer_.schedule().beta;
      row["constraint_ratio"] = constraint_ratio();
      row["divergence_nats"] = sums_.divergence / n;
    }
    run_.append("curve", row);
    sums_ = {};
  }

  // The state of the schedule as metrics; `when` ends their names. IWAE has none.
  void report_schedule(const std::string& when) {
    if (plan_.iwae) return;
    run_.metric("beta" + when, {trainer_.schedule().beta, "1", "of the step", {}});
    run_.metric("constraint_ratio" + when, {constraint_ratio(), "1", "running average of C over kappa^2", {}});
  }

  void report_weights() {
    auto weights = trainer_.first().named();
    for (auto& [name, array] : weights) name = "first." + name;
    for (const auto& [name, array] : trainer_.second().named()) weights.emplace_back("second." + name, array);
    run_.weights(weights);
  }

  const Model& model() const { return model_; }
  std::int64_t n_steps() const { return n_steps_; }
  std::int64_t initial_phase_iterations() const { return initial_phase_ended_; }

 private:
  double constraint_ratio() const { return trainer_.schedule().C_hat / (plan_.schedule.kappa * plan_.schedule.kappa); }

  experiments::Run& run_;
  Plan plan_;
  Model model_;
  Stream noise_;
  Trainer<float, FirstLayer<float>, Second> trainer_;
  std::int64_t n_steps_ = 0, initial_phase_ended_ = 0;
  StepValues sums_;  // since the curve's last point
};

// ## Numbers for figures

inline std::vector<double> column(const tensors::Array<float>& matrix, std::int64_t axis) {
  std::vector<double> values;
  for (std::int64_t row = 0; row < matrix.shape()[0]; ++row) values.push_back(matrix[row * matrix.shape()[1] + axis]);
  return values;
}

// To four significant digits.
inline std::vector<double> rounded(std::vector<double> values) {
  for (double& value : values) value = std::stod(fmt::format("{:.4g}", value));
  return values;
}

}  // namespace vhp
