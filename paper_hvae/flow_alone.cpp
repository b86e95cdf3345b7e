// # The flow alone, on images
//
// In the paper's Table 1 encoder, decoder and flow are trained together, so that a better number may be a better decoder.
// Here a VAE is trained first and then frozen: $p_\theta$ and $q_\phi$ stay, so do $\log p_\theta(x)$ and its gap to the VAE's bound, and only
// $\varepsilon$ and the temperatures are learned. Whatever the bound then gains is the flow's doing, and is a part of a gap that is the
// same for all of them:
//
// $$\text{closed} = \mathcal{L}_{\mathrm{HVAE}} - \mathcal{L}_{\mathrm{VAE}}, \qquad \text{gap} = \log p_\theta(x) - \mathcal{L}_{\mathrm{VAE}}.$$
//
// With $\varepsilon = 0$ and no tempering the flow is the identity: what is learned can only help, up to the search for it.
#include "paper_hvae/flow_alone.hpp"

#include "common/datasets/batches.hpp"
#include "common/datasets/binarisation.hpp"
#include "common/experiments/settings_check.hpp"
#include "common/nn/training.hpp"
#include "paper_hvae/image_evaluation.hpp"
#include "paper_hvae/image_training.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <numeric>

namespace hvae {

using experiments::Cell;
using experiments::Profile;
using experiments::Run;
using experiments::Settings;
using experiments::SettingsCheck;

namespace {

// A flow with its optimiser. The paper's start, epsilon = 0.2 and alpha = 0.9 for every step, is for networks that are still
// to be trained; a trained decoder's potential is too steep for ten steps of it. All start at the same small epsilon and the
// same temperature, the paper's for fixed tempering.
struct Learner {
  std::string name;
  LearnedFlow<float> flow;
  std::unique_ptr<nn::Parameters<float>> parameters;
  std::unique_ptr<nn::Adam<float>> optimiser;

