// The runner: runs chosen cells, once each, and lets nothing that was computed get lost.
#pragma once

#include "common/experiments/experiment.hpp"

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace experiments {

// A cell to run, with everything about it decided.
struct Task {
  const Experiment* experiment = nullptr;
  Cell cell;
};

struct RunOptions {
  Profile profile = Profile::quick;
  std::filesystem::path runs;
  std::optional<std::filesystem::path> data;
  std::string custom;          // what --set changed ("d=8,epochs=3"): also the folder below runs/<program>/custom/
  bool fresh = false;          // run again what is finished, and start again what is interrupted
  int jobs = 1;                // processes
  std::optional<int> threads;  // in each process; the processors divided by the jobs, if not given
  bool into_ledger = true;
  std::map<std::string, std::string> data_sha256;  // the data that cells may read, by Record::data_sha256; any, if empty
};

struct Outcome {
  std::vector<Record> records;  // of the tasks, in their order
  tensors::Exit status = tensors::Exit::done;  // done, check_failed (a health check) or diverged
};

// Runs the tasks, or takes the records of those that are finished. Each finished cell's record is written at once and
// merged into the program's ledger. A cell that diverges is recorded as such and the others go on. Throws Failure: io
// (also where another process is running one of them), data (from a cell), interrupted (a checkpoint is written). The time
// between checkpoints is 20 s, or $SUITE_CHECKPOINT_EVERY_S.
Outcome run_tasks(const Program& program, const std::vector<Task>& tasks, const RunOptions& options);

// The folder of a cell: runs/<program>/<profile>/<key>, or runs/<program>/custom/<profile>,<custom>/<key>.
std::filesystem::path cell_folder(const std::filesystem::path& runs, const Identity& identity, const std::string& custom = "");

// The identity that a task has on this machine.
Identity identity_of(const Program& program, const Task& task, Profile profile, int threads);

// 4 before 1 before 0.
tensors::Exit verdict(const std::vector<Record>& records);

}  // namespace experiments
