// Cells of a program that are killed on the way and must end as if they had not been.
#pragma once

#include "common/experiments/checkpoint.hpp"
#include "common/experiments/ledger.hpp"
#include "tests/processes.hpp"
#include "tests/temporary_folder.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <csignal>
#include <cstring>
#include <optional>
#include <random>
#include <thread>

// One cell at smoke, on one thread, in folders of its own; it writes a checkpoint after every step.
struct CellRun {
  std::string program, cell;
  std::vector<std::string> settings = {};  // for --set
  Environment environment = {};
  TemporaryFolder folder = {};

  pid_t start() const {
    std::vector<std::string> words{program, "run", cell, "--seed", "0", "--profile", "smoke", "--threads", "1"};
    for (const std::string& setting : settings) words.insert(words.end(), {"--set", setting});
    words.insert(words.end(), {"--runs", folder.path() / "runs", "--reports", folder.path() / "reports"});
    Environment variables = environment;
    variables["SUITE_CHECKPOINT_EVERY_S"] = "0";
    return ::start(words, variables);
  }

  // Where the cell has a file of that name.
  std::optional<std::filesystem::path> find(const std::string& name) const {
    std::error_code gone;  // the program may be renaming it
    for (std::filesystem::recursive_directory_iterator entry(folder.path(), gone), end; entry != end; entry.increment(gone))
      if (entry->path().filename() == name) return entry->path();
    return std::nullopt;
  }

  std::optional<experiments::Record> record() const {
    const auto file = find("record.json");
    return file ? std::optional(experiments::load_record(*file)) : std::nullopt;
  }

  // The steps of training in the checkpoint of a run that was killed; 0 where it left none.
  std::int64_t step() const {
    std::int64_t step = 0;
    auto file = find("checkpoint");
    if (!file) file = find("checkpoint.previous");  // killed between the two renames
    const auto checkpoint = file ? experiments::load_checkpoint(file->parent_path()) : std::nullopt;
    if (checkpoint) std::memcpy(&step, checkpoint->blobs.at("step").data(), sizeof step);
    return step;
  }

  bool kill_after(std::chrono::milliseconds time) const {
    const pid_t child = start();
    std::this_thread::sleep_for(time);
    kill(child, SIGKILL);
    return wait_for(child) == 128 + SIGKILL;
  }

  // Kills it as soon as it has written a checkpoint.
  void kill_at_the_next_checkpoint() const {
    const auto written = [&] {
      std::error_code gone;
      const auto file = find("checkpoint");
      return file ? std::filesystem::last_write_time(*file, gone) : std::filesystem::file_time_type::min();
    };
    const auto before = written();
    const pid_t child = start();
    for (int i = 0; i < 30'000 && written() <= before; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    kill(child, SIGKILL);
    wait_for(child);
  }
};

// Kills a cell until it is done: in training, where the next start must go on from the step that was reached, and then at
// random moments, none of which may lose a step. Its record at the end.
inline experiments::Record killed_and_resumed(const CellRun& run, int longest_ms) {
  constexpr std::int64_t well_on_the_way = 8;  // more steps than a start from nothing gets through before it is killed
  for (int ms = longest_ms / 4; run.step() < well_on_the_way; ms += 20) {
    run.kill_after(std::chrono::milliseconds(ms));
    BOOST_TEST_REQUIRE(!run.record().has_value(), "the cell is done before it can be killed");
  }
  std::int64_t reached = run.step();
  run.kill_at_the_next_checkpoint();
  BOOST_TEST(run.step() > reached, "a start after the kill at step " << reached << " was not resumed: it wrote step " << run.step());

  std::mt19937 random(7);
  for (int attempt = 0; attempt < 6 && !run.record(); ++attempt) {
    reached = run.step();
    const int least = longest_ms / 3;
    run.kill_after(std::chrono::milliseconds(least + static_cast<int>(random() % static_cast<unsigned>(longest_ms - least))));
    if (!run.record()) BOOST_TEST(run.step() >= reached);
  }
  if (!run.record()) BOOST_TEST_REQUIRE(wait_for(run.start()) == 0);
  return run.record().value();
}

inline experiments::Record undisturbed(const CellRun& run) {
  BOOST_TEST_REQUIRE(wait_for(run.start()) == 0);
  return run.record().value();
}

inline void same_results(const experiments::Record& a, const experiments::Record& b) {
  BOOST_TEST(a.weights_sha256 == b.weights_sha256);
  for (const auto& [name, metric] : a.metrics) BOOST_TEST(metric.value == b.metrics.at(name).value, name);
  for (const auto& [name, series] : a.series)
    for (const auto& [column, values] : series) BOOST_TEST(values == b.series.at(name).at(column), boost::test_tools::per_element());
}
