// The report's experiments with images: section 2.2 (HVAE + IAF), section 2.3 (HVAE against IWAE), and what its objective
// as coded is worth, on the Gaussian model, where the truth is known.
#pragma once

#include "common/experiments/experiment.hpp"

namespace hvae {

// Cells "iwae", "hvae_as_coded", "hvae_right", "vae", "vae_iaf", "hvae_iaf", "hvae_iaf_as_coded".
experiments::Experiment report_mnist_experiment();

// Tables 5 and 6: the number of parameters of every layer; cells "encoder", "decoder".
experiments::Experiment networks_experiment();

}  // namespace hvae
