#include "common/reporting/claims.hpp"

#include "common/reporting/overload.hpp"
#include "common/reporting/tables.hpp"
#include "common/tensors/errors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace reporting {
namespace {

using experiments::Program;

// Rounding that doubles add to an exact comparison of printed decimals.
constexpr double slack = 1e-9;

double half_unit(const Claim& claim) { return claim.reading_error.value_or(0.5 * std::pow(10.0, -claim.digits)) * (1 + slack); }

bool within(double a, double b, double tolerance) { return std::abs(a - b) <= tolerance + slack * std::abs(b); }

// Does the rule hold for ours? Nothing, and why in `note`, when what it compares with is not there.
class Judge {
 public:
  Judge(const Claim& claim, const std::vector<Claim>& claims, const Results& results, Profile profile, const Sample& ours)
      : claim_(claim), claims_(claims), results_(results), profile_(profile), ours_(ours) {}

  std::optional<bool> operator()(const Near& near) {
    return near_published(near.tolerance * (near.relative ? std::abs(*claim_.published) : 1));
  }

  std::optional<bool> operator()(const Interval& interval) {
    if (std::isnan(ours_.mean)) return false;  // diverged: whatever the spread
    const Spread spread = pooled(samples_of(metrics_of(interval.pool)));
    if (spread.dof == 0) return missing(no_spread);
    const double half_width = prediction_half_width(spread, ours_.n, interval.published_runs, interval.false_alarm);
    if (interval.at_most && half_width > *interval.at_most)
      return missing(fmt::format("too few seeds for an interval of ± {:.3g} or less: theirs is ± {:.3g}", *interval.at_most, half_width));
    return near_published(half_width);
  }

  std::optional<bool> operator()(const Ordering& ordering) {
    const auto id = std::ranges::find(claims_, ordering.other, &Claim::id);
    const CellMetric other = id != claims_.end() ? *id->metric : *cell_metric_from(ordering.other);
    const auto theirs = results_.accepted(profile_, other);
    if (!theirs) return missing(to_string(other) + " was not run");
    against_ = theirs->mean;
    if (ordering.paired) return paired(ordering, other);
    const double lead = ordering.after ? ours_.mean - theirs->mean : theirs->mean - ours_.mean;
    if (ordering.false_alarm == 0 || std::isnan(lead)) return lead > ordering.margin;
    const Spread spread = pooled(samples_of(metrics_of(ordering.pool, other)));
    if (spread.dof == 0) return missing(no_spread);
    return decided(ordering, lead, prediction_half_width(spread, ours_.n, theirs->n, ordering.false_alarm));
  }

  std::optional<bool> operator()(const Law& law) {
    const auto exact = results_.accepted(profile_, law.law);
    if (!exact) return missing(to_string(law.law) + " was not run");
    against_ = exact->mean;
    return within(ours_.mean, exact->mean, law.tolerance) &&
           (!claim_.published || within(*claim_.published, exact->mean, law.tolerance + half_unit(claim_)));
  }

  const std::string& note() const { return note_; }
  std::optional<double> against() const { return against_; }
  std::optional<double> lead() const { return lead_; }
  std::optional<double> tolerance() const { return tolerance_; }
  double held() const { return held_; }  // what `instead` is about

 private:
  static constexpr const char* no_spread = "no cell of the pool has two seeds, so the spread is unknown";

  bool near_published(double tolerance) {
    tolerance_ = tolerance + half_unit(claim_);
    return within(ours_.mean, *claim_.published, *tolerance_);
  }

  // Of a cell by its path, "experiment/cell".
  static CellMetric metric_of(const std::string& path, const std::string& metric) {
    const std::size_t slash = path.find('/');
    return {path.substr(0, slash), path.substr(slash + 1), metric};
  }

  // The claim's metric, what it is held against, and the claim's metric of a pool's cells; none of them twice.
  std::vector<CellMetric> metrics_of(const std::vector<std::string>& pool, const std::optional<CellMetric>& other = {}) const {
    std::vector<CellMetric> metrics{*claim_.metric};
    const auto add = [&](const CellMetric& metric) {
      if (std::ranges::find(metrics, metric) == metrics.end()) metrics.push_back(metric);
    };
    if (other) add(*other);
    for (const std::string& cell : pool) add(metric_of(cell, claim_.metric->metric));
    return metrics;
  }

  std::vector<Sample> samples_of(const std::vector<CellMetric>& metrics) const {
    std::vector<Sample> samples;
    for (const CellMetric& metric : metrics)
      if (auto s = results_.accepted(profile_, metric)) samples.push_back(*s);
    return samples;
  }

