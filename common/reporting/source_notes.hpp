// The sections of a page on where its numbers come from.
#pragma once

#include "common/experiments/experiment.hpp"
#include "common/reporting/results.hpp"

#include <string>

namespace reporting {

// The commands, and commit, compiler, machine and data of the records, per profile.
std::string provenance_section(const experiments::Program& program, const Results& results);

// Every setting that quick gives another value than paper does. Empty when there is none.
std::string shrunk_settings_section(const experiments::Program& program);

// Declared cells without a record, and records that are stale. Empty when there is neither.
std::string missing_section(const experiments::Program& program, const Results& results);

}  // namespace reporting
