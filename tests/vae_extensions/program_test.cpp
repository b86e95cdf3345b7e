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

// A dense row, and the row that also has running statistics to keep.
const std::vector<std::string> cells{"vae/tuned", "cnn/cnn"};

struct Trial {
  std::string cell;
  TemporaryFolder folder;

  pid_t start() const {
    unsetenv("PAPER_DATA");
    return ::start({PROGRAM, "run", cell, "--profile", "smoke", "--set", "epochs=6", "--threads", "1", "--runs", folder.path() / "runs",
                    "--reports", folder.path() / "reports"},
                   {{"XDG_CACHE_HOME", folder.path()},  // no data there: the stand-in
                    {"SUITE_CHECKPOINT_EVERY_S", "0"}});
  }

  std::optional<experiments::Record> record() const {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.path()))
      if (entry.path().filename() == "record.json") return experiments::load_record(entry.path());
    return std::nullopt;
  }
};

const experiments::Record& undisturbed(const std::string& cell) {
  static std::map<std::string, experiments::Record> records;
  if (!records.contains(cell)) {
    const Trial trial{cell, {}};
    BOOST_TEST_REQUIRE(wait_for(trial.start()) == 0);
    records[cell] = trial.record().value();
  }
  return records.at(cell);
}

void same_results(const experiments::Record& a, const experiments::Record& b) {
  BOOST_TEST(a.weights_sha256 == b.weights_sha256);
  for (const auto& [name, metric] : a.metrics) BOOST_TEST(metric.value == b.metrics.at(name).value, name);
  BOOST_TEST(a.series.at("curve").at("test_elbo_nats") == b.series.at("curve").at("test_elbo_nats"), boost::test_tools::per_element());
  BOOST_TEST(a.series.at("by_position").at("train_elbo_nats") == b.series.at("by_position").at("train_elbo_nats"), boost::test_tools::per_element());
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_same_identity_gives_the_same_weights) {
  for (const std::string& cell : cells) {
    const Trial again{cell, {}};
    BOOST_TEST_REQUIRE(wait_for(again.start()) == 0);
    same_results(again.record().value(), undisturbed(cell));
    BOOST_TEST(undisturbed(cell).stand_in_data);
  }
}

BOOST_AUTO_TEST_CASE(killed_and_resumed_it_ends_in_the_same_weights) {
  for (const std::string& cell : cells) {
    const auto& expected = undisturbed(cell);
    const Trial trial{cell, {}};
    std::mt19937 random(7);
    int n_kills = 0;
    for (int attempt = 0; attempt < 12 && !trial.record(); ++attempt) {
      const pid_t child = trial.start();
      std::this_thread::sleep_for(std::chrono::milliseconds(60 + random() % 80));
      kill(child, SIGKILL);
      n_kills += wait_for(child) == 128 + SIGKILL;
    }
    BOOST_TEST(n_kills > 0);
    if (!trial.record()) BOOST_TEST(wait_for(trial.start()) == 0);
    same_results(trial.record().value(), expected);
  }
}
