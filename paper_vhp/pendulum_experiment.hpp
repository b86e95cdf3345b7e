#pragma once

#include "common/experiments/experiment.hpp"

namespace vhp {

// Table 1 and the methods of Figures 2 to 4 and 11 to 18: one cell for each method.
experiments::Experiment pendulum_experiment();

// What the paper leaves open, one thing at a time: REWO with another rendering, noise, variance, ...
experiments::Experiment sensitivity_experiment();

// How much of an error is the seed's: many seeds of each method, and of REWO with other choices, with the settings of profile quick.
experiments::Experiment seeds_experiment();

}  // namespace vhp
