// The convolutional VAE and its Hamiltonian flow on MNIST, as the paper's section 4.2 trains and evaluates them.
#pragma once

#include "common/experiments/experiment.hpp"

namespace hvae {

// The paper's own protocol: every K, tempering and kind of step size, 50,000 images, early stopping. Cells: "vae",
// "k5_free", "k5_free_varied", ...
experiments::Experiment mnist_experiment();

// The same comparison at a scale that two cores finish: 10,000 images, 100 passes, K up to 5; only at profile paper.
experiments::Experiment mnist_10k_experiment();

}  // namespace hvae
