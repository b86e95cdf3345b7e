#pragma once

#include "common/experiments/experiment.hpp"

namespace vae_extensions {

// Row "DVAE" at its five latent sizes, and the noise sweep of section 4.2.5. Cells: "noise_<rate>/n<latent size>".
experiments::Experiment dvae_experiment();

// Row "β-VAE". Cells: "beta_4/n<latent size>".
experiments::Experiment beta_experiment();

// Row "CVAE". Cells: "labels/n<latent size>".
experiments::Experiment cvae_experiment();

// Section 4.2.1: the tuned row from other initial weights, and for 1,600 passes. Cells: "<initialisation>/n20", "passes_1600/n20".
experiments::Experiment tuning_experiment();

}  // namespace vae_extensions
