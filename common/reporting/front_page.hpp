// reports/index.md, the front page over all programs. A program knows only its own claims, so each leaves its line in
// reports/<program>/summary.json, and whichever reports last puts them together.
#pragma once

#include "common/experiments/experiment.hpp"
#include "common/reporting/claims.hpp"
#include "common/reporting/results.hpp"

#include <filesystem>

namespace reporting {

// Writes <folder>/summary.json for this program. Throws Failure(io).
void write_summary(const std::filesystem::path& folder, const experiments::Program& program, const std::vector<Claim>& claims,
                   const std::vector<Judgement>& judgements, const Results& results);

// Writes <reports>/index.md from every <reports>/*/summary.json and from the list of controls in the repository at `root`.
// Throws Failure(io).
void write_front_page(const std::filesystem::path& reports, const std::filesystem::path& root);

}  // namespace reporting
