// Splits, batches, binarisations and the stand-in, on images whose every byte is known.
#include "common/datasets/binarisation.hpp"
#include "common/datasets/stand_in.hpp"
#include "common/tensors/digest.hpp"
#include "common/tensors/pool.hpp"
#include "tests/datasets/laws.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

namespace {

using namespace datasets;
using laws::counting_images;
using tensors::Array;
using tensors::Stream;
using Rows = std::vector<std::int64_t>;

// n images of one row that holds every pixel value once.
ImageSet ramps(std::int64_t n) {
  ImageSet set{n, 1, 256, {}, std::vector<std::uint8_t>(static_cast<std::size_t>(n)), {}, false};
  for (std::int64_t i = 0; i < 256 * n; ++i) set.pixels.push_back(static_cast<std::uint8_t>(i));
  return set;
}

Rows all_rows(std::int64_t n) {
  Rows rows(static_cast<std::size_t>(n));
  std::iota(rows.begin(), rows.end(), 0);
  return rows;
}

bool equal(const Array<float>& a, const Array<float>& b) { return a.shape() == b.shape() && std::ranges::equal(a, b); }

BOOST_AUTO_TEST_CASE(select_and_first_take_whole_images_with_their_labels) {
  const ImageSet set = counting_images(10);
  const ImageSet two = select(set, Rows{7, 2});
  BOOST_TEST(two.n == 2);
  BOOST_TEST(two.labels == (std::vector<std::uint8_t>{7, 2}), boost::test_tools::per_element());
  BOOST_TEST(two.pixels == (std::vector<std::uint8_t>{42, 43, 44, 45, 46, 47, 12, 13, 14, 15, 16, 17}), boost::test_tools::per_element());
  BOOST_TEST(first(set, 3).labels == (std::vector<std::uint8_t>{0, 1, 2}), boost::test_tools::per_element());
  BOOST_TEST(first(set, 0).n == 0);
  BOOST_CHECK_THROW(first(set, 11), std::invalid_argument);
  BOOST_CHECK_THROW(select(set, Rows{10}), std::invalid_argument);
  BOOST_CHECK_THROW(select(set, Rows{-1}), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(the_first_image_of_each_digit_is_found_where_there_is_one) {
  ImageSet set = counting_images(5);
  set.labels = {3, 1, 3, 9, 1};
  BOOST_TEST(first_of_each_digit(set) == (Rows{1, 0, 3}), boost::test_tools::per_element());
  set.labels.clear();
  BOOST_TEST(first_of_each_digit(set).empty());
}

BOOST_AUTO_TEST_CASE(splits_are_disjoint_and_complete) {
  const ImageSet set = counting_images(40);
  const auto check = [&](const Split& split) {
    BOOST_TEST(split.training.n == 33);
    BOOST_TEST(split.held_out.n == 7);
    for (std::int64_t i = 0; i < split.held_out.n; ++i) BOOST_TEST(split.held_out.image(i)[0] == 6 * split.held_out.labels[i]);
  };
  const Split last = hold_out_last(set, 7);
  check(last);
  BOOST_TEST(last.held_out.labels.front() == 33);
  const Split random = hold_out_random(set, 7, Stream(3, "split"));
  check(random);
  BOOST_TEST(random.held_out.labels == hold_out_random(set, 7, Stream(3, "split")).held_out.labels, boost::test_tools::per_element());
  BOOST_TEST((random.held_out.labels != hold_out_random(set, 7, Stream(4, "split")).held_out.labels));
  BOOST_CHECK_THROW(hold_out_last(set, 41), std::invalid_argument);
  BOOST_TEST(laws::parts_make_up_the_whole([](const ImageSet& images) { return hold_out_last(images, 7); }));
  BOOST_TEST(laws::parts_make_up_the_whole([](const ImageSet& images) { return hold_out_random(images, 7, Stream(3, "split")); }));
}

BOOST_AUTO_TEST_CASE(labels_choose_neither_the_split_nor_a_pixel) {
  BOOST_TEST(laws::labels_reach_no_pixel([](const ImageSet& images) { return hold_out_last(images, 7).training.pixels; }));
  BOOST_TEST(laws::labels_reach_no_pixel([](const ImageSet& images) { return hold_out_random(images, 7, Stream(3, "split")).training.pixels; }));
  BOOST_TEST(laws::labels_reach_no_pixel([](const ImageSet& images) { return binarised_once(images, 7).pixels; }));
  BOOST_TEST(laws::labels_reach_no_pixel([](const ImageSet& images) { return gather(images, Rows{7, 2, 30}, grey()); }));
  BOOST_TEST(laws::labels_reach_no_pixel([](const ImageSet& images) { return gather_stochastic(images, Rows{7, 2, 30}, Stream(7, "binarise")); }));
}

BOOST_AUTO_TEST_CASE(an_epochs_batches_cover_every_image_once) {
  for (const LastBatch last : {LastBatch::keep, LastBatch::drop}) {
    BatchOrder order(23, 5, 1, last);
    BOOST_TEST(order.batches_per_epoch() == (last == LastBatch::keep ? 5 : 4));
    Rows epochs[2];
    for (std::int64_t step = 0; step < 2 * order.batches_per_epoch(); ++step) {
      const auto rows = order.rows(step);
      const bool is_last = step % order.batches_per_epoch() == 4;
      BOOST_TEST(rows.size() == (is_last ? 3u : 5u));
      auto& epoch = epochs[order.epoch_of(step)];
      epoch.insert(epoch.end(), rows.begin(), rows.end());
    }
    BOOST_TEST((epochs[0] != epochs[1]));
    for (Rows& epoch : epochs) {
      const std::set<std::int64_t> distinct(epoch.begin(), epoch.end());
      BOOST_TEST(distinct.size() == epoch.size());
      BOOST_TEST(distinct.size() == (last == LastBatch::keep ? 23u : 20u));
      BOOST_TEST(*distinct.begin() >= 0);
      BOOST_TEST(*distinct.rbegin() < 23);
    }
  }
  BOOST_CHECK_THROW(BatchOrder(4, 5, 1), std::invalid_argument);
  BOOST_CHECK_THROW(BatchOrder(4, 0, 1), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(a_steps_rows_depend_on_seed_and_step_alone) {
  BatchOrder straight(100, 10, 9), resumed(100, 10, 9), other(100, 10, 10);
  Rows at_37;
  for (std::int64_t step = 0; step <= 37; ++step) {
    const auto rows = straight.rows(step);
    at_37.assign(rows.begin(), rows.end());
  }
  BOOST_TEST(std::ranges::equal(resumed.rows(37), at_37));
  BOOST_TEST(!std::ranges::equal(other.rows(37), at_37));
}

BOOST_AUTO_TEST_CASE(gather_maps_the_pixels_of_the_rows) {
  const ImageSet set = counting_images(10);
  const Array<float> batch = gather(set, Rows{1, 0, 9}, grey());
  BOOST_TEST((batch.shape() == tensors::Shape{3, 6}));
  for (std::int64_t j = 0; j < 6; ++j) {
    BOOST_TEST(batch[j] == static_cast<float>(6 + j) / 255.0f);
    BOOST_TEST(batch[6 + j] == static_cast<float>(j) / 255.0f);
    BOOST_TEST(batch[12 + j] == static_cast<float>(54 + j) / 255.0f);
  }
  BOOST_TEST(equal(gather_all(set, grey()), gather(set, all_rows(10), grey())));
  BOOST_TEST((gather(set, {}, grey()).shape() == tensors::Shape{0, 6}));
}

BOOST_AUTO_TEST_CASE(labels_are_gathered_as_one_hot_rows) {
  const ImageSet set = counting_images(4);
  const Array<float> batch = gather_labels(set, Rows{2, 0}, 3);
  BOOST_TEST((batch.shape() == tensors::Shape{2, 3}));
  BOOST_TEST(std::ranges::equal(batch, std::vector<float>{0, 0, 1, 1, 0, 0}));
  BOOST_CHECK_THROW(gather_labels(set, Rows{3}, 3), std::invalid_argument);
  ImageSet unlabelled = set;
  unlabelled.labels.clear();
  BOOST_TEST(select(unlabelled, Rows{3, 1}).pixels[0] == 18);
  BOOST_TEST(select(unlabelled, Rows{3, 1}).labels.empty());
  BOOST_CHECK_THROW(gather_labels(unlabelled, Rows{0}, 3), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(gathering_again_and_again_takes_nothing_from_the_system) {
  const ImageSet set = counting_images(100);
  BatchOrder order(100, 10, 0);
  const PixelMap map = rounding();
  gather(set, order.rows(0), map);
  const std::int64_t before = tensors::pool_statistics().fresh_allocations;
  for (std::int64_t step = 0; step < 100; ++step) gather(set, order.rows(step), map);
  BOOST_TEST(tensors::pool_statistics().fresh_allocations == before);
}

BOOST_AUTO_TEST_CASE(the_maps_binarise_as_they_say) {
  for (int pixel = 0; pixel < 256; ++pixel) {
    const auto at = static_cast<std::size_t>(pixel);
    BOOST_TEST(threshold()[at] == (pixel > 0 ? 1.0f : 0.0f));
    BOOST_TEST(threshold(Ink::zero)[at] == (pixel > 0 ? 0.0f : 1.0f));
    BOOST_TEST(rounding()[at] == std::round(static_cast<float>(pixel) / 255.0f));
  }
}

// The rate of ones of each of the 256 pixel values over n draws: within 5 standard errors, 0 and 255 exactly. With 256
// values and two tests, chance alone fails about one seed in 7,000; the seed is fixed.
void check_rates(const Array<float>& draws, std::int64_t n) {
  for (std::int64_t pixel = 0; pixel < 256; ++pixel) {
    double ones = 0;
    for (std::int64_t i = 0; i < n; ++i) {
      const float x = draws[256 * i + pixel];
      BOOST_REQUIRE((x == 0.0f || x == 1.0f));
      ones += x;
    }
    const double p = static_cast<double>(pixel) / 255.0, count = static_cast<double>(n);
    BOOST_TEST(std::abs(ones / count - p) <= 5 * std::sqrt(p * (1 - p) / count), "pixel " << pixel << ": rate " << ones / count);
  }
}

BOOST_AUTO_TEST_CASE(stochastic_binarisation_has_the_pixels_rates_and_changes_with_the_step) {
  const ImageSet set = ramps(4000);
  const Rows rows = all_rows(set.n);
  const Stream stream(7, "binarise");
  const Array<float> draws = gather_stochastic(set, rows, stream.at(5));
  check_rates(draws, set.n);
  BOOST_TEST(equal(draws, gather_stochastic(set, rows, stream.at(5))));
  BOOST_TEST(!equal(draws, gather_stochastic(set, rows, stream.at(6))));
}

BOOST_AUTO_TEST_CASE(binarising_once_has_the_pixels_rates_and_stays) {
  const ImageSet set = ramps(4000);
  const ImageSet once = binarised_once(set, 7);
  check_rates(gather_all(once, grey()), set.n);
  BOOST_TEST((once.pixels == binarised_once(set, 7).pixels));
  BOOST_TEST((once.pixels != binarised_once(set, 8).pixels));
  const ImageSet head = binarised_once(first(set, 10), 7);
  // An image's bits do not depend on the images after it.
  BOOST_TEST(std::equal(head.pixels.begin(), head.pixels.end(), once.pixels.begin()));
}

BOOST_AUTO_TEST_CASE(the_stand_in_is_the_same_everywhere) {
  const ImageSet train = stand_in_digits("train", 1000), test = stand_in_digits("test", 1000);
  BOOST_TEST(train.stand_in);
  BOOST_TEST(train.sha256.at("stand_in/train") == "74713620b30c191a0acb5b62527f65fd691e3e58c0dd7b4f4aaee797f172d755");
  BOOST_TEST(test.sha256.at("stand_in/test") == "c589e2c899eb8f1f678d2100dba1e144f3ae75750d11f5d8ef5064ac02750a30");
  BOOST_TEST((first(train, 50).pixels == stand_in_digits("train", 50).pixels));
}

BOOST_AUTO_TEST_CASE(the_stand_in_looks_like_digits) {
  const ImageSet set = stand_in_digits("train", 1000);
  std::set<std::string> distinct;
  for (std::int64_t i = 0; i < set.n; ++i) {
    BOOST_TEST(set.labels[static_cast<std::size_t>(i)] == i % 10);
    const auto image = set.image(i);
    distinct.insert(tensors::sha256(std::as_bytes(image)));
    const double mean = std::accumulate(image.begin(), image.end(), 0.0) / 784;
    BOOST_TEST((mean > 5 && mean < 90), "image " << i << " has mean " << mean);
    BOOST_TEST(static_cast<int>(*std::ranges::max_element(image)) == 255);
    const auto top = image.first(28), bottom = image.last(28);
    BOOST_TEST((std::ranges::count(top, 0) == 28 && std::ranges::count(bottom, 0) == 28), "image " << i << " touches the border");
  }
  BOOST_TEST(distinct.size() == 1000u);
}

}  // namespace
