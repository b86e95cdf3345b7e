#include "paper_hvae/image_training.hpp"

#include "common/datasets/binarisation.hpp"
#include "common/datasets/mnist.hpp"
#include "common/experiments/settings_check.hpp"
#include "paper_hvae/image_evaluation.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace hvae {

using experiments::Run;
using experiments::Settings;
using experiments::SettingsCheck;

namespace {

constexpr std::uint64_t test_seed = 777;  // of the binarisation of the test images, the same for every cell

// The mean over the images of the logit of an image's mean pixel, each held off the ends by half a grey level of one pixel.
double mean_logit(const datasets::ImageSet& images) {
  const double n_pixels = static_cast<double>(images.image_size()), end = 0.5 / (255 * n_pixels);
  double sum = 0;
  for (std::int64_t i = 0; i < images.n; ++i) {
    const auto image = images.image(i);
    const double ink = std::accumulate(image.begin(), image.end(), 0.0) / (255 * n_pixels), p = std::clamp(ink, end, 1 - end);
    sum += std::log(p / (1 - p));
  }
  return sum / static_cast<double>(images.n);
}

}  // namespace

void check_image_settings(const std::string& experiment, const Settings& settings) {
  const SettingsCheck check(experiment, settings);
  check.within("latent", 1, 10'000);
  check.within("hidden", 1, 100'000);
  check.within("K", 0, 1000);
  check.one_of("tempering", {"none", "fixed", "free"});
  check.above_zero("xi");
  check.within("n_validation", 1, 59'999);
  check.within("n_train", 1, 60'000 - settings.count("n_validation"));
  check.within("n_test", 2, 10'000);
  check.within("batch", 1, settings.count("n_train"));
  check.within("epochs", 1, 1'000'000);
  check.within("patience", 1, 1'000'000);
  check.within("flow_steps", 1, 100'000'000);
  check.above_zero("learning_rate");
  check.above_zero("flow_rate");
  check.within("n_nll_images", 2, settings.count("n_test"));
  check.within("n_nll_also", 2, settings.count("n_test"));
  check.within("n_nll_samples", 1, 10'000'000);
  check.within("n_nll_repeats", 1, 1000);
}

ImageData image_data(Run& run) {
  const Settings& settings = run.settings();
  const std::int64_t n_train = settings.count("n_train"), n_validation = settings.count("n_validation"), n_test = settings.count("n_test");
  const auto [train_file, test_file] = datasets::mnist(run.data_option(), {.train = n_train + n_validation, .test = n_test});
  for (const auto* set : {&train_file, &test_file}) run.used_data(set->sha256, set->stand_in);
  const datasets::Split split = datasets::hold_out_random(train_file, n_validation, Stream(run.seed(), "split"));
  return {datasets::first(split.training, n_train), datasets::binarised_once(split.held_out, run.seed()),
          datasets::binarised_once(datasets::first(test_file, n_test), test_seed)};
}

ImageModel<float> image_model(const Settings& settings, const datasets::ImageSet* train, std::uint64_t seed) {
  Sizes sizes;
  sizes.hidden = settings.count("hidden");
  sizes.latent = settings.count("latent");
  sizes.enlarging = settings.flag("upsampled") ? Enlarging::upsampled : Enlarging::transposed;
  Stream stream(seed, "initialisation");
  InferenceNetwork<float> inference(sizes, stream);
  GenerativeNetwork<float> generative(sizes, stream, train ? mean_logit(*train) : 0.0);
  LearnedFlow<float> flow(static_cast<int>(settings.count("K")), tempering_from(settings.text("tempering")), settings.flag("vary_epsilon"), sizes.latent);
  if (settings.values().contains("xi")) flow.xi = settings.number("xi");
  return {std::move(inference), std::move(generative), std::move(flow)};
}

FlowNoise<float> draw_noise(const Stream& stream, std::uint64_t step, std::int64_t n, std::int64_t latent) {
  Stream at = stream.at(step);
  return {Var<float>(at.normal<float>({n, latent})), Var<float>(at.normal<float>({n, latent}))};
}

Var<float> bound(const ImageModel<float>& model, const Var<float>& x, const FlowNoise<float>& noise) {
  return model.flow.K == 0 ? model.elbo_vae(x, noise.epsilon) : model.elbo(x, noise);
}

Array<float> draw_log_p_hat(const ImageModel<float>& model, const Var<float>& x, const FlowNoise<float>& noise) {
  constexpr std::int64_t n_at_once = 100;
  const std::int64_t n = x.shape()[0];
  Array<float> draws = Array<float>::zeros({n});
  for (std::int64_t begin = 0; begin < n; begin += n_at_once) {
    const std::int64_t length = std::min(n_at_once, n - begin);
    const auto block = [&](const Var<float>& rows) { return slice(rows, 0, begin, length); };
    const Array<float> values = model.log_p_hat(block(x), {block(noise.epsilon), block(noise.gamma)}).value();
    std::copy(values.begin(), values.end(), draws.data_for_update() + begin);
  }
  return draws;
}

double mean_bound(const ImageModel<float>& model, const datasets::ImageSet& set, const Stream& noise, std::uint64_t step) {
  return mean_over_chunks(set, datasets::grey(), 200, [&](const Var<float>& x, std::uint64_t begin) {
    return bound(model, x, draw_noise(noise, (step << 20) + begin, x.shape()[0], model.generative.sizes.latent));
  });
}

}  // namespace hvae
