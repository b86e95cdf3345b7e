// The ledger as a reader meets it: the records that count, looked up by cell, and metrics as means over seeds.
#pragma once

#include "common/experiments/record.hpp"
#include "common/reporting/cell_metric.hpp"
#include "common/reporting/statistics.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace reporting {

using experiments::Profile;

// True for a record whose settings or revision are no longer the declared ones (experiments::stale, for one).
using IsStale = std::function<bool(const experiments::Record&)>;

// A view of a ledger, which must outlive it. Custom and stale records are left out everywhere, and smoke
// records where there are others: they only show that the code works.
class Results {
 public:
  Results(const experiments::Ledger& ledger, const IsStale& is_stale);

  // The records of "experiment/cell", by ascending seed, diverged and stand-in ones included.
  const std::vector<const experiments::Record*>& records(Profile profile, const std::string& cell_path) const;

  // The record of a cell's first seed; null where there is none, or it diverged.
  const experiments::Record* first(Profile profile, const std::string& cell_path) const;

  // The highest profile that has records of "experiment/cell".
  std::optional<Profile> highest(const std::string& cell_path) const;

  // Over the seeds of a cell; a diverged seed counts as NaN. Nothing when the cell has no record, or when one lacks the metric.
  std::optional<Sample> estimate(Profile profile, const CellMetric& metric) const;

  // The same for claims: nothing either when a record stands on stand-in data.
  std::optional<Sample> accepted(Profile profile, const CellMetric& metric) const;

  // The differences a - b over the seeds that both cells have; nothing where there is none, or where either is not accepted.
  std::optional<Sample> paired_difference(Profile profile, const CellMetric& a, const CellMetric& b) const;

  // The `residual` of these cells over the seeds that the first two share; a later one that lacks one of them, or diverged at
  // one, is left out. 0 degrees of freedom where the first two share fewer than two.
  Spread paired_spread(Profile profile, std::span<const CellMetric> cells) const;

  bool has(Profile profile) const { return cells_.contains(profile); }
  bool has_stand_in(Profile profile) const;

  // profile -> "experiment/cell" -> records.
  const std::map<Profile, std::map<std::string, std::vector<const experiments::Record*>>>& cells() const { return cells_; }
  const std::vector<const experiments::Record*>& stale() const { return stale_; }

 private:
  std::map<std::uint64_t, double> by_seed(Profile profile, const CellMetric& metric) const;  // empty where it is not accepted

  std::map<Profile, std::map<std::string, std::vector<const experiments::Record*>>> cells_;
  std::vector<const experiments::Record*> stale_;
};

}  // namespace reporting
