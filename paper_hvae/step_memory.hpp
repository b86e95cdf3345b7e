// What a training step of the image model holds, by the number of leapfrog steps.
#pragma once

#include "common/experiments/experiment.hpp"

namespace hvae {

// One cell, "fixed": one training step for K = 0, 1, 2, 5, 10, 15 and 20 each. Metrics "k5_mib" and so on, and what the line through
// K = 1 and 2 says of twenty, "k20_by_line_mib".
experiments::Experiment step_memory_experiment();

}  // namespace hvae
