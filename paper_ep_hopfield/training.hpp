#pragma once

#include "common/experiments/experiment.hpp"

namespace ep_hopfield {

// A cell that trains one model and judges its pictures: of the experiments vae, exact, choices and sweep alike.
void run_training(experiments::Run& run);

// The cell that says what the scores are worth: the classifier's accuracy, and the distances between halves of the test set.
void run_reference(experiments::Run& run);

// New digits from a trained cell's decoder.
experiments::Images sample_cell(const experiments::Cell& cell, const experiments::Experiment::Weights& weights, std::int64_t n);

}  // namespace ep_hopfield
