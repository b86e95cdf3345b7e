// # What a step holds
//
// A training step differentiates through the whole flow, and so keeps every leapfrog step with its gradient of U until the
// sweep has gone back through it: its memory is a constant and a multiple of K. Measured as what the pool of arrays has taken
// from the system after one step, from an empty pool.
#include "paper_hvae/step_memory.hpp"

#include "common/experiments/settings_check.hpp"
#include "common/nn/training.hpp"
#include "common/tensors/pool.hpp"
#include "paper_hvae/image_training.hpp"

#include <fmt/format.h>

#include <array>
#include <map>

namespace hvae {

using experiments::Cell;
using experiments::Profile;
using experiments::Run;
using experiments::Settings;
using experiments::SettingsCheck;

namespace {

constexpr std::array n_steps{0, 1, 2, 5, 10, 15, 20};

// Parameters, gradients and optimiser included; not the data, which lie outside.
double step_mib(Settings settings, int K, std::uint64_t seed) {
  settings.set("K", std::int64_t{K});
  tensors::trim_pool();
  const double before = static_cast<double>(tensors::pool_statistics().held_bytes);
  ImageModel<float> model = image_model(settings, nullptr, seed);
  nn::Parameters<float> parameters(model);
  nn::AdamaxHvae<float> optimiser(parameters, {.learning_rate = 1e-3});
  const std::int64_t batch = settings.count("batch");
  const Var<float> x(Array<float>::zeros({batch, model.generative.sizes.pixels()}));
  const FlowNoise<float> drawn = draw_noise(Stream(seed, "noise"), 0, batch, settings.count("latent"));
  nn::train_step<float>(model, optimiser, [&](const ImageModel<float>& m) { return -mean(bound(m, x, drawn)); });
  return (static_cast<double>(tensors::pool_statistics().held_bytes) - before) / (1 << 20);
}

void run_step_memory(Run& run) {
  const SettingsCheck check("step_memory", run.settings());
  check.within("latent", 1, 10'000);
  check.within("hidden", 1, 100'000);
  check.within("batch", 1, 60'000);
  check.one_of("tempering", {"none", "fixed", "free"});
  std::map<int, double> mib;
  for (const int K : n_steps) mib[K] = step_mib(run.settings(), K, run.seed());
  for (const auto& [K, value] : mib) run.metric(fmt::format("k{}_mib", K), {value, "MiB", "arrays held after one training step", std::nullopt});
  run.metric("k20_by_line_mib", {mib[1] + 19 * (mib[2] - mib[1]), "MiB", "the line through K = 1 and 2", std::nullopt});
}

std::vector<Cell> cells(Profile profile) {
  const bool is_smoke = profile == Profile::smoke;
  Settings settings{{"latent", std::int64_t{is_smoke ? 4 : 64}}, {"hidden", std::int64_t{is_smoke ? 16 : 450}}, {"upsampled", false},
                    {"batch", std::int64_t{is_smoke ? 20 : 100}}, {"tempering", "fixed"},                     {"vary_epsilon", false}};
  return {{"fixed", 0, std::move(settings), is_smoke ? 0.2 : 4.0}};
}

}  // namespace

experiments::Experiment step_memory_experiment() {
  return {.name = "step_memory",
          .summary = "What a training step holds, by the number of leapfrog steps",
          .revision = 1,
          .cells = cells,
          .run = run_step_memory,
          .sample = {}};
}

}  // namespace hvae
