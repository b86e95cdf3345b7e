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

  pid_t start(const std::string& change = "epochs=6") const {
    unsetenv("PAPER_DATA");
    return ::start({PROGRAM, "run", cell, "--profile", "smoke", "--set", change, "--threads", "1", "--runs", folder.path() / "runs",
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

// The error of the value as coded is its own: of log p(x | z) - beta KL; over batches, where there is one value for each.
BOOST_AUTO_TEST_CASE(the_error_of_the_value_as_coded_is_its_own) {
  const auto of = [](const std::string& cell, const std::string& change) {
    const Trial trial{cell, {}};
    BOOST_TEST_REQUIRE(wait_for(trial.start(change)) == 0);
    return trial.record().value().metrics;
  };
  const auto plain = of("beta/beta_4", "beta=1"), dear = of("beta/beta_4", "beta=1000"), iwae = of("iwae/as_coded", "epochs=1");
  const auto error = [](const auto& metrics, const char* name) { return metrics.at(name).standard_error.value(); };
  BOOST_TEST(error(plain, "elbo_as_coded_nats") == error(plain, "elbo_nats"), boost::test_tools::tolerance(1e-6));
  BOOST_TEST(error(dear, "elbo_as_coded_nats") > 2 * error(dear, "elbo_nats"));
  BOOST_TEST(dear.at("elbo_as_coded_nats").estimator.find("1000 KL") != std::string::npos);
  BOOST_TEST(iwae.at("elbo_as_coded_nats").estimator.find("± over batches") != std::string::npos);
  BOOST_TEST(error(iwae, "elbo_as_coded_nats") != error(iwae, "elbo_nats"));
}

BOOST_AUTO_TEST_CASE(impossible_settings_are_wrong_usage) {
  for (const auto& [cell, change] : std::vector<std::pair<std::string, std::string>>{{"vae/tuned", "learning_rate=0"},
                                                                                    {"vae/tuned", "batch=0"},
                                                                                    {"dvae/noise_0.05", "noise=1.5"},
                                                                                    {"beta/beta_4", "beta=-1"},
                                                                                    {"iwae/right", "prior=left"},
                                                                                    {"frey/tanh_all", "log_variance=sigmoid"},
                                                                                    {"frey/tanh_held_out", "n_train=1800"}})
    BOOST_TEST(wait_for(Trial{cell, {}}.start(change)) == 2, change);
}

// Faces are as many as the settings say.
BOOST_AUTO_TEST_CASE(fewer_faces_are_another_training_set) {
  const auto weights = [](const char* change) {
    const Trial trial{"frey/tanh_all", {}};
    BOOST_TEST_REQUIRE(wait_for(trial.start(change)) == 0);
    return trial.record().value().weights_sha256;
  };
  BOOST_TEST(weights("n_train=500") != weights("n_train=1965"));
}
