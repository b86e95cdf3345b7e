#include "common/experiments/runner.hpp"

#include "common/experiments/files.hpp"
#include "common/experiments/ledger.hpp"
#include "common/experiments/messages.hpp"
#include "common/experiments/provenance.hpp"
#include "common/experiments/running_cell.hpp"
#include "common/experiments/threads.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

namespace experiments {

using tensors::Exit;
using tensors::fail;
using tensors::Failure;
namespace fs = std::filesystem;

namespace {

double checkpoint_interval_s() {
  const char* given = std::getenv("SUITE_CHECKPOINT_EVERY_S");
  if (!given || *given == '\0') return 20.0;
  char* end = nullptr;
  const double seconds = std::strtod(given, &end);
  if (*end != '\0' || !(seconds >= 0)) fail(Exit::usage, "SUITE_CHECKPOINT_EVERY_S: '{}' is no number of seconds; unset it, or give one from 0 on", given);
  return seconds;
}

class Runner {
 public:
  Runner(const Program& program, const std::vector<Task>& tasks, const RunOptions& options)
      : program_(program),
        tasks_(tasks),
        options_(options),
        jobs_(static_cast<int>(std::clamp<std::size_t>(tasks.size(), 1, static_cast<std::size_t>(options.jobs)))),
        threads_(options.threads.value_or(std::max(1, available_threads() / jobs_))),
        provenance_(provenance_now()) {}

  // Reads the ledger and makes the folders, so that what cannot be read or written is known before anything is computed.
  void prepare() {
    if (options_.into_ledger && options_.custom.empty()) {
      ledger_ = load_ledger(ledger_file(program_));
      const fs::path ledgers = ledger_file(program_).parent_path();
      make_folders(ledgers);
      if (::access(ledgers.c_str(), W_OK) != 0) fail(Exit::io, "cannot write in {}: {}; name another folder with --reports", ledgers.string(), std::strerror(errno));
    }
    for (const Task& task : tasks_) make_folders(folder(task));
    if (!options_.fresh) return;
    const auto locked = [&](const Task& task) {
      auto lock = FolderLock::try_for(folder(task));
      if (!lock) fail(Exit::io, "{}: another process is running this cell; --fresh would take its files away", identity(task).key());
      return *std::move(lock);
    };
    for (const Task& task : tasks_) locked(task);  // before anything is moved
    for (const Task& task : tasks_) {
      const FolderLock lock = locked(task);
      for (const char* file : replaced)
        if (fs::exists(folder(task) / file)) move_file(folder(task) / file, before_fresh(folder(task) / file));
      delete_checkpoints(folder(task));
    }
  }

  void run_all() const {
    double estimate_s = 0;
    for (const Task& task : tasks_) estimate_s += task.cell.estimated_s;
    Progress progress(estimate_s, jobs_);
    for (const Task& task : tasks_) {
      if (interrupted()) fail(Exit::interrupted, "interrupted before {}; the same command goes on there, without --fresh", identity(task).key());
      run(task, progress);
    }
  }

  bool in_processes() const { return jobs_ > 1; }

  void run_in_processes() const {
    std::fflush(nullptr);
    std::vector<pid_t> children;
    for (int job = 0; job < jobs_; ++job) {
      const pid_t parent = getpid(), child = fork();
      if (child < 0) fail(Exit::io, "cannot start process {} of {}; fewer --jobs may help", job + 1, jobs_);
      if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        catch_interruptions();
        _exit(static_cast<int>(getppid() == parent ? status_of_child() : Exit::interrupted));
      }
      children.push_back(child);
    }
    Exit worst = Exit::done;
    bool forwarded = false;
    while (!children.empty()) {
      if (interrupted() && !std::exchange(forwarded, true))
        for (pid_t child : children) kill(child, SIGTERM);
      int state = 0;
      const pid_t ended = waitpid(-1, &state, WNOHANG);
      if (ended <= 0 || std::erase(children, ended) == 0) {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        continue;
      }
      if (WIFSIGNALED(state)) {
        say("{}: a process was killed by signal {}", program_.name, WTERMSIG(state));
        worst = std::max(worst, Exit::io);
      } else {
        worst = std::max(worst, static_cast<Exit>(WEXITSTATUS(state)));
      }
    }
    const bool same_goes_on = worst == Exit::interrupted || worst == Exit::io;
    if (worst != Exit::done)
      fail(worst, "not every cell was run; {}", same_goes_on ? "the same command goes on where it stopped, without --fresh" : "the lines above say why");
  }

  // One for each task.
  std::vector<Record> records() const {
    std::vector<Record> records;
    for (const Task& task : tasks_) {
      auto record = load_record(folder(task) / "record.json");
      if (!record || !answers(*record, task))
        fail(interrupted() ? Exit::interrupted : Exit::io, "{}: not finished, or another process is running it; the same command goes on there",
             identity(task).key());
      records.push_back(std::move(*record));
    }
    return records;
  }

 private:
  // What --fresh puts aside until the new record is whole.
  static constexpr const char* replaced[] = {"record.json", "weights.npz", "checkpoint.previous", "checkpoint"};
  static fs::path before_fresh(const fs::path& file) { return file.string() + ".before_fresh"; }