  Learner(std::string name, LearnedFlow<float> started, double rate) : name(std::move(name)), flow(std::move(started)) {
    const double epsilon = 0.05, inverse_beta_0 = 1.5, alpha = std::pow(inverse_beta_0, -0.5 / flow.K);
    const auto logit = [](double p) { return static_cast<float>(std::log(p / (1 - p))); };
    for (Var<float>& e : flow.logit_epsilon) e = Var<float>(Array<float>::full(e.shape(), logit(epsilon / flow.xi)));
    for (Var<float>& a : flow.logit_alpha) a = Var<float>(logit(alpha));
    parameters = std::make_unique<nn::Parameters<float>>(flow);
    optimiser = std::make_unique<nn::Adam<float>>(*parameters, nn::AdamSettings{.learning_rate = rate});
  }
};

std::vector<Learner> learners(const Settings& settings) {
  std::vector<Learner> all;
  for (const int K : {1, 5, 10})
    for (const std::string tempering : {"none", "fixed", "free"})
      all.emplace_back(fmt::format("k{}_{}", K, tempering), LearnedFlow<float>(K, tempering_from(tempering), false, settings.count("latent")),
                       settings.number("flow_rate"));
  return all;
}

void run_flow_alone(Run& run) {
  const Settings& settings = run.settings();
  check_image_settings("flow_alone", settings);
  SettingsCheck("flow_alone", settings).within("K", 0, 0);  // the flows come later
  const auto [train, validation, test] = image_data(run);
  ImageModel<float> model = image_model(settings, &train, run.seed());
  nn::Parameters<float> parameters(model);
  nn::AdamaxHvae<float> optimiser(parameters, {.learning_rate = settings.number("learning_rate")});
  std::vector<Learner> flows = learners(settings);

  // The VAE's steps, then those of one flow after the other.
  datasets::BatchOrder order(train.n, settings.count("batch"), run.seed());
  const std::int64_t n_vae = settings.count("epochs") * order.batches_per_epoch(), n_flow = settings.count("flow_steps");
  const std::int64_t n_steps = n_vae + n_flow * static_cast<std::int64_t>(flows.size());
  const Stream binarisation(run.seed(), "binarisation"), noise(run.seed(), "noise");
  std::int64_t step = 0;
  const std::int64_t curve_every = std::max<std::int64_t>(1, n_flow / 12);
  double gain_sum = 0;  // of the flow's bound over the VAE's, same batch and draws, since the curve's last point
  run.keep("vae.parameters", parameters.flat());
  run.keep("vae.optimiser", optimiser);
  for (Learner& learner : flows) {
    run.keep(learner.name + ".parameters", learner.parameters->flat());
    run.keep(learner.name + ".optimiser", *learner.optimiser);
  }
  run.keep("step", step);
  run.keep("gain_sum", gain_sum);
  run.resume();

  const LearnedFlow<float> without_flow(0, TemperingKind::none, false, settings.count("latent"));
  while (step < n_steps) {
    // Every flow sees the same batches and the same noise.
    const bool is_vae = step < n_vae;
    const std::int64_t at = is_vae ? step : n_vae + (step - n_vae) % n_flow;
    const Var<float> x(datasets::gather_stochastic(train, order.rows(at), binarisation.at(static_cast<std::uint64_t>(at))));
    const FlowNoise<float> drawn = draw_noise(noise, static_cast<std::uint64_t>(at), x.shape()[0], settings.count("latent"));
    if (is_vae) {
      nn::train_step<float>(model, optimiser, [&](const ImageModel<float>& m) { return -mean(m.elbo_vae(x, drawn.epsilon)); });
    } else {
      const std::int64_t f = (step - n_vae) / n_flow, taken = at - n_vae + 1;
      Learner& learner = flows[static_cast<std::size_t>(f)];
      if (taken == 1) gain_sum = 0;
      const ImageModel<float> frozen{model.inference, model.generative, without_flow};  // both entropies by the same draws as the flow's
      gain_sum -= mean(frozen.elbo(x, drawn)).item();
      gain_sum -= nn::train_step<float>(learner.flow, *learner.optimiser, [&](const LearnedFlow<float>& flow) {
        return -mean(ImageModel<float>{model.inference, model.generative, flow}.elbo(x, drawn));
      });
      if (taken % curve_every == 0) {
        run.append("curve", {{"flow", static_cast<double>(f)}, {"step", static_cast<double>(taken)},
                             {"gain_nats", gain_sum / static_cast<double>(curve_every)}});
        gain_sum = 0;
      }
    }
    run.progress(++step, n_steps);
  }

  // The same draws for every flow, and none.
  const std::int64_t n_samples = settings.count("n_nll_samples");
  const datasets::ImageSet images = datasets::first(test, settings.count("n_nll_images"));
  const Stream draws(run.seed(), "importance noise");
  const auto likelihood = [&](const LearnedFlow<float>& flow, const std::string& name) {
    const ImageModel<float> with{model.inference, model.generative, flow};
    const auto log_p_hat = [&](const Var<float>& x, std::uint64_t at) {
      return draw_log_p_hat(with, x, draw_noise(draws, at, x.shape()[0], settings.count("latent")));
    };
    return evaluate(images, n_samples, log_p_hat, run, name);
  };
  const Evaluation vae = likelihood(without_flow, "vae");
  std::vector<Evaluation> with_flow;
  for (const Learner& learner : flows) with_flow.push_back(likelihood(learner.flow, learner.name));
  // log p(x) is one and the same whatever the flow, and every estimate of p(x) is unbiased: so is their mean, image by image.
  std::vector<Evaluation> all{vae};
  all.insert(all.end(), with_flow.begin(), with_flow.end());
  const std::vector<double> nll_by_image = pooled_nll(all);
  const double nll = std::accumulate(nll_by_image.begin(), nll_by_image.end(), 0.0) / static_cast<double>(nll_by_image.size());

  const std::string how = fmt::format("{} draws for each of {} test images", n_samples, images.n);
  const auto metric = [&](const std::string& name, double value, const std::string& unit, const std::string& estimator,
                          std::optional<double> error = std::nullopt) { run.metric(name, {value, unit, estimator, error}); };
  const Stream bound_draws(run.seed(), "bound noise");
  const auto check = [&](const std::string& name, const LearnedFlow<float>& flow) {
    const ImageModel<float> with{model.inference, model.generative, flow};
    const auto of = [&](const Var<float>& x, std::uint64_t at) {
      return bound(with, x, draw_noise(bound_draws, at, x.shape()[0], settings.count("latent"))).value();
    };
    check_bound(run, images, of, nll_by_image, name);
  };
  const double gap = -vae.elbo_nats - nll;
  std::map<std::string, std::vector<double>> closed_by_image;
  metric("vae.minus_bound_nats", -vae.elbo_nats, "nats", how);
  metric("vae.nll_nats", vae.likelihood.nll_nats, "nats", how, vae.likelihood.monte_carlo_error_nats);
  metric("nll_nats", nll, "nats", "minus the log of the mean over all estimates of p(x), image by image");
  metric("gap_nats", gap, "nats", "minus the VAE's bound less NLL: what there is to close");
  check("the VAE's bound", without_flow);
  for (std::size_t f = 0; f < flows.size(); ++f) {
    const Evaluation& e = with_flow[f];
    const double closed = e.elbo_nats - vae.elbo_nats;
    const std::string& name = flows[f].name;
    std::vector<double>& of_images = closed_by_image[name + ".closed_nats"];
    double sum_of_squares = 0;
    for (std::size_t i = 0; i < nll_by_image.size(); ++i) {
      of_images.push_back(e.elbo_by_image[i] - vae.elbo_by_image[i]);
      sum_of_squares += std::pow(of_images.back() - closed, 2);
    }
    const auto n = static_cast<double>(images.n);
    metric(name + ".closed_nats", closed, "nats", "the flow's bound less the VAE's, same draws; error over images",
        std::sqrt(sum_of_squares / (n * (n - 1))));
    metric(name + ".closed_share", closed / gap, "", "of the gap");
    metric(name + ".nll_nats", e.likelihood.nll_nats, "nats", how, e.likelihood.monte_carlo_error_nats);
    metric(name + ".median_effective_samples", e.likelihood.median_effective_samples, "count", "of the importance weights, median over images");
    metric(name + ".mean_epsilon", mean(flows[f].flow.epsilon().front()).item(), "", "learned, mean over dimensions");
    if (const Tempering<float> tempering = flows[f].flow.tempering(); !tempering.alpha.empty())
      metric(name + ".inverse_beta_0", std::exp(-tempering.log_beta_0.item()), "", "learned 1 / beta_0");
    check(name + "'s bound", flows[f].flow);
  }
  run.series("by_image", closed_by_image);
  run.weights(parameters.named());
}

// The scale of `mnist_10k` at paper, that of `mnist` at quick; without early stopping.
std::vector<Cell> cells(Profile profile) {
  const bool is_paper = profile == Profile::paper, is_smoke = profile == Profile::smoke;
  const auto of = [&](std::int64_t paper, std::int64_t quick, std::int64_t smoke) { return is_paper ? paper : is_smoke ? smoke : quick; };
  Settings settings{{"K", std::int64_t{0}},
                    {"tempering", "none"},
                    {"vary_epsilon", false},
                    {"upsampled", false},
                    {"latent", of(64, 64, 4)},
                    {"hidden", of(450, 450, 16)},
                    {"n_train", of(10'000, 2000, 60)},
                    {"n_validation", of(1000, 500, 20)},
                    {"n_test", of(1000, 500, 20)},
                    {"batch", of(100, 20, 20)},
                    {"epochs", of(100, 30, 2)},
                    {"learning_rate", is_paper ? 1e-3 : 4e-3},
                    {"flow_steps", of(600, 200, 3)},
                    {"flow_rate", 0.02},
                    {"n_nll_images", of(200, 40, 4)},
                    {"n_nll_samples", of(500, 100, 5)}};
  const double vae_s = 4e-4 * static_cast<double>(settings.count("epochs") * settings.count("n_train")),
               flows_s = 5.4e-3 * static_cast<double>(settings.count("flow_steps") * settings.count("batch"));
  return {{"vae", 0, std::move(settings), vae_s + flows_s}};
}

}  // namespace

experiments::Experiment flow_alone_experiment() {
  return {.name = "flow_alone",
          .summary = "A trained VAE, frozen, and Hamiltonian flows on top: how much of the gap between bound and likelihood each closes",
          .revision = 4,
          .cells = cells,
          .run = run_flow_alone,
          .sample = {}};
}

}  // namespace hvae
