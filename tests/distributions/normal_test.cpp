#include "common/distributions/normal.hpp"

#include "common/autodiff/check_gradients.hpp"
#include "tests/statistics.hpp"

#include <boost/test/unit_test.hpp>

using namespace autodiff;
using distributions::kl;
using distributions::standard_normal_log_prob;
using tensors::Stream;
using NormalD = distributions::Normal<double>;

namespace {

struct Moments {
  double mean, scale;
};
constexpr Moments several[] = {{0, 1}, {0.7, 1}, {-3, 0.2}, {2, 5}, {0.1, 0.9}};

NormalD one_dimensional(const Moments& m, std::int64_t n = 1) {
  return {Array<double>::full({n, 1}, m.mean), Array<double>::full({n, 1}, std::log(m.scale))};
}

// The trapezoid rule over mean +- 12 scales; for a smooth integrand that vanishes at both ends its error is of the order
// of rounding.
template <class F>
double integral(const Moments& about, const F& integrand) {
  constexpr std::int64_t n = 4001;
  const double step = 24 * about.scale / (n - 1);
  Array<double> z({n, 1});
  for (std::int64_t i = 0; i < n; ++i) z.mutable_data()[i] = about.mean - 12 * about.scale + static_cast<double>(i) * step;
  const Array<double> values = integrand(Var<double>(z), n).value();
  BOOST_REQUIRE(values.shape() == Shape{n});
  double total = 0;
  for (const double value : values) total += value * step;
  return total;
}

Var<double> draw(const Shape& shape, std::uint64_t seed) { return Stream(seed, "normal test").normal<double>(shape); }

// A batch of distributions that are neither equal nor standard.
NormalD batch(const Shape& shape, std::uint64_t seed) { return {draw(shape, seed), draw(shape, seed + 1) * 0.3}; }

void check_equal(const Var<double>& a, const Var<double>& b, double tolerance = 1e-13) {
  BOOST_REQUIRE(a.shape() == b.shape());
  for (std::int64_t i = 0; i < a.value().size(); ++i)
    BOOST_TEST(std::abs(a.value()[i] - b.value()[i]) <= tolerance * std::max(1.0, std::abs(b.value()[i])));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(normal)

BOOST_AUTO_TEST_CASE(the_density_integrates_to_one) {
  for (const Moments& m : several) {
    BOOST_TEST(std::abs(integral(m, [&](const Var<double>& z, std::int64_t n) { return exp(one_dimensional(m, n).log_prob(z)); }) - 1) < 1e-12);
    const double second = integral(m, [&](const Var<double>& z, std::int64_t n) {
      return exp(one_dimensional(m, n).log_prob(z)) * reshape(square(z - m.mean), {n});
    });
    BOOST_TEST(std::abs(second / (m.scale * m.scale) - 1) < 1e-11);
  }
}

BOOST_AUTO_TEST_CASE(dimensions_are_independent) {
  const Shape shape{2, 3, 4};
  const NormalD p = batch(shape, 1);
  const Var<double> z = draw(shape, 5), log_prob = p.log_prob(z);
  BOOST_REQUIRE((log_prob.shape() == Shape{2, 3}));
  for (std::int64_t row = 0; row < 6; ++row) {
    double expected = 0;
    for (std::int64_t i = 4 * row; i < 4 * row + 4; ++i)
      expected += one_dimensional({p.mean.value()[i], std::exp(p.log_scale.value()[i])}).log_prob(Array<double>({1, 1}, {z.value()[i]})).value()[0];
    BOOST_TEST(std::abs(log_prob.value()[row] - expected) < 1e-12);
  }
  const NormalD standard{Array<double>::zeros(shape), Array<double>::zeros(shape)};
  check_equal(standard_normal_log_prob(z), standard.log_prob(z));
}

BOOST_AUTO_TEST_CASE(the_divergence_is_the_integral_that_defines_it) {
  for (const Moments& p : several)
    for (const Moments& q : several) {
      const double closed = kl(one_dimensional(p), one_dimensional(q)).item();
      const double defined = integral(p, [&](const Var<double>& z, std::int64_t n) {
        const Var<double> log_p = one_dimensional(p, n).log_prob(z);
        return exp(log_p) * (log_p - one_dimensional(q, n).log_prob(z));
      });
      BOOST_TEST(std::abs(closed - defined) <= 1e-10 * std::max(1.0, closed));
      if (p.mean != q.mean || p.scale != q.scale) BOOST_TEST(closed > 0);
    }
}

BOOST_AUTO_TEST_CASE(divergences_agree_with_each_other) {
  const Shape shape{5, 7};
  const NormalD p = batch(shape, 1), standard{Array<double>::zeros(shape), Array<double>::zeros(shape)};
  check_equal(kl(p, standard), p.kl_to_standard());
  check_equal(kl(p, p), Array<double>::zeros({5}), 1e-15);
  check_equal(standard.kl_to_standard(), Array<double>::zeros({5}), 0);
}

BOOST_AUTO_TEST_CASE(draws_against_the_density) {
  constexpr std::int64_t n = 200000;
  std::uint64_t seed = 0;
  for (const Moments& m : several) {
    Stream stream(++seed, "draws");
    const Array<double> draws = one_dimensional(m, n).sample(stream).value();
    BOOST_REQUIRE((draws.shape() == Shape{n, 1}));
    std::vector<std::int64_t> counts(200);
    double mean = 0, variance = 0;
    for (const double z : draws) {
      const double standardised = (z - m.mean) / m.scale;
      ++counts[std::min<std::size_t>(static_cast<std::size_t>(statistics::normal_cdf(standardised) * 200), 199)];
      mean += standardised / n;
      variance += standardised * standardised / n;
    }
    statistics::judge_uniform_counts(counts);
    statistics::judge_mean(mean, n, 0, 1);
    statistics::judge_mean(variance, n, 1, 2);
  }
}

BOOST_AUTO_TEST_CASE(the_mean_log_ratio_of_draws_is_the_divergence) {
  constexpr std::int64_t n = 100000;
  const Moments p{0.4, 0.7}, q{-0.2, 1.1};
  Stream stream(3, "log ratio");
  const NormalD many = one_dimensional(p, n);
  const Var<double> z = many.sample(stream), ratio = many.log_prob(z) - one_dimensional(q, n).log_prob(z);
  const double average = mean(ratio).item(), variance = mean(square(ratio - average)).item();
  statistics::judge_mean(average, n, kl(one_dimensional(p), one_dimensional(q)).item(), variance);
}

BOOST_AUTO_TEST_CASE(a_draw_is_differentiable_in_its_parameters) {
  const Shape shape{3, 4};
  const NormalD p = batch(shape, 1);
  const Var<double> noise = draw(shape, 9);
  check_equal(p.sample(noise), p.mean + exp(p.log_scale) * noise);
  const auto gradient = grad<double>([&](const std::array<Var<double>, 2>& x) { return sum(NormalD{x[0], x[1]}.sample(noise)); })(
      std::array{p.mean, p.log_scale});
  check_equal(gradient[0], Array<double>::full(shape, 1));
  check_equal(gradient[1], exp(p.log_scale) * noise);

  // The stream's noise is what its draw is made of.
  Stream stream(4, "noise"), same(4, "noise");
  check_equal(p.sample(stream), p.sample(same.normal<double>(shape)), 0);
}

BOOST_AUTO_TEST_CASE(gradients_to_second_order) {
  const Shape shape{2, 3};
  const std::vector<Var<double>> three{draw(shape, 1), draw(shape, 2), draw(shape, 3) * 0.3},
      four{three[1], three[2], draw(shape, 4), draw(shape, 5) * 0.3};
  const auto check = [](const Function& f, const std::vector<Var<double>>& at) {
    const GradientCheck result = check_gradients(f, at, 2);
    BOOST_TEST(result.passed(), result.where);
  };
  check([](const auto& x) { return NormalD{x[1], x[2]}.log_prob(x[0]); }, three);
  check([](const auto& x) { return NormalD{x[1], x[2]}.sample(x[0]); }, three);
  check([](const auto& x) { return NormalD{x[0], x[1]}.kl_to_standard(); }, {three[1], three[2]});
  check([](const auto& x) { return kl(NormalD{x[0], x[1]}, NormalD{x[2], x[3]}); }, four);
  check([](const auto& x) { return standard_normal_log_prob(x[0]); }, {three[0]});
}

BOOST_AUTO_TEST_CASE(the_density_of_a_draw_is_that_of_its_noise) {
  const NormalD p = batch({3, 2}, 40);
  for (const Shape& shape : {Shape{3, 2}, Shape{5, 3, 2}}) {  // one draw of each, five draws of each
    const Var<double> noise = draw(shape, 43);
    check_equal(p.log_prob_of_sample(noise), p.log_prob(p.sample(noise)), 1e-12);
  }
}

BOOST_AUTO_TEST_SUITE_END()
