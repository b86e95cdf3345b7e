// # Training on the Gaussian model
//
// One cell trains one method in one dimension, on all its data sets at once, and holds the result against the exact
// maximiser of the likelihood on the same data.
#include "paper_hvae/gaussian_experiment.hpp"

#include "common/experiments/settings_check.hpp"
#include "common/nn/training.hpp"
#include "paper_hvae/gaussian_data.hpp"
#include "paper_hvae/gaussian_methods.hpp"

#include <fmt/format.h>

#include <numeric>

namespace hvae {

using experiments::Run;
using experiments::Settings;
using experiments::SettingsCheck;
using tensors::Stream;

namespace {

// ## Starts, as in the authors' code
//
// $\Delta = 0$, $\log\sigma = 3$ for every method.
Var<float> constant(const Shape& shape, double value) { return Var<float>(Array<float>::full(shape, static_cast<float>(value))); }

GaussianParameters<float> start(std::int64_t n_sets, std::int64_t d) { return {constant({n_sets, 1, d}, 0), constant({n_sets, 1, d}, 3)}; }

// A normal of deviation 0.1, redrawn outside two deviations.
Var<float> truncated_normal(const Shape& shape, Stream& stream) {
  Array<float> values(shape);
  float* v = values.mutable_data();
  for (std::int64_t filled = 0; filled < values.size();)
    for (float draw : stream.normal<float>(shape))
      if (std::abs(draw) <= 2 && filled < values.size()) v[filled++] = 0.1f * draw;
  return Var<float>(values);
}

struct Noise {
  Var<float> z_0, gamma;
};

// ## Errors
//
// Summed over dimensions: of $\Delta$, and of the standard deviations (not of the variances, although the report writes
// $\Sigma$).
struct Errors {
  double Delta = 0, sigma = 0;
};

Errors errors(const std::vector<double>& Delta, const std::vector<double>& sigma, const Truth& t) {
  Errors sum;
  for (std::size_t j = 0; j < t.sigma.size(); ++j) {
    sum.Delta += std::pow(Delta[j] - t.Delta[j], 2);
    sum.sigma += std::pow(sigma[j] - t.sigma[j], 2);
  }
  return sum;
}

// Each library's defaults.
nn::RmsPropSettings optimiser_settings(const Settings& settings) {
  const std::string& name = settings.text("optimiser");
  if (name == "rmsprop_pytorch") return {1e-3, 0.99, 1e-8};
  return {1e-3, 0.9, 1e-10};
}

// ## What each method must give, in closed form
//
// The exact maximiser has $\hat\Delta = \bar x = \Delta + z + $ noise, so its error of $\Delta$ is $|z|^2$ with mean $d +
// \sum \sigma^2 / N$, whatever the method; and $\hat\sigma - \sigma$ has variance $\sigma^2 / 2N$.
//
// A method whose $q$ cannot contract to the posterior pays for its width $v$: the bound holds $-\frac{N}{2\sigma^2}
// (\sigma_{emp}^2 + v) - N \log\sigma$, which is largest at $\hat\sigma^2 = \sigma^2 + v$. One untempered leapfrog step with
// $s = \varepsilon^2 N / \sigma^2$ has $v = (1 - s/2)^2 + \frac s4 (2 - s/2)^2 = 1 - s^2/4 + s^3/16$ (of the position, and of
// the momentum, which must be paid for as well), least at $s = 8/3$: $v = 11/27$. Many small steps conserve the energy:
// $v = 1$, the width of $q^0$. A planar flow with shared weights contracts one direction of d: $v = 1$ in the others. An
// autoregressive flow contains the posterior: $v = 0$. The authors' objective for the flows holds the data's scatter
// twice: $\hat\sigma^2 = 2\sigma^2 + v$.
//
// RMSProp stops a little beside the maximum. The gradient of $\log\sigma$ is $N (v (q - 1) + \hat\sigma_*^2 - \hat\sigma^2) / \hat\sigma^2$ with $q =
// \chi^2_M / M$ from M draws and $\hat\sigma_*$ the maximum: skewed, and each gradient is part of the mean square V that it is divided by, so
// that the large ones count for less. It rests where $E[g / \sqrt V] = 0$: at a width of $v (1 - m)$, where m solves $E[(q - 1 +
// m) / \sqrt V] = 0$. With ten draws m is 1.5 % under TensorFlow's default decay and 0.2 % under PyTorch's.
double optimisers_share(double decay, std::int64_t n_draws) {
  constexpr std::int64_t n_steps = 1'000'000, settled = 1000;
  Stream stream(0, "optimiser's share");
  std::vector<double> noise(n_steps);
  for (double& g : noise) {
    const Array<float> draws = stream.normal<float>({n_draws});
    for (float draw : draws) g += draw * draw / static_cast<double>(n_draws);
  }
  const double mean = std::accumulate(noise.begin(), noise.end(), 0.0) / static_cast<double>(n_steps);
  for (double& g : noise) g -= mean;  // 1 but for chance, which m would take over in full
  double low = 0, high = 0.5;
  while (high - low > 1e-6) {
    const double m = 0.5 * (low + high);
    double V = 2.0 / static_cast<double>(n_draws), sum = 0;
    for (std::int64_t step = 0; step < n_steps; ++step) {
      const double g = noise[static_cast<std::size_t>(step)] + m;
      V = decay * V + (1 - decay) * g * g;
      if (step >= settled) sum += g / std::sqrt(V);
    }
    (sum > 0 ? high : low) = m;
  }
  return low;
}

struct Width {
  double factor, v;  // sigma-hat^2 = factor sigma^2 + v
};

std::optional<Width> width(const Settings& settings) {
  const std::string& method = settings.text("method");
  const double factor = settings.flag("as_coded") ? 2 : 1;
  const auto kept = [&] { return 1 - optimisers_share(optimiser_settings(settings).decay, settings.count("n_draws")); };
  if (method == "hvae" && settings.text("tempering") == "none") return Width{1, kept() * (settings.count("K") == 1 ? 11.0 / 27 : 1)};
  if (method == "planar") return Width{factor, kept()};
  if (method == "iaf" && factor == 2) return Width{factor, 0};
  return {};  // the exact maximiser's
}

Errors expected_errors(const Settings& settings, const Truth& t) {
  const double N = static_cast<double>(settings.count("N"));
  const auto wide = width(settings);
  Errors sum;
  for (double sigma : t.sigma) {
    sum.Delta += 1 + sigma * sigma / N;
    sum.sigma += wide ? std::pow(std::sqrt(wide->factor * sigma * sigma + wide->v) - sigma, 2) : sigma * sigma / (2 * N);
  }
  return sum;
}

class Trial {
 public:
  explicit Trial(Run& run)
      : run_(run), settings_(run.settings()), d_(settings_.count("d")), n_sets_(settings_.count("n_sets")), truth_(truth(d_)),
        data_(draw_data(run.seed(), n_sets_, d_, settings_.count("N"), settings_.count("batch"))), noise_(run.seed(), "draws") {
    for (const Moments& moments : data_.batches) batches_.push_back(statistics<float>(moments, n_sets_, d_));
    const auto d = static_cast<std::size_t>(d_);
    const Errors expected = expected_errors(settings_, truth_);
    const Errors initial = errors(std::vector<double>(d, 0.0), std::vector<double>(d, std::exp(3.0)), truth_);
    const auto closed_form = [&](const std::string& name, double value) { run_.metric(name, {value, "squared distance", "closed form", {}}); };
    closed_form("law_delta_error", expected.Delta);
    closed_form("law_sigma_error", expected.sigma);
    closed_form("law_theta_error", expected.Delta + expected.sigma);
    closed_form("initial_delta_error", initial.Delta);
    closed_form("initial_sigma_error", initial.sigma);
  }

