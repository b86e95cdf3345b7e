// The program's own cells: the same identity gives the same weights, however often it is killed on the way.
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
  TemporaryFolder folder;

  pid_t start(const std::vector<std::string>& more = {}) const {
    unsetenv("PAPER_DATA");
    std::vector<std::string> command{PROGRAM,
                                     "run",
                                     "vae/tdh_vae",
                                     "--profile",
                                     "smoke",
                                     "--set",
                                     "max_epochs=6",
                                     "--set",
                                     "min_epochs=6",
                                     "--threads",
                                     "1",
                                     "--runs",
                                     folder.path() / "runs",
                                     "--reports",
                                     folder.path() / "reports"};
    command.insert(command.end(), more.begin(), more.end());
    return ::start(command, {{"XDG_CACHE_HOME", folder.path()},  // no data there: the stand-in
                             {"SUITE_CHECKPOINT_EVERY_S", "0"}});
  }

  std::optional<experiments::Record> record() const {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.path()))
      if (entry.path().filename() == "record.json") return experiments::load_record(entry.path());
    return std::nullopt;
  }
};

const experiments::Record& undisturbed() {
  static const experiments::Record record = [] {
    const Trial trial;
    BOOST_TEST_REQUIRE(wait_for(trial.start()) == 0);
    return trial.record().value();
  }();
  return record;
}

}  // namespace

BOOST_AUTO_TEST_CASE(killed_and_resumed_it_ends_in_the_same_weights) {
  const auto& expected = undisturbed();
  const Trial trial;
  std::mt19937 random(7);
  int n_kills = 0;
  for (int attempt = 0; attempt < 8 && !trial.record(); ++attempt) {
    const pid_t child = trial.start();
    std::this_thread::sleep_for(std::chrono::milliseconds(300 + random() % 300));
    kill(child, SIGKILL);
    n_kills += wait_for(child) == 128 + SIGKILL;
  }
  BOOST_TEST(n_kills > 0);
  if (!trial.record()) BOOST_TEST(wait_for(trial.start()) == 0);
  const experiments::Record record = trial.record().value();
  BOOST_TEST(record.weights_sha256 == expected.weights_sha256);
  for (const auto& [name, metric] : expected.metrics) BOOST_TEST(metric.value == record.metrics.at(name).value, name);
  for (const auto& [name, series] : expected.series)
    for (const auto& [column, values] : series) BOOST_TEST(values == record.series.at(name).at(column), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_diverged_settling_stops_the_cell_and_is_recorded) {
  const Trial trial;
  BOOST_TEST(wait_for(trial.start({"--set", "learning_rate=1e30"})) == 4);
  const experiments::Record record = trial.record().value();
  BOOST_TEST(record.diverged);
  BOOST_TEST(record.divergence.find("training step") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(impossible_settings_are_wrong_usage) {
  for (const char* change : {"model=no_vae", "gradient=none", "dt=0", "hidden=0", "n_train=70000", "max_epochs=5", "batch=0", "batch=61",
                             "n_classifier_images=0", "classifier_epochs=0", "patience=0", "learning_rate=0", "n_generated=1"})
    BOOST_TEST(wait_for(Trial().start({"--set", change})) == 2, change);
}
