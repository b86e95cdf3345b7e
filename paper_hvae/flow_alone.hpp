// Beyond the paper: what the flow alone does for a VAE that is trained and then left as it is.
#pragma once

#include "common/experiments/experiment.hpp"

namespace hvae {

// One cell, "vae": trains a VAE, freezes it, and learns only step sizes and temperatures of flows on top of it, for K = 1, 5
// and 10 and each tempering. Metrics "k5_free.closed_nats" and so on.
experiments::Experiment flow_alone_experiment();

}  // namespace hvae
