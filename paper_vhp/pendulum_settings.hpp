#pragma once

#include "common/experiments/experiment.hpp"
#include "paper_vhp/pendulum.hpp"
#include "paper_vhp/schedules.hpp"
#include "paper_vhp/vhp.hpp"

namespace vhp {

// What the names of the cells end in that have the paper's settings but for 30,000 iterations.
inline constexpr const char* shorter = "_30k";

std::vector<experiments::Cell> pendulum_cells(experiments::Profile profile);
std::vector<experiments::Cell> sensitivity_cells(experiments::Profile profile);
std::vector<experiments::Cell> seeds_cells(experiments::Profile profile);

// What --set may have made impossible: Failure(usage), as from the readers below.
void check_settings(const experiments::Settings& settings);

ScheduleSettings schedule_of(const experiments::Settings& settings, std::int64_t batches_per_epoch);  // IWAE has none
PriorBound bound_of(const experiments::Settings& settings);
Rendering rendering_of(const experiments::Settings& settings);

// The iterations at which a cell keeps pictures of the codes, among those it is trained for; ascending.
std::vector<std::int64_t> marked_iterations(const experiments::Settings& settings);

}  // namespace vhp
