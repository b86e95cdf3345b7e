// # Settings and cells
#include "paper_ep_hopfield/experiments.hpp"

#include "paper_ep_hopfield/models.hpp"
#include "paper_ep_hopfield/training.hpp"

namespace ep_hopfield {

using experiments::Cell;
using experiments::Experiment;
using experiments::Profile;
using experiments::Settings;

namespace {

// ## Table 3
struct Published {
  const char* model;
  double beta_kl, learning_rate;
  std::int64_t hidden, latent;
};
constexpr Published table_3[]{{"f_vae", 5.55, 9.91e-4, 1820, 10},
                              {"h_vae", 0.517, 6.68e-5, 1842, 25},
                              {"dh_vae", 0.556, 9.41e-4, 1696, 25},
                              {"tdh_vae", 1.90, 9.55e-4, 833, 69}};
constexpr double published_sigma = 0.429;

// ## What the paper leaves open
//
// The settling, the nudges, the optimiser's batch, the initial weights and the number of epochs.
Settings settings_of(const Published& row, Profile profile) {
  Settings settings{
      {"model", std::string(row.model)},
      {"beta_kl", row.beta_kl},
      {"learning_rate", row.learning_rate},
      {"hidden", row.hidden},
      {"latent", row.latent},
      {"sigma", published_sigma},
      {"gradient", std::string("ep")},
      {"dt", 0.25},
      {"free_steps", std::int64_t{60}},
      {"nudged_steps", std::int64_t{20}},
      {"tolerance", 1e-3},
      {"beta_encoder", 0.02},
      {"beta_decoder", 0.1},
      {"two_sided", true},
      {"gain", 1.0},
      {"batch", std::int64_t{128}},
      {"min_epochs", std::int64_t{10}},
      {"max_epochs", std::int64_t{20}},
      {"patience", std::int64_t{3}},
      {"n_train", std::int64_t{55'000}},
      {"n_held_out", std::int64_t{5'000}},
      {"n_test", std::int64_t{10'000}},
      {"n_generated", std::int64_t{10'000}},
      {"n_generated_held_out", std::int64_t{5'000}},
      {"n_classifier_images", std::int64_t{55'000}},
      {"classifier_epochs", std::int64_t{3}},
      {"probes", true},
  };
  const auto shrink = [&](std::int64_t hidden, std::int64_t latent, std::int64_t batch, std::int64_t epochs, std::int64_t train, std::int64_t test) {
    settings.set("hidden", hidden);
    settings.set("latent", std::min(row.latent, latent));
    settings.set("batch", batch);
    settings.set("min_epochs", epochs);
    settings.set("max_epochs", epochs);
    settings.set("n_train", train);
    for (const char* name : {"n_held_out", "n_test", "n_generated", "n_generated_held_out"}) settings.set(name, test);
    settings.set("n_classifier_images", train);
  };
  if (profile == Profile::quick) shrink(128, 15, 50, 10, 5'000, 1'000);
  if (profile == Profile::smoke) shrink(12, 4, 20, 2, 60, 20);
  return settings;
}

std::vector<Cell> vae_cells(Profile profile) {
  std::vector<Cell> list;
  for (const Published& row : table_3) {
    const Settings settings = settings_of(row, profile);
    for (std::uint64_t seed = 0; seed < (profile == Profile::paper ? 2 : 1); ++seed) list.push_back({row.model, seed, settings, 60});
  }
  return list;
}

std::vector<Cell> scores_cells(Profile profile) {
  const Settings base = settings_of(table_3[0], profile);
  Settings settings{{"n_splits", std::int64_t{profile == Profile::smoke ? 2 : 5}}, {"features_file", std::string()}};
  for (const char* name : {"n_train", "n_held_out", "n_test", "n_classifier_images", "classifier_epochs"}) settings.set(name, base.count(name));
  return {{"reference", 0, settings, 60}};
}

}  // namespace

Experiment vae_experiment() {
  return {.name = "vae",
          .summary = "the four models with the settings of Table 3 (Table 1, Figures 2 to 4)",
          .revision = 1,
          .cells = vae_cells,
          .run = run_training,
          .sample = sample_cell};
}

Experiment scores_experiment() {
  return {.name = "scores", .summary = "the classifier behind the scores, and distances between sets of real digits", .revision = 1, .cells = scores_cells, .run = run_reference, .sample = {}};
}

}  // namespace ep_hopfield
