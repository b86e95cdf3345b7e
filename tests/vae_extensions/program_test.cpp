// The program's own cells: the same identity gives the same weights, however often it is killed on the way; settings do what they say.
#include "tests/killed_runs.hpp"

namespace {

// No data there: the stand-in.
CellRun cell(const std::string& name, const std::string& change) {
  unsetenv("PAPER_DATA");
  static const TemporaryFolder no_data;
  return {PROGRAM, name, {change}, {{"XDG_CACHE_HOME", no_data.path()}}};
}

}  // namespace

// A dense row, and the row that also has running statistics to keep.
BOOST_AUTO_TEST_CASE(killed_and_resumed_it_ends_in_the_same_weights) {
  for (const std::string name : {"vae/tuned", "cnn/cnn"}) {
    const experiments::Record expected = undisturbed(cell(name, "epochs=20"));
    same_results(undisturbed(cell(name, "epochs=20")), expected);
    same_results(killed_and_resumed(cell(name, "epochs=20"), 140), expected);
    BOOST_TEST(expected.stand_in_data);
  }
}

// The error of the value as coded is its own: of log p(x | z) - beta KL; over batches, where there is one value for each.
BOOST_AUTO_TEST_CASE(the_error_of_the_value_as_coded_is_its_own) {
  const auto of = [](const char* name, const char* change) { return undisturbed(cell(name, change)).metrics; };
  const auto plain = of("beta/beta_4", "beta=1"), dear = of("beta/beta_4", "beta=1000"), iwae = of("iwae/as_coded", "epochs=1");
  const auto error = [](const auto& metrics, const char* name) { return metrics.at(name).standard_error.value(); };
  BOOST_TEST(error(plain, "elbo_as_coded_nats") == error(plain, "elbo_nats"), boost::test_tools::tolerance(1e-6));
  BOOST_TEST(error(dear, "elbo_as_coded_nats") > 2 * error(dear, "elbo_nats"));
  BOOST_TEST(dear.at("elbo_as_coded_nats").estimator.find("1000 KL") != std::string::npos);
  BOOST_TEST(iwae.at("elbo_as_coded_nats").estimator.find("± over batches") != std::string::npos);
  BOOST_TEST(error(iwae, "elbo_as_coded_nats") != error(iwae, "elbo_nats"));
}

BOOST_AUTO_TEST_CASE(impossible_settings_are_wrong_usage) {
  for (const auto& [name, change] : {std::pair("vae/tuned", "learning_rate=0"),
                                     {"vae/tuned", "batch=0"},
                                     {"dvae/noise_0.05", "noise=1.5"},
                                     {"beta/beta_4", "beta=-1"},
                                     {"iwae/right", "prior=left"},
                                     {"frey/tanh_all", "log_variance=sigmoid"},
                                     {"frey/tanh_held_out", "n_train=1800"}})
    BOOST_TEST(wait_for(cell(name, change).start()) == 2, change);
}

// Faces are as many as the settings say.
BOOST_AUTO_TEST_CASE(fewer_faces_are_another_training_set) {
  const auto weights = [](const char* change) { return undisturbed(cell("frey/tanh_all", change)).weights_sha256; };
  BOOST_TEST(weights("n_train=500") != weights("n_train=1965"));
}
