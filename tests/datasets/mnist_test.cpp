// The real MNIST, where PAPER_DATA or the cache has it; skipped where neither does.
#include "common/datasets/mnist.hpp"
#include "tests/datasets/real.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <cmath>
#include <numeric>

namespace {

using namespace datasets;

const Mnist& loaded() {
  static const Mnist both = mnist(std::nullopt, {.train = 10, .test = 10});
  return both;
}

const ImageSet& training_images() { return loaded().train; }

double mean_pixel(const ImageSet& set) {
  return std::accumulate(set.pixels.begin(), set.pixels.end(), 0.0) / static_cast<double>(set.pixels.size());
}

std::array<int, 10> histogram(const ImageSet& set) {
  std::array<int, 10> counts{};
  for (std::uint8_t label : set.labels) ++counts.at(label);
  return counts;
}

BOOST_TEST_DECORATOR(*real(training_images))
BOOST_AUTO_TEST_CASE(has_the_known_counts) {
  BOOST_TEST(loaded().train.n == 60'000);
  BOOST_TEST(loaded().test.n == 10'000);
  for (const ImageSet* set : {&loaded().train, &loaded().test}) {
    BOOST_TEST(set->height == 28);
    BOOST_TEST(set->width == 28);
    BOOST_TEST(set->sha256.size() == 2u);
  }
  const std::array<int, 10> train = {5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949};
  const std::array<int, 10> test = {980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009};
  BOOST_TEST(histogram(loaded().train) == train, boost::test_tools::per_element());
  BOOST_TEST(histogram(loaded().test) == test, boost::test_tools::per_element());
}

BOOST_TEST_DECORATOR(*real(training_images))
BOOST_AUTO_TEST_CASE(has_the_known_mean_grey) {
  BOOST_TEST(std::abs(mean_pixel(loaded().train) - 33.318) < 0.0005);
  BOOST_TEST(std::abs(mean_pixel(loaded().test) - 33.791) < 0.0005);
}

}  // namespace
