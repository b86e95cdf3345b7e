#pragma once

#include "common/experiments/experiment.hpp"

namespace ep_hopfield {

// The four models of Table 1 with the settings of Table 3. Cells: "f_vae", "h_vae", "dh_vae", "tdh_vae".
experiments::Experiment vae_experiment();
// The classifier, and what the distances are between sets of real digits. Cell: "reference".
experiments::Experiment scores_experiment();

}  // namespace ep_hopfield
