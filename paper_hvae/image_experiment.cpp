// # Training and evaluation on MNIST
//
// One cell trains one model for one seed. All cells of a seed share the split, the order of the batches, their
// binarisation and the noise, and all cells the binarised test images: differences are differences of paired runs.
#include "paper_hvae/image_experiment.hpp"

#include "common/datasets/binarisation.hpp"
#include "common/experiments/pictures.hpp"
#include "common/nn/restore.hpp"
#include "common/nn/training.hpp"
#include "paper_hvae/image_evaluation.hpp"
#include "paper_hvae/image_training.hpp"

#include <fmt/format.h>

#include <limits>

namespace hvae {

using experiments::Cell;
using experiments::Profile;
using experiments::Run;
using experiments::Settings;

namespace {

experiments::Images draw(const ImageModel<float>& model, std::int64_t n, Stream stream) {
  const Sizes& sizes = model.generative.sizes;
  const Var<float> logits = model.generative.logits(Var<float>(stream.normal<float>({n, sizes.latent})));
  return experiments::as_images(sigmoid(logits).value(), sizes.extent, sizes.extent);
}

// ## One cell
void run_cell(Run& run) {
  const Settings& settings = run.settings();
  check_image_settings("mnist", settings);
  const auto [train, validation, test] = image_data(run);
  ImageModel<float> model = image_model(settings, &train, run.seed());
  nn::Parameters<float> parameters(model);
  nn::AdamaxHvae<float> optimiser(parameters, {.learning_rate = settings.number("learning_rate")});
  datasets::BatchOrder order(train.n, settings.count("batch"), run.seed());
  const std::int64_t batches = order.batches_per_epoch(), n_epochs = settings.count("epochs"), patience = settings.count("patience");
  const Stream binarisation(run.seed(), "binarisation"), noise(run.seed(), "noise"), validation_noise(run.seed(), "validation noise");

  std::int64_t step = 0, best_epoch = 0;
  double best_bound = -std::numeric_limits<double>::infinity(), epoch_sum = 0;
  const Array<float> best = parameters.flat().copy();
  run.keep("parameters", parameters.flat());
  run.keep("best", best);
  run.keep("optimiser", optimiser);
  run.keep("step", step);
  run.keep("best_epoch", best_epoch);
  run.keep("best_bound", best_bound);
  run.keep("epoch_sum", epoch_sum);
  run.resume();

  while (step < n_epochs * batches && step / batches - best_epoch < patience) {
    const auto rows = order.rows(step);
    const Var<float> x(datasets::gather_stochastic(train, rows, binarisation.at(static_cast<std::uint64_t>(step))));
    const FlowNoise<float> drawn = draw_noise(noise, static_cast<std::uint64_t>(step), x.shape()[0], settings.count("latent"));
    epoch_sum -= nn::train_step<float>(model, optimiser, [&](const ImageModel<float>& m) { return -mean(bound(m, x, drawn)); });
    ++step;
    if (step % batches == 0) {
      const std::int64_t epoch = step / batches;
      const double held_out = mean_bound(model, validation, validation_noise, static_cast<std::uint64_t>(epoch));
      run.append("curve", {{"epoch", static_cast<double>(epoch)},
                           {"train_elbo_nats", epoch_sum / static_cast<double>(batches)},
                           {"validation_elbo_nats", held_out}});
      epoch_sum = 0;
      if (held_out > best_bound) {
        best_bound = held_out;
        best_epoch = epoch;
        std::copy(parameters.flat().begin(), parameters.flat().end(), best.data_for_update());
      }
    }
    run.progress(step, n_epochs * batches);
  }
  const std::int64_t n_epochs_run = step / batches;
  std::copy(best.begin(), best.end(), parameters.flat().data_for_update());

  const auto metric = [&](const std::string& name, double value, const std::string& unit, const std::string& estimator,
                          std::optional<double> error = std::nullopt) { run.metric(name, {value, unit, estimator, error}); };
  const std::int64_t n_samples = settings.count("n_nll_samples"), n_repeats = settings.count("n_nll_repeats");
  const datasets::ImageSet nll_set = datasets::first(test, settings.count("n_nll_images"));
  const auto likelihood = [&](const datasets::ImageSet& set, const Stream& draws) {
    const auto log_p_hat = [&](const Var<float>& x, std::uint64_t at) {
      return draw_log_p_hat(model, x, draw_noise(draws, at, x.shape()[0], model.generative.sizes.latent));
    };
    return evaluate(set, n_samples, log_p_hat, run, "likelihood");
  };
  // Each estimate has draws of its own; the step of a stream numbers the calls, so that they differ by their purposes.
  const auto importance_noise = [&](std::int64_t repeat) {
    return Stream(run.seed(), repeat == 0 ? "importance noise" : fmt::format("importance noise, repeat {}", repeat));
  };
  double nll = 0, elbo = 0, largest = -std::numeric_limits<double>::infinity(), least = -largest;
  for (std::int64_t repeat = 0; repeat < n_repeats; ++repeat) {
    const Evaluation e = likelihood(nll_set, importance_noise(repeat));
    nll += e.likelihood.nll_nats / static_cast<double>(n_repeats);
    elbo += e.elbo_nats / static_cast<double>(n_repeats);
    largest = std::max(largest, e.likelihood.nll_nats);
    least = std::min(least, e.likelihood.nll_nats);
    if (repeat > 0) continue;
    std::vector<double> minus_bound = e.elbo_by_image;
    for (double& nats : minus_bound) nats = -nats;
    run.series("by_image", {{"nll_nats", e.nll_by_image}, {"minus_bound_nats", std::move(minus_bound)}});
    const Stream bound_noise(run.seed(), "bound noise");
    const auto elbo_of = [&](const Var<float>& x, std::uint64_t at) {
      return bound(model, x, draw_noise(bound_noise, at, x.shape()[0], model.generative.sizes.latent)).value();
    };
    check_bound(run, nll_set, elbo_of, e.nll_by_image, "the bound");
    metric("nll_monte_carlo_error_nats", e.likelihood.monte_carlo_error_nats.value_or(0), "nats", "of one estimate, on these very images");
    metric("median_effective_samples", e.likelihood.median_effective_samples, "count", "of the importance weights, median over images");
  }
  if (settings.values().contains("n_nll_also")) {
    const datasets::ImageSet more = datasets::first(test, settings.count("n_nll_also"));
    const Evaluation e = likelihood(more, importance_noise(n_repeats));
    metric("nll_more_images_nats", e.likelihood.nll_nats, "nats", fmt::format("{} importance samples, {} test images", n_samples, more.n),
           e.likelihood.standard_error_nats);
  }
  metric("nll_nats", nll, "nats", fmt::format("{} importance samples, {} test images, mean of {} estimates", n_samples, nll_set.n, n_repeats));
  metric("minus_bound_nats", -elbo, "nats", "from the same draws");
  metric("gap_nats", -elbo - nll, "nats", "minus bound less NLL, same draws");
  if (n_repeats > 1) metric("nll_range_nats", largest - least, "nats", "between the largest and the least estimate");
  metric("epochs", static_cast<double>(n_epochs_run), "count", "passes until early stopping or the last");
  metric("best_epoch", static_cast<double>(best_epoch), "count", "with the best bound on the validation images");
  metric("n_parameters", static_cast<double>(parameters.count()), "count", "exact");
  if (const Tempering<float> tempering = model.flow.tempering(); !tempering.alpha.empty())
    metric("inverse_beta_0", std::exp(-tempering.log_beta_0.item()), "", "learned 1 / beta_0");
  if (model.flow.K > 0) {
    double sum_of_steps = 0;
    for (const Var<float>& epsilon : model.flow.epsilon()) sum_of_steps += mean(epsilon).item();
    metric("mean_epsilon", sum_of_steps / static_cast<double>(model.flow.epsilon().size()), "", "learned step sizes, mean over dimensions and steps");
  }
  run.images("samples", draw(model, 64, Stream(run.seed(), "samples")));
  run.weights(parameters.named());
}

// ## Cells
struct Variant {
  std::string name;
  std::int64_t K;
  std::string tempering;
  bool vary_epsilon;
};

// The paper's table: free tempering of one step is fixed tempering, and one step has nothing to vary.
std::vector<Variant> variants(const std::vector<std::int64_t>& steps) {
  std::vector<Variant> all{{"vae", 0, "none", false}};
  for (const std::int64_t K : steps)
    for (const bool vary : {false, true})
      for (const std::string tempering : {"free", "fixed", "none"})
        if (K > 1 || (!vary && tempering != "free")) all.push_back({fmt::format("k{}_{}{}", K, tempering, vary ? "_varied" : ""), K, tempering, vary});
  return all;
}

Cell cell(const Variant& variant, std::uint64_t seed, Settings settings) {
  settings.set("K", variant.K);
  settings.set("tempering", variant.tempering);
  settings.set("vary_epsilon", variant.vary_epsilon);
  const auto K = static_cast<double>(variant.K);
  const double step_s = variant.K == 0 ? 0.009 : 0.020 + 0.010 * K, row_s = 0.00003 + 0.00004 * K;
  const double steps = static_cast<double>(settings.count("epochs") * settings.count("n_train") / settings.count("batch"));
  const double rows = static_cast<double>(settings.count("n_nll_images") * settings.count("n_nll_samples") * settings.count("n_nll_repeats"));
  return {variant.name, seed, std::move(settings), steps * step_s + rows * row_s};
}

// The rate that the paper prints; its code has half of it. 10,000 steps take it further towards the end of training.
constexpr double paper_rate = 1e-3;

// The authors' own settings.
Settings protocol() {
  return {{"latent", std::int64_t{64}},       {"hidden", std::int64_t{450}},         {"upsampled", false},
          {"n_train", std::int64_t{50'000}},  {"n_validation", std::int64_t{10'000}}, {"n_test", std::int64_t{10'000}},
          {"epochs", std::int64_t{2000}},     {"patience", std::int64_t{100}},       {"batch", std::int64_t{100}},
          {"learning_rate", 5e-4},            {"n_nll_images", std::int64_t{10'000}}, {"n_nll_samples", std::int64_t{1000}},
          {"n_nll_repeats", std::int64_t{3}}};
}

std::vector<Cell> mnist_cells(Profile profile) {
  Settings settings = protocol();
  const auto shrink = [&](const std::string& name, std::int64_t value) { settings.set(name, value); };
  std::vector<Cell> cells;
  if (profile == Profile::paper) {
    for (const Variant& variant : variants({1, 5, 10, 15, 20}))
      for (std::uint64_t seed : {0, 1}) cells.push_back(cell(variant, seed, settings));
    return cells;
  }
  const bool is_quick = profile == Profile::quick;
  for (const auto& [name, value] : {std::pair{"n_train", is_quick ? 2000 : 60}, {"n_validation", is_quick ? 500 : 20}, {"n_test", is_quick ? 500 : 20},
                                    {"epochs", is_quick ? 30 : 2}, {"patience", is_quick ? 30 : 2}, {"batch", 20},
                                    {"n_nll_images", is_quick ? 100 : 4}, {"n_nll_samples", is_quick ? 200 : 5}, {"n_nll_repeats", 1}})
    shrink(name, value);
  if (is_quick) settings.set("learning_rate", 2e-3);  // and small batches: 3,000 steps must do
  if (!is_quick) {
    shrink("latent", 4);
    shrink("hidden", 16);
  }
  for (const Variant& variant : variants({1, 5})) {
    const bool is_wanted = is_quick ? variant.K == 0 || (variant.tempering == "fixed" && !variant.vary_epsilon) : variant.K < 5 || variant.tempering == "free";
    if (is_wanted) cells.push_back(cell(variant, 0, settings));
  }
  return cells;
}

std::vector<Cell> mnist_10k_cells(Profile profile) {
  std::vector<Cell> cells;
  if (profile != Profile::paper) return cells;
  Settings settings = protocol();
  for (const auto& [name, value] : {std::pair{"n_train", 10'000}, {"n_validation", 1000}, {"epochs", 100}, {"patience", 20}, {"n_nll_images", 1000},
                                    {"n_nll_repeats", 1}})
    settings.set(name, std::int64_t{value});
  settings.set("learning_rate", paper_rate);
  for (const std::uint64_t seed : {0, 1})
    for (const Variant& variant : variants({1, 5})) {
      Settings of_variant = settings;
      if (variant.K == 0) of_variant.set("n_nll_also", std::int64_t{10'000});  // what the choice of 1,000 images is worth
      cells.push_back(cell(variant, seed, of_variant));
    }
  return cells;
}

// New digits from a trained cell's decoder.
experiments::Images sample_cell(const Cell& cell, const experiments::Experiment::Weights& weights, std::int64_t n) {
  ImageModel<float> model = image_model(cell.settings, nullptr, cell.seed);
  nn::restore(nn::Parameters<float>(model), weights);
  return draw(model, n, Stream(cell.seed, "samples"));
}

}  // namespace

experiments::Experiment mnist_experiment() {
  return {.name = "mnist",
          .summary = "Convolutional VAE and HVAE on MNIST by the paper's protocol (Table 1 and the supplement)",
          .revision = 2,
          .cells = mnist_cells,
          .run = run_cell,
          .sample = sample_cell};
}

experiments::Experiment mnist_10k_experiment() {
  return {.name = "mnist_10k",
          .summary = "The same on 10,000 images, 100 passes, K up to 5: paired runs",
          .revision = 2,
          .cells = mnist_10k_cells,
          .run = run_cell,
          .sample = sample_cell};
}

}  // namespace hvae
