// What is said of a likelihood: several estimates of p(x) pooled without bias, a bound from draws of its own, and repeated estimates
// that differ. And settings that cannot be are refused.
#include "common/experiments/ledger.hpp"
#include "common/tensors/random.hpp"
#include "paper_hvae/flow_alone.hpp"
#include "paper_hvae/gaussian_experiment.hpp"
#include "paper_hvae/gaussian_optimum.hpp"
#include "paper_hvae/image_evaluation.hpp"
#include "paper_hvae/image_experiment.hpp"
#include "paper_hvae/normalised_experiment.hpp"
#include "tests/temporary_folder.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

using namespace hvae;
namespace tt = boost::test_tools;

namespace {

using namespace experiments;

// Runs smoke cells of one experiment, on stand-in data, with the given settings.
class SmokeRun {
 public:
  SmokeRun(Experiment experiment, const std::string& filter, std::vector<std::string> assignments = {}) {
    unsetenv("PAPER_DATA");
    setenv("XDG_CACHE_HOME", folder_.path().c_str(), 1);
    const std::string runs = folder_.path() / "runs";
    Program program{.name = "trial", .title = "Trial", .reports = folder_.path() / "reports", .experiments = {std::move(experiment)},
                    .report = {}, .check = {}, .published_numbers = {}};
    std::vector<std::string> words{"trial", "run", filter, "--profile", "smoke", "--threads", "1", "--runs", runs, "--reports",
                                   program.reports};
    for (const std::string& assignment : assignments) words.insert(words.end(), {"--set", assignment});
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    status_ = run_command_line(program, static_cast<int>(argv.size()), argv.data());
  }

  int status() const { return status_; }
  // Of the one cell.
  Record record() const {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_.path() / "runs"))
      if (entry.path().filename() == "record.json") return *load_record(entry.path());
    throw std::runtime_error("no record");
  }

 private:
  TemporaryFolder folder_;
  int status_ = 0;
};

}  // namespace

BOOST_AUTO_TEST_CASE(pooled_estimates_are_the_log_of_their_mean_and_unbiased_where_the_highest_is_not) {
  const Evaluation one{.likelihood = {}, .nll_by_image = {100.0, 2000.0}, .elbo_by_image = {}};
  const Evaluation other{.likelihood = {}, .nll_by_image = {101.0, 1000.0}, .elbo_by_image = {}};
  const auto pooled = pooled_nll(std::array{one, other});
  BOOST_TEST(pooled[0] == 100 - std::log((1 + std::exp(-1.0)) / 2), tt::tolerance(1e-14));
  BOOST_TEST(pooled[1] == 1000 + std::log(2.0), tt::tolerance(1e-14));

  // Ten estimators of p = 1 with log-normal noise: p-hat = exp(s e - s^2 / 2).
  constexpr int n_images = 20'000, n_estimators = 10;
  constexpr double s = 0.5;
  std::vector<Evaluation> noisy(n_estimators);
  for (std::size_t i = 0; i < noisy.size(); ++i)
    for (double value : tensors::Stream(5, "noise", i).normal<double>({n_images})) noisy[i].nll_by_image.push_back(s * s / 2 - s * value);
  double mean_p = 0, mean_highest = 0;
  const auto nll = pooled_nll(noisy);
  for (std::size_t i = 0; i < n_images; ++i) {
    mean_p += std::exp(-nll[i]) / n_images;
    double least = nll[i];
    for (const Evaluation& e : noisy) least = std::min(least, e.nll_by_image[i]);
    mean_highest += std::exp(-least) / n_images;
  }
  const double error = std::sqrt(std::expm1(s * s) / (n_images * n_estimators));
  BOOST_TEST(std::abs(mean_p - 1) < 5 * error);
  BOOST_TEST(mean_highest > 1.5);
}

BOOST_AUTO_TEST_CASE(a_bound_above_the_likelihood_by_more_than_the_noise_is_found) {
  constexpr int n = 100;
  const auto noise = tensors::Stream(6, "noise").normal<double>({n});
  const auto above_by = [&](double nats) {
    std::vector<double> bound, nll(n, 90.0);
    for (double value : noise) bound.push_back(-90 + nats + 3 * value);
    return excess(bound, nll);
  };
  BOOST_TEST(above_by(0).error_nats == 0.3, tt::tolerance(0.3));
  BOOST_TEST(above_by(-5).is_noise());
  BOOST_TEST(above_by(0).is_noise());
  BOOST_TEST(!above_by(3).is_noise());
}

BOOST_AUTO_TEST_CASE(repeated_estimates_have_draws_of_their_own) {
  const SmokeRun run(mnist_experiment(), "mnist/k1_fixed", {"n_nll_repeats=3"});
  BOOST_TEST(run.status() == 0);
  const auto metrics = run.record().metrics;
  BOOST_TEST(metrics.at("nll_range_nats").value > 0);
}

BOOST_AUTO_TEST_CASE(a_chain_has_at_most_the_steps_that_were_trained) {
  const SmokeRun run(report_mnist_experiment(), "mnist/hvae_right", {"K=1", "chain_steps=6"});
  BOOST_TEST(run.status() == 0);
}

BOOST_AUTO_TEST_CASE(impossible_settings_are_refused) {
  const auto refused = [](const Experiment& experiment, const std::string& filter, const std::string& assignment) {
    BOOST_TEST(SmokeRun(experiment, filter, {assignment}).status() == 2, filter << " " << assignment);
  };
  for (const std::string assignment : {"tempering=cold", "K=-1", "batch=0", "batch=61", "n_nll_images=21", "n_nll_images=1", "n_nll_samples=0",
                                       "n_nll_repeats=0", "latent=0", "epochs=0", "n_test=10001", "n_train=60000", "learning_rate=0"})
    refused(mnist_experiment(), "mnist/vae", assignment);
  for (const std::string assignment : {"K=1", "tempering=cold", "flow_rate=-1", "flow_steps=0", "n_nll_images=21"})
    refused(flow_alone_experiment(), "flow_alone/vae", assignment);
  for (const std::string assignment : {"objective=elbow", "K=-1", "k=0", "batch=1", "n_nll_images=21", "n_nll_samples=0", "n_chains=0",
                                       "chain_steps=0", "first_epsilon=0.5", "chain_epsilon=0"})
    refused(report_mnist_experiment(), "mnist/iwae", assignment);
  for (const std::string assignment : {"tempering=cold", "K=0", "N=1", "learning_rate=0"})
    refused(optimum_experiment(10), "optimum/none_k1", assignment);
  refused(networks_experiment(), "networks/encoder", "network=both");

  Experiment gaussian{.name = "gaussian", .summary = "", .revision = 1,
                      .cells = [](Profile) { return std::vector<Cell>{{"hvae", 0, gaussian_settings("hvae", 2), 1}}; },
                      .run = run_gaussian, .sample = {}};
  for (const std::string assignment : {"method=vbb", "tempering=free", "optimiser=adam", "d=0", "n_sets=0", "batch=10001", "K=0", "n_draws=0"})
    refused(gaussian, "gaussian/hvae", assignment);
}
