#pragma once

#include "common/experiments/experiment.hpp"
#include "paper_vhp/motion_data.hpp"

namespace vhp {

std::vector<experiments::Cell> motion_cells(experiments::Profile profile);
std::vector<experiments::Cell> motion_seeds_cells(experiments::Profile profile);

enum class MotionMethod { vhp, vamp_prior, iwae };

// Failure(usage) on what --set may have made impossible.
MotionMethod motion_method_of(const experiments::Settings& settings);
Scaling::Kind scaling_of(const experiments::Settings& settings);
void check_motion_settings(const experiments::Settings& settings);

}  // namespace vhp