  // Trains the method and reports; bound(method, data, noise) is what it maximises, [n_sets].
  template <class Method, class Bound>
  Method train(Method method, const Bound& bound) {
    nn::Parameters<float> parameters(method);
    const auto optimiser = gaussian_optimiser(settings_, parameters);
    const std::int64_t n_steps = settings_.count("n_steps"), every = settings_.count("curve_every");
    std::int64_t step = 0;
    double bound_sum = 0;
    run_.keep("parameters", parameters.flat());
    run_.keep("optimiser", *optimiser);
    run_.keep("step", step);
    run_.keep("bound_sum", bound_sum);
    run_.resume();
    while (step < n_steps) {
      const auto& batch = batches_[static_cast<std::size_t>(step) % batches_.size()];
      const double loss = nn::train_step<float>(method, *optimiser, [&](const Method& m) { return -sum(bound(m, batch, draw(step))); });
      bound_sum -= loss / static_cast<double>(n_sets_);
      ++step;
      if (step % every == 0 || step == n_steps) {
        Errors mean;
        for (std::int64_t set = 0; set < n_sets_; ++set) {
          const Errors errors = errors_of(method.theta, set);
          mean.Delta += errors.Delta / static_cast<double>(n_sets_);
          mean.sigma += errors.sigma / static_cast<double>(n_sets_);
        }
        const std::int64_t since = step % every == 0 ? every : step % every;
        run_.append("curve", {{"step", static_cast<double>(step)}, {"delta_error", mean.Delta}, {"sigma_error", mean.sigma},
                              {"theta_error", mean.Delta + mean.sigma}, {"elbo_nats", bound_sum / static_cast<double>(since)}});
        bound_sum = 0;
      }
      run_.progress(step, n_steps);
    }
    run_.weights(parameters.named());
    report(method.theta);
    return method;
  }

