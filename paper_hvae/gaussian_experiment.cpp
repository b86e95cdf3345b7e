#include "paper_hvae/gaussian_experiment.hpp"

#include "common/nn/training.hpp"
#include "paper_hvae/gaussian_methods.hpp"

#include <fmt/format.h>

namespace hvae {

using experiments::Run;
using experiments::Settings;
using tensors::Stream;

namespace {

// ## The data
//
// $\Delta_j = r_j / 5$ and $\sigma_j = 3.6 r_j^2 / (d - 1)^2 + 0.1$ with $r = -\frac{d-1}{2} .. \frac{d-1}{2}$; $\sigma = 1$
// for d = 1. Every data set has its own $z$. Kept: per batch, and for all rows, the mean and the scatter.
struct Truth {
  std::vector<double> Delta, sigma;  // [d]
};

Truth truth(std::int64_t d) {
  Truth t;
  for (std::int64_t j = 0; j < d; ++j) {
    const double r = static_cast<double>(j) - 0.5 * static_cast<double>(d - 1);
    t.Delta.push_back(r / 5);
    t.sigma.push_back(d == 1 ? 1.0 : 3.6 * r * r / std::pow(static_cast<double>(d - 1), 2) + 0.1);
  }
  return t;
}

struct Moments {
  std::int64_t n = 0;
  std::vector<double> x_bar, S;  // [n_sets * d]
};

struct Data {
  std::vector<Moments> batches;
  Moments all;
  std::vector<double> z;  // [n_sets * d]
};

// Adds one set's rows to its moments (Welford), rows [n, d].
void add_rows(Moments& moments, std::int64_t set, std::int64_t d, const double* rows, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t j = 0; j < d; ++j) {
      const auto at = static_cast<std::size_t>(set * d + j);
      const double before = rows[i * d + j] - moments.x_bar[at];
      moments.x_bar[at] += before / static_cast<double>(moments.n + i + 1);
      moments.S[at] += before * (rows[i * d + j] - moments.x_bar[at]);
    }
  }
}

Data draw_data(std::uint64_t seed, std::int64_t n_sets, std::int64_t d, std::int64_t N, std::int64_t batch) {
  const Truth t = truth(d);
  const std::int64_t rows_a_batch = batch == 0 ? N : batch;
  Data data;
  const auto size = static_cast<std::size_t>(n_sets * d);
  const auto empty = [&] { return Moments{0, std::vector<double>(size, 0.0), std::vector<double>(size, 0.0)}; };
  for (std::int64_t begin = 0; begin < N; begin += rows_a_batch) data.batches.push_back(empty());
  data.all = empty();
  for (std::int64_t set = 0; set < n_sets; ++set) {
    Stream stream(seed, "Gaussian data", static_cast<std::uint64_t>(set));
    const Array<double> z = stream.normal<double>({d});
    data.z.insert(data.z.end(), z.begin(), z.end());
    for (std::size_t b = 0; b < data.batches.size(); ++b) {
      const std::int64_t begin = static_cast<std::int64_t>(b) * rows_a_batch, n = std::min(rows_a_batch, N - begin);
      Array<double> x = stream.normal<double>({n, d});
      double* rows = x.mutable_data();
      for (std::int64_t i = 0; i < n; ++i)
        for (std::int64_t j = 0; j < d; ++j) {
          const auto at = static_cast<std::size_t>(j);
          rows[i * d + j] = z[j] + t.Delta[at] + t.sigma[at] * rows[i * d + j];
        }
      data.batches[b].n = 0;
      add_rows(data.batches[b], set, d, rows, n);
      data.all.n = begin;
      add_rows(data.all, set, d, rows, n);
      data.batches[b].n = n;
    }
    data.all.n = N;
  }
  return data;
}

template <class T>
Var<T> as_var(const std::vector<double>& values, std::int64_t n_sets, std::int64_t d) {
  Array<T> array(Shape{n_sets, 1, d});
  std::copy(values.begin(), values.end(), array.mutable_data());
  return Var<T>(array);
}

template <class T>
SufficientStatistics<T> statistics(const Moments& moments, std::int64_t n_sets, std::int64_t d) {
  return {static_cast<T>(moments.n), as_var<T>(moments.x_bar, n_sets, d), as_var<T>(moments.S, n_sets, d)};
}

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

class Trial {
 public:
  explicit Trial(Run& run)
      : run_(run), settings_(run.settings()), d_(settings_.count("d")), n_sets_(settings_.count("n_sets")), truth_(truth(d_)),
        data_(draw_data(run.seed(), n_sets_, d_, settings_.count("N"), settings_.count("batch"))), noise_(run.seed(), "draws") {
    for (const Moments& moments : data_.batches) batches_.push_back(statistics<float>(moments, n_sets_, d_));
  }

