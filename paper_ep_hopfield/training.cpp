// # Training and evaluation
//
// One cell trains one model. After every epoch it draws digits from the prior and takes their distance to images that were
// held out of the training set; all models stop by one rule on that distance, and the weights of the best epoch are the result.
#include "paper_ep_hopfield/training.hpp"

#include "common/datasets/mnist.hpp"
#include "common/experiments/pictures.hpp"
#include "common/experiments/settings_check.hpp"
#include "common/nn/restore.hpp"
#include "common/reporting/statistics.hpp"
#include "paper_ep_hopfield/clip.hpp"
#include "paper_ep_hopfield/exact.hpp"
#include "paper_ep_hopfield/models.hpp"
#include "paper_ep_hopfield/probes.hpp"
#include "paper_ep_hopfield/scores.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <limits>
#include <numeric>

namespace ep_hopfield {

using experiments::Images;
using experiments::Run;
using experiments::Settings;
using tensors::Exit;
using tensors::fail;

namespace {

constexpr std::int64_t chunk = 250;  // examples at once, outside training

// ## Data
//
// The last images of the training set are held out for the stopping rule; the classifier that judges sees neither them nor the test set.
struct Data {
  datasets::ImageSet train, held_out, test;
};

Data load_data(Run& run) {
  const std::int64_t n_train = run.settings().count("n_train"), n_held_out = run.settings().count("n_held_out"),
                     n_test = run.settings().count("n_test");
  if (n_train < 2 || n_held_out < 2 || n_train + n_held_out > 60'000 || n_test < 2 || n_test > 10'000)
    fail(Exit::usage, "ep_hopfield: {} training and {} held-out images must be of 60,000, {} test images of 10,000; two of each at least", n_train,
         n_held_out, n_test);
  const auto [train, test] = datasets::mnist(run.data_option(), {.train = n_train + n_held_out, .test = n_test});
  for (const auto* set : {&train, &test}) run.used_data(set->sha256, set->stand_in);
  auto split = datasets::hold_out_last(datasets::first(train, n_train + n_held_out), n_held_out);
  return {std::move(split.training), std::move(split.held_out), datasets::first(test, n_test)};
}

// What --set may have made impossible; what concerns the networks is seen to where they are built.
experiments::SettingsCheck check_of(const Settings& settings) { return {"ep_hopfield", settings}; }

void check_classifier(const Settings& settings) {
  const auto check = check_of(settings);
  check.within("n_classifier_images", 1, 60'000);
  check.within("classifier_epochs", 1, 1000);
}

const Settings& checked(const Settings& settings) {
  constexpr std::int64_t most = 1'000'000;
  check_classifier(settings);
  const auto check = check_of(settings);
  check.within("batch", 1, settings.number("n_train"));
  check.within("max_epochs", 1, most);
  check.within("min_epochs", 0, settings.number("max_epochs"));
  check.within("patience", 1, most);
  for (const char* name : {"n_generated", "n_generated_held_out"}) check.within(name, 2, most);
  check.within("n_sample_sets", 1, 1000);
  check.one_of("optimiser", {"adam", "rmsprop", "sgd"});
  for (const char* name : {"learning_rate", "tolerance"}) check.within(name, 1e-30, 1e30);
  for (const char* name : {"beta_kl", "gain"}) check.within(name, 0, 1e6);
  return settings;
}

Describer describer(Run& run, const datasets::ImageSet& train) {
  const datasets::ImageSet images = datasets::first(train, std::min(train.n, run.settings().count("n_classifier_images")));
  return Describer(train_classifier(images, run.settings().count("classifier_epochs")));
}

Array<float> all_images(const datasets::ImageSet& set) { return datasets::gather_all(set, signed_pixels()); }

// Training of the classifier is repeatable for one build; another build may round otherwise, and then judges a little otherwise.
double classifier_mark(const metrics::GaussianFit& of_test_images) { return std::accumulate(of_test_images.mean.begin(), of_test_images.mean.end(), 0.0); }

// ## Use of a model, a chunk of examples at a time
// Grey levels lie in [-1, 1]; a network's units may go a little beyond.
Array<float> decoded(const Model& model, const Array<float>& z) {
  const std::int64_t n = z.shape()[0], L = z.shape()[1];
  Array<float> x({n, n_pixels});
  for_chunks(n, chunk, [&](std::int64_t begin, std::int64_t count) {
    const Array<float> part = model.decode(z.window(begin * L, {count, L}));
    std::transform(part.begin(), part.end(), x.mutable_data() + begin * n_pixels, [](float v) { return std::clamp(v, -1.0f, 1.0f); });
  });
  return x;
}

Array<float> generated(const Model& model, std::int64_t n, Stream stream) { return decoded(model, stream.normal<float>({n, model.latent_size()})); }

Images as_images(const Array<float>& x) { return experiments::as_images(x, 28, 28, -1); }

// The first image of every digit.
Array<float> one_of_each_digit(const datasets::ImageSet& set) {
  return datasets::gather(set, datasets::first_of_each_digit(set), signed_pixels());
}

// Means over images, one draw of z each.
struct Reconstruction {
  double half_sse = 0, kl_nats = 0;
};

Reconstruction reconstruction(const Model& model, const Array<float>& images, const Stream& noise) {
  Reconstruction total;
  const auto n = static_cast<double>(images.shape()[0]);
  for_chunks(images.shape()[0], chunk, [&](std::int64_t begin, std::int64_t count) {
    const Array<float> x = images.window(begin * n_pixels, {count, n_pixels});
    const Code<float> q = model.encode(x);
    const Var<float> epsilon(noise.at(static_cast<std::uint64_t>(begin)).normal<float>({count, model.latent_size()}));
    total.half_sse += sum(half_sse(Var<float>(model.decode(q.sample(epsilon).value())), Var<float>(x))).item() / n;
    total.kl_nats += sum(kl(q)).item() / n;
  });
  return total;
}

// The mean over `images` of the half squared error that the mean of `training` has as everyone's reconstruction.
double half_sse_of_mean(const Array<float>& training, const Array<float>& images) {
  std::vector<double> mean(n_pixels);
  for (std::int64_t i = 0; i < training.size(); ++i) mean[static_cast<std::size_t>(i % n_pixels)] += training[i];
  const double n_training = static_cast<double>(training.shape()[0]);
  double total = 0;
  for (std::int64_t i = 0; i < images.size(); ++i) total += std::pow(images[i] - mean[static_cast<std::size_t>(i % n_pixels)] / n_training, 2);
  return total / 2 / static_cast<double>(images.shape()[0]);
}

// ## The optimiser
//
// Adam, where the setting `optimiser` does not say otherwise.
std::unique_ptr<nn::Optimiser<float>> optimiser(const Settings& settings, const nn::Parameters<float>& parameters) {
  const std::string name = settings.values().contains("optimiser") ? settings.text("optimiser") : "adam";
  const double rate = settings.number("learning_rate");
  if (name == "sgd") return std::make_unique<nn::Sgd<float>>(parameters, nn::SgdSettings{.learning_rate = rate, .momentum = 0.9});
  if (name == "rmsprop") return std::make_unique<nn::RmsPropPyTorch<float>>(parameters, nn::RmsPropSettings{.learning_rate = rate});
  return std::make_unique<nn::Adam<float>>(parameters, nn::AdamSettings{.learning_rate = rate});
}

// ## The cell
class Trial {
 public:
  explicit Trial(Run& run)
      : run_(run),
        settings_(checked(run.settings())),
        data_(load_data(run)),
        model_(build_model(settings_, run.seed())),
        describer_(describer(run, data_.train)),
        held_out_(describer_.classifier_fit(all_images(data_.held_out))),
        parameters_(model_->parameters()),
        optimiser_(optimiser(settings_, parameters_)),
        clip_(settings_.values().contains("clip") ? std::optional<Clip>(Clip{settings_.number("clip")}) : std::nullopt),
        best_(parameters_.flat().copy()),
        order_(data_.train.n, settings_.count("batch"), run.seed(), datasets::LastBatch::drop),
        noise_(run.seed(), "training noise"),
        probe_x_(one_of_each_digit(data_.held_out)),
        probe_epsilon_(Stream(run.seed(), "probe noise").normal<float>({probe_x_.shape()[0], model_->latent_size()})) {}

  void train() {
    run_.keep("parameters", parameters_.flat());
    run_.keep("optimiser", *optimiser_);
    run_.keep("best", best_);
    run_.keep("best_epoch", best_epoch_);
    run_.keep("best_distance", best_distance_);
    run_.keep("step", step_);
    run_.keep("half_sse_sum", half_sse_sum_);
    run_.keep("kl_sum", kl_sum_);
    run_.keep("n_settlings", n_settlings_);
    run_.keep("n_unsettled", n_unsettled_);
    run_.keep("n_unsettled_in_all", n_unsettled_in_all_);
    run_.keep("n_settlings_in_all", n_settlings_in_all_);
    run_.keep("worst_residual", worst_residual_);
    run_.keep("euler_steps", euler_steps_);
    if (exact()) {
      run_.keep("n_unstable", left_out_.unstable);
      run_.keep("n_unsolved", left_out_.unsolved);
      run_.keep("n_left_out_before", n_left_out_before_);
    }
    if (clip_) {
      run_.keep("typical_length", clip_->typical_length);
      run_.keep("n_clipped", clip_->n_clipped);
    }
    if (!run_.resume()) probe(0);
    const std::int64_t batches = order_.batches_per_epoch(), most = settings_.count("max_epochs");
    while (!stopped()) {
      train_step();
      ++step_;
      if (step_ % batches == 0) end_epoch(step_ / batches);
      run_.progress(step_, most * batches);
    }
    std::copy(best_.begin(), best_.end(), parameters_.flat().data_for_update());
  }

  void report() {
    const Array<float> test_images = all_images(data_.test);
    const Reconstruction test = reconstruction(*model_, test_images, Stream(run_.seed(), "test noise"));
    report_distances(describer_.fits(test_images));
    run_.metric("held_out_fid", {best_distance_, "", "classifier features, against the held-out images, at the best epoch", {}});
    run_.metric("half_sse", {test.half_sse, "", "half the squared error of an image, one draw of z, mean over the test images", {}});
    run_.metric("kl_nats", {test.kl_nats, "nats", "closed form, mean over the test images", {}});
    run_.metric("best_epoch", {static_cast<double>(best_epoch_), "epochs", "least distance to the held-out images", {}});
    run_.metric("n_epochs", {static_cast<double>(step_ / order_.batches_per_epoch()), "epochs", "until the rule stopped training", {}});
    run_.metric("n_weights", {static_cast<double>(model_->n_weights()), "count", "exact; a pair of units counts once", {}});
    run_.metric("classifier_accuracy",
                {accuracy(describer_.classifier(), data_.test), "", "of the classifier behind fid_classifier, test images", {}});
    run_.metric("classifier_mark", {classifier_mark(describer_.classifier_fit(test_images)), "", "sum of the mean features of the test images: equal for equal classifiers", {}});
    const Array<float> originals = one_of_each_digit(data_.test);
    run_.images("originals", as_images(originals));
    run_.images("reconstructions", as_images(model_->decode(model_->encode(originals).mu.value())));
    run_.images("samples", as_images(generated(*model_, 10, Stream(run_.seed(), "samples"))));
    if (clip_) run_.metric("clipped_share", {share(clip_->n_clipped, step_), "", "of the training steps: gradients that were scaled down", {}});
    if (model_->hopfield()) report_settling();
    if (probes() && !exact()) probe_nudges(run_, *model_, phases_from(settings_), probe_x_, probe_epsilon_);
    run_.weights(parameters_.named());
  }

 private:
  bool probes() const { return model_->hopfield() && settings_.flag("probes"); }
  bool exact() const { return settings_.text("gradient") == exact_where_stable; }

  // The one rule: after `patience` epochs without a new best, but not before min_epochs, at max_epochs at the latest.
  bool stopped() const {
    const std::int64_t epochs = step_ / order_.batches_per_epoch();
    if (step_ % order_.batches_per_epoch() != 0 || epochs < settings_.count("min_epochs")) return false;
    return epochs >= settings_.count("max_epochs") || epochs - best_epoch_ >= settings_.count("patience");
  }

  void train_step() {
    const Array<float> x = datasets::gather(data_.train, order_.rows(step_), signed_pixels());
    const Array<float> epsilon = noise_.at(static_cast<std::uint64_t>(step_)).normal<float>({x.shape()[0], model_->latent_size()});
    const Gradients<float> result = [&] {
      try {
        return model_->gradients(x, epsilon);
      } catch (const tensors::Divergence& divergence) {
        throw tensors::Divergence(fmt::format("training step {}: {}", step_, divergence.what()));
      }
    }();
    if (!std::isfinite(result.half_sse + result.kl_nats)) throw tensors::Divergence(fmt::format("the loss is not finite at training step {}", step_));
    const auto scale = static_cast<float>(clip_ ? clip_->scale(result.blocks) : 1);
    optimiser_->begin_step();
    for (std::size_t i = 0; i < result.blocks.size(); ++i)
      optimiser_->update(static_cast<std::int32_t>(i), scale < 1 ? tensors::kernels::mul(result.blocks[i], Array<float>::full({}, scale)) : result.blocks[i]);
    left_out_.unstable += result.left_out.unstable;
    left_out_.unsolved += result.left_out.unsolved;
    half_sse_sum_ += result.half_sse;
    kl_sum_ += result.kl_nats;
    n_settlings_ += result.settlings.n;
    n_unsettled_ += result.settlings.n_unsettled;
    worst_residual_ = std::max(worst_residual_, result.settlings.worst_free_residual);
    euler_steps_ += result.settlings.n_steps;
  }

  void end_epoch(std::int64_t epoch) {
    const auto batches = static_cast<double>(order_.batches_per_epoch());
    const Array<float> digits = generated(*model_, settings_.count("n_generated_held_out"), Stream(run_.seed(), "held-out samples"));
    const double distance = metrics::frechet_distance(describer_.classifier_fit(digits), held_out_);
    if (distance < best_distance_) {
      best_distance_ = distance;
      best_epoch_ = epoch;
      std::copy(parameters_.flat().begin(), parameters_.flat().end(), best_.data_for_update());
    }
    std::map<std::string, double> row{{"epoch", static_cast<double>(epoch)}, {"half_sse", half_sse_sum_ / batches}, {"kl_nats", kl_sum_ / batches},
                                      {"held_out_fid", distance}};
    if (model_->hopfield()) {
      row["unsettled_share"] = share(n_unsettled_, n_settlings_);
      row["worst_free_residual"] = worst_residual_;
      row["euler_steps"] = static_cast<double>(euler_steps_) / batches;
    }
    if (exact()) row["left_out_share"] = share(left_out_.total() - n_left_out_before_, order_.batches_per_epoch() * settings_.count("batch"));
    n_left_out_before_ = left_out_.total();
    run_.append("curve", row);
    n_settlings_in_all_ += n_settlings_;
    n_unsettled_in_all_ += n_unsettled_;
    half_sse_sum_ = kl_sum_ = worst_residual_ = 0;
    n_settlings_ = n_unsettled_ = euler_steps_ = 0;
    if (std::has_single_bit(static_cast<std::uint64_t>(epoch)) || epoch % 5 == 0) probe(epoch);
  }

  void probe(std::int64_t epoch) {
    if (!probes()) return;
    const Phases phases = phases_from(settings_);
    probe_settling(run_, *model_, phases, probe_x_, probe_epsilon_, epoch);
    probe_gradients(run_, *model_, phases, probe_x_, probe_epsilon_, epoch);
  }

  // Means over sets of generated digits, ± the standard error; of one set alone there is none.
  void report_distances(const Fits& of_test_images) {
    const std::int64_t n_generated = settings_.count("n_generated"),
                       n_sets = settings_.values().contains("n_sample_sets") ? settings_.count("n_sample_sets") : 1;
    std::map<std::string, std::vector<double>> found;
    for (std::int64_t set = 0; set < n_sets; ++set) {
      const Array<float> digits = generated(*model_, n_generated, Stream(run_.seed(), "samples", static_cast<std::uint64_t>(set)));
      for (const auto& [name, distance] : distances(describer_.fits(digits), of_test_images)) found[name].push_back(distance);
    }
    for (const auto& [name, values] : found) {
      const reporting::Sample of = reporting::summarise(values);
      run_.metric("fid_" + name, {of.mean, "",
                                  fmt::format("{} features, {} generated digits against {} test images{}", name, n_generated, data_.test.n,
                                              n_sets > 1 ? fmt::format(", mean over {} sets of digits", n_sets) : ""),
                                  of.n > 1 ? std::optional(of.standard_error()) : std::nullopt});
    }
  }

  void report_settling() {
    bool symmetric = true;
    for (const auto& network : model_->hopfield()->networks)
      for (const auto& [a, b, W] : network.blocks) {
        const std::int64_t n = W.shape()[0];
        for (std::int64_t i = 0; a == b && i < n; ++i)
          for (std::int64_t j = 0; j <= i; ++j) symmetric = symmetric && W.value()[i * n + j] == (i == j ? 0.0f : W.value()[j * n + i]);
      }
    run_.health("the weights are symmetric with a zero diagonal, to the bit", symmetric, symmetric ? "all blocks" : "a pair has two weights");
    run_.metric("n_unsettled",
                {static_cast<double>(n_unsettled_in_all_), "count", "settlings of an example that a unit left faster than the tolerance", {}});
    run_.metric("unsettled_share",
                {share(n_unsettled_in_all_, n_settlings_in_all_), "", "of all settlings in training, free and weakly clamped", {}});
    if (!exact()) return;
    const std::int64_t n_examples = step_ * settings_.count("batch");
    run_.metric("left_out_share", {share(left_out_.total(), n_examples), "", "of the training examples of all steps: no exact gradient", {}});
    run_.metric("unsolved_share", {share(left_out_.unsolved, n_examples), "", "of them those whose system was not solved, the Hessian being positive", {}});
  }

  Run& run_;
  const Settings& settings_;
  Data data_;
  std::unique_ptr<Model> model_;
  Describer describer_;
  metrics::GaussianFit held_out_;
  const nn::Parameters<float>& parameters_;
  std::unique_ptr<nn::Optimiser<float>> optimiser_;
  std::optional<Clip> clip_;
  Array<float> best_;  // the parameters after the best epoch
  datasets::BatchOrder order_;
  Stream noise_;
  Array<float> probe_x_, probe_epsilon_;

  std::int64_t step_ = 0, best_epoch_ = 0;
  double best_distance_ = std::numeric_limits<double>::infinity();
  double half_sse_sum_ = 0, kl_sum_ = 0, worst_residual_ = 0;           // of this epoch
  std::int64_t n_settlings_ = 0, n_unsettled_ = 0, euler_steps_ = 0;
  std::int64_t n_settlings_in_all_ = 0, n_unsettled_in_all_ = 0;
  LeftOut left_out_;                     // of all steps
  std::int64_t n_left_out_before_ = 0;   // of the epochs that have ended
};

}  // namespace

void run_training(Run& run) {
  Trial trial(run);
  trial.train();
  trial.report();
}

// ## What the scores are worth
//
// A perfect generator would not be at zero: two halves of the test set are not either, nor are training and test images.
void run_reference(Run& run) {
  const Settings& settings = run.settings();
  check_classifier(settings);
  check_of(settings).within("n_splits", 1, 1000);
  const Data data = load_data(run);
  const Describer describe = describer(run, data.train);
  const Array<float> test = all_images(data.test), train = all_images(data.train);
  run.metric("classifier_accuracy", {accuracy(describe.classifier(), data.test), "", "test images", {}});
  run.metric("half_sse_of_mean_image", {half_sse_of_mean(train, test), "",
                                        "half the squared error of the mean training image, mean over the test images: what a code that says nothing can do", {}});

  // Random halves, several times: their distance, and its spread.
  const std::int64_t n = data.test.n, half = n / 2, n_splits = settings.count("n_splits");
  std::map<std::string, std::vector<double>> of_halves;
  for (std::int64_t split = 0; split < n_splits; ++split) {
    const auto order = Stream(run.seed(), "halves", static_cast<std::uint64_t>(split)).permutation(n);
    const std::span<const std::int64_t> rows(order);
    const auto part = [&](std::span<const std::int64_t> chosen) { return describe.fits(datasets::gather(data.test, chosen, signed_pixels())); };
    for (const auto& [name, distance] : distances(part(rows.first(static_cast<std::size_t>(half))), part(rows.last(static_cast<std::size_t>(half)))))
      of_halves[name].push_back(distance);
    run.progress(split + 1, n_splits);
  }
  for (const auto& [name, values] : of_halves) {
    const reporting::Sample of = reporting::summarise(values);
    run.metric(
        "halves_" + name,
        {of.mean, "", fmt::format("{} features, two random halves of {} test images, mean over {} splits; ± one split", name, n, n_splits),
         of.n > 1 ? std::optional(of.sd) : std::nullopt});
  }
  const std::int64_t n_same = std::min(n, data.train.n);
  for (const auto& [name, distance] : distances(describe.fits(train.window(0, {n_same, n_pixels})), describe.fits(test)))
    run.metric("train_test_" + name, {distance, "", fmt::format("{} features, {} training images against the test images", name, n_same), {}});
  if (const std::string& file = settings.text("features_file"); !file.empty())
    run.metric("fid_from_file", {distance_from_file(file), "", "features from the file that the setting features_file names", {}});
}

Images sample_cell(const experiments::Cell& cell, const experiments::Experiment::Weights& weights, std::int64_t n) {
  const auto model = build_model(cell.settings, cell.seed);
  nn::restore(model->parameters(), weights);
  return as_images(generated(*model, n, Stream(cell.seed, "samples")));
}

}  // namespace ep_hopfield