  // What the exact maximiser gives on the same data, and ours beside it.
  void report(const GaussianParameters<float>& theta) {
    const auto N = static_cast<double>(data_.all.n);
    experiments::Series sets;
    std::map<std::string, double> sums;
    for (std::int64_t set = 0; set < n_sets_; ++set) {
      const Errors errors = errors_of(theta, set);
      std::map<std::string, double> row{{"set", static_cast<double>(set)}, {"delta_error", errors.Delta}, {"sigma_error", errors.sigma},
                                        {"theta_error", errors.Delta + errors.sigma}};
      for (std::int64_t j = 0; j < d_; ++j) {
        const auto at = static_cast<std::size_t>(set * d_ + j), dim = static_cast<std::size_t>(j);
        const double best_sigma = maximum_likelihood_sigma(N, data_.all.S[at]);
        row["mle_delta_error"] += std::pow(data_.all.x_bar[at] - truth_.Delta[dim], 2);
        row["mle_sigma_error"] += std::pow(best_sigma - truth_.sigma[dim], 2);
        row["z_squared"] += data_.z[at] * data_.z[at];
        row["delta_to_x_bar"] += std::pow(Delta_of(theta, set, j) - data_.all.x_bar[at], 2);
        row["log_p_nats"] += exact_log_p(N, data_.all.x_bar[at], data_.all.S[at], Delta_of(theta, set, j), sigma_of(theta, set, j));
        row["max_log_p_nats"] += exact_log_p(N, data_.all.x_bar[at], data_.all.S[at], data_.all.x_bar[at], best_sigma);
      }
      row["mle_theta_error"] = row["mle_delta_error"] + row["mle_sigma_error"];
      for (const auto& [name, value] : row) {
        sets[name].push_back(value);
        sums[name] += value / static_cast<double>(n_sets_);
      }
    }
    const std::string over_sets = fmt::format("mean over {} data sets", n_sets_);
    for (const auto& [name, value] : sums) {
      if (name == "set") continue;
      double squares = 0;
      for (double v : sets[name]) squares += (v - value) * (v - value);
      const auto n = static_cast<double>(n_sets_);
      std::optional<double> error;
      if (n_sets_ > 1) error = std::sqrt(squares / (n - 1) / n);
      run_.metric(name, {value, name.ends_with("_nats") ? "nats" : "squared distance", over_sets, error});
    }
    run_.series("sets", sets);
    for (const std::string part : {"delta", "theta"})
      run_.metric(part + "_over_mle", {sums[part + "_error"] / sums["mle_" + part + "_error"], "",
                                       "the error over the exact maximiser's on the same data, both summed over data sets", std::nullopt});
    const double slack = 1e-6 * std::abs(sums["max_log_p_nats"]);
    run_.health("no parameters are likelier than the exact maximiser's", sums["log_p_nats"] <= sums["max_log_p_nats"] + slack,
                fmt::format("{:.3f} against {:.3f} nats", sums["log_p_nats"], sums["max_log_p_nats"]));
  }

  std::int64_t d() const { return d_; }
  std::int64_t n_sets() const { return n_sets_; }
  const Data& data() const { return data_; }

 private:
  Noise draw(std::int64_t step) const {
    Stream stream = noise_.at(static_cast<std::uint64_t>(step));
    const Shape shape{n_sets_, settings_.count("n_draws"), d_};
    Noise noise{Var<float>(stream.normal<float>(shape)), {}};
    if (settings_.text("method") == "hvae") noise.gamma = Var<float>(stream.normal<float>(shape));
    return noise;
  }

  double Delta_of(const GaussianParameters<float>& theta, std::int64_t set, std::int64_t j) const { return theta.Delta.value()[set * d_ + j]; }
  double sigma_of(const GaussianParameters<float>& theta, std::int64_t set, std::int64_t j) const {
    return std::exp(static_cast<double>(theta.log_sigma.value()[set * d_ + j]));
  }
  Errors errors_of(const GaussianParameters<float>& theta, std::int64_t set) const {
    std::vector<double> Delta, sigma;
    for (std::int64_t j = 0; j < d_; ++j) {
      Delta.push_back(Delta_of(theta, set, j));
      sigma.push_back(sigma_of(theta, set, j));
    }
    return errors(Delta, sigma, truth_);
  }

