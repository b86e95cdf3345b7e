// A cell that is killed on the way, whenever that is, ends as an undisturbed one.
#include "common/experiments/ledger.hpp"
#include "tests/processes.hpp"
#include "tests/temporary_folder.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <csignal>
#include <random>
#include <thread>

namespace {

struct Trial {
  std::string cell;
  std::vector<std::string> settings;
  TemporaryFolder folder = {};

  pid_t start() const {
    std::vector<std::string> words{PROGRAM, "run", cell, "--seed", "0", "--profile", "smoke", "--threads", "1"};
    for (const std::string& setting : settings) words.insert(words.end(), {"--set", setting});
    words.insert(words.end(), {"--runs", folder.path() / "runs", "--reports", folder.path() / "reports"});
    return ::start(words, {{"SUITE_CHECKPOINT_EVERY_S", "0"}});
  }

  std::optional<experiments::Record> record() const {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.path()))
      if (entry.path().filename() == "record.json") return experiments::load_record(entry.path());
    return std::nullopt;
  }
};

// Killed and resumed, a cell ends in the same weights and figures; the undisturbed record comes back.
experiments::Record check_resuming(const std::string& cell, const std::vector<std::string>& settings) {
  const Trial undisturbed{cell, settings}, killed{cell, settings};
  BOOST_TEST_REQUIRE(wait_for(undisturbed.start()) == 0);
  const experiments::Record expected = undisturbed.record().value();

  std::mt19937 random(7);
  int n_kills = 0;
  for (int attempt = 0; attempt < 12 && !killed.record(); ++attempt) {
    const pid_t child = killed.start();
    std::this_thread::sleep_for(std::chrono::milliseconds(100 + random() % 150));
    kill(child, SIGKILL);
    n_kills += wait_for(child) == 128 + SIGKILL;
  }
  BOOST_TEST(n_kills > 0);
  if (!killed.record()) BOOST_TEST(wait_for(killed.start()) == 0);
  const experiments::Record resumed = killed.record().value();
  BOOST_TEST(resumed.weights_sha256 == expected.weights_sha256);
  for (const auto& [name, metric] : expected.metrics) BOOST_TEST(resumed.metrics.at(name).value == metric.value, name);
  for (const auto& [name, series] : expected.series) BOOST_TEST((resumed.series.at(name) == series), name);
  return expected;
}

}  // namespace

BOOST_AUTO_TEST_CASE(killed_and_resumed_a_pendulum_ends_in_the_same_weights_and_figures) {
  const experiments::Record record = check_resuming("pendulum/rewo", {"iterations=600", "marks=200,600", "kappa=0.18", "hidden=40"});
  BOOST_TEST(record.metrics.at("initial_phase_iterations").value > 0);
  BOOST_TEST(record.metrics.at("initial_phase_iterations").value < 600);
}

BOOST_AUTO_TEST_CASE(killed_and_resumed_motions_end_in_the_same_weights_and_figures) {
  const std::vector<std::string> settings{"iterations=300", "hidden=40"};
  for (const char* cell : {"motion/vhp", "motion/vampprior"}) check_resuming(cell, settings);
}
