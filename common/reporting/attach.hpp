// Joins a program to its report: fills Program::report, Program::check and Program::published_numbers.
#pragma once

#include "common/experiments/experiment.hpp"
#include "common/reporting/page.hpp"
#include "common/reporting/weaver.hpp"

#include <filesystem>
#include <functional>
#include <vector>

namespace reporting {

// What a paper says of its own report.
struct Document {
  std::filesystem::path root;                                    // of the repository
  std::filesystem::path published;                               // the file of claims, relative to root
  std::vector<Chapter> chapters;                                 // of program.md, in reading order
  std::function<void(Page&, const experiments::Ledger&)> write;  // adds the paper's own sections
};

// After this, report writes index.md, figures/, program.md and summary.json under reports/<name>/ and the front page
// reports/index.md; check judges the claims (all, or one) and prints a line for each on standard output.
void attach(experiments::Program& program, Document document);

// The exit status of a check: 0 when every verdict that was reached is as declared, 1 when one is not, 77 when none was
// reached. Prints one line per claim. Throws Failure(usage) for an unknown claim.
int check(const std::vector<Claim>& claims, const Results& results, const std::optional<std::string>& id, std::optional<Profile> profile);

}  // namespace reporting
