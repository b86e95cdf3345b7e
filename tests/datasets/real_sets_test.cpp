// The real data sets, where PAPER_DATA or the cache has them, also in their originals' formats; skipped where neither has.
#include "common/datasets/binarized_mnist.hpp"
#include "common/datasets/frey_faces.hpp"
#include "common/datasets/location.hpp"
#include "common/datasets/mnist.hpp"
#include "common/datasets/omniglot.hpp"
#include "common/datasets/registry.hpp"
#include "common/tensors/digest.hpp"
#include "tests/datasets/mat_file.hpp"
#include "tests/datasets/real.hpp"
#include "tests/temporary_folder.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

namespace {

using namespace datasets;

const Mnist& clothes() {
  static const Mnist set = fashion_mnist(std::nullopt, {.train = 10, .test = 10});
  return set;
}
const BinarizedMnist& digits() {
  static const BinarizedMnist set = binarized_mnist(std::nullopt, {10, 10, 10});
  return set;
}
const Omniglot& characters() {
  static const Omniglot set = omniglot(std::nullopt, {10, 10, 10});
  return set;
}
const ImageSet& faces() {
  static const ImageSet set = frey_faces(std::nullopt, 10);
  return set;
}

void check_shape(const ImageSet& set, std::int64_t n, std::int64_t width, bool labelled) {
  BOOST_TEST(set.n == n);
  BOOST_TEST(set.height == 28);
  BOOST_TEST(set.width == width);
  BOOST_TEST(set.pixels.size() == static_cast<std::size_t>(n * 28 * width));
  BOOST_TEST(set.labels.size() == (labelled ? static_cast<std::size_t>(n) : 0u));
}

double sum_of_pixels(const ImageSet& set) { return std::accumulate(set.pixels.begin(), set.pixels.end(), 0.0); }

BOOST_TEST_DECORATOR(*real([] { return clothes().train; }))
BOOST_AUTO_TEST_CASE(fashion_mnist_has_equally_many_of_each_class) {
  check_shape(clothes().train, 60'000, 28, true);
  check_shape(clothes().test, 10'000, 28, true);
  for (std::uint8_t label = 0; label < 10; ++label) {
    BOOST_TEST(std::ranges::count(clothes().train.labels, label) == 6000);
    BOOST_TEST(std::ranges::count(clothes().test.labels, label) == 1000);
  }
}

BOOST_TEST_DECORATOR(*real([] { return digits().train; }))
BOOST_AUTO_TEST_CASE(binarized_mnist_is_black_and_white) {
  check_shape(digits().train, 50'000, 28, false);
  check_shape(digits().validation, 10'000, 28, false);
  check_shape(digits().test, 10'000, 28, false);
  for (const ImageSet* set : {&digits().train, &digits().validation, &digits().test}) {
    const auto white = std::ranges::count(set->pixels, 255);
    BOOST_TEST(white + std::ranges::count(set->pixels, 0) == set->n * 784);
    BOOST_TEST(std::abs(static_cast<double>(white) / (static_cast<double>(set->n) * 784) - 0.131) < 0.003);  // MNIST's ink
  }
}

// Written as Larochelle's text, the test images have the digest that his file is known by; and are read back from it.
BOOST_TEST_DECORATOR(*real([] { return digits().train; }))
BOOST_AUTO_TEST_CASE(binarized_mnist_is_read_from_the_original_text) {
  const std::string idx = "binarized_mnist/binarized_mnist_test-images-idx3-ubyte.gz", amat = "binarized_mnist/binarized_mnist_test.amat";
  const auto folder = locate(std::nullopt, std::vector<DataFile>{{idx, amat}});
  std::string text;
  for (std::size_t i = 0; i < digits().test.pixels.size(); ++i) {
    text += digits().test.pixels[i] ? '1' : '0';
    text += i % 784 == 783 ? '\n' : ' ';
  }
  BOOST_TEST(tensors::sha256(text) == registered(amat).sha256);
  const TemporaryFolder mixed;
  mixed.write(amat, text);
  for (const char* part : {"train", "valid"}) {
    const auto name = std::string("binarized_mnist/binarized_mnist_") + part + "-images-idx3-ubyte.gz";
    if (const auto file = find_file(*folder, name)) std::filesystem::create_symlink(*file, mixed.path() / name);
    else return;  // this folder holds the originals already
  }
  const BinarizedMnist read = binarized_mnist(mixed.path());
  BOOST_TEST((read.test.pixels == digits().test.pixels));
  BOOST_TEST((read.test.sha256 == digits().test.sha256));
}

BOOST_TEST_DECORATOR(*real([] { return characters().train; }))
BOOST_AUTO_TEST_CASE(omniglot_has_the_protocols_sizes_and_all_alphabets) {
  check_shape(characters().train, 23'000, 28, true);
  check_shape(characters().validation, 1345, 28, true);
  check_shape(characters().test, 8070, 28, true);
  double ink = 0;
  for (const ImageSet* set : {&characters().train, &characters().validation, &characters().test}) {
    const std::set<int> alphabets(set->labels.begin(), set->labels.end());
    BOOST_TEST(alphabets.size() == 50u);
    BOOST_TEST(*alphabets.rbegin() == 49);
    ink += sum_of_pixels(*set);
  }
  BOOST_TEST(std::abs(ink / 255 / 784 / (24'345 + 8070) - 0.0805) < 0.001);
}

BOOST_TEST_DECORATOR(*real(faces))
BOOST_AUTO_TEST_CASE(frey_faces_are_grey_and_all_different) {
  check_shape(faces(), 1965, 20, false);
  BOOST_TEST(static_cast<int>(*std::ranges::min_element(faces().pixels)) == 8);
  BOOST_TEST(static_cast<int>(*std::ranges::max_element(faces().pixels)) == 238);
  std::set<std::string> distinct;
  for (std::int64_t i = 0; i < faces().n; ++i) distinct.insert(tensors::sha256(std::as_bytes(faces().image(i))));
  BOOST_TEST(distinct.size() == 1965u);
}

BOOST_TEST_DECORATOR(*real(faces))
BOOST_AUTO_TEST_CASE(frey_faces_are_read_from_the_original_matrix_and_a_flipped_byte_is_caught) {
  const TemporaryFolder folder;
  const auto file = folder.write("frey_faces/frey_rawface.mat", "");
  write_mat(file, {matrix("tt", 1, 1, std::vector<double>{1965}), matrix("ff", 560, 1965, faces().pixels)});
  const ImageSet read = frey_faces(folder.path());
  BOOST_TEST((read.pixels == faces().pixels));
  BOOST_TEST((read.sha256 == faces().sha256));
  flip_byte(file, 500'000);
  BOOST_CHECK_EXCEPTION(frey_faces(folder.path()), tensors::Failure, [&](const tensors::Failure& failure) {
    return failure.status() == tensors::Exit::data && std::string(failure.what()).starts_with(file.string() + ": its images have SHA-256");
  });
}

}  // namespace