  // Trains the method and reports; bound(method, data, noise) is what it maximises, [n_sets].
  template <class Method, class Bound>
  Method train(Method method, const Bound& bound) {
    nn::Parameters<float> parameters(method);
    const auto optimiser = build_optimiser(parameters);
    const std::int64_t n_steps = settings_.count("n_steps"), every = settings_.count("curve_every");
    std::int64_t step = 0;
    double bound_sum = 0;
    run_.keep("parameters", parameters.flat());
    run_.keep("optimiser.0", optimiser->state()[0]);
    run_.keep("optimiser.steps", optimiser->n_steps());
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

  std::unique_ptr<nn::Optimiser<float>> build_optimiser(const nn::Parameters<float>& parameters) const {
    const std::string& name = settings_.text("optimiser");
    if (name == "rmsprop_pytorch") return std::make_unique<nn::RmsPropPyTorch<float>>(parameters, nn::RmsPropSettings{1e-3, 0.99, 1e-8});
    tensors::require(name == "rmsprop_tensorflow1", "gaussian: optimiser \"{}\" is neither rmsprop_pytorch nor rmsprop_tensorflow1", name);
    return std::make_unique<nn::RmsPropTensorFlow1<float>>(parameters, nn::RmsPropSettings{1e-3, 0.9, 1e-10});
  }

  double Delta_of(const GaussianParameters<float>& theta, std::int64_t set, std::int64_t j) const { return theta.Delta.value()[set * d_ + j]; }
  double sigma_of(const GaussianParameters<float>& theta, std::int64_t set, std::int64_t j) const {
    return std::exp(static_cast<double>(theta.log_sigma.value()[set * d_ + j]));
  }
  Errors errors_of(const GaussianParameters<float>& theta, std::int64_t set) const {
    Errors errors;
    for (std::int64_t j = 0; j < d_; ++j) {
      const auto dim = static_cast<std::size_t>(j);
      errors.Delta += std::pow(Delta_of(theta, set, j) - truth_.Delta[dim], 2);
      errors.sigma += std::pow(sigma_of(theta, set, j) - truth_.sigma[dim], 2);
    }
    return errors;
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
                                         static_cast<int>(run.settings().count("K")), run.settings().flag("tempered")};
  const auto trained = trial.train(initial, [](const auto& m, const auto& data, const Noise& noise) { return m.elbo(data, noise.z_0, noise.gamma); });

  // How far the bound is from the truth, at the first batch and in double: no draws, no rounding.
  const auto in_double = [](const Var<float>& v) {
    Array<double> wide(v.shape());
    std::copy(v.value().begin(), v.value().end(), wide.mutable_data());
    return Var<double>(wide);
  };
  const HamiltonianMethod<double> exact{{in_double(trained.theta.Delta), in_double(trained.theta.log_sigma)}, in_double(trained.logit_epsilon),
                                        in_double(trained.log_tempering), trained.K, trained.tempered};
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
  if (trained.tempered) run.metric("inverse_root_beta_0", {inverse_root_beta, "", "learned 1 / sqrt(beta_0), mean over data sets", std::nullopt});
}

}  // namespace

experiments::Settings gaussian_settings(const std::string& method, std::int64_t d) {
  return {{"method", method},
          {"d", d},
          {"n_sets", std::int64_t{3}},
          {"N", std::int64_t{10'000}},
          {"K", std::int64_t{1}},
          {"tempered", true},
          {"as_coded", false},
          {"n_draws", std::int64_t{10}},
          {"batch", std::int64_t{0}},
          {"n_steps", std::int64_t{30'000}},
          {"optimiser", std::string("rmsprop_tensorflow1")},
          {"curve_every", std::int64_t{600}}};
}

void run_gaussian(Run& run) {
  Trial trial(run);
  const Settings& settings = run.settings();
  const std::int64_t S = trial.n_sets(), d = trial.d();
  const std::string& name = settings.text("method");
  const Objective objective = settings.flag("as_coded") ? Objective::as_coded : Objective::right;
  const auto of_flow = [](const auto& m, const auto& data, const Noise& noise) { return m.elbo(data, noise.z_0); };
  Stream initial(run.seed(), "initialisation");
  if (name == "hvae") {
    run_hamiltonian(run, trial);
  } else if (name == "vb") {
    trial.train(MeanFieldMethod<float>{start(S, d), constant({S, 1, d}, 0), constant({S, 1, d}, 1)},
                [](const auto& m, const auto& data, const Noise&) { return m.elbo(data); });
  } else if (name == "planar") {
    const Planar<float> flow{truncated_normal({S, 1, d}, initial), truncated_normal({S, 1, d}, initial), constant({S, 1, 1}, 0.1)};
    trial.train(PlanarMethod<float>{start(S, d), flow, static_cast<int>(settings.count("K")), objective}, of_flow);
  } else {
    tensors::require(name == "iaf", "gaussian: method \"{}\" is none of hvae, vb, planar, iaf", name);
    trial.train(AutoregressiveMethod<float>{start(S, d), Made<float>(S, d, d + 100, initial), objective}, of_flow);
  }
}

}  // namespace hvae
