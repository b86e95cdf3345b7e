// # The two plain rows
//
// "VAE implementation" and "VAE tuned": the same networks and the same bound; the tuned one has ReLU for tanh and Adam for
// Adagrad.
#include "paper_vae_extensions/vae_experiment.hpp"

#include "paper_vae_extensions/vae_row.hpp"

namespace vae_extensions {

namespace {

constexpr double seconds_a_step = 0.0027;

Settings row_settings(const std::string& row, std::int64_t n, Profile profile) {
  const bool tuned = row == "tuned";
  Settings settings = mnist_settings(n, profile);
  settings.set("hidden", std::int64_t{500});
  settings.set("activation", std::string(tuned ? "relu" : "tanh"));
  settings.set("optimiser", std::string(tuned ? "adam" : "adagrad"));
  settings.set("learning_rate", tuned && n != 3 ? 1e-3 : 1e-2);
  return settings;
}

// Three seeds at n = 3 and n = 20 at the paper's scale, so that the table says which differences between single runs mean something.
std::vector<Cell> cells(Profile profile) {
  std::vector<Cell> list;
  for (const char* row : {"implementation", "tuned"}) {
    for (const SizeAndSeeds& size : sizes_and_seeds(profile)) {
      const Settings settings = row_settings(row, size.n, profile);
      add_cells(list, row, size, settings, n_steps(settings) * seconds_a_step);
    }
  }
  // Not in the report: the tuned row at N_z = 3 with the learning rate of its other columns (the DVAE without noise, from three starts),
  // and with the text's beta_2.
  if (profile == Profile::paper) {
    Settings slow = row_settings("tuned", 3, profile), momentum = slow;
    slow.set("learning_rate", 1e-3);
    momentum.set("beta_2", 0.99);
    add_cells(list, "tuned_lr_0.001", {3, 3}, slow, n_steps(slow) * seconds_a_step);
    add_cells(list, "tuned_beta2_0.99", {3, 1}, momentum, n_steps(momentum) * seconds_a_step);
  }
  return list;
}

}  // namespace

experiments::Experiment vae_experiment() {
  return as_experiment({.name = "vae",
                        .summary = "VAE on MNIST: the implementation and the tuned one, five latent sizes (Table 1, Figures 1, 5, 6)",
                        .cells = cells,
                        .build = [](const Settings& settings, std::uint64_t seed) { return std::make_unique<VaeRow>(build_vae(settings, seed)); }});
}

}  // namespace vae_extensions
