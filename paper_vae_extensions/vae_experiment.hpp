#pragma once

#include "common/experiments/experiment.hpp"

namespace vae_extensions {

// Rows "VAE implementation" and "VAE tuned" of Table 1. Cells: "<row>/n<latent size>".
experiments::Experiment vae_experiment();

}  // namespace vae_extensions
