// Mean-field VB on one data set after the other, as the authors' script trains it.
#pragma once

#include "common/experiments/experiment.hpp"

namespace hvae {

// Cells "d301/vb" and so on: parameters and optimiser go over from each data set to the next. Metrics delta_error, the mean over all
// sets; first_delta_error; later_delta_error, the mean over the others; mle_delta_error.
experiments::Experiment sequential_experiment(std::int64_t N);

}  // namespace hvae
