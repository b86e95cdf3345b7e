#pragma once

#include "common/experiments/experiment.hpp"

namespace vae_extensions {

// Row "VAE CNN" of Table 1. Cells: "cnn/n<latent size>".
experiments::Experiment cnn_experiment();

}  // namespace vae_extensions
