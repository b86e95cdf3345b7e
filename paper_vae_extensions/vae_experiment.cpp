// # Training and evaluating the two rows
//
// One cell trains one model: a row of the table, a latent size, a seed. The settings below are the report's; what a
// profile shrinks is the number of images and passes.
#include "paper_vae_extensions/vae_experiment.hpp"

#include "common/datasets/binarisation.hpp"
#include "common/datasets/mnist.hpp"
#include "common/metrics/importance.hpp"
#include "common/nn/training.hpp"
#include "paper_vae_extensions/vae.hpp"

namespace vae_extensions {

using experiments::Cell;
using experiments::Images;
using experiments::Profile;
using experiments::Run;
using experiments::Settings;
using tensors::Array;
using tensors::Exit;
using tensors::fail;
using tensors::Shape;
using tensors::Stream;

namespace {

constexpr std::int64_t n_pixels = 784;

// ## Cells
//
// Both rows at all five latent sizes; three seeds at n = 3 and n = 20 at the paper's scale, so that the table says which
// differences between single runs mean something.
Settings row_settings(const std::string& row, std::int64_t n, Profile profile) {
  const bool tuned = row == "tuned";
  Settings settings{
      {"latent", n},
      {"hidden", std::int64_t{500}},
      {"activation", std::string(tuned ? "relu" : "tanh")},
      {"optimiser", std::string(tuned ? "adam" : "adagrad")},
      {"learning_rate", tuned && n != 3 ? 1e-3 : 1e-2},
      {"batch", std::int64_t{100}},
      {"epochs", std::int64_t{100}},
      {"n_train", std::int64_t{60'000}},
      {"n_test", std::int64_t{10'000}},
      {"n_nll_images", std::int64_t{1000}},
      {"n_nll_samples", std::int64_t{1000}},
  };
  const auto shrink = [&](std::int64_t epochs, std::int64_t train, std::int64_t test, std::int64_t images, std::int64_t samples) {
    settings.set("epochs", epochs);
    settings.set("n_train", train);
    settings.set("n_test", test);
    settings.set("n_nll_images", images);
    settings.set("n_nll_samples", samples);
  };
  if (profile == Profile::quick) shrink(30, 10'000, 10'000, 200, 200);
  if (profile == Profile::smoke) shrink(2, 500, 200, 20, 10);
  return settings;
}

std::vector<Cell> cells(Profile profile) {
  std::vector<Cell> list;
  const double seconds_a_step = 0.0025;
  for (const char* row : {"implementation", "tuned"}) {
    for (const std::int64_t n : {3, 5, 10, 20, 200}) {
      if (profile == Profile::smoke && n != 3) continue;
      const Settings settings = row_settings(row, n, profile);
      const double steps = static_cast<double>(settings.count("epochs") * settings.count("n_train") / settings.count("batch"));
      const std::uint64_t n_seeds = profile == Profile::paper && (n == 3 || n == 20) ? 3 : 1;
      for (std::uint64_t seed = 0; seed < n_seeds; ++seed)
        list.push_back({std::string(row) + "/n" + std::to_string(n), seed, settings, steps * seconds_a_step});
    }
  }
  // Not in the report: the tuned row at N_z = 3 with the learning rate of its other columns, and with the text's beta_2.
  if (profile == Profile::paper) {
    Settings slow = row_settings("tuned", 3, profile), momentum = slow;
    slow.set("learning_rate", 1e-3);
    momentum.set("beta_2", 0.99);
    for (const auto& [name, settings] : {std::pair("tuned_lr_0.001/n3", slow), {"tuned_beta2_0.99/n3", momentum}})
      list.push_back({name, 0, settings, 60'000 * seconds_a_step});
  }
  return list;
}

Vae<float> build(const Settings& settings, std::uint64_t seed) {
  const std::string& activation = settings.text("activation");
  if (activation != "tanh" && activation != "relu") fail(Exit::usage, "vae: activation \"{}\" is neither tanh nor relu", activation);
  return Vae<float>(n_pixels, settings.count("hidden"), settings.count("latent"), activation == "tanh" ? Activation::tanh : Activation::relu,
                    Stream(seed, "initialisation"));
}

std::unique_ptr<nn::Optimiser<float>> build_optimiser(const Settings& settings, const nn::Parameters<float>& parameters) {
  const std::string& name = settings.text("optimiser");
  const double rate = settings.number("learning_rate");
  if (name == "adagrad") return std::make_unique<nn::Adagrad<float>>(parameters, nn::AdagradSettings{.learning_rate = rate});
  if (name != "adam") fail(Exit::usage, "vae: optimiser \"{}\" is neither adagrad nor adam", name);
  nn::AdamSettings adam{.learning_rate = rate};
  if (settings.values().contains("beta_2")) adam.beta_2 = settings.number("beta_2");
  return std::make_unique<nn::Adam<float>>(parameters, adam);
}

// Rows begin .. begin + count - 1 of a set.
std::vector<std::int64_t> row_range(std::int64_t begin, std::int64_t count) {
  std::vector<std::int64_t> rows(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) rows[static_cast<std::size_t>(i)] = begin + i;
  return rows;
}

// ## Evaluation
//
// The bound of every image from one draw each, as the report's authors took it.
struct Bounds {
  double elbo_nats = 0;            // mean over images
  double standard_error_nats = 0;  // of that mean, over images
  double kl_nats = 0;
  double elbo_as_coded_nats = 0;   // mean over batches of 64, the last, smaller one weighing as much as the others
};

Bounds evaluate(const Vae<float>& model, const datasets::ImageSet& set, const datasets::PixelMap& pixels, Stream noise) {
  constexpr std::int64_t batch = 64;
  Bounds bounds;
  double sum = 0, sum_of_squares = 0, sum_of_batch_means = 0;
  std::int64_t n_batches = 0;
  for (std::int64_t begin = 0; begin < set.n; begin += batch, ++n_batches) {
    const std::int64_t count = std::min(batch, set.n - begin);
    const Var<float> x(datasets::gather(set, row_range(begin, count), pixels));
    const Var<float> epsilon(noise.normal<float>({count, model.latent_size()}));
    const Normal<float> q = model.q(x);
    const Var<float> kl = q.kl_to_standard();
    const Var<float> bound = model.p(q.sample(epsilon)).log_prob(x) - kl;
    double batch_sum = 0;
    for (std::int64_t i = 0; i < count; ++i) {
      batch_sum += bound.value()[i];
      sum_of_squares += static_cast<double>(bound.value()[i]) * bound.value()[i];
      bounds.kl_nats += kl.value()[i];
    }
    sum += batch_sum;
    sum_of_batch_means += batch_sum / static_cast<double>(count);
  }
  const auto n = static_cast<double>(set.n);
  bounds.elbo_nats = sum / n;
  bounds.kl_nats /= n;
  bounds.standard_error_nats = std::sqrt(std::max(0.0, sum_of_squares / n - bounds.elbo_nats * bounds.elbo_nats) / n);
  bounds.elbo_as_coded_nats = sum_of_batch_means / static_cast<double>(n_batches);
  return bounds;
}

// The importance-weighted log-likelihood with the encoder as proposal: a chunk of images at a time, one draw for all of
// them at once.
metrics::LikelihoodSummary importance_likelihood(const Vae<float>& model, const datasets::ImageSet& set, const datasets::PixelMap& pixels,
                                                 std::int64_t n_samples, const Stream& noise, const std::function<void(double)>& progress) {
  constexpr std::int64_t chunk = 100;
  std::vector<metrics::ImportanceEstimate> images;
  for (std::int64_t begin = 0; begin < set.n; begin += chunk) {
    const std::int64_t count = std::min(chunk, set.n - begin);
    const Var<float> x(datasets::gather(set, row_range(begin, count), pixels));
    const Normal<float> q = model.q(x);
    metrics::ImportanceLikelihood likelihood(count);
    Stream draws = noise.at(static_cast<std::uint64_t>(begin));
    for (std::int64_t s = 0; s < n_samples; ++s)
      likelihood.add(log_weight(model, q, x, Var<float>(draws.normal<float>({count, model.latent_size()}))).value());
    const auto estimates = likelihood.estimates();
    images.insert(images.end(), estimates.begin(), estimates.end());
    progress(static_cast<double>(begin + count) / static_cast<double>(set.n));
  }
  return metrics::summarise(images);
}

// ## Pictures
//
// Pixel probabilities as grey levels; paper is 1, as in the training data.
Images as_images(const Array<float>& probabilities) {
  Images images{probabilities.shape()[0], 28, 28, {}};
  for (float p : probabilities) images.pixels.push_back(static_cast<std::uint8_t>(std::lround(255 * p)));
  return images;
}

// The first test image of every digit.
std::vector<std::int64_t> one_of_each_digit(const datasets::ImageSet& set) {
  std::vector<std::int64_t> rows;
  for (std::uint8_t digit = 0; digit < 10; ++digit) {
    const auto found = std::find(set.labels.begin(), set.labels.end(), digit);
    if (found != set.labels.end()) rows.push_back(found - set.labels.begin());
  }
  return rows;
}

Images draw(const Vae<float>& model, std::int64_t n, Stream stream) {
  return as_images(model.p(Var<float>(stream.normal<float>({n, model.latent_size()}))).mean().value());
}

// ## The cell

// What --set may have made impossible.
void check_settings(const Settings& settings) {
  const auto within = [&](const char* name, std::int64_t most) {
    const std::int64_t value = settings.count(name);
    if (value < 1 || value > most) fail(Exit::usage, "vae: {} = {} is outside 1..{}", name, value, most);
  };
  within("latent", 10'000);
  within("hidden", 10'000);
  within("epochs", 1'000'000);
  within("n_train", 60'000);
  within("batch", settings.count("n_train"));
  within("n_test", 10'000);
  within("n_nll_images", settings.count("n_test"));
  within("n_nll_samples", 1'000'000);
}

void run_cell(Run& run) {
  const Settings& settings = run.settings();
  check_settings(settings);
  const std::int64_t n_train = settings.count("n_train"), n_test = settings.count("n_test");
  const auto [training_set, test_set] = datasets::mnist(run.data_option(), {.train = n_train, .test = n_test});
  for (const auto* set : {&training_set, &test_set})
    for (const auto& [file, sha256] : set->sha256) run.used_data(file, sha256, set->stand_in);
  const datasets::ImageSet train = datasets::first(training_set, n_train), test = datasets::first(test_set, n_test);
  const datasets::PixelMap pixels = datasets::threshold(datasets::Ink::zero);

  Vae<float> model = build(settings, run.seed());
  nn::Parameters<float> parameters(model);
  const auto optimiser = build_optimiser(settings, parameters);
  datasets::BatchOrder order(n_train, settings.count("batch"), run.seed());
  const std::int64_t batches = order.batches_per_epoch(), n_steps = settings.count("epochs") * batches;
  const Stream training_noise(run.seed(), "training noise"), test_noise(run.seed(), "test noise");

  std::int64_t step = 0;
  double epoch_sum = 0;                                     // of the batches' mean bounds in this epoch
  Array<double> batch_sums = Array<double>::zeros({batches});  // the same by position in the epoch, over all epochs
  run.keep("parameters", parameters.flat());
  for (std::size_t i = 0; i < optimiser->state().size(); ++i) run.keep("optimiser." + std::to_string(i), optimiser->state()[i]);
  run.keep("optimiser.steps", optimiser->n_steps());
  run.keep("step", step);
  run.keep("epoch_sum", epoch_sum);
  run.keep("batch_sums", batch_sums);
  run.resume();

  while (step < n_steps) {
    const Var<float> x(datasets::gather(train, order.rows(step), pixels));
    const Var<float> epsilon(training_noise.at(static_cast<std::uint64_t>(step)).normal<float>({x.shape()[0], model.latent_size()}));
    const double bound = -nn::train_step<float>(model, *optimiser, [&](const Vae<float>& m) { return loss(m, x, epsilon); });
    epoch_sum += bound;
    batch_sums.data_for_update()[step % batches] += bound;
    ++step;
    if (step % batches == 0) {
      const std::int64_t epoch = step / batches;
      const Bounds bounds = evaluate(model, test, pixels, test_noise.at(static_cast<std::uint64_t>(epoch)));
      run.append("curve", {{"epoch", static_cast<double>(epoch)},
                           {"train_elbo_nats", epoch_sum / static_cast<double>(batches)},
                           {"test_elbo_nats", bounds.elbo_nats},
                           {"test_kl_nats", bounds.kl_nats}});
      epoch_sum = 0;
    }
    run.progress(step, n_steps);
  }

  const Bounds bounds = evaluate(model, test, pixels, test_noise);
  const datasets::ImageSet nll_set = datasets::first(test, settings.count("n_nll_images"));
  const Bounds nll_bounds = evaluate(model, nll_set, pixels, test_noise);
  const std::int64_t n_nll_samples = settings.count("n_nll_samples");
  const auto show = [&](double share) { run.progress(n_steps, n_steps, fmt::format("likelihood {:.0f} %", 100 * share)); };
  const auto likelihood = importance_likelihood(model, nll_set, pixels, n_nll_samples, Stream(run.seed(), "importance noise"), show);

  run.metric("elbo_as_coded_nats", {bounds.elbo_as_coded_nats, "nats", "one draw per image; mean over batches of 64, unweighted",
                                    bounds.standard_error_nats});
  run.metric("elbo_nats", {bounds.elbo_nats, "nats", "one draw per image; mean over images", bounds.standard_error_nats});
  run.metric("kl_nats", {bounds.kl_nats, "nats", "closed form; mean over images", std::nullopt});
  run.metric("nll_importance_nats", {likelihood.nll_nats, "nats", fmt::format("{} importance samples, {} images", n_nll_samples, nll_set.n),
                                     likelihood.standard_error_nats});
  run.metric("nll_monte_carlo_error_nats", {likelihood.monte_carlo_error_nats.value_or(0), "nats",
                                            "of nll_importance_nats on these very images", std::nullopt});
  run.metric("gap_nats", {-nll_bounds.elbo_nats - likelihood.nll_nats, "nats", "bound against importance-weighted likelihood, same images",
                          std::nullopt});
  run.metric("median_effective_samples", {likelihood.median_effective_samples, "count", "of the importance weights, median over images",
                                          std::nullopt});
  run.metric("n_parameters", {static_cast<double>(parameters.count()), "count", "exact", std::nullopt});

  // By position in the epoch, as the report's Figure 1 shows training: averaged over all epochs, ten batches a point.
  experiments::Series by_position{{"samples", {}}, {"train_elbo_nats", {}}};
  constexpr std::int64_t block = 10;
  for (std::int64_t begin = 0; begin + block <= batches; begin += block) {
    double sum = 0;
    for (std::int64_t i = begin; i < begin + block; ++i) sum += batch_sums[i];
    by_position["samples"].push_back(static_cast<double>((begin + block) * settings.count("batch")));
    by_position["train_elbo_nats"].push_back(sum / static_cast<double>(block * settings.count("epochs")));
  }
  run.series("by_position", by_position);

  const Var<float> originals(datasets::gather(test, one_of_each_digit(test), pixels));
  run.images("originals", as_images(originals.value()));
  run.images("reconstructions", as_images(model.p(model.q(originals).mean).mean().value()));
  run.images("samples", draw(model, 10, Stream(run.seed(), "samples")));

  run.health("the importance-weighted likelihood is above the bound", likelihood.nll_nats <= -nll_bounds.elbo_nats + 0.5,
             fmt::format("NLL {:.2f}, -ELBO {:.2f} nats on the same {} images", likelihood.nll_nats, -nll_bounds.elbo_nats, nll_set.n));
  run.weights(parameters.named());
}

// New digits from a trained cell's decoder.
Images sample_cell(const Cell& cell, const experiments::Experiment::Weights& weights, std::int64_t n) {
  Vae<float> model = build(cell.settings, cell.seed);
  const nn::Parameters<float> parameters(model);
  for (const auto& entry : parameters.entries()) {
    const auto found = weights.find(entry.name);
    tensors::require(found != weights.end() && found->second.shape() == entry.window.shape(),
                     "sample: the weights of {} do not fit the cell", entry.name);
    std::copy(found->second.begin(), found->second.end(), entry.window.data_for_update());
  }
  return draw(model, n, Stream(cell.seed, "samples"));
}

}  // namespace

experiments::Experiment vae_experiment() {
  return {.name = "vae",
          .summary = "VAE on MNIST: the implementation and the tuned one, five latent sizes (Table 1, Figures 1, 5, 6)",
          .revision = 1,
          .cells = cells,
          .run = run_cell,
          .sample = sample_cell};
}

}  // namespace vae_extensions