  Identity identity(const Task& task) const { return identity_of(program_, task, options_.profile, threads_); }
  fs::path folder(const Task& task) const { return cell_folder(options_.runs, identity(task), options_.custom); }

  bool answers(const Record& record, const Task& task) const { return record.identity.answers(identity(task), options_.threads.has_value()); }

  // A cell that ran on stand-in data is to run again once data are named.
  bool finished(const Record& record, const Task& task) const {
    const char* named = std::getenv("PAPER_DATA");
    const bool data_named = options_.data || (named && *named);  // an empty one names nothing
    return answers(record, task) && !(record.stand_in_data && data_named);
  }

  void run(const Task& task, Progress& progress) const {
    const std::string label = identity(task).key();
    const fs::path file = folder(task) / "record.json";
    const auto lock = FolderLock::try_for(folder(task));
    if (!lock) return progress.skip_cell(label, task.cell.estimated_s, "another process is running it");
    if (const auto record = load_record(file); record && finished(*record, task)) {
      progress.skip_cell(label, task.cell.estimated_s,
                         record->stand_in_data ? "finished before, on stand-in data; with --data it runs again" : "finished before");
      delete_checkpoints(folder(task));
      return merge_unless_there(*record);
    }
    if (::access(folder(task).c_str(), W_OK) != 0)
      fail(Exit::io, "cannot write in {}: {}; name another folder with --runs", folder(task).string(), std::strerror(errno));
    progress.begin_cell(label, task.cell.estimated_s);
    const Record record = computed(task, progress);
    save_record(file, record);
    delete_checkpoints(folder(task));
    for (const char* name : replaced) fs::remove(before_fresh(folder(task) / name));
    if (options_.into_ledger) merge_into_ledger(ledger_file(program_), record);
    progress.end_cell(record.diverged ? "diverged (" + record.divergence + ")" : "finished");
    for (const HealthCheck& check : record.health)
      if (!check.passed) say("{}: health check failed: {} ({})", label, check.name, check.detail);
  }

  Record computed(const Task& task, Progress& progress) const {
    Record start;
    start.identity = identity(task);
    start.custom = !options_.custom.empty();
    start.provenance = provenance_;
    start.data_sha256 = options_.data_sha256;
    use_threads(threads_);
    RunningCell cell(std::move(start), folder(task), options_.data, checkpoint_interval_s(), progress, options_.threads.has_value());
    try {
      task.experiment->run(cell);
    } catch (const Divergence& divergence) {
      Record record = cell.record();
      record.diverged = true;
      record.divergence = divergence.what();
      return record;
    }
    return cell.record();
  }

  // A kill between record and merge leaves a finished cell out of the ledger.
  void merge_unless_there(const Record& record) const {
    if (!options_.into_ledger || !committable(record)) return;
    const auto records = ledger_.find(record.identity.profile);
    if (records != ledger_.end()) {
      const auto there = records->second.find(record.identity.key());
      if (there != records->second.end() && there->second.identity == record.identity) return;
    }
    merge_into_ledger(ledger_file(program_), record);
  }

  Exit status_of_child() const {
    try {
      run_all();
      return Exit::done;
    } catch (const std::exception&) {
      const Failure failure = failure_in_flight();
      say("{}: {}", program_.name, failure.what());
      return failure.status();
    }
  }

  const Program& program_;
  const std::vector<Task>& tasks_;
  const RunOptions& options_;
  int jobs_;  // no more than there are cells
  int threads_;
  Provenance provenance_;
  Ledger ledger_;  // as it was before the first cell
};

}  // namespace

fs::path cell_folder(const fs::path& runs, const Identity& identity, const std::string& custom) {
  const std::string profile = to_string(identity.profile);
  return runs / identity.program / (custom.empty() ? fs::path(profile) : fs::path("custom") / (profile + "," + custom)) / identity.key();
}

Identity identity_of(const Program& program, const Task& task, Profile profile, int threads) {
  return {program.name,       task.experiment->name,     task.cell.name, profile,          task.cell.seed,
          task.cell.settings, task.experiment->revision, threads,        instruction_set()};
}

Exit verdict(const std::vector<Record>& records) {
  const auto unhealthy = [](const Record& record) { return !std::ranges::all_of(record.health, &HealthCheck::passed); };
  if (std::ranges::any_of(records, &Record::diverged)) return Exit::diverged;
  return std::ranges::any_of(records, unhealthy) ? Exit::check_failed : Exit::done;
}

Outcome run_tasks(const Program& program, const std::vector<Task>& tasks, const RunOptions& options) {
  catch_interruptions();
  std::signal(SIGPIPE, SIG_IGN);  // who reads the messages may go; the run does not
  std::signal(SIGCHLD, SIG_DFL);  // where it is ignored, processes end unseen and are waited for in vain
  Runner runner(program, tasks, options);
  runner.prepare();
  if (const std::string warning = blas_warning(); !warning.empty()) say("{}", warning);
  if (runner.in_processes())
    runner.run_in_processes();
  else
    runner.run_all();
  Outcome outcome{runner.records(), Exit::done};
  outcome.status = verdict(outcome.records);
  return outcome;
}

}  // namespace experiments
