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

  pid_t start() const {
    unsetenv("PAPER_DATA");
    return ::start({PROGRAM, "run", "vae/tuned", "--profile", "smoke", "--set", "epochs=6", "--set", "hidden=40", "--threads", "1",
                    "--runs", folder.path() / "runs", "--reports", folder.path() / "reports"},
                   {{"XDG_CACHE_HOME", folder.path()},  // no data there: the stand-in
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

void same_results(const experiments::Record& a, const experiments::Record& b) {
  BOOST_TEST(a.weights_sha256 == b.weights_sha256);
  for (const auto& [name, metric] : a.metrics) BOOST_TEST(metric.value == b.metrics.at(name).value, name);
  BOOST_TEST(a.series.at("curve").at("test_elbo_nats") == b.series.at("curve").at("test_elbo_nats"), boost::test_tools::per_element());
  BOOST_TEST(a.series.at("by_position").at("train_elbo_nats") == b.series.at("by_position").at("train_elbo_nats"), boost::test_tools::per_element());
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_same_identity_gives_the_same_weights) {
  const Trial again;
  BOOST_TEST_REQUIRE(wait_for(again.start()) == 0);
  same_results(again.record().value(), undisturbed());
  BOOST_TEST(undisturbed().stand_in_data);
}

BOOST_AUTO_TEST_CASE(killed_and_resumed_it_ends_in_the_same_weights) {
  const auto& expected = undisturbed();
  const Trial trial;
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
