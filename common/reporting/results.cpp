#include "common/reporting/results.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <ranges>
#include <tuple>

namespace reporting {

using experiments::Ledger;
using experiments::Record;

namespace {

// NaN for a diverged seed; nothing when the record lacks the metric.
std::optional<double> value_of(const Record& record, const std::string& metric) {
  if (record.diverged) return std::numeric_limits<double>::quiet_NaN();
  const auto found = record.metrics.find(metric);
  return found == record.metrics.end() ? std::nullopt : std::optional(found->second.value);
}

}  // namespace

Results::Results(const Ledger& ledger, const IsStale& is_stale) {
  for (const auto& [profile, records] : ledger)
    for (const Record& record : records | std::views::values) {
      if (record.custom) continue;
      if (is_stale(record))
        stale_.push_back(&record);
      else
        cells_[profile][record.identity.experiment + "/" + record.identity.cell].push_back(&record);
    }
  if (has(Profile::quick) || has(Profile::paper)) {
    cells_.erase(Profile::smoke);
    std::erase_if(stale_, [](const Record* r) { return r->identity.profile == Profile::smoke; });
  }
  for (auto& cells : cells_ | std::views::values)
    for (auto& records : cells | std::views::values) std::ranges::sort(records, {}, [](const Record* r) { return r->identity.seed; });
  std::ranges::sort(stale_, {}, [](const Record* r) {
    return std::tuple(r->identity.profile, r->identity.experiment, r->identity.cell, r->identity.seed);
  });
}

const std::vector<const Record*>& Results::records(Profile profile, const std::string& cell_path) const {
  static const std::vector<const Record*> none;
  const auto cells = cells_.find(profile);
  if (cells == cells_.end()) return none;
  const auto found = cells->second.find(cell_path);
  return found == cells->second.end() ? none : found->second;
}

const Record* Results::first(Profile profile, const std::string& cell_path) const {
  const auto& found = records(profile, cell_path);
  return found.empty() || found.front()->diverged ? nullptr : found.front();
}

std::optional<Profile> Results::highest(const std::string& cell_path) const {
  for (const auto& [profile, cells] : cells_ | std::views::reverse)
    if (cells.contains(cell_path)) return profile;
  return {};
}

std::optional<Sample> Results::estimate(Profile profile, const CellMetric& metric) const {
  std::vector<double> values;
  for (const Record* record : records(profile, metric.cell_path())) {
    const auto value = value_of(*record, metric.metric);
    if (!value) return {};
    values.push_back(*value);
  }
  if (values.empty()) return {};
  return summarise(values);
}

std::optional<Sample> Results::paired_difference(Profile profile, const CellMetric& a, const CellMetric& b) const {
  const auto of_b = by_seed(profile, b);
  std::vector<double> differences;
  for (const auto& [seed, value] : by_seed(profile, a))
    if (const auto partner = of_b.find(seed); partner != of_b.end()) differences.push_back(value - partner->second);
  if (differences.empty()) return {};
  return summarise(differences);
}

Spread Results::paired_spread(Profile profile, std::span<const CellMetric> cells) const {
  if (cells.size() < 2) return {};
  std::vector<std::uint64_t> seeds;
  const auto second = by_seed(profile, cells[1]);
  for (const auto& [seed, _] : by_seed(profile, cells[0]))
    if (second.contains(seed)) seeds.push_back(seed);
  std::vector<std::vector<double>> rows;
  for (const CellMetric& cell : cells) {
    const auto values = by_seed(profile, cell);
    if (!std::ranges::all_of(seeds, [&](std::uint64_t seed) { return values.contains(seed) && std::isfinite(values.at(seed)); })) continue;
    std::vector<double>& row = rows.emplace_back();
    for (std::uint64_t seed : seeds) row.push_back(values.at(seed));
  }
  return residual(rows);
}

std::map<std::uint64_t, double> Results::by_seed(Profile profile, const CellMetric& metric) const {
  std::map<std::uint64_t, double> values;
  if (accepted(profile, metric))
    for (const Record* record : records(profile, metric.cell_path())) values[record->identity.seed] = *value_of(*record, metric.metric);
  return values;
}

std::optional<Sample> Results::accepted(Profile profile, const CellMetric& metric) const {
  const auto& cell = records(profile, metric.cell_path());
  if (std::ranges::any_of(cell, &Record::stand_in_data)) return {};
  return estimate(profile, metric);
}

bool Results::has_stand_in(Profile profile) const {
  const auto cells = cells_.find(profile);
  if (cells == cells_.end()) return false;
  return std::ranges::any_of(cells->second | std::views::values,
                             [](const auto& records) { return std::ranges::any_of(records, &Record::stand_in_data); });
}

}  // namespace reporting
