// The sections of a page that come from the claims and the health checks.
#pragma once

#include "common/reporting/claims.hpp"
#include "common/reporting/results.hpp"

#include <array>
#include <string>
#include <vector>

namespace reporting {

// How the claims came out, counted.
struct Score {
  int reproduced = 0, differs = 0, not_comparable = 0, not_run = 0;
  int undecided = 0;  // run, and too little to decide; not among the not_run
  int failed = 0;  // of the first two, or unrecorded: not as declared
};

Score score_of(const std::vector<Judgement>& judgements);

// The judgements of claims from one source, and the heading over them.
std::vector<Judgement> from(Source source, const std::vector<Judgement>& judgements);
inline constexpr std::array sources{Source::printed_number, Source::unprinted_number, Source::sentence, Source::variant, Source::own};
std::string to_string(Source source);

// Warnings for the head of the page: no paper-scale records, stand-in data, no records at all. Empty when there is nothing to warn of.
std::string banners(const Results& results);

// What held, what did not and why, what was not run, and the smallest difference that the number of seeds could show.
std::string scoreboard_section(const std::vector<Judgement>& judgements, const Results& results);

// The claims table, with quick numbers in a column of their own where both scales were run.
std::string claims_section(const std::vector<Claim>& claims, const std::vector<Judgement>& judgements, const Results& results);

// The health checks of all records, and the claims that hold ours against a closed form.
std::string checks_section(const std::vector<Judgement>& judgements, const Results& results);

}  // namespace reporting
