// Records on disk, and the ledger: reports/<program>/results.json, the committed union of all finished cells.
#pragma once

#include "common/experiments/experiment.hpp"
#include "common/experiments/record.hpp"

#include <filesystem>
#include <optional>

namespace experiments {

// The record in this file; nothing where there is no such file. Throws Failure(io) where it is damaged.
std::optional<Record> load_record(const std::filesystem::path& file);
void save_record(const std::filesystem::path& file, const Record& record);

std::filesystem::path ledger_file(const Program& program);

// The committed ledger; an empty one where there is none yet. Throws Failure(io) where it is damaged.
Ledger load_ledger(const std::filesystem::path& file);
void save_ledger(const std::filesystem::path& file, const Ledger& ledger);

// Whether the record may stand in the committed ledger: neither --set nor stand-in data decided it.
bool committable(const Record& record);

// Puts a finished cell into the ledger file, in the place of an older one of the same profile and key. Processes that
// finish at the same time take turns. A record that is not committable is left out.
void merge_into_ledger(const std::filesystem::path& file, const Record& record);

// Whether the program now declares other settings or another revision for this cell, or no longer has it.
bool stale(const Record& record, const Program& program);

// Takes the stale records out of the program's ledger file and returns how many there were. What lies under runs/ stays.
std::size_t forget_stale(const Program& program);

// What `report` and `check` read: the ledger together with the records under `runs`/<program>/<profile>/. For one
// profile and key the record of the run wins, unless it is on stand-in data or stale where the ledger's is not.
Ledger all_records(const Program& program, const std::filesystem::path& runs);

}  // namespace experiments
