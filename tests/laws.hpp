// Laws: what has to hold for a thing to be right, as functions of that thing. The tests hold what the suite is made of to
// them; tests/controls holds copies with a planted defect to the very same functions, which have to notice.
//
// This header has what many tests share; laws of one component stand beside its tests, in tests/*/laws.hpp.
#pragma once

#include "common/tensors/array.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <iterator>
#include <ostream>
#include <span>
#include <string>
#include <vector>

namespace laws {

using tensors::Array;

// Whether a law holds, and what was seen: BOOST_TEST(law(...)) says it where the law does not hold.
struct Finding {
  bool holds = false;
  std::string seen;

  explicit operator bool() const { return holds; }
};
inline std::ostream& operator<<(std::ostream& out, const Finding& finding) { return out << finding.seen; }

// A law for each of 0 .. n-1: the first finding that does not hold, or the last.
template <class Law>
Finding for_each_of(std::int64_t n, const char* what, const Law& law) {
  Finding finding;
  for (std::int64_t i = 0; i < n; ++i) {
    finding = law(i);
    finding.seen = fmt::format("{} {}: {}", what, i, finding.seen);
    if (!finding.holds) break;
  }
  return finding;
}

// ---- Means of independent draws, to five standard errors: by chance a right one is refused once in 1.7 million times.

struct SampleMean {
  double value = 0, error = 0;
};
inline SampleMean sample_mean(std::span<const double> draws) {
  const auto n = static_cast<double>(draws.size());
  SampleMean mean;
  for (const double x : draws) mean.value += x / n;
  double deviations = 0;
  for (const double x : draws) deviations += (x - mean.value) * (x - mean.value);
  mean.error = std::sqrt(deviations / (n * (n - 1)));
  return mean;
}

inline Finding mean_is(std::span<const double> draws, double expected) {
  const SampleMean mean = sample_mean(draws);
  return {std::abs(mean.value - expected) <= 5 * mean.error, fmt::format("mean {:.6g} +- {:.2g}, expected {:.6g}", mean.value, mean.error, expected)};
}

inline Finding mean_is_below(std::span<const double> draws, double bound) {
  const SampleMean mean = sample_mean(draws);
  return {mean.value + 5 * mean.error < bound, fmt::format("mean {:.6g} +- {:.2g}, to be below {:.6g}", mean.value, mean.error, bound)};
}

// Of draws made in pairs, from the same noise.
inline Finding have_one_mean(std::span<const double> a, std::span<const double> b) {
  std::vector<double> differences;
  std::ranges::transform(a, b, std::back_inserter(differences), std::minus{});
  return mean_is(differences, 0);
}

// ---- Random draws.

// draw(seed) is the same whenever it is asked for, and another for another seed.
template <class Draw>
Finding is_a_function_of_its_seed(const Draw& draw) {
  const auto first = draw(1), again = draw(1), other = draw(2);
  if (!std::ranges::equal(first, again)) return {false, "asked again, it gives other numbers"};
  if (std::ranges::equal(first, other)) return {false, "it gives the same numbers whatever it is asked for"};
  return {true, "a function of what it is asked for"};
}

// draw(step), standard normal, is a function of the step, and what two steps draw is uncorrelated.
template <class Draw>
Finding is_fresh_at_every_step(const Draw& draw) {
  Finding finding = is_a_function_of_its_seed(draw);
  for (const int other : {1, 2, 1000}) {
    if (!finding.holds) break;
    const auto a = draw(0), b = draw(other);
    std::vector<double> products;
    std::ranges::transform(a, b, std::back_inserter(products), std::multiplies{});
    finding = mean_is(products, 0);
  }
  return finding;
}

}  // namespace laws
