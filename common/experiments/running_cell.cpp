#include "common/experiments/running_cell.hpp"

#include "common/experiments/messages.hpp"
#include "common/experiments/npz.hpp"
#include "common/experiments/provenance.hpp"
#include "common/experiments/record_json.hpp"
#include "common/experiments/threads.hpp"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstring>
#include <thread>

namespace experiments {

using tensors::Exit;
using tensors::fail;
using tensors::require;

namespace {

std::atomic<std::int64_t> interrupted_at_s = 0;  // on the monotonic clock

double seconds_between(std::chrono::steady_clock::time_point start, std::chrono::steady_clock::time_point end) {
  return std::chrono::duration<double>(end - start).count();
}

// A run that one build began and another goes on with. The libraries are the latter's.
Provenance continued(const Provenance& before, const Provenance& now) {
  const auto both = [](const std::string& first, const std::string& second) {
    const std::string since = ", then " + second;
    return first == second || first.ends_with(since) ? first : first + since;
  };
  Provenance provenance = now;
  provenance.commit = both(before.commit, now.commit);
  provenance.compiler = both(before.compiler, now.compiler);
  provenance.flags = both(before.flags, now.flags);
  provenance.cpu = both(before.cpu, now.cpu);
  return provenance;
}

}  // namespace

// The thread that computes, and those it starts, never see the signals; a thread that does nothing else takes them. A
// handler is pushed onto the stack of whatever code is running, and oneDNN's generated gemm kernels keep data below the
// stack pointer, where that overwrites it (seen as a corrupted heap after Ctrl-C).
void catch_interruptions() {
  struct sigaction action {};
  action.sa_handler = [](int) {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    std::int64_t never = 0;
    if (interrupted_at_s.compare_exchange_strong(never, now.tv_sec)) return;
    if (now.tv_sec > never + 1) _exit(static_cast<int>(Exit::interrupted));  // one Ctrl-C may reach a child twice
  };
  action.sa_flags = SA_RESTART;
  sigset_t signals;
  sigemptyset(&signals);
  for (int signal : {SIGINT, SIGTERM}) {
    sigaddset(&signals, signal);
    sigaction(signal, &action, nullptr);
  }
  std::thread([signals] {
    pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
    for (;;) pause();
  }).detach();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

bool interrupted() { return interrupted_at_s != 0; }

RunningCell::RunningCell(Record record, std::filesystem::path folder, std::optional<std::filesystem::path> data, double checkpoint_every_s,
                         Progress& progress, bool threads_given)
    : record_(std::move(record)),
      folder_(std::move(folder)),
      data_(std::move(data)),
      checkpoint_every_s_(checkpoint_every_s),
      progress_(progress),
      threads_given_(threads_given) {}

void RunningCell::keep(const std::string& name, std::span<std::byte> bytes) {
  require(kept_.emplace(name, bytes).second, "keep: '{}' is kept already", name);
}

bool RunningCell::resume() {
  const std::string name = folder_.string() + "/checkpoint";
  const auto checkpoint = load_checkpoint(folder_);
  if (!checkpoint) return false;
  Record saved = record_from_json(checkpoint->record, name);
  const bool other_data = std::ranges::any_of(record_.data_sha256, [&](const auto& used) {
    const auto then = saved.data_sha256.find(used.first);
    return then == saved.data_sha256.end() || then->second != used.second;
  });
  if (!saved.identity.answers(record_.identity, threads_given_) || other_data) {
    say("{}: of another run (settings, revision, threads, instruction set or data differ); starting afresh, and it is set aside as {}", name,
        set_checkpoint_aside(folder_).filename().string());
    return false;
  }
  const bool same_memory = std::ranges::equal(checkpoint->blobs, kept_, [](const auto& blob, const auto& kept) {
    return blob.first == kept.first && blob.second.size() == kept.second.size();
  });
  if (!same_memory) fail(Exit::io, "{}: holds other arrays than this program keeps, so another version wrote it; rerun with --fresh", name);

  for (const auto& [blob, bytes] : checkpoint->blobs)
    if (!bytes.empty()) std::memcpy(kept_[blob].data(), bytes.data(), bytes.size());
  saved.provenance = continued(saved.provenance, record_.provenance);
  record_ = std::move(saved);
  use_threads(record_.identity.threads);
  return true;
}

void RunningCell::progress(std::int64_t done, std::int64_t of, const std::string& note) {
  progress_.step(done, of, note);
  const bool due = seconds_between(saved_, Clock::now()) >= checkpoint_every_s_, stop = interrupted();
  if (due || stop) save();
  if (stop)
    fail(Exit::interrupted, "interrupted at {}, {} of {}; the same command {}, without --fresh", record_.identity.key(), done, of,
         kept_.empty() ? "begins this cell again" : "resumes it");
}

void RunningCell::save() {
  if (!kept_.empty()) save_checkpoint(folder_, to_json(record()), kept_);
  saved_ = Clock::now();
}

void RunningCell::append(const std::string& series, const std::map<std::string, double>& row) {
  Series& columns = record_.series[series];
  if (columns.empty())
    for (const auto& [column, value] : row) columns[column];
  const bool same_columns = std::ranges::equal(columns, row, [](const auto& a, const auto& b) { return a.first == b.first; });
  require(same_columns, "append: a row of '{}' names other columns than the rows before", series);
  for (const auto& [column, value] : row) columns[column].push_back(value);
}

void RunningCell::series(const std::string& name, Series columns) {
  for (const auto& [column, values] : columns)
    require(values.size() == columns.begin()->second.size(), "series: column '{}' of '{}' has another length than the first", column, name);
  record_.series[name] = std::move(columns);
}

void RunningCell::images(const std::string& name, Images images) {
  require(images.n >= 0 && images.height >= 0 && images.width >= 0 &&
              images.pixels.size() == static_cast<std::size_t>(images.n * images.height * images.width),
          "images: '{}' has {} pixels for {} images of {} x {}", name, images.pixels.size(), images.n, images.height, images.width);
  require(images.n * images.height <= Images::most_rows, "images: '{}' has {} rows of pixels, and a record holds {}", name, images.n * images.height,
          Images::most_rows);
  record_.images[name] = std::move(images);
}

void RunningCell::health(const std::string& name, bool passed, const std::string& detail) {
  std::erase_if(record_.health, [&](const HealthCheck& check) { return check.name == name; });
  record_.health.push_back({name, passed, detail});
}

void RunningCell::used_data(const std::map<std::string, std::string>& sha256, bool stand_in) {
  for (const auto& [file, digest] : sha256) {
    const auto [known, is_new] = record_.data_sha256.emplace(file, digest);
    if (data_known_ && (is_new || known->second != digest))
      fail(Exit::data, "{}: not the data that the record is of; name their folder with --data", file);
    if (known->second != digest) fail(Exit::data, "{}: its content has changed since this cell began; rerun with --fresh", file);
  }
  record_.stand_in_data = record_.stand_in_data || stand_in;
}

void RunningCell::weights(const std::vector<std::pair<std::string, tensors::Array<float>>>& arrays) {
  record_.weights_sha256 = weights_digest(arrays);
  save_npz(folder_ / "weights.npz", arrays);
}

Record RunningCell::record() const {
  Record record = record_;
  record.wall_s += seconds_between(began_, Clock::now());
  record.peak_memory_mib = std::max(record.peak_memory_mib, peak_memory_mib());
  return record;
}

}  // namespace experiments
