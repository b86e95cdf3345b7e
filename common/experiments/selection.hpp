// From what the user names to cells: filters, seeds, --set.
#pragma once

#include "common/experiments/runner.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace experiments {

struct Selection {
  // "experiment"; "experiment/cell" with the cell's whole name or a beginning of it; "experiment/cell/seed_N" for a declared seed; none: all.
  std::vector<std::string> filters;
  std::optional<std::uint64_t> seed;
  std::optional<std::int64_t> n_seeds;  // seed, seed + 1, ... for each cell
  std::vector<std::string> changes;     // "KEY=VALUE"
};

// The chosen cells of a profile, in declared order, none twice. Throws Failure(usage) where a filter fits nothing or a
// change does not fit every chosen cell; `program` must outlive the tasks.
std::vector<Task> select_tasks(const Program& program, Profile profile, const Selection& selection);

// A seed as the user types it, 0 to 2^64 - 1; nothing where it is none.
std::optional<std::uint64_t> seed_from(std::string_view text);

// The changes as a folder's name; empty where there are none.
std::string custom_label(const Selection& selection);

}  // namespace experiments
