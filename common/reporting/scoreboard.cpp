#include "common/reporting/scoreboard.hpp"

#include "common/reporting/tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <map>
#include <ranges>
#include <set>
#include <tuple>

namespace reporting {
namespace {

std::string standing(const Judgement& j) { return j.failed ? fmt::format("**{}, NOT as declared**", verdict_text(j)) : verdict_text(j); }

Table score_table(const std::vector<Judgement>& judgements) {
  Table table{{{"Claims"},
               {"Reproduced", Align::right},
               {"Differs", Align::right},
               {"Not comparable", Align::right},
               {"Run, undecided", Align::right},
               {"Not run", Align::right},
               {"Not as declared", Align::right}},
              {}};
  for (const Source source : sources) {
    const std::vector<Judgement> members = from(source, judgements);
    if (members.empty()) continue;
    const Score score = score_of(members);
    table.rows.push_back({to_string(source), std::to_string(score.reproduced), std::to_string(score.differs), std::to_string(score.not_comparable),
                          std::to_string(score.undecided), std::to_string(score.not_run), std::to_string(score.failed)});
  }
  return table;
}

// Which of those that reproduced or differ did so below the paper's scale, if others were judged at it.
std::string judged_below(const std::vector<Judgement>& judgements) {
  std::string below;
  bool at_paper = false;
  for (const Judgement& j : judgements) {
    if (j.verdict != Verdict::reproduced && j.verdict != Verdict::differs) continue;
    at_paper = at_paper || j.profile == Profile::paper;
    if (j.profile != Profile::paper) below += fmt::format("{}`{}`", below.empty() ? "" : ", ", j.claim->id);
  }
  return !at_paper || below.empty() ? "" : fmt::format("Judged at `quick`, not at the paper's scale: {}.\n\n", below);
}

// A list of the judgements that `wanted` picks with what `detail` says of them, one line for those of which it says the same; empty when
// there are none.
std::string listed(const std::string& heading, const std::vector<Judgement>& judgements,
                   const std::function<bool(const Judgement&)>& wanted, const std::function<std::string(const Judgement&)>& detail) {
  std::vector<std::pair<std::string, std::string>> lines;  // claims, detail
  for (const Judgement& j : judgements | std::views::filter(wanted)) {
    const std::string claim = fmt::format("`{}` ({})", j.claim->id, j.claim->where), said = detail(j);
    const auto same = std::ranges::find(lines, said, &std::pair<std::string, std::string>::second);
    if (same == lines.end()) lines.emplace_back(claim, said);
    else same->first += ", " + claim;
  }
  std::string out;
  for (const auto& [claims, said] : lines) out += fmt::format("- {}: {}\n", claims, said);
  return out.empty() ? "" : fmt::format("**{}**\n\n{}\n", heading, out);
}

std::string why_it_differs(const Judgement& j) {
  const std::string lead = j.lead ? fmt::format(", a lead of {:.3g} over the seeds of both", *j.lead) : "";
  const std::string numbers = fmt::format("{} {}, ours {}{}", reference_name(j), reference_text(j), ours_text(j), lead);
  if (j.failed) return numbers + "; " + j.note;
  const Rule& rule = j.claim->rules.at(*j.profile);
  const auto* ordering = std::get_if<Ordering>(&rule.kind);
  return fmt::format("{}; declared {}{}: {}", numbers, ordering && ordering->paired ? "lead " : "", to_string(*rule.instead), rule.instead->because);
}

// Claims above which the scoreboard counts what held instead of listing it.
constexpr int most_listed = 30;

// How each group of claims came out; a group is what ids have before the first dot.
std::string counted(const std::vector<Judgement>& judgements) {
  std::map<std::string, std::vector<Judgement>> groups;
  for (const Judgement& j : judgements) groups[j.claim->id.substr(0, j.claim->id.find('.'))].push_back(j);
  Table table{{{"Claims"}, {"Reproduced", Align::right}, {"Differs", Align::right}, {"Not comparable", Align::right}, {"Run, undecided", Align::right},
               {"Not run", Align::right}}, {}};
  for (const auto& [group, members] : groups) {
    const Score score = score_of(members);
    table.rows.push_back({fmt::format("`{}`", group), std::to_string(score.reproduced), std::to_string(score.differs),
                          std::to_string(score.not_comparable), std::to_string(score.undecided), std::to_string(score.not_run)});
  }
  return "**What held**, by the beginning of the claims' ids:\n\n" + to_markdown(table) + "\n";
}

// Per profile, experiment and metric that claims read: the pooled seed spread and the differences it could show.
std::string sensitivity(const std::vector<Judgement>& judgements, const Results& results) {
  std::set<std::tuple<Profile, std::string, std::string>> quantities;
  for (const Judgement& j : judgements)
    if (j.ours_at && j.claim->metric) quantities.emplace(*j.ours_at, j.claim->metric->experiment, j.claim->metric->metric);
  if (quantities.empty()) return "";

  Table table{{{"Metric"},
               {"Profile"},
               {"Seed s.d. (d.o.f.)", Align::right},
               {"Least to greatest of a cell", Align::right},
               {"Seeds", Align::right},
               {"Against one published run", Align::right},
               {"Between two of our cells", Align::right}},
              {}};
  for (const auto& [profile, experiment, metric] : quantities) {
    std::vector<Sample> samples;
    for (const auto& path : results.cells().at(profile) | std::views::keys) {
      if (!path.starts_with(experiment + "/")) continue;
      if (auto s = results.accepted(profile, {experiment, path.substr(experiment.size() + 1), metric})) samples.push_back(*s);
    }
    std::erase_if(samples, [](const Sample& s) { return s.n == 1 || !std::isfinite(s.sd); });  // all seeds of a cell may have diverged
    if (samples.empty()) continue;
    const int n = std::ranges::max(samples, {}, &Sample::n).n;
    const Spread spread = pooled(samples);
    const double rounding = 1e-12 * std::abs(samples.front().mean);  // of a constant
    if (spread.sd <= rounding) continue;
    const auto [least, greatest] = std::ranges::minmax(samples, {}, &Sample::sd);
    table.rows.push_back({fmt::format("`{} : {}`", experiment, metric), experiments::to_string(profile),
                          fmt::format("{:.3g} ({})", spread.sd, spread.dof), fmt::format("{:.3g} to {:.3g}", least.sd, greatest.sd), std::to_string(n),
                          fmt::format("{:.3g}", smallest_visible_difference(spread, n, 1)),
                          fmt::format("{:.3g}", smallest_visible_difference(spread, n, n))});
  }
  if (table.rows.empty()) return "No cell has run with two seeds, so how much of a difference they could show is unknown.\n\n";
  return "**The smallest difference that the number of seeds could show** (two-sided 5 % test, power 80 %, spread pooled over the cells "
         "of the experiment, for the cells with most seeds; where cells differ much in their own spread it says little of any one; a metric that no cell has from two seeds is not listed):\n\n" +
         to_markdown(table) + "\n";
}

}  // namespace

Score score_of(const std::vector<Judgement>& judgements) {
  Score score;
  for (const Judgement& j : judgements) {
    score.failed += j.failed;
    switch (j.verdict) {
      case Verdict::reproduced: ++score.reproduced; break;
      case Verdict::differs: ++score.differs; break;
      case Verdict::not_comparable: ++score.not_comparable; break;
      case Verdict::not_run: ++(j.undecided ? score.undecided : score.not_run); break;
    }
  }
  return score;
}

std::vector<Judgement> from(Source source, const std::vector<Judgement>& judgements) {
  std::vector<Judgement> members;
  std::ranges::copy_if(judgements, std::back_inserter(members), [&](const Judgement& j) { return j.claim->source() == source; });
  return members;
}

std::string to_string(Source source) {
  switch (source) {
    case Source::printed_number: return "Numbers that the paper prints";
    case Source::unprinted_number: return "Numbers read off its plots or in its code's output";
    case Source::sentence: return "What it says in words";
    case Source::variant: return "The same at settings or by measures of ours";
    case Source::own: break;
  }
  return "Closed forms and corrections of ours";
}

std::string banners(const Results& results) {
  std::string out;
  if (results.cells().empty())
    out += "> **No results yet.** No record counts; run the program to fill this page.\n\n";
  else if (!results.has(Profile::paper) && results.has(Profile::quick))
    out += "> **Quick profile.** These numbers come from scaled-down runs; the settings that were shrunk are listed below.\n\n";
  else if (!results.has(Profile::paper))
    out += "> **Smoke profile.** These runs only show that the code works; no number here means anything.\n\n";
  for (Profile profile : {Profile::smoke, Profile::quick, Profile::paper})
    if (results.has_stand_in(profile))
      out += fmt::format(
          "> **Stand-in data.** The `{}` records stand on procedurally drawn images, not on the paper's data; no claim accepts them.\n\n",
          experiments::to_string(profile));
  return out;
}

std::string scoreboard_section(const std::vector<Judgement>& judgements, const Results& results) {
  std::string out = "## Scoreboard\n\n" + to_markdown(score_table(judgements)) + "\n" + judged_below(judgements);
  const auto has = [](Verdict verdict) { return [verdict](const Judgement& j) { return j.verdict == verdict && !j.failed && !j.undecided; }; };
  out += listed("Not as declared", judgements, &Judgement::failed, why_it_differs);
  const bool is_long = static_cast<int>(judgements.size()) > most_listed;
  if (is_long) out += counted(judgements);
  else
    out += listed("What held", judgements, has(Verdict::reproduced), [](const Judgement& j) {
      return fmt::format("{}; {} {}, ours {}", j.claim->says, reference_name(j), reference_text(j), ours_text(j));
    });
  out += listed("What did not hold, and why", judgements, has(Verdict::differs), why_it_differs);
  out += listed("Not comparable", judgements, has(Verdict::not_comparable), &Judgement::note);
  out += listed("Run, but undecided", judgements, &Judgement::undecided, &Judgement::note);
  if (!is_long) out += listed("What was not run", judgements, has(Verdict::not_run), &Judgement::note);
  return out + sensitivity(judgements, results);
}

// "NLL 83.30 (deviation of three estimates 0.06, epochs 1158)"
std::string says_text(const Claim& claim) {
  std::string beside;
  for (const auto& [name, value] : claim.beside) beside += fmt::format("{}{} {}", beside.empty() ? "" : ", ", name, value);
  std::ranges::replace(beside, '_', ' ');
  return beside.empty() ? claim.says : fmt::format("{} ({})", claim.says, beside);
}

std::string claims_section(const std::vector<Claim>& claims, const std::vector<Judgement>& judgements, const Results& results) {
  const bool has_both = results.has(Profile::paper) && results.has(Profile::quick);
  Table table{{{"Claim"}, {"Where"}, {"Published", Align::right}, {"Ours ± s.e. (n seeds, profile)", Align::right}}, {}};
  if (has_both) table.columns.push_back({"At quick", Align::right});
  table.columns.push_back({"Verdict"});
  for (const Judgement& j : judgements) {
    std::vector<std::string> row{fmt::format("`{}` {}", j.claim->id, says_text(*j.claim)), j.claim->where, reference_text(j), ours_text(j)};
    if (has_both) {
      const auto quick = j.claim->metric ? results.estimate(Profile::quick, *j.claim->metric) : std::nullopt;
      row.push_back(quick ? format_estimate(*quick, j.claim->digits) : "–");
    }
    row.push_back(standing(j));
    table.rows.push_back(std::move(row));
  }
  std::string out =
      "## Claims\n\n" + to_markdown(table) +
      "\nThe s.e. is that of the mean over seeds; a single seed has none. Every rule with its reason stands in the program's file of "
      "published numbers.";
  if (std::ranges::any_of(judgements, [](const Judgement& j) { return !j.claim->published && j.against; }))
    out += " Where nothing is printed, the third column has what ours was held against: a closed form (=) or another result (<, >), and "
           "by how much ours must lie beyond it.";
  if (std::ranges::any_of(judgements, is_only_ordered))
    out += " *As an ordering*: a run of this scale cannot meet the printed number itself; its order against another result is what was held.";
  const double budget = false_alarm_budget(claims);
  if (budget > 0) out += fmt::format(" False alarms to be expected if every claim is true: at most {:.3g} among those that declare a rate.", budget);
  return out + "\n\n";
}

std::string checks_section(const std::vector<Judgement>& judgements, const Results& results) {
  struct Count {
    int passed = 0, total = 0;
  };
  std::map<std::string, Count> counts;
  std::string failures;
  for (const auto& [profile, cells] : results.cells())
    for (const auto& records : cells | std::views::values)
      for (const auto* record : records) {
        const std::string cell = experiments::to_string(profile) + " " + record->identity.key();
        if (record->diverged) failures += fmt::format("- `{}` diverged: {}\n", cell, record->divergence);
        for (const auto& check : record->health) {
          Count& count = counts[check.name];
          ++count.total;
          count.passed += check.passed;
          if (!check.passed) failures += fmt::format("- `{}` failed “{}”: {}\n", cell, check.name, check.detail);
        }
      }
  std::string out;
  if (!counts.empty()) {
    Table table{{{"Health check of every run"}, {"Passed", Align::right}}, {}};
    for (const auto& [name, count] : counts) table.rows.push_back({name, fmt::format("{} of {}", count.passed, count.total)});
    out += to_markdown(table) + "\n";
  }
  if (!failures.empty()) out += failures + "\n";

  Table laws{{{"Law"}, {"Ours", Align::right}, {"Closed form", Align::right}, {"Tolerance", Align::right}, {"Verdict"}}, {}};
  for (const Judgement& j : judgements) {
    const auto* law = j.profile ? std::get_if<Law>(&j.claim->rules.at(*j.profile).kind) : nullptr;
    if (!law) continue;
    const auto exact = results.accepted(*j.profile, law->law);
    laws.rows.push_back({fmt::format("`{}`", j.claim->id), format_estimate(*j.ours, j.claim->digits),
                         format_number(exact->mean, j.claim->digits), fmt::format("{}", law->tolerance), standing(j)});
  }
  if (!laws.rows.empty()) out += to_markdown(laws) + "\n";
  return out.empty() ? "" : "## Checks\n\n" + out;
}

}  // namespace reporting
