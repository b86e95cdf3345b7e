// # Training and evaluation: HVAE and IWAE on MNIST
//
// The authors' data: the first 10,000 training images and the first 1,000 test images, pixels rounded to zeros and ones. All
// cells of a seed start from the same networks and see the same batches and the same noise.
#include "paper_hvae/normalised_experiment.hpp"

#include "common/datasets/binarisation.hpp"
#include "common/datasets/mnist.hpp"
#include "common/distributions/importance_bound.hpp"
#include "common/experiments/pictures.hpp"
#include "common/experiments/settings_check.hpp"
#include "common/nn/restore.hpp"
#include "common/nn/training.hpp"
#include "paper_hvae/image_evaluation.hpp"
#include "paper_hvae/normalised_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <numeric>

namespace hvae {

using experiments::Cell;
using experiments::Profile;
using experiments::Run;
using experiments::Settings;
using experiments::SettingsCheck;

namespace {

using Model = NormalisedModel<float>;
using FloatPass = Pass<float>;

constexpr std::array<std::int64_t, 7> printed_epochs{1, 5, 10, 13, 20, 28, 40};  // in the authors' notebook and its plot

Model build(const Settings& settings, std::uint64_t seed) {
  NormalisedSizes sizes;
  sizes.hidden = settings.count("hidden");
  sizes.latent = settings.count("latent");
  Stream stream(seed, "initialisation");
  const double log_alpha = settings.values().contains("first_log_alpha") ? settings.number("first_log_alpha") : 0;
  Model model(sizes, {static_cast<int>(settings.count("K")), settings.number("first_epsilon"), log_alpha}, stream,
              {static_cast<int>(settings.count("n_made")), settings.count("made_hidden")});
  if (settings.flag("sign_as_coded")) model.flow.potential = Potential::sign_as_coded;
  return model;
}

// ## What a cell maximises
//
// For one batch, [B]: the bound, what the authors' code has for it, or the importance-weighted bound of k draws.
Var<float> objective(const Model& model, const Settings& settings, const Var<float>& x, const Stream& noise, const FloatPass& pass) {
  const std::int64_t B = x.shape()[0], l = model.decoder.sizes.latent;
  Stream stream = noise;
  const std::string& name = settings.text("objective");
  if (name == "iwae") {
    const std::int64_t k = settings.count("k");
    return distributions::importance_bound(model.log_weights(x, Var<float>(stream.normal<float>({k, B, l})), pass));
  }
  const Var<float> epsilon(stream.normal<float>({B, l}));
  if (name == "as_coded") return model.as_coded(x, epsilon, pass);
  ReportNoise<float> drawn{epsilon, Var<float>(stream.normal<float>({B, l}))};
  if (settings.values().contains("rows_shuffled") && settings.flag("rows_shuffled"))
    drawn.row_orders = random_row_orders<float>(model.autoregressive.size(), B, stream);
  return model.elbo(x, drawn, pass);
}

double mean_objective(const Model& model, const Settings& settings, const datasets::ImageSet& set, const Stream& noise, std::uint64_t step) {
  return mean_over_chunks(set, datasets::rounding(), 100, [&](const Var<float>& x, std::uint64_t begin) {
    return objective(model, settings, x, noise.at((step << 20) + begin), FloatPass::evaluation());
  });
}

// ## Pictures
experiments::Images pictures(const NormalisedSizes& sizes, const Array<float>& pixels) {
  return experiments::as_images(pixels, sizes.extent, sizes.extent);
}

Array<float> new_digits(const Model& model, std::int64_t n, Stream stream) {
  return sigmoid(model.decoder.fixed().logits(Var<float>(stream.normal<float>({n, model.decoder.sizes.latent})))).value();
}

// Figure 11: pixel probabilities along a chain that starts at a draw of q(z | x), [n, pixels] each: at the start and after every
// step. A model with steps of its own walks with them, at most all of them, as it was trained: as coded it starts at rest. IWAE and VAE have none
// and walk with `epsilon`, without tempering.
std::vector<Array<float>> chain(const Model& model, const Settings& settings, const Var<float>& x, Stream stream) {
  const FixedDecoder<float> p = model.decoder.fixed();
  const Normal<float> q = model.encoder(x, FloatPass::evaluation());
  const Var<float> z_0 = q.sample(stream), gamma(stream.normal<float>(z_0.shape()));
  const bool has_steps = model.flow.K > 0, at_rest = settings.text("objective") == "as_coded";
  const Tempering<float> tempering = model.flow.tempering();
  PhaseState<float> state{z_0, at_rest ? Var<float>(Array<float>::zeros(z_0.shape())) : tempering.initial_momentum(gamma)};
  std::vector<Array<float>> images{sigmoid(p.logits(z_0)).value()};
  const std::int64_t wanted = settings.count("chain_steps"), n_steps = has_steps ? std::min<std::int64_t>(wanted, model.flow.K) : wanted;
  for (std::int64_t k = 0; k < n_steps; ++k) {
    Tempering<float> one;
    if (has_steps) one.alpha = {tempering.alpha[static_cast<std::size_t>(k)]};
    const Var<float> epsilon = has_steps ? model.flow.epsilon() : Var<float>(static_cast<float>(settings.number("chain_epsilon")));
    state = hamiltonian_flow<float>(state, 1, {epsilon}, one, model.gradient(p, x));
    images.push_back(sigmoid(p.logits(state.z)).value());
  }
  return images;
}

// The share of images whose nearest neighbour among the training images, in squared distance, has the given label.
double share_of_class(const Array<float>& images, std::span<const std::uint8_t> labels, const datasets::ImageSet& train) {
  const datasets::PixelMap map = datasets::rounding();
  const std::int64_t n = images.shape()[0], d = train.image_size();
  std::int64_t n_right = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    float nearest = std::numeric_limits<float>::infinity();
    std::uint8_t label = 0;
    for (std::int64_t j = 0; j < train.n; ++j) {
      const auto pixels = train.image(j);
      float distance = 0;
      for (std::int64_t a = 0; a < d; ++a) {
        const float off = images[i * d + a] - map[pixels[static_cast<std::size_t>(a)]];
        distance += off * off;
      }
      if (distance < nearest) nearest = distance, label = train.labels[static_cast<std::size_t>(j)];
    }
    n_right += label == labels[static_cast<std::size_t>(i)];
  }
  return static_cast<double>(n_right) / static_cast<double>(n);
}

// 4 p (1 - p), the mean over pixels: 0 for black and white, 1 for grey throughout.
double greyness(const Array<float>& images) {
  double total = 0;
  for (float p : images) total += 4.0 * p * (1 - p);
  return total / static_cast<double>(images.size());
}

void show(Run& run, const Model& model, const datasets::ImageSet& train, const datasets::ImageSet& test) {
  const Settings& settings = run.settings();
  const NormalisedSizes& sizes = model.decoder.sizes;
  const auto metric = [&](const std::string& name, double value, const std::string& estimator) { run.metric(name, {value, "", estimator,
      std::nullopt}); };
  run.images("samples", pictures(sizes, new_digits(model, 36, Stream(run.seed(), "samples"))));
  const std::int64_t n_measured = std::min<std::int64_t>(500, settings.count("n_chains"));
  metric("greyness", greyness(new_digits(model, n_measured, Stream(run.seed(), "greyness"))), fmt::format("4 p (1 - p), mean over the pixels of {} "
      "new digits", n_measured));

  const datasets::ImageSet shown = datasets::first(test, settings.count("n_chains"));
  const Array<float> x = datasets::gather_all(shown, datasets::rounding());
  const auto images = chain(model, settings, Var<float>(x), Stream(run.seed(), "chains"));
  // Ten images: the source, the start, and every second step.
  experiments::Images rows{0, sizes.extent, sizes.extent, {}};
  for (std::int64_t i = 0; i < std::min<std::int64_t>(10, shown.n); ++i) {
    const auto add = [&](const Array<float>& from) {
      const experiments::Images one = pictures(sizes, from.window(i * sizes.pixels(), Shape{1, sizes.pixels()}));
      rows.pixels.insert(rows.pixels.end(), one.pixels.begin(), one.pixels.end());
      ++rows.n;
    };
    add(x);
    for (std::size_t k = 0; k < images.size(); k += 2) add(images[k]);
  }
  run.images("chains", std::move(rows));
  const auto misfit = [&](const Array<float>& from) {
    double total = 0;
    for (std::int64_t i = 0; i < x.size(); ++i) total += std::pow(from[i] - x[i], 2);
    return total / static_cast<double>(shown.n);
  };
  metric("start_misfit", misfit(images.front()), "squared distance of the chain's start from its source, mean over test images");
  metric("end_misfit", misfit(images.back()), "squared distance of the chain's end from its source, mean over test images");
  const std::string how = fmt::format("nearest of {} training images has the source's label, share of {} test images", train.n, shown.n);
  metric("source_class", share_of_class(x, shown.labels, train), how + ": of the sources themselves");
  metric("start_class", share_of_class(images.front(), shown.labels, train), how + ": of the chains' starts");
  metric("end_class", share_of_class(images.back(), shown.labels, train), how + ": of the chains' ends");
}

// ## An encoder for a decoder that was trained without a bound
//
// Where the objective is none, q(z_0 | x) need not be near p(z | x), and importance samples from it say little of the decoder. This encoder
// goes on from the trained one and maximises the VAE's bound, the decoder fixed under its running statistics.
NormalisedEncoder<float> refitted(const Model& model, const datasets::ImageSet& train, Run& run) {
  const Settings& settings = run.settings();
  const FixedDecoder<float> p = model.decoder.fixed();
  NormalisedEncoder<float> encoder = model.encoder;
  nn::Parameters<float> parameters(encoder);
  nn::Adam<float> optimiser(parameters, {.learning_rate = settings.number("learning_rate")});
  datasets::BatchOrder order(train.n, settings.count("batch"), run.seed());
  const Stream noise(run.seed(), "refitting noise");
  nn::BatchStatistics<float> met;
  const std::int64_t n_steps = settings.count("epochs") * order.batches_per_epoch();
  for (std::int64_t step = 0; step < n_steps; ++step) {
    run.progress(n_steps, n_steps, fmt::format("refitting, {} of {}", step, n_steps));
    const Var<float> x(datasets::gather(train, order.rows(step), datasets::rounding()));
    Stream stream = noise.at(static_cast<std::uint64_t>(step));
    const Var<float> epsilon(stream.normal<float>({x.shape()[0], model.decoder.sizes.latent}));
    nn::train_step<float>(encoder, optimiser, [&](const NormalisedEncoder<float>& e) {
      const Normal<float> q = e(x, FloatPass::training(met));
      return -mean(p.log_joint(x, q.sample(epsilon)) + sum(q.log_scale, -1));
    });
    met.update_running();
  }
  return encoder;
}

// ## One cell
void check_settings(const Settings& settings) {
  const SettingsCheck check("mnist", settings);
  check.one_of("objective", {"bound", "as_coded", "iwae"});
  check.within("K", 0, 1000);
  check.within("k", 1, 10'000);
  check.within("n_made", 0, 100);
  check.within("made_hidden", 1, 100'000);
  check.within("latent", 1, 10'000);
  check.within("hidden", 1, 100'000);
  check.within("n_train", 2, 60'000);
  check.within("n_validation", 2, 10'000);
  check.within("batch", 2, settings.count("n_train"));  // its variance is taken
  check.within("epochs", 1, 1'000'000);
  check.within("n_nll_images", 2, settings.count("n_validation"));
  check.within("n_nll_samples", 1, 10'000'000);
  check.within("n_chains", 1, settings.count("n_validation"));
  check.within("chain_steps", 1, 1000);
  for (const char* name : {"first_epsilon", "chain_epsilon", "learning_rate"}) check.above_zero(name);
  check.below("first_epsilon", ReportFlow<float>::xi);
  check.within("first_log_alpha", -10, 0);
}

void run_cell(Run& run) {
  const Settings& settings = run.settings();
  check_settings(settings);
  const std::int64_t n_train = settings.count("n_train"), n_validation = settings.count("n_validation");
  const auto [train_file, test_file] = datasets::mnist(run.data_option(), {.train = n_train, .test = n_validation});
  for (const auto* set : {&train_file, &test_file}) run.used_data(set->sha256, set->stand_in);
  const datasets::ImageSet train = datasets::first(train_file, n_train), validation = datasets::first(test_file, n_validation);

  Model model = build(settings, run.seed());
  nn::Parameters<float> parameters(model);
  nn::Adam<float> optimiser(parameters, {.learning_rate = settings.number("learning_rate")});
  datasets::BatchOrder order(n_train, settings.count("batch"), run.seed());
  const std::int64_t batches = order.batches_per_epoch(), n_steps = settings.count("epochs") * batches;
  const Stream noise(run.seed(), "noise"), validation_noise(run.seed(), "validation noise");
  std::int64_t step = 0;
  double epoch_sum = 0, last_train = 0, last_validation = 0;
  run.keep("parameters", parameters.flat());  // and the running statistics, which lie among them
  run.keep("optimiser", optimiser);
  run.keep("step", step);
  run.keep("epoch_sum", epoch_sum);
  run.keep("last_train", last_train);
  run.keep("last_validation", last_validation);
  run.resume();

  nn::BatchStatistics<float> met;
  while (step < n_steps) {
    const Var<float> x(datasets::gather(train, order.rows(step), datasets::rounding()));
    const Stream at = noise.at(static_cast<std::uint64_t>(step));
    epoch_sum -= nn::train_step<float>(model, optimiser, [&](const Model& m) { return -mean(objective(m, settings, x, at,
        FloatPass::training(met))); });
    met.update_running();
    model.flow.keep_cool();
    ++step;
    if (step % batches == 0) {
      last_train = -epoch_sum / static_cast<double>(batches);
      last_validation = -mean_objective(model, settings, validation, validation_noise, static_cast<std::uint64_t>(step));
      const std::int64_t epoch = step / batches;
      run.append("curve", {{"epoch", static_cast<double>(epoch)}, {"train_nats", last_train}, {"validation_nats", last_validation}});
      if (std::ranges::find(printed_epochs, epoch) != printed_epochs.end()) {
        run.metric(fmt::format("train_{}_nats", epoch), {last_train, "nats", "minus the objective, mean over this pass", std::nullopt});
        run.metric(fmt::format("validation_{}_nats", epoch), {last_validation, "nats", "minus the objective after this pass", std::nullopt});
      }
      epoch_sum = 0;
    }
    run.progress(step, n_steps);
  }

  // ## The likelihood
  //
  // Whatever a cell was trained for, log p-hat with the momentum in it, and that of the encoder alone, are unbiased estimates of
  // p(x) under the running statistics; so is their mean.
  const auto metric = [&](const std::string& name, double value, const std::string& unit, const std::string& estimator,
                          std::optional<double> error = std::nullopt) { run.metric(name, {value, unit, estimator, error}); };
  const std::int64_t n_samples = settings.count("n_nll_samples");
  datasets::ImageSet nll_set = datasets::first(validation, settings.count("n_nll_images"));
  for (std::uint8_t& pixel : nll_set.pixels) pixel = pixel >= 128 ? 255 : 0;
  const auto noise_of = [&](const std::string& purpose, std::uint64_t at, const Var<float>& x) {
    Stream stream(run.seed(), purpose, at);
    const Shape shape{x.shape()[0], model.decoder.sizes.latent};
    const Var<float> epsilon(stream.normal<float>(shape));
    return ReportNoise<float>{epsilon, Var<float>(stream.normal<float>(shape))};
  };
  const auto likelihood = [&](const Model& of, const std::string& way) {
    const auto log_p_hat = [&](const Var<float>& x, std::uint64_t at) { return of.log_p_hat(x, noise_of("importance noise", at, x)).value(); };
    const Evaluation e = evaluate(nll_set, n_samples, log_p_hat, run, "likelihood");
    metric("effective_samples_" + way, e.likelihood.median_effective_samples, "count", "of the importance weights, median over images");
    return e;
  };
  const std::string how = fmt::format("{} importance samples, {} test images", n_samples, nll_set.n);
  Model encoder_alone = model;
  encoder_alone.flow.K = 0;
  encoder_alone.autoregressive.clear();
  const Evaluation alone = likelihood(encoder_alone, "encoder");
  double bound = -alone.elbo_nats;
  metric("nll_encoder_nats", alone.likelihood.nll_nats, "nats", how + " of q(z_0 | x)", alone.likelihood.monte_carlo_error_nats);
  metric("minus_bound_encoder_nats", bound, "nats", "from the same draws: the VAE's, without a flow");
  std::vector<Evaluation> ways{alone};
  if (model.flow.K > 0 || !model.autoregressive.empty()) {
    const Evaluation& flow = ways.emplace_back(likelihood(model, "flow"));
    metric("nll_flow_nats", flow.likelihood.nll_nats, "nats", how + " of the flow", flow.likelihood.monte_carlo_error_nats);
    metric("minus_bound_flow_nats", -flow.elbo_nats, "nats", "from the same draws: the bound of equation (6)");
    bound = -flow.elbo_nats;
  }
  if (settings.text("objective") == "as_coded") {
    encoder_alone.encoder = refitted(model, train, run);
    const Evaluation& refit = ways.emplace_back(likelihood(encoder_alone, "refitted"));
    metric("nll_refitted_nats", refit.likelihood.nll_nats, "nats", how + " of an encoder trained afterwards", refit.likelihood.monte_carlo_error_nats);
    metric("minus_bound_refitted_nats", -refit.elbo_nats, "nats", "from the same draws: the VAE's, of that encoder and the decoder");
  }
  const std::vector<double> nll_by_image = pooled_nll(ways);
  const double nll = std::accumulate(nll_by_image.begin(), nll_by_image.end(), 0.0) / static_cast<double>(nll_by_image.size());
  metric("nll_nats", nll, "nats", "minus the log of the mean of all estimates, image by image");
  metric("minus_bound_nats", bound, "nats", "minus the bound in evaluation mode, flow included");
  metric("train_nats", last_train, "nats", "minus the objective, mean over the last pass");
  metric("validation_nats", last_validation, "nats", "minus the objective on the validation images after the last pass");
  metric("overfitting_nats", last_validation - last_train, "nats", "validation less training, after the last pass");
  metric("too_good_nats", nll - last_validation, "nats", "NLL less minus the objective on the validation images: positive where the objective is "
                                                         "no bound");
  metric("n_parameters", static_cast<double>(parameters.count()), "count", "exact");
  if (model.flow.K > 0) {
    metric("mean_epsilon", mean(model.flow.epsilon()).item(), "", "learned step sizes, mean over dimensions");
    metric("inverse_beta_0", std::exp(-model.flow.tempering().log_beta_0.item()), "", "learned 1 / beta_0");
  }
  show(run, model, train, validation);
  const auto elbo = [&](const Var<float>& x, std::uint64_t at) {
    return model.elbo(x, noise_of("bound noise", at, x), FloatPass::evaluation()).value();
  };
  check_bound(run, nll_set, elbo, nll_by_image, "the bound");
  run.weights(parameters.named());
}

// ## Cells
struct Variant {
  std::string name, objective;
  bool has_flow;
  bool is_autoregressive = false, as_coded = false;  // the second: the autoregressive layers
};
const std::vector<Variant> variants{{"vae", "bound", false},
                                    {"iwae", "iwae", false},
                                    {"hvae_as_coded", "as_coded", true},
                                    {"hvae_right", "bound", true},
                                    {"vae_iaf", "bound", false, true},
                                    {"vae_iaf_as_coded", "bound", false, true, true},
                                    {"hvae_iaf", "bound", true, true},
                                    {"hvae_iaf_as_coded", "bound", true, true, true}};

// The report's own scale; quick has a fifth of the images, and steps and draws in the same proportion to each other. Of
// 1,600 steps at a rate of 0.001 its logit can walk from epsilon = 0.005 to where a flow does something; of 320 it cannot, so
// quick starts it ten times higher.
std::vector<Cell> cells(Profile profile) {
  const bool is_paper = profile == Profile::paper, is_smoke = profile == Profile::smoke;
  const auto of = [&](std::int64_t paper, std::int64_t quick, std::int64_t smoke) { return is_paper ? paper : is_smoke ? smoke : quick; };
  const std::int64_t K = of(15, 5, 2);
  std::vector<Cell> list;
  for (const Variant& variant : variants) {
    if (profile == Profile::quick && variant.has_flow && variant.as_coded) continue;
    Settings settings{{"objective", variant.objective},
                      {"K", variant.has_flow ? K : std::int64_t{0}},
                      {"k", variant.objective == "iwae" ? of(40, 13, 3) : std::int64_t{1}},
                      {"n_made", variant.is_autoregressive ? of(5, 2, 1) : std::int64_t{0}},
                      {"made_hidden", of(1280, 320, 8)},
                      {"sign_as_coded", variant.has_flow && variant.as_coded},
                      {"first_epsilon", is_paper ? 0.005 : 0.05},
                      {"latent", of(64, 64, 4)},
                      {"hidden", of(450, 450, 16)},
                      {"n_train", of(10'000, 2000, 60)},
                      {"n_validation", of(1000, 500, 20)},
                      {"batch", of(256, 50, 20)},
                      {"epochs", of(40, 8, 2)},
                      {"learning_rate", 1e-3},
                      {"n_nll_images", of(1000, 100, 4)},
                      {"n_nll_samples", of(100, 50, 5)},
                      {"n_chains", of(500, 100, 4)},
                      {"chain_steps", K},
                      {"chain_epsilon", 0.05}};
    if (variant.has_flow) settings.set("first_log_alpha", 0.0);
    if (variant.as_coded) settings.set("rows_shuffled", true);
    const double draws = static_cast<double>(variant.objective == "iwae" ? settings.count("k") : 1 + 3 * settings.count("K"));
    const double seconds = 1e-4 * draws * static_cast<double>(settings.count("n_train") * settings.count("epochs"));
    // The VAE, which takes a minute, for the spread over seeds.
    const std::uint64_t n_seeds = !is_paper || variant.is_autoregressive ? 1 : variant.name == std::string("vae") ? 6 : 2;
    for (std::uint64_t seed = 0; seed < n_seeds; ++seed) list.push_back({variant.name, seed, settings, seconds});
  }
  return list;
}

experiments::Images sample_cell(const Cell& cell, const experiments::Experiment::Weights& weights, std::int64_t n) {
  Model model = build(cell.settings, cell.seed);
  nn::restore(nn::Parameters<float>(model), weights);
  return pictures(model.decoder.sizes, new_digits(model, n, Stream(cell.seed, "samples")));
}

// ## Tables 5 and 6
//
// The parameters of each layer, in the order of the tables: "layer_1", "layer_2", ..., and their sum.
void run_networks(Run& run) {
  SettingsCheck("networks", run.settings()).one_of("network", {"encoder", "decoder"});
  Stream stream(run.seed(), "initialisation");
  Model model(NormalisedSizes{}, {}, stream);
  const bool is_encoder = run.settings().text("network") == "encoder";
  std::map<std::string, std::int64_t> layers;
  double total = 0;
  const std::string prefix = is_encoder ? "encoder." : "decoder.";
  const nn::Parameters<float> parameters(model);
  for (const auto& entry : parameters.entries()) {
    if (!entry.name.starts_with(prefix)) continue;
    layers[entry.name.substr(prefix.size(), entry.name.rfind('.') - prefix.size())] += entry.window.size();
    total += static_cast<double>(entry.window.size());
  }
  for (const auto& [layer, n] : layers) run.metric(layer, {static_cast<double>(n), "count", "counted in our model", std::nullopt});
  run.metric("total", {total, "count", "counted in our model", std::nullopt});
}

std::vector<Cell> network_cells(Profile) {
  std::vector<Cell> list;
  for (const std::string network : {"encoder", "decoder"}) list.push_back({network, 0, {{"network", network}}, 0.01});
  return list;
}

}  // namespace

experiments::Experiment report_mnist_experiment() {
  return {.name = "mnist",
          .summary = "HVAE against IWAE, and HVAE + IAF, on binarised MNIST (sections 2.2 and 2.3, Figures 9 to 11)",
          .revision = 2,
          .cells = cells,
          .run = run_cell,
          .sample = sample_cell};
}

experiments::Experiment networks_experiment() {
  return {.name = "networks", .summary = "The parameters of Tables 5 and 6", .revision = 1, .cells = network_cells, .run = run_networks,
      .sample = {}};
}

}  // namespace hvae
