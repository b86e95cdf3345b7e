#pragma once

#include "common/experiments/experiment.hpp"

namespace ep_hopfield {

// A cell that measures untrained networks: the setting `measure` says what.
void run_laws(experiments::Run& run);

}  // namespace ep_hopfield
