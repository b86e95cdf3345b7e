// The program's own cells: the same identity gives the same weights, however often it is killed on the way; settings do what they say.
#include "tests/killed_runs.hpp"

namespace {

// No data there: the stand-in.
CellRun without_data(const std::string& cell, const std::vector<std::string>& settings) {
  unsetenv("PAPER_DATA");
  static const TemporaryFolder no_data;
  return {PROGRAM, cell, settings, {{"XDG_CACHE_HOME", no_data.path()}}};
}

CellRun tied(const std::vector<std::string>& more = {}) {
  std::vector<std::string> settings{"max_epochs=12", "min_epochs=12"};
  settings.insert(settings.end(), more.begin(), more.end());
  return without_data("vae/tdh_vae", settings);
}

}  // namespace

BOOST_AUTO_TEST_CASE(killed_and_resumed_it_ends_in_the_same_weights) {
  same_results(killed_and_resumed(tied(), 600), undisturbed(tied()));
}

BOOST_AUTO_TEST_CASE(a_diverged_settling_stops_the_cell_and_is_recorded) {
  const CellRun run = tied({"learning_rate=1e30"});
  BOOST_TEST(wait_for(run.start()) == 4);
  const experiments::Record record = run.record().value();
  BOOST_TEST(record.diverged);
  BOOST_TEST(record.divergence.find("training step") != std::string::npos);
}

// With weights so large some settlings end where the Hessian is indefinite; with the chosen ones none.
BOOST_AUTO_TEST_CASE(examples_without_an_exact_gradient_are_counted) {
  const auto left_out = [](const char* gain) {
    const CellRun run = without_data("exact/tdh_vae/exact", {std::string("gain=") + gain});
    BOOST_TEST_REQUIRE(wait_for(run.start()) == 0);
    return run.record().value().metrics.at("left_out_share").value;
  };
  BOOST_TEST(left_out("100") > 0);
  BOOST_TEST(left_out("1") == 0);
}

BOOST_AUTO_TEST_CASE(impossible_settings_are_wrong_usage) {
  for (const char* change : {"model=no_vae", "gradient=none", "dt=0", "hidden=0", "n_train=70000", "max_epochs=5", "batch=0", "batch=61",
                             "n_classifier_images=0", "classifier_epochs=0", "patience=0", "learning_rate=0", "n_generated=1"})
    BOOST_TEST(wait_for(tied({change}).start()) == 2, change);
}
