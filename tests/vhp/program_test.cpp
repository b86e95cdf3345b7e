// A cell that is killed on the way, whenever that is, goes on from there and ends as an undisturbed one.
#include "tests/killed_runs.hpp"

namespace {

experiments::Record check_resuming(const std::string& cell, const std::vector<std::string>& settings) {
  const experiments::Record expected = undisturbed({PROGRAM, cell, settings});
  same_results(killed_and_resumed({PROGRAM, cell, settings}, 300), expected);
  return expected;
}

}  // namespace

BOOST_AUTO_TEST_CASE(killed_and_resumed_a_pendulum_ends_in_the_same_weights_and_figures) {
  const experiments::Record record = check_resuming("pendulum/rewo", {"iterations=600", "marks=200,600", "kappa=0.05", "hidden=40"});
  BOOST_TEST(record.metrics.at("initial_phase_iterations").value > 0);
  BOOST_TEST(record.metrics.at("initial_phase_iterations").value < 600);
}

BOOST_AUTO_TEST_CASE(killed_and_resumed_motions_end_in_the_same_weights_and_figures) {
  const std::vector<std::string> settings{"iterations=300", "hidden=40"};
  for (const char* cell : {"motion/vhp", "motion/vampprior"}) check_resuming(cell, settings);
}
