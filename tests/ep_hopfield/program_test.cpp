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

// With weights so large every settling ends where the Hessian is indefinite: no step may move a weight, whatever the rate. With the
// chosen weights every step moves them.
BOOST_AUTO_TEST_CASE(a_step_without_an_exact_gradient_is_not_taken) {
  const auto record_at = [](const char* gain, const char* rate) {
    const CellRun run = without_data("exact/tdh_vae/exact", {std::string("gain=") + gain, std::string("learning_rate=") + rate});
    BOOST_TEST_REQUIRE(wait_for(run.start()) == 0);
    return run.record().value();
  };
  const experiments::Record skipped = record_at("100", "1e-3"), skipped_too = record_at("100", "1e-1");
  BOOST_TEST(skipped.metrics.at("n_skipped").value == 6);  // 2 epochs of 60 images in batches of 20
  BOOST_TEST(skipped.series.at("skipped").at("step").size() == 6u);
  BOOST_TEST(skipped.weights_sha256 == skipped_too.weights_sha256);
  const experiments::Record taken = record_at("1", "1e-3"), taken_too = record_at("1", "1e-2");
  BOOST_TEST(taken.metrics.at("n_skipped").value == 0);
  BOOST_TEST(taken.weights_sha256 != taken_too.weights_sha256);
}

BOOST_AUTO_TEST_CASE(impossible_settings_are_wrong_usage) {
  for (const char* change : {"model=no_vae", "gradient=none", "dt=0", "hidden=0", "n_train=70000", "max_epochs=5", "batch=0", "batch=61",
                             "n_classifier_images=0", "classifier_epochs=0", "patience=0", "learning_rate=0", "n_generated=1"})
    BOOST_TEST(wait_for(tied({change}).start()) == 2, change);
}
