#include "common/distributions/bernoulli.hpp"

#include "common/autodiff/check_gradients.hpp"
#include "tests/statistics.hpp"

#include <boost/test/unit_test.hpp>

using namespace autodiff;
using distributions::kl;
using tensors::Stream;
using BernoulliD = distributions::Bernoulli<double>;

namespace {

constexpr double several[] = {-30, -4, -0.5, 0, 1, 6, 30};

BernoulliD one_variable(double logit) { return {Array<double>({1}, {logit})}; }
double log_prob(double logit, double x) { return one_variable(logit).log_prob(Array<double>({1}, {x})).item(); }

Var<double> draw(const Shape& shape, std::uint64_t seed) { return Stream(seed, "bernoulli test").normal<double>(shape); }

}  // namespace

BOOST_AUTO_TEST_SUITE(bernoulli)

BOOST_AUTO_TEST_CASE(probabilities_sum_to_one) {
  for (const double logit : several) {
    BOOST_TEST(std::abs(std::exp(log_prob(logit, 0)) + std::exp(log_prob(logit, 1)) - 1) < 4e-15);
    BOOST_TEST(std::abs(std::exp(log_prob(logit, 1)) - one_variable(logit).mean().item()) < 4e-15);
    BOOST_TEST(std::abs(log_prob(logit, 1) - log_prob(logit, 0) - logit) <= 1e-15 * std::abs(logit));
  }
  // Over all outcomes of three variables at once.
  const Var<double> logits = draw({3}, 1);
  double total = 0;
  for (int outcome = 0; outcome < 8; ++outcome)
    total += std::exp(BernoulliD{logits}.log_prob(Array<double>({3}, {double(outcome & 1), double(outcome >> 1 & 1), double(outcome >> 2)})).item());
  BOOST_TEST(std::abs(total - 1) < 1e-14);
}

BOOST_AUTO_TEST_CASE(grey_values_give_the_cross_entropy) {
  for (const double logit : several)
    for (const double x : {0.25, 0.5, 0.9}) {
      const double expected = x * log_prob(logit, 1) + (1 - x) * log_prob(logit, 0);
      BOOST_TEST(std::abs(log_prob(logit, x) - expected) <= 1e-14 * std::max(1.0, std::abs(expected)));
    }
}

BOOST_AUTO_TEST_CASE(certain_logits_stay_finite) {
  BOOST_TEST(log_prob(2000, 1) == 0);
  BOOST_TEST(log_prob(2000, 0) == -2000);
  BOOST_TEST(log_prob(-2000, 0) == 0);
  BOOST_TEST(log_prob(-2000, 1) == -2000);
}

BOOST_AUTO_TEST_CASE(the_divergence_is_the_sum_that_defines_it) {
  for (const double p : several)
    for (const double q : several) {
      double defined = 0;
      for (const double x : {0.0, 1.0}) defined += std::exp(log_prob(p, x)) * (log_prob(p, x) - log_prob(q, x));
      BOOST_TEST(std::abs(kl(one_variable(p), one_variable(q)).item() - defined) <= 1e-13 * std::max(1.0, defined));
      if (p != q) BOOST_TEST(defined > 0);
    }
  const Var<double> a = draw({4, 5}, 1), b = draw({4, 5}, 2);
  const Var<double> rows = kl(BernoulliD{a}, BernoulliD{b}), none = kl(BernoulliD{a}, BernoulliD{a});
  BOOST_REQUIRE((rows.shape() == Shape{4}));
  for (const double nothing : none.value()) BOOST_TEST(std::abs(nothing) < 1e-14);
  for (std::int64_t row = 0; row < 4; ++row) {
    double expected = 0;
    for (std::int64_t i = 5 * row; i < 5 * row + 5; ++i) expected += kl(one_variable(a.value()[i]), one_variable(b.value()[i])).item();
    BOOST_TEST(std::abs(rows.value()[row] - expected) < 1e-13);
  }
}

BOOST_AUTO_TEST_CASE(draws_against_the_probabilities) {
  constexpr std::int64_t n = 100000;
  for (const double logit : {-4.0, -0.5, 0.0, 1.0, 6.0}) {
    Stream stream(7, "draws");
    const Array<double> draws = BernoulliD{Array<double>::full({n, 1}, logit)}.sample(stream);
    BOOST_REQUIRE((draws.shape() == Shape{n, 1}));
    BOOST_TEST(std::ranges::all_of(draws, [](double x) { return x == 0 || x == 1; }));
    statistics::judge_rate(std::ranges::count(draws, 1.0), n, 1 / (1 + std::exp(-logit)));
  }
  // Two variables fall into their four cells independently.
  Array<double> logits({n, 2});
  for (std::int64_t i = 0; i < 2 * n; ++i) logits.mutable_data()[i] = 0;
  Stream stream(8, "pairs");
  const Array<double> draws = BernoulliD{logits}.sample(stream);
  std::vector<std::int64_t> counts(4);
  for (std::int64_t i = 0; i < n; ++i) ++counts[static_cast<std::size_t>(2 * draws[2 * i] + draws[2 * i + 1])];
  statistics::judge_uniform_counts(counts);
}

BOOST_AUTO_TEST_CASE(gradients_to_second_order) {
  const Shape shape{2, 3};
  const auto check = [](const Function& f, const std::vector<Var<double>>& at) {
    const GradientCheck result = check_gradients(f, at, 2);
    BOOST_TEST(result.passed(), result.where);
  };
  check([](const auto& x) { return BernoulliD{x[1]}.log_prob(x[0]); }, {sigmoid(draw(shape, 1)), draw(shape, 2)});
  check([](const auto& x) { return BernoulliD{x[0]}.mean(); }, {draw(shape, 1)});
  check([](const auto& x) { return kl(BernoulliD{x[0]}, BernoulliD{x[1]}); }, {draw(shape, 1), draw(shape, 2)});
}

BOOST_AUTO_TEST_SUITE_END()
