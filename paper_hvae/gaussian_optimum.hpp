// What the flow alone can do: the model's parameters stand at the exact maximiser, and only the step sizes and the
// temperatures are learned, by the exact bound. What is left between bound and log p(D) is then the flow's doing.
#pragma once

#include "common/experiments/experiment.hpp"

namespace hvae {

// Cells "<tempering>_k<K>", tempering none, fixed or free, on one data set of N rows and d = 25.
experiments::Experiment optimum_experiment(std::int64_t N);

}  // namespace hvae
