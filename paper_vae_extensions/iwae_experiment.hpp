#pragma once

#include "common/experiments/experiment.hpp"

namespace vae_extensions {

// Row "IWAE" of Table 1, as coded and right. Cells: "as_coded/n<latent size>", "right/n<latent size>" and, for the report's
// hundred passes, "as_coded_100/n20" and "right_100/n20".
experiments::Experiment iwae_experiment();

}  // namespace vae_extensions
