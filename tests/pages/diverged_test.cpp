// A page is drawn whatever diverges: the committed ledgers, as if no cell of one experiment had come to its end.
#include "common/experiments/ledger.hpp"
#include "tests/processes.hpp"
#include "tests/temporary_folder.hpp"

#include <boost/test/unit_test.hpp>

#include <set>

namespace {

void as_if_diverged(experiments::Record& record) {
  record.diverged = true;
  record.divergence = "training step 1: not finite";
  record.metrics.clear();
  record.series.clear();
  record.images.clear();
  record.weights_sha256.clear();
}

void each_experiment_in_turn(const std::string& program, const std::string& name) {
  const auto committed = experiments::load_ledger(std::filesystem::path(SUITE_SOURCE_DIR) / "reports" / name / "results.json");
  std::set<std::string> names;
  for (const auto& [profile, records] : committed)
    for (const auto& [key, record] : records) names.insert(record.identity.experiment);
  BOOST_REQUIRE(!names.empty());
  const TemporaryFolder folder;
  for (const std::string& experiment : names) {
    experiments::Ledger ledger = committed;
    for (auto& [profile, records] : ledger)
      for (auto& [key, record] : records)
        if (record.identity.experiment == experiment) as_if_diverged(record);
    experiments::save_ledger(folder.path() / name / "results.json", ledger);
    const Result result = shell("'" + program + "' report --runs '" + (folder.path() / "none").string() + "' --reports '" + folder.path().string() + "'");
    BOOST_TEST(result.status == 0, experiment << ": " << result.err);
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(ep_hopfield_) { each_experiment_in_turn(PROGRAM_ep_hopfield, "ep_hopfield"); }
BOOST_AUTO_TEST_CASE(vhp_) { each_experiment_in_turn(PROGRAM_vhp, "vhp"); }
BOOST_AUTO_TEST_CASE(hvae_caterini_) { each_experiment_in_turn(PROGRAM_hvae_caterini, "hvae_caterini"); }
BOOST_AUTO_TEST_CASE(hvae_selikhanovych_) { each_experiment_in_turn(PROGRAM_hvae_selikhanovych, "hvae_selikhanovych"); }
BOOST_AUTO_TEST_CASE(vae_extensions_) { each_experiment_in_turn(PROGRAM_vae_extensions, "vae_extensions"); }
