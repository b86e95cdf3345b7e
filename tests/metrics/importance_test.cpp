#include "common/metrics/importance.hpp"
#include "tests/metrics/laws.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <limits>
#include <numbers>
#include <string>

using laws::gaussian_log_weights, laws::log_normal_density;
using metrics::ImportanceEstimate;
using metrics::ImportanceLikelihood;
using tensors::Array;
using tensors::Shape;

namespace {

ImportanceEstimate of_one_image(const Array<double>& log_w) {
  ImportanceLikelihood likelihood(1);
  likelihood.add(log_w.reshaped({1, log_w.size()}));
  return likelihood.estimates().front();
}

Array<double> logs(std::initializer_list<double> weights, double offset = 0) {
  Array<double> result(Shape{static_cast<std::int64_t>(weights.size())}, weights);
  for (double* value = result.mutable_data(); value != result.end(); ++value) *value = std::log(*value) + offset;
  return result;
}

void check_equal(const std::vector<ImportanceEstimate>& a, const std::vector<ImportanceEstimate>& b, double tolerance) {
  BOOST_REQUIRE_EQUAL(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    BOOST_TEST(a[i].log_p_nats == b[i].log_p_nats, boost::test_tools::tolerance(tolerance));
    BOOST_TEST(a[i].standard_error_nats.value() == b[i].standard_error_nats.value(), boost::test_tools::tolerance(tolerance));
    BOOST_TEST(a[i].effective_samples == b[i].effective_samples, boost::test_tools::tolerance(tolerance));
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(importance)

// w = 1, 2, 3, 6: sum 12, mean 3, squared deviations 4 + 1 + 0 + 9 = 14, sum of squares 50.
BOOST_AUTO_TEST_CASE(worked_by_hand) {
  for (const double offset : {0.0, 1000.0, -1000.0}) {
    const ImportanceEstimate estimate = of_one_image(logs({1, 2, 3, 6}, offset));
    BOOST_TEST(estimate.log_p_nats == std::log(3.0) + offset, boost::test_tools::tolerance(1e-14));
    BOOST_TEST(estimate.standard_error_nats.value() == std::sqrt(14.0 / 3) / (3 * 2), boost::test_tools::tolerance(1e-12));
    BOOST_TEST(estimate.effective_samples == 144.0 / 50, boost::test_tools::tolerance(1e-12));
  }
}

BOOST_AUTO_TEST_CASE(one_sample_has_no_error) {
  ImportanceLikelihood likelihood(2);
  likelihood.add(Array<float>({2}, {-87.5f, 3.25f}));
  const auto estimates = likelihood.estimates();
  BOOST_TEST(estimates[0].log_p_nats == -87.5);
  BOOST_TEST(estimates[1].log_p_nats == 3.25);
  for (const ImportanceEstimate& estimate : estimates) {
    BOOST_TEST(!estimate.standard_error_nats);
    BOOST_TEST(estimate.effective_samples == 1);
  }
}

BOOST_AUTO_TEST_CASE(equal_weights_have_zero_error_and_full_effective_sample_size) {
  ImportanceLikelihood likelihood(3);
  for (const std::int64_t n_chunk : {7, 1, 92}) likelihood.add(Array<double>::full({3, n_chunk}, -103.7));
  BOOST_TEST(likelihood.n_samples() == 100);
  for (const ImportanceEstimate& estimate : likelihood.estimates()) {
    BOOST_TEST(estimate.log_p_nats == -103.7);
    BOOST_TEST(estimate.standard_error_nats.value() == 0);
    BOOST_TEST(estimate.effective_samples == 100);
  }
}

BOOST_AUTO_TEST_CASE(one_weight_that_outweighs_all_others_is_one_effective_sample) {
  for (const bool first : {true, false}) {
    Array<double> log_w = Array<double>::full({50}, -2000);
    log_w.mutable_data()[first ? 0 : 49] = 0;
    ImportanceLikelihood likelihood(1);
    for (std::int64_t s = 0; s < 50; ++s) likelihood.add(log_w.window(s, {1}));
    const ImportanceEstimate estimate = likelihood.estimates().front();
    BOOST_TEST(estimate.log_p_nats == -std::log(50.0), boost::test_tools::tolerance(1e-14));
    BOOST_TEST(estimate.effective_samples == 1, boost::test_tools::tolerance(1e-12));
    BOOST_TEST(estimate.standard_error_nats.value() == 1, boost::test_tools::tolerance(1e-12));  // var(w) / mean(w)^2 = S
  }
}

BOOST_AUTO_TEST_CASE(streaming_equals_batch) {
  constexpr std::int64_t n_images = 3, n_samples = 41;
  Array<double> log_w = tensors::Stream(5, "test").normal<double>({n_images, n_samples});
  for (double* value = log_w.mutable_data(); value != log_w.end(); ++value) *value = 4 * *value - 90;

  ImportanceLikelihood at_once(n_images), in_chunks(n_images), one_by_one(n_images);
  at_once.add(log_w);
  const auto columns = [&](std::int64_t from, std::int64_t count) {
    Array<double> chunk({n_images, count});
    for (std::int64_t image = 0; image < n_images; ++image)
      for (std::int64_t s = 0; s < count; ++s) chunk.mutable_data()[image * count + s] = log_w[image * n_samples + from + s];
    return chunk;
  };
  in_chunks.add(columns(0, 10));
  in_chunks.add(columns(10, 30));
  in_chunks.add(columns(40, 1));
  for (std::int64_t s = 0; s < n_samples; ++s) one_by_one.add(columns(s, 1).reshaped({n_images}));
  check_equal(in_chunks.estimates(), at_once.estimates(), 1e-12);
  check_equal(one_by_one.estimates(), at_once.estimates(), 1e-12);

  // And equals the images taken apart.
  for (std::int64_t image = 0; image < n_images; ++image)
    check_equal({of_one_image(log_w.window(image * n_samples, {n_samples}))},
                {at_once.estimates()[static_cast<std::size_t>(image)]}, 1e-12);
}

BOOST_AUTO_TEST_CASE(an_offset_of_a_thousand_nats_shifts_only_the_likelihood) {
  Array<double> log_w = tensors::Stream(6, "test").normal<double>({200});
  const ImportanceEstimate plain = of_one_image(log_w);
  Array<double> shifted = log_w.copy();
  for (double* value = shifted.mutable_data(); value != shifted.end(); ++value) *value += 1000;
  const ImportanceEstimate moved = of_one_image(shifted);
  BOOST_TEST(moved.log_p_nats - 1000 == plain.log_p_nats, boost::test_tools::tolerance(1e-11));
  BOOST_TEST(*moved.standard_error_nats == *plain.standard_error_nats, boost::test_tools::tolerance(1e-11));
  BOOST_TEST(moved.effective_samples == plain.effective_samples, boost::test_tools::tolerance(1e-11));
}

BOOST_AUTO_TEST_CASE(finds_the_exact_likelihood_of_a_gaussian_model) {
  const std::vector<double> xs{-2.5, -1, 0, 0.3, 1.7};
  constexpr double variance = 0.25;
  ImportanceLikelihood likelihood(std::ssize(xs));
  for (std::uint64_t step = 0; step < 20; ++step) likelihood.add(gaussian_log_weights(xs, variance, 1000, {7, "test", step}));
  const auto estimates = likelihood.estimates();
  for (std::size_t i = 0; i < xs.size(); ++i) {
    const double exact = log_normal_density(xs[i], 0, 1 + variance);
    const double error = estimates[i].standard_error_nats.value();
    BOOST_TEST(std::abs(estimates[i].log_p_nats - exact) < 4 * error);
    BOOST_TEST(error < 0.05);

    // E[w^2] = N(x; 0, 1 + variance / 2) / sqrt(4 pi variance) gives the exact error and effective sample size.
    const double second_moment = std::exp(log_normal_density(xs[i], 0, 1 + variance / 2)) / std::sqrt(4 * std::numbers::pi * variance);
    const double relative = second_moment / std::exp(2 * exact);
    BOOST_TEST(error == std::sqrt((relative - 1) / 20000), boost::test_tools::tolerance(0.1));
    BOOST_TEST(estimates[i].effective_samples == 20000 / relative, boost::test_tools::tolerance(0.2));
  }
}

// Over many independent estimates: exp is unbiased, the bound lies below, by half the squared error, and grows with S.
BOOST_AUTO_TEST_CASE(the_estimate_is_unbiased_and_its_log_a_bound_that_grows) {
  const double exact = log_normal_density(1.2, 0, 2);
  double previous = -std::numeric_limits<double>::infinity();
  for (const std::int64_t n_samples : {1, 4, 16, 64}) {
    std::vector<ImportanceEstimate> estimates;
    const auto log_p_of = [&](const Array<double>& log_w) {
      ImportanceLikelihood likelihood(log_w.shape()[0]);
      likelihood.add(log_w);
      estimates = likelihood.estimates();
      std::vector<double> log_p;
      for (const ImportanceEstimate& estimate : estimates) log_p.push_back(estimate.log_p_nats);
      return log_p;
    };
    BOOST_TEST(laws::likelihoods_are_unbiased(log_p_of, n_samples));
    const metrics::LikelihoodSummary summary = metrics::summarise(estimates);
    const double bound = -summary.nll_nats;
    BOOST_TEST(bound < exact);
    BOOST_TEST(bound > previous);
    if (n_samples == 64) {
      double squared_error = 0;
      for (const ImportanceEstimate& estimate : estimates) squared_error += std::pow(estimate.standard_error_nats.value(), 2) / std::size(estimates);
      BOOST_TEST(exact - bound == squared_error / 2, boost::test_tools::tolerance(0.3));
    }
    previous = bound;
  }
}

// The quoted standard error is the spread that repeating the whole estimate shows.
BOOST_AUTO_TEST_CASE(the_standard_error_is_the_spread_over_repetitions) {
  constexpr std::int64_t n_repeats = 4000;
  ImportanceLikelihood likelihood(n_repeats);
  likelihood.add(gaussian_log_weights(std::vector<double>(n_repeats, 0.5), 1.0, 400, {9, "test"}));
  const auto estimates = likelihood.estimates();
  const metrics::LikelihoodSummary summary = metrics::summarise(estimates);
  const double spread = summary.standard_error_nats.value() * std::sqrt(static_cast<double>(n_repeats));
  BOOST_TEST(spread == summary.mean_within_image_error_nats.value(), boost::test_tools::tolerance(0.06));
}

// NLL 1, 2, 6: mean 3, sd sqrt(7).
BOOST_AUTO_TEST_CASE(summary_worked_by_hand) {
  const std::vector<ImportanceEstimate> images{{-1, 0.3, 40}, {-2, 0.4, 10}, {-6, 1.2, 20}};
  const metrics::LikelihoodSummary summary = metrics::summarise(images);
  BOOST_TEST(summary.n_images == 3);
  BOOST_TEST(summary.nll_nats == 3, boost::test_tools::tolerance(1e-14));
  BOOST_TEST(summary.standard_error_nats.value() == std::sqrt(7.0 / 3), boost::test_tools::tolerance(1e-14));
  BOOST_TEST(summary.mean_within_image_error_nats.value() == 1.9 / 3, boost::test_tools::tolerance(1e-14));
  BOOST_TEST(summary.monte_carlo_error_nats.value() == 1.3 / 3, boost::test_tools::tolerance(1e-14));
  BOOST_TEST(summary.min_effective_samples == 10);
  BOOST_TEST(summary.median_effective_samples == 20);

  const metrics::LikelihoodSummary two = metrics::summarise(std::span(images).first(2));
  BOOST_TEST(two.median_effective_samples == 25);
  const metrics::LikelihoodSummary one = metrics::summarise(std::span(images).first(1));
  BOOST_TEST(one.nll_nats == 1);
  BOOST_TEST(!one.standard_error_nats);
  BOOST_TEST(one.monte_carlo_error_nats.value() == 0.3);

  const std::vector<ImportanceEstimate> single_samples{{-1, {}, 1}, {-3, {}, 1}};
  const metrics::LikelihoodSummary unknown = metrics::summarise(single_samples);
  BOOST_TEST(unknown.standard_error_nats.value() == 1, boost::test_tools::tolerance(1e-14));
  BOOST_TEST(!unknown.monte_carlo_error_nats);
  BOOST_TEST(!unknown.mean_within_image_error_nats);
}

BOOST_AUTO_TEST_CASE(refusals) {
  BOOST_CHECK_THROW(ImportanceLikelihood(0), std::invalid_argument);
  ImportanceLikelihood likelihood(2);
  BOOST_CHECK_THROW(likelihood.estimates(), std::invalid_argument);
  BOOST_CHECK_THROW(likelihood.add(Array<double>::zeros({3})), std::invalid_argument);
  BOOST_CHECK_THROW(likelihood.add(Array<double>::zeros({1, 2})), std::invalid_argument);
  BOOST_CHECK_THROW(likelihood.add(Array<double>::zeros({2, 0})), std::invalid_argument);
  BOOST_CHECK_THROW(likelihood.add(Array<double>::zeros({2, 1, 1})), std::invalid_argument);
  BOOST_CHECK_THROW(likelihood.add(Array<double>::scalar(0)), std::invalid_argument);
  BOOST_CHECK_THROW(metrics::summarise({}), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(a_weight_that_is_not_finite_is_named_and_nothing_is_kept) {
  ImportanceLikelihood likelihood(2);
  likelihood.add(Array<double>({2, 2}, {-1, -2, -3, -4}));
  const auto before = likelihood.estimates();
  for (const double bad : {std::nan(""), std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()}) {
    const auto named = [](const tensors::Divergence& divergence) {
      return std::string(divergence.what()).find("image 1, sample 4") != std::string::npos;
    };
    BOOST_CHECK_EXCEPTION(likelihood.add(Array<double>({2, 3}, {0, 0, 0, 0, 0, bad})), tensors::Divergence, named);
  }
  BOOST_TEST(likelihood.n_samples() == 2);
  check_equal(likelihood.estimates(), before, 1e-16);
}

BOOST_AUTO_TEST_SUITE_END()