  std::optional<bool> paired(const Ordering& ordering, const CellMetric& other) {
    const auto difference = results_.paired_difference(profile_, *claim_.metric, other);
    if (!difference) return missing("there is no seed in common");
    lead_ = held_ = ordering.after ? difference->mean : -difference->mean;
    if (std::isnan(held_)) return false;
    const Spread spread = results_.paired_spread(profile_, metrics_of(ordering.pool, other));
    if (spread.dof == 0) return missing("there are no two seeds in common");
    return decided(ordering, held_, prediction_half_width(spread, difference->n, difference->n, ordering.false_alarm));
  }

  std::optional<bool> decided(const Ordering& ordering, double lead, double chance) {
    if (std::abs(lead - ordering.margin) <= chance)
      return missing(fmt::format("too few seeds to tell a lead of {:.3g} from the {:.3g} asked for, as chance makes up to {:.3g}", lead,
                                 ordering.margin, chance));
    return lead > ordering.margin;
  }

  std::optional<bool> missing(std::string why) {
    note_ = std::move(why);
    return {};
  }

  const Claim& claim_;
  const std::vector<Claim>& claims_;
  const Results& results_;
  Profile profile_;
  const Sample& ours_;
  double held_ = ours_.mean;
  std::string note_;
  std::optional<double> against_, lead_, tolerance_;
};

bool holds(const Instead& instead, double ours) {
  return instead.diverges ? std::isnan(ours) : within(ours, instead.value, instead.tolerance);
}

void settle(Judgement& j, const Rule& rule, bool rule_holds, double held) {
  j.verdict = rule_holds ? Verdict::reproduced : Verdict::differs;
  j.failed = j.verdict != rule.expect;
  if (j.failed) {
    j.note = fmt::format("expected: {}", to_string(rule.expect));
  } else if (rule.instead && !holds(*rule.instead, held)) {
    j.failed = true;
    j.note = fmt::format("instead of the published value {} was declared", to_string(*rule.instead));
  }
}

std::string why_not_accepted(const Results& results, Profile profile, const std::string& cell) {
  const auto& records = results.records(profile, cell);
  const char* why = records.empty() ? "no record" : records.front()->stand_in_data ? "on stand-in data" : "not recorded";
  return fmt::format("{} at {}", why, experiments::to_string(profile));
}

}  // namespace

std::string to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::reproduced: return "reproduced";
    case Verdict::differs: return "differs";
    case Verdict::not_comparable: return "not comparable";
    case Verdict::not_run: break;
  }
  return "not run at this scale";
}

std::string to_string(const Instead& instead) {
  return instead.diverges ? "a divergence" : fmt::format("{} ± {}", instead.value, instead.tolerance);
}

Judgement judge(const Claim& claim, const std::vector<Claim>& claims, const Results& results, std::optional<Profile> profile) {
  Judgement j{.claim = &claim};
  for (Profile at : {Profile::paper, Profile::quick}) {
    if (!claim.metric || (profile && *profile != at)) continue;
    const auto ours = results.accepted(at, *claim.metric);
    const auto& records = results.records(at, claim.metric->cell_path());
    const auto rule = claim.rules.find(at);
    if (!ours) {
      const bool unrecorded = !records.empty() && !records.front()->stand_in_data && !results.estimate(at, *claim.metric);
      if (unrecorded && rule != claim.rules.end()) {
        j.failed = true;
        j.note = fmt::format("the {} records of {} have no metric '{}'", experiments::to_string(at), claim.metric->cell_path(),
                             claim.metric->metric);
        return j;
      }
      if (j.note.empty()) j.note = why_not_accepted(results, at, claim.metric->cell_path());
      continue;
    }
    if (!j.ours) j.ours = ours, j.ours_at = at;
    if (rule == claim.rules.end()) continue;
    Judge judge_rule(claim, claims, results, at, *ours);
    const auto holds = std::visit(judge_rule, rule->second.kind);
    if (!holds) {
      j.undecided = true;
      j.note = judge_rule.note();
      continue;
    }
    j.undecided = false;
    j.profile = j.ours_at = at;
    j.ours = ours;
    j.against = judge_rule.against();
    j.lead = judge_rule.lead();
    j.tolerance = judge_rule.tolerance();
    j.note.clear();
    settle(j, rule->second, *holds, judge_rule.held());
    return j;
  }
  if (!claim.not_comparable.empty()) {
    j.verdict = Verdict::not_comparable;
    j.note = claim.not_comparable;
  } else if (j.note.empty()) {
    j.note = "no rule at the scale that was run";
  }
  return j;
}

