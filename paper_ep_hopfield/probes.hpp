#pragma once

#include "common/experiments/experiment.hpp"
#include "paper_ep_hopfield/models.hpp"

namespace ep_hopfield {

// Probes of a Hopfield model, on images x [B, 784] and the noise epsilon [B, latent] of their codes. Each appends to one series or two of
// the run.

// "settling": the greatest |ds/dt| of encoder and decoder after each step of the free phase, for twice its steps.
void probe_settling(experiments::Run& run, const Model& model, const Phases& phases, const Array<float>& x, const Array<float>& epsilon,
                    std::int64_t epoch);

// "gradients": cosine and relative error of equilibrium propagation's gradient against the exact one, block by block and together ("all");
// "probes": what that comparison is worth.
void probe_gradients(experiments::Run& run, const Model& model, const Phases& phases, const Array<float>& x, const Array<float>& epsilon,
                     std::int64_t epoch);

// "nudges": the same for all blocks together, with both nudges times a factor.
void probe_nudges(experiments::Run& run, const Model& model, const Phases& phases, const Array<float>& x, const Array<float>& epsilon);

}  // namespace ep_hopfield
