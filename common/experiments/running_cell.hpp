// The runner's side of Run: collects a cell's results, and keeps its checkpoints.
#pragma once

#include "common/experiments/checkpoint.hpp"
#include "common/experiments/experiment.hpp"
#include "common/experiments/progress.hpp"

#include <chrono>

namespace experiments {

// From now on SIGINT and SIGTERM end the process at the running cell's next step, with a checkpoint; another one, two
// seconds later or more, ends it at once. To be called again in a forked child.
void catch_interruptions();
bool interrupted();

class RunningCell : public Run {
 public:
  // `record` holds identity and provenance and no result yet; `folder` exists and is locked by the caller. Where it holds digests
  // of data (verify), the cell may read no other.
  // With `threads_given` a checkpoint of another number of threads is not continued; otherwise the cell goes on with that number.
  RunningCell(Record record, std::filesystem::path folder, std::optional<std::filesystem::path> data, double checkpoint_every_s, Progress& progress,
              bool threads_given);

  const Settings& settings() const override { return record_.identity.settings; }
  std::uint64_t seed() const override { return record_.identity.seed; }
  Profile profile() const override { return record_.identity.profile; }
  const std::optional<std::filesystem::path>& data_option() const override { return data_; }

  void keep(const std::string& name, std::span<std::byte> bytes) override;
  using Run::keep;
  bool resume() override;
  void progress(std::int64_t done, std::int64_t of, const std::string& note) override;

  void metric(const std::string& name, Metric metric) override { record_.metrics[name] = std::move(metric); }
  void append(const std::string& series, const std::map<std::string, double>& row) override;
  void series(const std::string& name, Series columns) override;
  void images(const std::string& name, Images images) override;
  void health(const std::string& name, bool passed, const std::string& detail) override;
  void used_data(const std::map<std::string, std::string>& sha256, bool stand_in) override;
  void weights(const std::vector<std::pair<std::string, tensors::Array<float>>>& arrays) override;

  // The record as it stands, with the time taken, interruptions left out.
  Record record() const;

 private:
  using Clock = std::chrono::steady_clock;

  void save();

  Record record_;
  std::filesystem::path folder_;
  std::optional<std::filesystem::path> data_;
  double checkpoint_every_s_;
  Progress& progress_;
  bool threads_given_;
  bool data_known_ = !record_.data_sha256.empty();
  KeptMemory kept_;
  Clock::time_point began_ = Clock::now(), saved_ = began_;
};

}  // namespace experiments
