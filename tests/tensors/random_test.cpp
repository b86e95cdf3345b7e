// The random streams against the published generator and against the densities they claim.
#include "common/tensors/random.hpp"
#include "tests/laws.hpp"
#include "tests/statistics.hpp"

#include <boost/test/unit_test.hpp>
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numbers>
#include <set>
#include <tuple>

using tensors::Array;
using tensors::Shape;
using tensors::Stream;
using namespace statistics;
using Block = std::array<std::uint32_t, 4>;
using Scalars = std::tuple<float, double>;

namespace {

// Cells of the unit square in which the pairs (u[i], u[i + 1]) fall, i = first, first + 2, ...
template <class T, class Cdf>
std::vector<std::int64_t> pair_counts(const Array<T>& values, std::int64_t first, int n_cells, const Cdf& cdf) {
  std::vector<std::int64_t> counts(static_cast<std::size_t>(n_cells * n_cells));
  const auto cell = [&](T value) { return std::min(static_cast<int>(cdf(value) * n_cells), n_cells - 1); };
  for (std::int64_t i = first; i + 1 < values.size(); i += 2)
    ++counts[static_cast<std::size_t>(cell(values[i]) * n_cells + cell(values[i + 1]))];
  return counts;
}

template <class T>
bool equal(const Array<T>& a, const Array<T>& b) {
  return a.shape() == b.shape() && std::ranges::equal(a, b);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(random_streams)

// philox4x32, 10 rounds, in Random123's kat_vectors.
BOOST_AUTO_TEST_CASE(known_answers) {
  constexpr std::uint32_t ones = 0xffffffff;
  BOOST_CHECK((tensors::philox4x32_10({0, 0, 0, 0}, {0, 0}) == Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  BOOST_CHECK((tensors::philox4x32_10({ones, ones, ones, ones}, {ones, ones}) == Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  BOOST_CHECK((tensors::philox4x32_10({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
               Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

// The vectorised path draws the generator's own blocks: four floats or two doubles from each, the high bits of its words.
BOOST_AUTO_TEST_CASE(uniforms_are_the_words_of_the_blocks) {
  constexpr std::int64_t n = 1003;
  for (const std::uint64_t step : {std::uint64_t{0}, std::uint64_t{0x123456789abcdef0}}) {
    Stream blocks(3, "words", step);
    const Array<float> floats = Stream(3, "words", step).uniform<float>({4 * n});
    const Array<double> doubles = Stream(3, "words", step).uniform<double>({2 * n});
    double worst_float = 0, worst_double = 0;
    for (std::int64_t i = 0; i < n; ++i) {
      const Block words = blocks.block();
      for (int j = 0; j < 4; ++j)
        worst_float = std::max(worst_float, std::abs(floats[4 * i + j] - words[static_cast<std::size_t>(j)] * 0x1p-32));
      for (int j = 0; j < 2; ++j) {
        const auto at = static_cast<std::size_t>(2 * j);
        worst_double = std::max(worst_double, std::abs(doubles[2 * i + j] - (words[at] * 0x1p-32 + words[at + 1] * 0x1p-64)));
      }
    }
    BOOST_TEST(worst_float <= 0x1p-24);
    BOOST_TEST(worst_double <= 0x1p-52);
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(the_same_stream_repeats_and_goes_on, T, Scalars) {
  BOOST_TEST(equal(Stream(1, "a", 2).uniform<T>({7, 31}), Stream(1, "a", 2).uniform<T>({7, 31})));
  BOOST_TEST(equal(Stream(1, "a", 2).normal<T>({7, 31}), Stream(1, "a", 2).normal<T>({7, 31})));
  BOOST_TEST((Stream(1, "a", 2).permutation(100) == Stream(1, "a", 2).permutation(100)));

  // Drawn in parts, a stream gives what it gives at once; a part takes whole blocks.
  const Array<T> at_once = Stream(1, "a", 2).normal<T>({240});
  Stream parts(1, "a", 2);
  BOOST_TEST(equal(parts.normal<T>({100}), at_once.window(0, {100})));
  BOOST_TEST(equal(parts.normal<T>({35, 4}), at_once.window(100, {35, 4})));
  constexpr std::int64_t per_block = 16 / sizeof(T);
  Stream single(1, "a", 2);
  single.normal<T>({1});
  BOOST_TEST(equal(single.normal<T>({50}), at_once.window(per_block, {50})));
  BOOST_TEST(single.uniform<T>({0}).size() == 0);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(numbers_do_not_depend_on_the_threads, T, Scalars) {
  const int before = omp_get_max_threads();
  omp_set_num_threads(1);
  const Array<T> uniforms = Stream(1, "threads").uniform<T>({100001}), normals = Stream(1, "threads").normal<T>({100001});
  omp_set_num_threads(3);
  BOOST_TEST(equal(Stream(1, "threads").uniform<T>({100001}), uniforms));
  BOOST_TEST(equal(Stream(1, "threads").normal<T>({100001}), normals));
  omp_set_num_threads(before);
}

BOOST_AUTO_TEST_CASE(a_stream_at_another_step_starts_afresh) {
  Stream stream(9, "noise", 4);
  stream.block();
  BOOST_CHECK(stream.at(17).block() == Stream(9, "noise", 17).block());
  BOOST_CHECK(stream.at(4).block() == Stream(9, "noise", 4).block());
  BOOST_CHECK(stream.block() != Stream(9, "noise", 4).block());
  BOOST_TEST(laws::is_fresh_at_every_step([&](std::uint64_t step) { return stream.at(step).normal<double>({20'000}); }));
}

// 128 bits never repeat by chance: any equal pair means that two streams overlap.
BOOST_AUTO_TEST_CASE(streams_of_other_names_share_no_block) {
  std::set<Block> seen;
  std::size_t n_drawn = 0;
  for (const std::uint64_t seed : {0ull, 1ull, 2ull, 1ull << 32, 1ull << 63})
    for (const char* purpose : {"", "a", "b", "ab", "ba", "noise"})
      for (const std::uint64_t step : {0ull, 1ull, 2ull, 1ull << 32, ~0ull}) {
        Stream stream(seed, purpose, step);
        for (int i = 0; i < 64; ++i, ++n_drawn) seen.insert(stream.block());
      }
  BOOST_TEST(seen.size() == n_drawn);
}

BOOST_AUTO_TEST_CASE(streams_of_other_names_are_uncorrelated) {
  constexpr std::int64_t n = 20000;
  std::vector<Array<double>> draws;
  for (Stream stream : {Stream(0, "a"), Stream(1, "a"), Stream(1ull << 63, "a"), Stream(0, "b"), Stream(1, "b"), Stream(0, "a", 1),
                        Stream(0, "a", 2), Stream(0, "a", 1ull << 32)})
    draws.push_back(stream.normal<double>({n}));
  for (std::size_t a = 0; a < draws.size(); ++a)
    for (std::size_t b = 0; b < a; ++b) {
      double product = 0;
      for (std::int64_t i = 0; i < n; ++i) product += draws[a][i] * draws[b][i] / n;
      judge_mean(product, n, 0, 1);
    }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(uniform_against_its_density, T, Scalars) {
  constexpr std::int64_t n = 1 << 20;
  const Array<T> draws = Stream(11, "uniform").uniform<T>({n});
  std::vector<std::int64_t> counts(1024);
  double mean = 0, square = 0;
  for (const T u : draws) {
    ++counts[static_cast<std::size_t>(u * 1024)];
    mean += u / static_cast<double>(n);
    square += (u - 0.5) * (u - 0.5) / n;
  }
  judge_uniform_counts(counts);
  judge_mean(mean, n, 0.5, 1.0 / 12);
  judge_mean(square, n, 1.0 / 12, 1.0 / 180);
  const auto identity = [](T u) { return u; };
  judge_uniform_counts(pair_counts(draws, 0, 32, identity));
  judge_uniform_counts(pair_counts(draws, 1, 32, identity));
}

// Floats are coarse: did one of 2^24 values round to an end of the interval, 2^28 draws would meet it.
BOOST_AUTO_TEST_CASE(uniform_lies_in_the_open_interval) {
  Stream stream(12, "open");
  float lowest = 1, highest = 0;
  for (int chunk = 0; chunk < 64; ++chunk) {
    const auto [low, high] = std::ranges::minmax(stream.uniform<float>({1 << 22}));
    lowest = std::min(lowest, low);
    highest = std::max(highest, high);
  }
  BOOST_TEST(lowest > 0);
  BOOST_TEST(highest < 1);
  BOOST_TEST(lowest < 0x1p-23);
  BOOST_TEST(highest > 1 - 0x1p-22);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(normals_are_box_and_muller_of_the_uniforms, T, Scalars) {
  constexpr std::int64_t n = 100000;
  const Array<T> u = Stream(18, "pairs").uniform<T>({n}), x = Stream(18, "pairs").normal<T>({n});
  double worst = 0;
  for (std::int64_t i = 0; i < n; i += 2) {
    const double radius = std::sqrt(-2 * std::log(static_cast<double>(u[i]))), angle = 2 * std::numbers::pi * u[i + 1];
    worst = std::max({worst, std::abs(x[i] - radius * std::cos(angle)), std::abs(x[i + 1] - radius * std::sin(angle))});
  }
  BOOST_TEST(worst < 32 * std::numeric_limits<T>::epsilon());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(normal_against_its_density, T, Scalars) {
  constexpr std::int64_t n = 1 << 21;
  const Array<T> draws = Stream(13, "normal").normal<T>({n});
  std::vector<std::int64_t> quantile_bins(500);
  double moments[4] = {};
  for (const T draw : draws) {
    const double x = draw;
    ++quantile_bins[std::min<std::size_t>(static_cast<std::size_t>(normal_cdf(x) * 500), 499)];
    moments[0] += x / n, moments[1] += x * x / n, moments[2] += x * x * x / n, moments[3] += x * x * x * x / n;
  }
  judge_uniform_counts(quantile_bins);
  judge_mean(moments[0], n, 0, 1);
  judge_mean(moments[1], n, 1, 2);   // E x^4 - 1
  judge_mean(moments[2], n, 0, 15);  // E x^6
  judge_mean(moments[3], n, 3, 96);  // E x^8 - 9
  for (const double far : {3.0, 4.0, 4.5, 5.0}) {
    judge_rate(std::ranges::count_if(draws, [&](T x) { return x > far; }), n, normal_cdf(-far));
    judge_rate(std::ranges::count_if(draws, [&](T x) { return x < -far; }), n, normal_cdf(-far));
  }
}

// Box and Muller make two numbers from two: neighbours must not know of each other, nor of the other's size.
BOOST_AUTO_TEST_CASE_TEMPLATE(neighbouring_normals_are_independent, T, Scalars) {
  constexpr std::int64_t n = 1 << 20;
  const Array<T> draws = Stream(14, "normal").normal<T>({n});
  for (const std::int64_t first : {0, 1}) judge_uniform_counts(pair_counts(draws, first, 24, [](T x) { return normal_cdf(x); }));
  double product_of_squares = 0;
  for (std::int64_t i = 0; i < n; i += 2) product_of_squares += double(draws[i]) * draws[i] * draws[i + 1] * draws[i + 1] / (n / 2);
  judge_mean(product_of_squares, n / 2, 1, 8);  // E x^4 y^4 - 1 = 9 - 1
}

BOOST_AUTO_TEST_CASE_TEMPLATE(bernoulli_against_its_probabilities, T, Scalars) {
  constexpr std::int64_t n_rows = 100000;
  const std::vector<T> probabilities{T(0), T(0.001), T(0.25), T(0.5), T(0.9), T(1)};
  const std::int64_t n_columns = std::ssize(probabilities);
  Array<T> p({n_rows, n_columns});
  for (std::int64_t i = 0; i < p.size(); ++i) p.mutable_data()[i] = probabilities[static_cast<std::size_t>(i % n_columns)];
  const Array<T> draws = Stream(15, "bernoulli").bernoulli(p);
  BOOST_REQUIRE(draws.shape() == p.shape());

  std::vector<std::int64_t> ones(probabilities.size());
  for (std::int64_t i = 0; i < draws.size(); ++i) {
    BOOST_REQUIRE((draws[i] == 0 || draws[i] == 1));
    ones[static_cast<std::size_t>(i % n_columns)] += draws[i] == 1;
  }
  BOOST_TEST(ones.front() == 0);
  BOOST_TEST(ones.back() == n_rows);
  for (std::size_t column = 1; column + 1 < ones.size(); ++column) judge_rate(ones[column], n_rows, probabilities[column]);
}

BOOST_AUTO_TEST_CASE(below_is_unbiased) {
  Stream stream(16, "below");
  for (int i = 0; i < 10; ++i) BOOST_TEST(stream.below(1) == 0u);
  for (const std::uint64_t bound : {2u, 7u, 100u}) {
    std::vector<std::int64_t> counts(bound);
    for (int i = 0; i < 100000; ++i) ++counts.at(stream.below(bound));
    judge_uniform_counts(counts);
  }
  // Without rejection every third of these numbers would come up twice as often as the others.
  constexpr std::uint64_t three_quarters = 3ull << 62;
  std::vector<std::int64_t> remainders(3);
  for (int i = 0; i < 100000; ++i) {
    const std::uint64_t number = stream.below(three_quarters);
    BOOST_REQUIRE(number < three_quarters);
    ++remainders[number % 3];
  }
  judge_uniform_counts(remainders);
  BOOST_CHECK_THROW(stream.below(0), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(permutations_are_uniform) {
  Stream stream(17, "order");
  BOOST_TEST(stream.permutation(0).empty());
  BOOST_CHECK((stream.permutation(1) == std::vector<std::int64_t>{0}));
  BOOST_CHECK_THROW(stream.permutation(-1), std::invalid_argument);

  std::vector<std::int64_t> long_order = stream.permutation(10007);
  BOOST_TEST(!std::ranges::is_sorted(long_order));
  std::ranges::sort(long_order);
  for (std::int64_t i = 0; i < std::ssize(long_order); ++i) BOOST_REQUIRE(long_order[static_cast<std::size_t>(i)] == i);

  std::map<std::vector<std::int64_t>, std::int64_t> orders;
  for (int i = 0; i < 120000; ++i) ++orders[stream.permutation(4)];
  BOOST_REQUIRE(orders.size() == 24u);
  std::vector<std::int64_t> counts;
  for (const auto& [order, count] : orders) counts.push_back(count);
  judge_uniform_counts(counts);
}

BOOST_AUTO_TEST_SUITE_END()
