// # Training and evaluation
//
// One cell trains one model: a row of the table, a latent size, a seed. The settings are the report's; what a profile
// shrinks is the number of images and passes.
#include "paper_vae_extensions/training.hpp"

#include "common/datasets/binarisation.hpp"
#include "common/datasets/mnist.hpp"
#include "common/experiments/pictures.hpp"
#include "common/experiments/settings_check.hpp"
#include "common/metrics/importance.hpp"
#include "common/nn/restore.hpp"

namespace vae_extensions {

using experiments::Images;
using tensors::Exit;
using tensors::fail;

// ## Data

namespace {

// Rows begin .. begin + count - 1 of a set.
std::vector<std::int64_t> row_range(std::int64_t begin, std::int64_t count) {
  std::vector<std::int64_t> rows(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) rows[static_cast<std::size_t>(i)] = begin + i;
  return rows;
}

}  // namespace

Batch batch_of(const Data& data, const datasets::ImageSet& set, std::span<const std::int64_t> rows) {
  Batch batch{datasets::gather(set, rows, data.pixels), {}};
  if (data.n_labels > 0) batch.labels = datasets::gather_labels(set, rows, data.n_labels);
  return batch;
}

Batch batch_of(const Data& data, const datasets::ImageSet& set, std::int64_t begin, std::int64_t count) {
  return batch_of(data, set, row_range(begin, count));
}

Data mnist_data(Run& run, std::int64_t n_labels) {
  const std::int64_t n_train = run.settings().count("n_train"), n_test = run.settings().count("n_test");
  const auto [training_set, test_set] = datasets::mnist(run.data_option(), {.train = n_train, .test = n_test});
  for (const auto* set : {&training_set, &test_set}) run.used_data(set->sha256, set->stand_in);
  return {datasets::first(training_set, n_train), datasets::first(test_set, n_test), datasets::threshold(datasets::Ink::zero), n_labels};
}

// ## Settings

Settings mnist_settings(std::int64_t n, Profile profile) {
  Settings settings{
      {"latent", n},
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

std::vector<SizeAndSeeds> sizes_and_seeds(Profile profile) {
  switch (profile) {
    case Profile::smoke: return {{3, 1}};
    case Profile::quick: return {{3, 1}, {20, 1}};
    case Profile::paper: break;
  }
  return {{3, 3}, {5, 1}, {10, 1}, {20, 3}, {200, 1}};
}

void add_cells(std::vector<Cell>& cells, const std::string& row, const SizeAndSeeds& size, const Settings& settings, double seconds) {
  for (std::uint64_t seed = 0; seed < size.n_seeds; ++seed) cells.push_back({row + "/n" + std::to_string(size.n), seed, settings, seconds});
}

double n_steps(const Settings& settings) {
  const std::int64_t batch = settings.count("batch");
  return static_cast<double>(settings.count("epochs") * ((settings.count("n_train") + batch - 1) / batch));
}

const std::string& one_of(const Settings& settings, const char* name, const char* one, const char* other) {
  const std::string& text = settings.text(name);
  if (text != one && text != other) fail(Exit::usage, "{} \"{}\" is neither {} nor {}", name, text, one, other);
  return text;
}

nn::Activation activation_of(const Settings& settings) {
  return one_of(settings, "activation", "tanh", "relu") == "tanh" ? nn::Activation::tanh : nn::Activation::relu;
}

namespace {

std::unique_ptr<nn::Optimiser<float>> build_optimiser(const Settings& settings, const nn::Parameters<float>& parameters) {
  const double rate = settings.number("learning_rate");
  if (one_of(settings, "optimiser", "adagrad", "adam") == "adagrad")
    return std::make_unique<nn::Adagrad<float>>(parameters, nn::AdagradSettings{.learning_rate = rate});
  nn::AdamSettings adam{.learning_rate = rate};
  if (settings.values().contains("beta_2")) adam.beta_2 = settings.number("beta_2");
  if (settings.values().contains("epsilon")) adam.epsilon = settings.number("epsilon");
  return std::make_unique<nn::Adam<float>>(parameters, adam);
}

// What --set may have made impossible.
void check_settings(const Settings& settings) {
  const experiments::SettingsCheck check("", settings);
  check.within("latent", 1, 10'000);
  check.within("hidden", 1, 10'000);
  check.within("k", 1, 1000);
  check.within("epochs", 1, 1'000'000);
  check.within("n_train", 1, 60'000);
  check.within("batch", 1, settings.count("n_train"));
  check.within("n_test", 1, 10'000);
  check.within("n_nll_images", 1, settings.count("n_test"));
  check.within("n_nll_samples", 1, 1'000'000);
  check.within("noise", 0, 1);
  check.within("beta", 0, 1e6);
  check.within("beta_2", 0, 0.999999);
  for (const char* name : {"learning_rate", "epsilon"}) check.within(name, 1e-30, 1e30);
}

// ## Evaluation
//
// The bound of every image from one draw each, as the report's authors took it.
struct Bounds {
  double elbo_nats = 0;            // mean over images
  double standard_error_nats = 0;  // of that mean, over images
  double kl_nats = 0;
  double elbo_as_coded_nats = 0;   // mean over batches of 64, the last, smaller one weighing as much as the others
  double as_coded_error_nats = 0;  // of that mean, over images; over batches, where the script has one value for each
};

Bounds evaluate(const Row& row, const Data& data, const datasets::ImageSet& set, Stream noise) {
  constexpr std::int64_t batch = 64;
  Bounds bounds;
  double sum = 0, sum_of_squares = 0, sum_of_batch_values = 0;
  ImageMean as_coded;
  std::int64_t n_batches = 0;
  for (std::int64_t begin = 0; begin < set.n; begin += batch, ++n_batches) {
    const std::int64_t count = std::min(batch, set.n - begin);
    const BatchBounds of_batch = row.bounds(batch_of(data, set, begin, count), noise);
    double batch_sum = 0;
    for (std::int64_t i = 0; i < count; ++i) {
      const float bound = of_batch.elbo[i];
      batch_sum += bound;
      sum_of_squares += static_cast<double>(bound) * bound;
      bounds.kl_nats += of_batch.kl[i];
    }
    sum += batch_sum;
    if (of_batch.as_coded) {
      ImageMean of_script;
      for (ImageMean* mean : {&of_script, &as_coded}) mean->add(of_batch.as_coded->elements());
      sum_of_batch_values += of_script.mean();
    } else {
      sum_of_batch_values += batch_sum / static_cast<double>(count);
    }
  }
  const auto n = static_cast<double>(set.n);
  bounds.elbo_nats = sum / n;
  bounds.kl_nats /= n;
  bounds.standard_error_nats = std::sqrt(std::max(0.0, sum_of_squares / n - bounds.elbo_nats * bounds.elbo_nats) / n);
  bounds.elbo_as_coded_nats = sum_of_batch_values / static_cast<double>(n_batches);
  bounds.as_coded_error_nats = row.as_coded_estimator() ? as_coded.standard_error() : bounds.standard_error_nats;
  return bounds;
}

// The importance-weighted log-likelihood with the encoder as proposal: a chunk of images at a time, one draw for all of
// them at once.
metrics::LikelihoodSummary importance_likelihood(const Row& row, const Data& data, const datasets::ImageSet& set, std::int64_t n_samples,
                                                 const Stream& noise, const std::function<void(double)>& progress) {
  constexpr std::int64_t chunk = 100;
  std::vector<metrics::ImportanceEstimate> images;
  for (std::int64_t begin = 0; begin < set.n; begin += chunk) {
    const std::int64_t count = std::min(chunk, set.n - begin);
    const LogWeightSampler sampler = row.log_weight_sampler(batch_of(data, set, begin, count));
    metrics::ImportanceLikelihood likelihood(count);
    Stream draws = noise.at(static_cast<std::uint64_t>(begin));
    for (std::int64_t s = 0; s < n_samples; ++s) likelihood.add(sampler(draws));
    const auto estimates = likelihood.estimates();
    images.insert(images.end(), estimates.begin(), estimates.end());
    progress(static_cast<double>(begin + count) / static_cast<double>(set.n));
  }
  return metrics::summarise(images);
}

// The first test image of every digit; ten in equal distances, where there are no labels.
std::vector<std::int64_t> ten_to_show(const datasets::ImageSet& set) {
  if (!set.labels.empty()) return datasets::first_of_each_digit(set);
  std::vector<std::int64_t> rows;
  for (std::int64_t i = 0; i < 10; ++i) rows.push_back(i * set.n / 10);
  return rows;
}

// ## Training

// What a checkpoint holds lives as long as the cell.
class Training {
 public:
  Training(Run& run, Row& row, const Data& data)
      : run_(run),
        row_(row),
        data_(data),
        optimiser_(build_optimiser(run.settings(), row.parameters())),
        order_(data.train.n, run.settings().count("batch"), run.seed()),
        batch_sums_(Array<double>::zeros({order_.batches_per_epoch()})) {
    run.keep("parameters", row.parameters().flat());
    run.keep("optimiser", *optimiser_);
    run.keep("step", step_);
    run.keep("epoch_sum", epoch_sum_);
    run.keep("batch_sums", batch_sums_);
    run.resume();
  }

  std::int64_t n_steps() const { return run_.settings().count("epochs") * order_.batches_per_epoch(); }

  void to_the_end() {
    const std::int64_t batches = order_.batches_per_epoch();
    const Stream noise(run_.seed(), "training noise");
    while (step_ < n_steps()) {
      const Batch batch = batch_of(data_, data_.train, order_.rows(step_));
      const double bound = row_.train_step(*optimiser_, batch, noise.at(static_cast<std::uint64_t>(step_)));
      epoch_sum_ += bound;
      batch_sums_.data_for_update()[step_ % batches] += bound;
      ++step_;
      if (step_ % batches == 0) end_epoch(step_ / batches);
      run_.progress(step_, n_steps());
    }
    run_.series("by_position", by_position());
  }

 private:
  void end_epoch(std::int64_t epoch) {
    const Bounds bounds = evaluate(row_, data_, data_.test, Stream(run_.seed(), "test noise", static_cast<std::uint64_t>(epoch)));
    std::map<std::string, double> point{{"epoch", static_cast<double>(epoch)},
                                        {"train_elbo_nats", epoch_sum_ / static_cast<double>(order_.batches_per_epoch())},
                                        {"test_elbo_nats", bounds.elbo_nats},
                                        {"test_kl_nats", bounds.kl_nats}};
    if (row_.as_coded_estimator()) point["test_as_coded_nats"] = bounds.elbo_as_coded_nats;
    run_.append("curve", point);
    epoch_sum_ = 0;
  }

  // By position in the epoch, as the report's Figure 1 shows training: averaged over all epochs, ten batches a point.
  experiments::Series by_position() const {
    experiments::Series series{{"samples", {}}, {"train_elbo_nats", {}}};
    constexpr std::int64_t block = 10;
    for (std::int64_t begin = 0; begin + block <= order_.batches_per_epoch(); begin += block) {
      double sum = 0;
      for (std::int64_t i = begin; i < begin + block; ++i) sum += batch_sums_[i];
      series["samples"].push_back(static_cast<double>((begin + block) * run_.settings().count("batch")));
      series["train_elbo_nats"].push_back(sum / static_cast<double>(block * run_.settings().count("epochs")));
    }
    return series;
  }

  Run& run_;
  Row& row_;
  const Data& data_;
  std::unique_ptr<nn::Optimiser<float>> optimiser_;
  datasets::BatchOrder order_;
  std::int64_t step_ = 0;
  double epoch_sum_ = 0;       // of the batches' mean bounds in this epoch
  Array<double> batch_sums_;   // the same by position in the epoch, over all epochs
};

// ## Results

void report(Run& run, const Row& row, const Data& data, std::int64_t n_steps) {
  const Settings& settings = run.settings();
  const Stream test_noise(run.seed(), "test noise");
  const Bounds bounds = evaluate(row, data, data.test, test_noise);
  const datasets::ImageSet nll_set = datasets::first(data.test, settings.count("n_nll_images"));
  const Bounds nll_bounds = evaluate(row, data, nll_set, test_noise);
  const std::int64_t n_nll_samples = settings.count("n_nll_samples");
  const auto show = [&](double share) { run.progress(n_steps, n_steps, fmt::format("likelihood {:.0f} %", 100 * share)); };
  const auto likelihood = importance_likelihood(row, data, nll_set, n_nll_samples, Stream(run.seed(), "importance noise"), show);

  run.metric("elbo_as_coded_nats",
             {bounds.elbo_as_coded_nats, "nats",
              row.as_coded_estimator().value_or("one draw per image") + "; mean over batches of 64, unweighted", bounds.as_coded_error_nats});
  run.metric("elbo_nats", {bounds.elbo_nats, "nats", "one draw per image; mean over images", bounds.standard_error_nats});
  run.metric("kl_nats", {bounds.kl_nats, "nats", row.kl_estimator(), std::nullopt});
  run.metric("nll_importance_nats", {likelihood.nll_nats, "nats", fmt::format("{} importance samples, {} images", n_nll_samples, nll_set.n),
                                     likelihood.standard_error_nats});
  run.metric("nll_monte_carlo_error_nats", {likelihood.monte_carlo_error_nats.value_or(0), "nats",
                                            "of nll_importance_nats on these very images", std::nullopt});
  run.metric("gap_nats", {-nll_bounds.elbo_nats - likelihood.nll_nats, "nats", "bound against importance-weighted likelihood, same images",
                          std::nullopt});
  run.metric("median_effective_samples", {likelihood.median_effective_samples, "count", "of the importance weights, median over images",
                                          std::nullopt});
  run.metric("n_parameters", {static_cast<double>(row.parameters().count()), "count", "exact", std::nullopt});

  const Batch shown = batch_of(data, data.test, ten_to_show(data.test));
  run.images("originals", as_images(shown.x.value(), data.test));
  run.images("reconstructions", as_images(row.reconstruct(shown), data.test));
  run.images("samples", as_images(row.draw(10, Stream(run.seed(), "samples")), data.test));

  run.health("the importance-weighted likelihood is above the bound", likelihood.nll_nats <= -nll_bounds.elbo_nats + 0.5,
             fmt::format("NLL {:.2f}, -ELBO {:.2f} nats on the same {} images", likelihood.nll_nats, -nll_bounds.elbo_nats, nll_set.n));
  run.weights(row.parameters().named());
}

}  // namespace

Images as_images(const Array<float>& grey, const datasets::ImageSet& like) { return experiments::as_images(grey, like.height, like.width); }

// ## The experiment

experiments::Experiment as_experiment(const RowExperiment& e) {
  const auto run_cell = [e](Run& run) {
    check_settings(run.settings());
    const Data data = e.data(run);
    const auto row = e.build(run.settings(), run.seed());
    Training training(run, *row, data);
    training.to_the_end();
    report(run, *row, data, training.n_steps());
    e.more(run, *row, data);
  };
  const auto sample_cell = [e](const Cell& cell, const experiments::Experiment::Weights& weights, std::int64_t n) {
    const auto row = e.build(cell.settings, cell.seed);
    nn::restore(row->parameters(), weights);
    const Array<float> drawn = row->draw(n, Stream(cell.seed, "samples"));
    return experiments::as_images(drawn, 28, drawn.shape()[1] == mnist_pixels ? 28 : 20);
  };
  return {.name = e.name, .summary = e.summary, .revision = e.revision, .cells = e.cells, .run = run_cell, .sample = sample_cell};
}

}  // namespace vae_extensions
