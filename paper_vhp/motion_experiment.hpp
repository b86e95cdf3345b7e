#pragma once

#include "common/experiments/experiment.hpp"

namespace vhp {

// Section 4.2: VHP with REWO, VampPrior and IWAE on five human motions (Figures 5 to 8 and 19).
experiments::Experiment motion_experiment();

// The same with the settings of profile quick, for as many seeds as it takes to compare methods; without pictures.
experiments::Experiment motion_seeds_experiment();

// The four movements that Figures 6, 7 and 19 follow, in the paper's colours.
struct PicturedMovement {
  const char *name, *from, *to;  // of the motions: from the middle of one recording to that of the other
};
std::vector<PicturedMovement> pictured_movements();

}  // namespace vhp
