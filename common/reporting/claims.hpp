// Claims: every number the paper prints, and how ours is held against it.
//
// A claim names a metric, the published number, and per profile a rule with its reason. The verdict is computed from the
// records; the claim declares which verdict is expected, and a number that is expected to differ says what it is instead.
#pragma once

#include "common/experiments/experiment.hpp"
#include "common/reporting/results.hpp"

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace reporting {

enum class Verdict { reproduced, differs, not_comparable, not_run };

std::string to_string(Verdict verdict);  // "not run at this scale" for not_run

// What ours is when it differs from the published number (the lead, for a paired ordering). Either |ours - value| <= tolerance
// must hold, or a seed of ours must have diverged.
struct Instead {
  double value = 0, tolerance = 0;
  bool diverges = false;
  std::string because;
};

// |ours - published| <= tolerance, or <= tolerance * |published|; half a unit of the last printed digit is added.
struct Near {
  bool relative = false;
  double tolerance = 0;
};

// The published number as one more draw: |ours - published| <= t * s * sqrt(1/n + 1/published_runs) + half a unit, where s is
// the seed-to-seed deviation pooled over the claim's own cell and the cells of `pool`. An interval wider than `at_most` tells
// nothing apart and is left unjudged.
struct Interval {
  double false_alarm = 0;
  int published_runs = 1;
  std::vector<std::string> pool;  // "experiment/cell"
  std::optional<double> at_most = {};
};

// Ours lies beyond the other one of ours: ours - other > margin ("after"), other - ours > margin ("before"). With a
// `false_alarm` a lead is left unjudged that lies closer to the margin than chance could bring it: t * s * sqrt(1/n + 1/m), s
// pooled over both cells and those of `pool`. `paired`: the lead is the mean over the seeds that both have, where a seed is the
// same start and the same batches, and chance is t times the standard error of that mean, from what both cells and those of
// `pool` scatter by when each cell and each seed has its own mean (`residual`). A margin below 0 forgives so much.
struct Ordering {
  bool after = true;
  std::string other;  // a claim's id, or a metric
  double margin = 0;
  double false_alarm = 0;
  std::vector<std::string> pool;
  bool paired = false;
};

// A closed form that the code computes and records: both ours and the published number, if there is one, lie within
// tolerance of it, the published one with half a unit of its last digit added. Where the law is that of an expectation,
// `false_alarm` says how often chance alone takes a correct mean further away.
struct Law {
  CellMetric law;
  double tolerance = 0;
  double false_alarm = 0;
};

struct Rule {
  std::variant<Near, Interval, Ordering, Law> kind;
  std::string because;
  Verdict expect = Verdict::reproduced;  // the claim's, unless the rule has its own
  std::optional<Instead> instead = {};
};

// What a claim is of. Unprinted: a number of the authors that is read off a plot or stands in the output of their code. A
// variant holds another claim at settings, or by a measure, of ours. The suite's own have ids that begin with "right." (what a
// corrected objective or protocol gives) or "oracle." (closed forms).
enum class Source { printed_number, unprinted_number, sentence, variant, own };

struct Claim {
  std::string id, where, says;
  std::optional<CellMetric> metric = {};
  std::optional<double> published = {};
  int digits = 2;  // printed decimals
  std::optional<double> reading_error = {};  // of a number that is read off a plot: takes the place of half a printed unit
  std::map<Profile, Rule> rules = {};
  std::string not_comparable = {};  // the reason, if it is
  std::string variant_of = {};      // the id of the claim that this one is a variant of
  bool unprinted = false;           // the number stands in the output of the authors' code
  std::map<std::string, double> beside = {};  // what is printed beside the number and not held against a run, by name: "epochs"

  Source source() const;
};

// Reads and checks a file of claims. Throws Failure(io), naming file, claim and key, on anything that is missing, unknown,
// of the wrong type, given twice or out of range.
std::vector<Claim> read_claims(const std::filesystem::path& path);
std::vector<Claim> parse_claims(const std::string& text, const std::string& file);  // `file` for the messages

// Refuses claims about cells that the program declares in no profile: Failure(io), naming the claim.
void require_declared(const std::vector<Claim>& claims, const experiments::Program& program);

struct Judgement {
  const Claim* claim = nullptr;
  Verdict verdict = Verdict::not_run;
  bool failed = false;                  // the verdict is not the declared one, `instead` does not hold, or the metric is not recorded
  std::optional<Profile> profile = {};  // judged at
  std::optional<Sample> ours = {};      // at that profile, else at the highest one with records that count
  std::optional<Profile> ours_at = {};
  std::optional<double> against = {};   // the closed form of a law, or the other side of an ordering
  std::optional<double> lead = {};       // of a paired ordering, over the seeds that both have
  std::optional<double> tolerance = {};  // how far from the published number ours may lie, half a printed unit included
  bool undecided = false;               // not_run, though ours was run: what it is to be held against is missing, or seeds are too few
  std::string note = {};                // why it was not run, or failed

  bool skipped() const { return !failed && (verdict == Verdict::not_run || verdict == Verdict::not_comparable); }
};

// Judges at the highest profile (or the one given) that has a rule and accepted records and whose spread, where the rule
// needs it, decides. Stale and custom records, and those on stand-in data, are never accepted; a diverged seed makes the
// claim differ, and no value holds instead.
Judgement judge(const Claim& claim, const std::vector<Claim>& claims, const Results& results, std::optional<Profile> profile = {});
std::vector<Judgement> judge_all(const std::vector<Claim>& claims, const Results& results, std::optional<Profile> profile = {});

// The expected number of false alarms, about: over the claims that declare a rate, the largest of each, summed.
double false_alarm_budget(const std::vector<Claim>& claims);

// "-137.64" as printed, or "–".
std::string published_text(const Claim& claim);

// The same; where nothing is printed, what ours was held against: "= 0.41" (a closed form), "< 1.20" or "> 1.20 + 0.1" (an ordering,
// with its margin).
std::string reference_text(const Judgement& judgement);
std::string reference_name(const Judgement& judgement);  // "published", or "held against"

// "-137.2 ± 0.3 (3 seeds, paper)", or "–".
std::string ours_text(const Judgement& judgement);

// A number is printed but, at this scale, only its order was held.
bool is_only_ordered(const Judgement& judgement);

// The verdict, with the tolerance that a published number was held within: "reproduced (± 1.2 allowed)", or "reproduced, as an
// ordering"; with the note where ours was run but could not be judged.
std::string verdict_text(const Judgement& judgement);

// One line for standard output: id, published, ours, verdict, as declared or NOT.
std::string to_line(const Judgement& judgement);

std::string to_string(const Instead& instead);  // "0.94 ± 0.04", or "a divergence"

}  // namespace reporting
