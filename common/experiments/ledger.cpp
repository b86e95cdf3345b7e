#include "common/experiments/ledger.hpp"

#include "common/experiments/files.hpp"
#include "common/experiments/record_json.hpp"

#include <algorithm>
#include <ranges>
#include <tuple>

namespace experiments {

namespace fs = std::filesystem;

std::optional<Record> load_record(const fs::path& file) {
  const auto text = read_file(file);
  if (!text) return std::nullopt;
  return record_from_json(*text, file.string());
}

void save_record(const fs::path& file, const Record& record) { replace_file(file, to_json(record)); }

fs::path ledger_file(const Program& program) { return program.reports / program.name / "results.json"; }

Ledger load_ledger(const fs::path& file) {
  const auto text = read_file(file);
  return text ? ledger_from_json(*text, file.string()) : Ledger{};
}

void save_ledger(const fs::path& file, const Ledger& ledger) { replace_file(file, to_json(ledger)); }

bool committable(const Record& record) { return !record.custom && !record.stand_in_data; }

namespace {

// While no other process changes it; saved if change(ledger) says that it did.
template <class Change>
void change_ledger(const fs::path& file, const Change& change) {
  const FolderLock lock = FolderLock::wait_for(file.parent_path());
  Ledger ledger = load_ledger(file);
  if (change(ledger)) save_ledger(file, ledger);
}

}  // namespace

void merge_into_ledger(const fs::path& file, const Record& record) {
  if (!committable(record)) return;
  make_folders(file.parent_path());
  change_ledger(file, [&](Ledger& ledger) {
    ledger[record.identity.profile][record.identity.key()] = record;
    return true;
  });
}

bool stale(const Record& record, const Program& program) {
  const Identity& identity = record.identity;
  const auto experiment =
      std::ranges::find_if(program.experiments, [&](const Experiment& candidate) { return candidate.name == identity.experiment; });
  if (experiment == program.experiments.end() || experiment->revision != identity.revision) return true;
  return std::ranges::none_of(experiment->cells(identity.profile), [&](const Cell& cell) {
    return cell.name == identity.cell && cell.settings == identity.settings;
  });
}

std::size_t forget_stale(const Program& program) {
  const fs::path file = ledger_file(program);
  if (!fs::exists(file)) return 0;
  std::size_t n = 0;
  change_ledger(file, [&](Ledger& ledger) {
    for (auto& [profile, records] : ledger) n += std::erase_if(records, [&](const auto& entry) { return stale(entry.second, program); });
    return n > 0;
  });
  return n;
}

namespace {

void add_derived_metrics(const Program& program, Ledger& ledger) {
  for (auto& records : ledger | std::views::values)
    for (Record& record : records | std::views::values)
      for (const Experiment& experiment : program.experiments)
        if (experiment.name == record.identity.experiment && experiment.derived && !record.diverged && !stale(record, program))
          for (auto& [name, metric] : experiment.derived(record)) record.metrics.insert_or_assign(name, std::move(metric));
}

}  // namespace

Ledger all_records(const Program& program, const fs::path& runs) {
  const auto worth = [&](const Record& record) { return std::tuple(!record.stand_in_data, !stale(record, program)); };
  Ledger ledger = load_ledger(ledger_file(program));
  for (Profile profile : {Profile::smoke, Profile::quick, Profile::paper}) {
    const fs::path folder = runs / program.name / to_string(profile);
    if (!fs::is_directory(folder)) continue;
    std::error_code error;
    const auto links = fs::directory_options::follow_directory_symlink;
    for (fs::recursive_directory_iterator entry(folder, links, error), end; !error && entry != end; entry.increment(error)) {
      if (entry->path().filename() != "record.json") continue;
      const auto record = load_record(entry->path());
      if (!record) continue;  // a run with --fresh has just taken it away
      if (record->identity.profile != profile || record->identity.program != program.name)
        tensors::fail(tensors::Exit::io, "{}: a record of {} at {}, which does not belong there; move it away", entry->path().string(), record->identity.program,
             to_string(record->identity.profile));
      const auto [place, is_new] = ledger[profile].try_emplace(record->identity.key(), *record);
      if (!is_new && worth(*record) >= worth(place->second)) place->second = *record;
    }
    if (error) tensors::fail(tensors::Exit::io, "cannot read every folder under {}: {}; make them readable", folder.string(), error.message());
  }
  add_derived_metrics(program, ledger);
  return ledger;
}

}  // namespace experiments
