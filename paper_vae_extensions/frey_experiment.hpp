#pragma once

#include "common/experiments/experiment.hpp"

namespace vae_extensions {

// The Frey faces of sections 4.1 and 5. Cells: "tanh_<split>/n<latent size>" and "free_<split>/n<latent size>" with the
// splits "all" (tested on the training set, as coded) and "held_out"; "tanh_all_lr_<rate>/n<latent size>" at other learning rates.
experiments::Experiment frey_experiment();

}  // namespace vae_extensions
