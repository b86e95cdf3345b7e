// What both documents do with the Gaussian model: train one method on several data sets at once, and measure how far its
// parameters are from the true ones and from the exact maximiser's.
#pragma once

#include "common/experiments/experiment.hpp"
#include "common/nn/optimisers.hpp"

#include <memory>

namespace hvae {

// The settings that a cell of the Gaussian experiment needs.
//
// | setting | meaning |
// |---|---|
// | `method` | "hvae", "planar", "iaf", "vb", "vb_along_the_ridge" |
// | `d`, `n_sets`, `N` | dimension, data sets, observations in each |
// | `K` | leapfrog steps, or planar layers |
// | `tempering` | HVAE: "fixed" or "none" |
// | `as_coded` | planar, iaf: the authors' objective, or the right one |
// | `n_draws` | Monte Carlo draws a step |
// | `batch` | rows that a step treats as a data set of its own, unshuffled; 0: all |
// | `n_steps` | optimiser steps |
// | `optimiser` | "rmsprop_pytorch" or "rmsprop_tensorflow1", each with its library's defaults, learning rate 0.001 |
// | `curve_every` | steps between points of the learning curves |
void run_gaussian(experiments::Run& run);

// Refuses impossible settings, whichever of them the experiment has.
void check_gaussian_settings(const std::string& experiment, const experiments::Settings& settings);

// The defaults, for a method; a program sets the rest.
experiments::Settings gaussian_settings(const std::string& method, std::int64_t d);

// The optimiser that the setting `optimiser` names.
std::unique_ptr<nn::Optimiser<float>> gaussian_optimiser(const experiments::Settings& settings, const nn::Parameters<float>& parameters);

// A method as tables and figures name it.
struct Method {
  std::string cell;                // "hvae_k10_untempered": cells are "d25/hvae_k10_untempered"
  std::string label;               // "HVAE, K = 10, no tempering"
  experiments::Settings settings;  // what sets it apart from the defaults
};
const std::vector<Method>& gaussian_methods();

// On one thread.
double estimated_seconds(const experiments::Settings& settings);

}  // namespace hvae
