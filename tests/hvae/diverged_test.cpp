// A flow whose steps are too large for its potential: the cell is recorded as diverged, the others go on, and the page's table
// says so.
#include "common/experiments/ledger.hpp"
#include "paper_hvae/image_experiment.hpp"
#include "paper_hvae/image_report.hpp"
#include "tests/temporary_folder.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdlib>
#include <fstream>

namespace {

using namespace experiments;

// The smoke cells of the VAE and of one flow that works, and between them one of a thousand times larger steps.
Experiment with_large_steps() {
  Experiment mnist = hvae::mnist_experiment();
  const std::vector<Cell> all = mnist.cells(Profile::smoke);
  const auto named = [&](const std::string& name) { return *std::ranges::find(all, name, &Cell::name); };
  Cell large = named("k5_free");
  large.name = "k5_none";
  large.settings.set("tempering", std::string("none"));
  large.settings.set("xi", 1e3);
  mnist.cells = [cells = std::vector<Cell>{named("vae"), large, named("k1_none")}](Profile) { return cells; };
  return mnist;
}

}  // namespace

BOOST_AUTO_TEST_CASE(too_large_steps_are_recorded_as_diverged_and_the_others_go_on) {
  const TemporaryFolder folder;
  unsetenv("PAPER_DATA");
  setenv("XDG_CACHE_HOME", folder.path().c_str(), 1);  // no data there: the stand-in
  Program program{.name = "trial", .title = "Trial", .reports = folder.path() / "reports", .experiments = {with_large_steps()},
                  .report = {}, .check = {}, .published_numbers = {}};
  const std::string runs = folder.path() / "runs", reports = folder.path() / "reports";
  std::vector<std::string> words{"trial", "run", "--profile", "smoke", "--threads", "1", "--runs", runs, "--reports", reports};
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  BOOST_TEST(run_command_line(program, static_cast<int>(argv.size()), argv.data()) == 4);

  Ledger ledger;
  for (const std::string cell : {"vae", "k5_none", "k1_none"}) {
    const auto record = load_record(folder.path() / "runs/trial/smoke/mnist" / cell / "seed_0/record.json");
    BOOST_TEST_REQUIRE(record.has_value(), cell);
    BOOST_TEST(record->diverged == (cell == "k5_none"), cell);
    if (record->diverged) BOOST_TEST(record->divergence.find("step") != std::string::npos, record->divergence);
    else BOOST_TEST(record->metrics.contains("nll_nats"));
    ledger[Profile::smoke][record->identity.key()] = *record;
  }

  const reporting::Results results(ledger, [](const Record&) { return false; });
  const auto claims = reporting::read_claims(SUITE_SOURCE_DIR "/paper_hvae/published_hvae_caterini.toml");
  reporting::Page page(results, claims);
  hvae::write_image_sections(page);
  page.write(folder.path() / "page", program, {});
  std::ifstream file(folder.path() / "page/index.md");
  bool said = false, went_on = false;
  for (std::string line; std::getline(file, line);) {
    const bool is_row = line.starts_with("|");
    said = said || (is_row && line.find("`k5_none`") != std::string::npos && line.find("diverged") != std::string::npos);
    went_on = went_on || (is_row && line.find("`k1_none`") != std::string::npos && line.find("diverged") == std::string::npos &&
                          line.find(" ± ") != std::string::npos);
  }
  BOOST_TEST(said);
  BOOST_TEST(went_on);

  // The VAE itself, with which every row is paired: the page says so, too, and has no differences.
  for (auto& [key, record] : ledger[Profile::smoke])
    if (record.identity.cell == "vae") {
      record.diverged = true;
      record.metrics.clear();
      record.series.clear();
    }
  const reporting::Results without_vae(ledger, [](const Record&) { return false; });
  reporting::Page other(without_vae, claims);
  BOOST_CHECK_NO_THROW(hvae::write_image_sections(other));
}