std::vector<Judgement> judge_all(const std::vector<Claim>& claims, const Results& results, std::optional<Profile> profile) {
  std::vector<Judgement> all;
  for (const Claim& claim : claims) all.push_back(judge(claim, claims, results, profile));
  return all;
}

void require_declared(const std::vector<Claim>& claims, const Program& program) {
  std::set<std::string> declared;
  for (const auto& experiment : program.experiments)
    for (Profile profile : {Profile::quick, Profile::paper})
      for (const auto& cell : experiment.cells(profile)) declared.insert(experiment.name + "/" + cell.name);
  for (const Claim& claim : claims) {
    const auto check = [&](const std::string& cell) {
      if (!declared.contains(cell))
        tensors::fail(tensors::Exit::io, "published_{}.toml: claim {}: no profile declares the cell '{}'", program.name, claim.id, cell);
    };
    if (claim.metric) check(claim.metric->cell_path());
    for (const auto& [profile, rule] : claim.rules)
      std::visit(Overload{[](const Near&) {}, [&](const Interval& interval) { std::ranges::for_each(interval.pool, check); },
                          [&](const Ordering& ordering) {
                            std::ranges::for_each(ordering.pool, check);
                            if (const auto metric = cell_metric_from(ordering.other)) check(metric->cell_path());
                          },
                          [&](const Law& law) { check(law.law.cell_path()); }},
                 rule.kind);
  }
}

double false_alarm_budget(const std::vector<Claim>& claims) {
  double sum = 0;
  for (const Claim& claim : claims) {
    double largest = 0;
    for (const auto& [profile, rule] : claim.rules) {
      if (const auto* interval = std::get_if<Interval>(&rule.kind)) largest = std::max(largest, interval->false_alarm);
      // Wrong on one side only: on the other the lead is just clearer.
      if (const auto* ordering = std::get_if<Ordering>(&rule.kind)) largest = std::max(largest, ordering->false_alarm / 2);
      if (const auto* law = std::get_if<Law>(&rule.kind)) largest = std::max(largest, law->false_alarm);
    }
    sum += largest;
  }
  return sum;
}

std::string published_text(const Claim& claim) { return format_number(claim.published, claim.digits); }

std::string reference_name(const Judgement& j) { return j.claim->published || !j.against ? "published" : "held against"; }

std::string reference_text(const Judgement& j) {
  if (j.claim->published || !j.against) return published_text(*j.claim);
  const std::string against = format_number(j.against, j.claim->digits);
  const auto* ordering = std::get_if<Ordering>(&j.claim->rules.at(*j.profile).kind);
  if (!ordering) return "= " + against;
  const std::string margin = ordering->margin == 0 ? "" : fmt::format(" {} {}", ordering->after == (ordering->margin > 0) ? "+" : "−", std::abs(ordering->margin));
  return fmt::format("{} {}{}", ordering->after ? ">" : "<", against, margin);
}

std::string ours_text(const Judgement& j) {
  if (!j.ours) return "–";
  return fmt::format("{} ({} seed{}, {})", format_estimate(*j.ours, j.claim->digits), j.ours->n, j.ours->n == 1 ? "" : "s",
                     experiments::to_string(*j.ours_at));
}

bool is_only_ordered(const Judgement& j) {
  return j.verdict == Verdict::reproduced && j.claim->published && j.profile && std::holds_alternative<Ordering>(j.claim->rules.at(*j.profile).kind);
}

std::string verdict_text(const Judgement& j) {
  if (j.undecided) return "run, undecided: " + j.note;
  const std::string numbers = j.lead ? fmt::format(" (lead {:.3g})", *j.lead) : j.tolerance ? fmt::format(" (± {:.3g} allowed)", *j.tolerance) : "";
  return to_string(j.verdict) + (is_only_ordered(j) ? ", as an ordering" : "") + numbers;
}

std::string to_line(const Judgement& j) {
  const char* standing = j.failed ? "NOT as declared" : j.skipped() ? "skipped" : "as declared";
  return fmt::format("{}  {} {}  ours {}  {}  {}{}", j.claim->id, reference_name(j), reference_text(j), ours_text(j), verdict_text(j), standing,
                     j.note.empty() || j.undecided ? "" : fmt::format("  ({})", j.note));
}

}  // namespace reporting