  Run& run_;
  const Settings& settings_;
  std::int64_t d_, n_sets_;
  Truth truth_;
  Data data_;
  std::vector<SufficientStatistics<float>> batches_;
  Stream noise_;
};

void run_hamiltonian(Run& run, Trial& trial) {
  const std::int64_t S = trial.n_sets(), d = trial.d();
  // epsilon starts at 0.005 = xi sigmoid(log(0.01 / 0.99)), 1 / sqrt(beta_0) at 5.
  const HamiltonianMethod<float> initial{start(S, d), constant({S, 1, d}, std::log(0.01 / 0.99)), constant({S, 1, 1}, std::log(4.0)),
                                         {}, static_cast<int>(run.settings().count("K")), tempering_from(run.settings().text("tempering"))};
  const auto trained = trial.train(initial, [](const auto& m, const auto& data, const Noise& noise) { return m.elbo(data, noise.z_0, noise.gamma); });

  // How far the bound is from the truth, at the first batch and in double: no draws, no rounding.
  const auto in_double = [](const Var<float>& v) {
    Array<double> wide(v.shape());
    std::copy(v.value().begin(), v.value().end(), wide.mutable_data());
    return Var<double>(wide);
  };
  const HamiltonianMethod<double> exact{{in_double(trained.theta.Delta), in_double(trained.theta.log_sigma)}, in_double(trained.logit_epsilon),
                                        in_double(trained.log_tempering), {}, trained.K, trained.kind};
  const Moments& batch = trial.data().batches.front();
  const Var<double> bound = exact.exact_elbo(statistics<double>(batch, S, d));
  double gap = 0, inverse_root_beta = 0;
  for (std::int64_t set = 0; set < S; ++set) {
    double log_p = 0;
    for (std::int64_t j = 0; j < d; ++j) {
      const auto at = static_cast<std::size_t>(set * d + j);
      log_p += exact_log_p(static_cast<double>(batch.n), batch.x_bar[at], batch.S[at], exact.theta.Delta.value()[set * d + j],
                           std::exp(exact.theta.log_sigma.value()[set * d + j]));
    }
    gap += (log_p - bound.value()[set]) / static_cast<double>(S);
    inverse_root_beta += (1 + std::exp(exact.log_tempering.value()[set])) / static_cast<double>(S);
  }
  run.metric("gap_nats", {gap, "nats", "exact log p less the exact bound, on the first batch, mean over data sets", std::nullopt});
  if (trained.kind == TemperingKind::fixed) run.metric("inverse_root_beta_0", {inverse_root_beta, "", "learned 1 / sqrt(beta_0), mean over data sets", std::nullopt});
}

}  // namespace

const std::vector<Method>& gaussian_methods() {
  const auto hvae = [](int K, const std::string& tempering) {
    return Settings{{"method", "hvae"}, {"K", std::int64_t{K}}, {"tempering", tempering}};
  };
  const auto flow = [](const std::string& method, int K, bool as_coded) {
    return Settings{{"method", method}, {"K", std::int64_t{K}}, {"as_coded", as_coded}};
  };
  static const std::vector<Method> all{{"hvae_k1_tempered", "HVAE, K = 1", hvae(1, "fixed")},
                                       {"hvae_k10_tempered", "HVAE, K = 10", hvae(10, "fixed")},
                                       {"hvae_k1_untempered", "HVAE, K = 1, no tempering", hvae(1, "none")},
                                       {"hvae_k10_untempered", "HVAE, K = 10, no tempering", hvae(10, "none")},
                                       {"pnf_k1_as_coded", "PNF, K = 1, as coded", flow("planar", 1, true)},
                                       {"pnf_k30_as_coded", "PNF, K = 30, as coded", flow("planar", 30, true)},
                                       {"pnf_k1_right", "PNF, K = 1, right", flow("planar", 1, false)},
                                       {"pnf_k30_right", "PNF, K = 30, right", flow("planar", 30, false)},
                                       {"iaf_as_coded", "IAF, as coded", flow("iaf", 1, true)},
                                       {"iaf_right", "IAF, right", flow("iaf", 1, false)},
                                       {"vb", "VB", Settings{{"method", "vb"}}},
                                       {"vb_along_the_ridge", "VB, along the ridge", Settings{{"method", "vb_along_the_ridge"}}}};
  return all;
}

std::unique_ptr<nn::Optimiser<float>> gaussian_optimiser(const Settings& settings, const nn::Parameters<float>& parameters) {
  const nn::RmsPropSettings defaults = optimiser_settings(settings);
  if (settings.text("optimiser") == "rmsprop_pytorch") return std::make_unique<nn::RmsPropPyTorch<float>>(parameters, defaults);
  return std::make_unique<nn::RmsPropTensorFlow1<float>>(parameters, defaults);
}

double estimated_seconds(const Settings& settings) {
  const auto n_sets = static_cast<double>(settings.count("n_sets")), d = static_cast<double>(settings.count("d"));
  const auto K = static_cast<double>(settings.count("K"));
  const std::string& method = settings.text("method");
  const double rows = n_sets * static_cast<double>(settings.count("n_draws")) * d;
  double step_us = 25 + 0.008 * n_sets * d;  // vb
  if (method == "hvae") step_us = 15 + 5 * K + (0.007 + 0.0025 * K) * rows;
  if (method == "planar") step_us = 25 + 5 * K + (0.004 + 0.0015 * K) * rows;
  if (method == "iaf") step_us = 60 + 0.0054 * n_sets * d * (d + 100);
  return 1e-6 * step_us * static_cast<double>(settings.count("n_steps"));
}

experiments::Settings gaussian_settings(const std::string& method, std::int64_t d) {
  return {{"method", method},
          {"d", d},
          {"n_sets", std::int64_t{3}},
          {"N", std::int64_t{10'000}},
          {"K", std::int64_t{1}},
          {"tempering", std::string("fixed")},
          {"as_coded", false},
          {"n_draws", std::int64_t{10}},
          {"batch", std::int64_t{0}},
          {"n_steps", std::int64_t{30'000}},
          {"optimiser", std::string("rmsprop_tensorflow1")},
          {"curve_every", std::int64_t{600}}};
}

void check_gaussian_settings(const std::string& experiment, const Settings& settings) {
  const SettingsCheck check(experiment, settings);
  check.one_of("method", {"hvae", "vb", "vb_along_the_ridge", "planar", "iaf"});
  // Free tempering is for the flow alone.
  check.one_of("tempering", experiment == "optimum" ? std::vector<std::string>{"none", "fixed", "free"} : std::vector<std::string>{"none", "fixed"});
  check.one_of("optimiser", {"rmsprop_pytorch", "rmsprop_tensorflow1"});
  check.within("d", 1, 100'000);
  check.within("n_sets", 1, 100'000);
  check.within("N", experiment == "optimum" ? 100 : 2, 100'000'000);  // of a few rows the optimum's first steps would lie above xi
  check.within("batch", 0, settings.count("N"));
  check.within("K", 1, 1000);
  check.within("n_draws", 1, 1'000'000);
  check.within("n_steps", 1, 1'000'000'000);
  check.within("curve_every", 1, 1'000'000'000);
  check.above_zero("learning_rate");
}

void run_gaussian(Run& run) {
  check_gaussian_settings("gaussian", run.settings());
  Trial trial(run);
  const Settings& settings = run.settings();
  const std::int64_t S = trial.n_sets(), d = trial.d();
  const std::string& name = settings.text("method");
  const Objective objective = settings.flag("as_coded") ? Objective::as_coded : Objective::right;
  const auto of_flow = [](const auto& m, const auto& data, const Noise& noise) { return m.elbo(data, noise.z_0); };
  Stream initial(run.seed(), "initialisation");
  if (name == "hvae") {
    run_hamiltonian(run, trial);
  } else if (name == "vb" || name == "vb_along_the_ridge") {
    const Coordinates coordinates = name == "vb" ? Coordinates::as_coded : Coordinates::along_the_ridge;
    trial.train(MeanFieldMethod<float>{start(S, d), constant({S, 1, d}, 0), constant({S, 1, d}, 1), coordinates},
                [](const auto& m, const auto& data, const Noise&) { return m.elbo(data); });
  } else if (name == "planar") {
    const Planar<float> flow{truncated_normal({S, 1, d}, initial), truncated_normal({S, 1, d}, initial), constant({S, 1, 1}, 0.1)};
    trial.train(PlanarMethod<float>{start(S, d), flow, static_cast<int>(settings.count("K")), objective}, of_flow);
  } else {
    trial.train(AutoregressiveMethod<float>{start(S, d), Made<float>(S, d, d + 100, initial), objective}, of_flow);
  }
}

}  // namespace hvae
