#include "common/reporting/source_notes.hpp"

#include "common/reporting/tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <ranges>
#include <set>
#include <vector>

namespace reporting {
namespace {

using experiments::Cell;
using experiments::Program;
using experiments::Record;
using experiments::Value;

std::string to_text(const Value& value) {
  return std::visit([](const auto& v) { return fmt::format("{}", v); }, value);
}

// Distinct texts of a property over records, joined.
template <class Property>
std::string distinct(const std::vector<const Record*>& records, Property property) {
  std::set<std::string> values;
  for (const Record* record : records) values.insert(property(*record));
  values.erase("");
  return fmt::format("{}", fmt::join(values, "; "));
}

std::string joined(const std::map<std::string, std::string>& pairs) {
  std::string out;
  for (const auto& [name, value] : pairs) out += fmt::format("{}{} {}", out.empty() ? "" : ", ", name, value);
  return out;
}

void add_facts(Table& table, Profile profile, const std::vector<const Record*>& records) {
  const auto add = [&](const std::string& fact, const std::string& value) {
    if (!value.empty()) table.rows.push_back({experiments::to_string(profile), fact, value});
  };
  add("records", std::to_string(records.size()));
  add("commit", distinct(records, [](const Record& r) { return r.provenance.commit; }));
  add("compiler", distinct(records, [](const Record& r) { return r.provenance.compiler; }));
  add("flags", distinct(records, [](const Record& r) { return r.provenance.flags; }));
  add("CPU", distinct(records, [](const Record& r) { return r.provenance.cpu; }));
  add("instruction set, threads",
      distinct(records, [](const Record& r) { return fmt::format("{}, {}", r.identity.instruction_set, r.identity.threads); }));
  add("libraries", distinct(records, [](const Record& r) { return joined(r.provenance.libraries); }));
  std::map<std::string, std::set<std::string>> digests;
  for (const Record* record : records)
    for (const auto& [file, digest] : record->data_sha256) digests[file].insert(digest);
  for (const auto& [file, values] : digests) add("data: " + file, fmt::format("SHA-256 {}", fmt::join(values, "; ")));
}

// "vae/n3 (seeds 0, 1)" for every cell, joined in the order given.
std::string cells_with_seeds(const std::map<std::string, std::set<std::uint64_t>>& cells) {
  std::string out;
  for (const auto& [cell, seeds] : cells)
    out += fmt::format("{}`{}` (seed{} {})", out.empty() ? "" : ", ", cell, seeds.size() == 1 ? "" : "s", fmt::join(seeds, ", "));
  return out;
}

}  // namespace

std::string provenance_section(const Program& program, const Results& results) {
  std::string commands;
  Table table{{{"Profile"}, {"What"}, {"Value"}}, {}};
  for (const auto& [profile, cells] : results.cells() | std::views::reverse) {
    std::vector<const Record*> records;
    for (const auto& of_cell : cells | std::views::values) records.insert(records.end(), of_cell.begin(), of_cell.end());
    commands += fmt::format("./reproduce {} run --profile {}\n", program.name, experiments::to_string(profile));
    add_facts(table, profile, records);
  }
  std::string out = fmt::format("## How this page was made\n\n```\n{}./reproduce {} report\n```\n\n", commands, program.name);
  if (!table.rows.empty()) out += to_markdown(table) + "\n";
  return out + "The numbers are in [results.json](results.json), the program with its explanations in [program.md](program.md).\n\n";
}

std::string shrunk_settings_section(const Program& program) {
  Table table{{{"Experiment"}, {"Setting"}, {"Quick"}, {"Paper"}}, {}};
  for (const auto& experiment : program.experiments) {
    const auto quick = experiment.cells(Profile::quick), paper = experiment.cells(Profile::paper);
    std::map<std::string, std::pair<std::set<std::string>, std::set<std::string>>> changed;
    for (const Cell& q : quick) {
      const auto p = std::ranges::find(paper, q.name, &Cell::name);
      if (p == paper.end()) continue;
      for (const auto& [name, value] : q.settings.values()) {
        const auto full = p->settings.values().find(name);
        if (full == p->settings.values().end() || full->second == value) continue;
        changed[name].first.insert(to_text(value));
        changed[name].second.insert(to_text(full->second));
      }
    }
    for (const auto& [name, values] : changed)
      table.rows.push_back({experiment.name, fmt::format("`{}`", name), fmt::format("{}", fmt::join(values.first, ", ")),
                            fmt::format("{}", fmt::join(values.second, ", "))});
    if (quick.size() != paper.size())
      table.rows.push_back({experiment.name, "runs (cells times seeds)", std::to_string(quick.size()), std::to_string(paper.size())});
  }
  return table.rows.empty() ? "" : "### What the quick profile shrinks\n\n" + to_markdown(table) + "\n";
}

std::string missing_section(const Program& program, const Results& results) {
  std::string out;
  for (Profile profile : {Profile::paper, Profile::quick}) {
    if (profile == Profile::quick && !results.has(Profile::quick)) continue;
    std::map<std::string, std::set<std::uint64_t>> missing;
    for (const auto& experiment : program.experiments)
      for (const Cell& cell : experiment.cells(profile)) {
        const std::string path = experiment.name + "/" + cell.name;
        const auto has_seed = [&](const Record* r) { return r->identity.seed == cell.seed; };
        if (std::ranges::none_of(results.records(profile, path), has_seed)) missing[path].insert(cell.seed);
      }
    if (!missing.empty()) out += fmt::format("- Not run at `{}`: {}.\n", experiments::to_string(profile), cells_with_seeds(missing));
  }
  std::map<Profile, std::map<std::string, std::set<std::uint64_t>>> stale;
  for (const Record* r : results.stale())
    stale[r->identity.profile][r->identity.experiment + "/" + r->identity.cell].insert(r->identity.seed);
  for (const auto& [profile, cells] : stale)
    out += fmt::format("- Stale at `{}` (settings or code have changed since; left out above): {}.\n", experiments::to_string(profile),
                       cells_with_seeds(cells));
  return out.empty() ? "" : "## Missing and stale cells\n\n" + out + "\n";
}

}  // namespace reporting
