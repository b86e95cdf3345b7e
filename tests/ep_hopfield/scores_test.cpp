// The scores: the classifier's training, the descriptions of an image set, and features from a file that the test makes.
#include "paper_ep_hopfield/scores.hpp"

#include "common/datasets/stand_in.hpp"
#include "common/experiments/npz.hpp"
#include "tests/temporary_folder.hpp"

#include <boost/test/unit_test.hpp>
#include <zip.h>

#include <cmath>

using namespace ep_hopfield;
using tensors::Failure;
using tensors::Stream;
namespace tt = boost::test_tools;

namespace {

bool says(const Failure& failure, const std::string& part) {
  return failure.status() == tensors::Exit::io && std::string(failure.what()).find(part) != std::string::npos;
}

// What numpy.savez writes for a float32 array [2, n]: blanks in the shape, none of our commas after it.
std::string numpy_bytes(std::int64_t n, const std::vector<float>& values) {
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, " + std::to_string(n) + "), }";
  header.append(117 - header.size(), ' ').append("\n");
  std::string bytes("\x93NUMPY\x01\x00", 8);
  bytes += static_cast<char>(header.size());
  bytes += '\0';
  bytes += header;
  return bytes.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_classifier_learns_and_repeats_itself) {
  const datasets::ImageSet train = datasets::stand_in_digits("train", 400), test = datasets::stand_in_digits("test", 200);
  const Classifier<float> classifier = train_classifier(train, 4), again = train_classifier(train, 4);
  BOOST_TEST(accuracy(classifier, test) > 0.5);
  BOOST_TEST(accuracy(Classifier<float>(Stream(0, "untrained")), test) < 0.35);
  BOOST_TEST(classifier.hidden.weight.value()[17] == again.hidden.weight.value()[17]);
}

BOOST_AUTO_TEST_CASE(pixels_lie_between_minus_one_and_one) {
  BOOST_TEST(signed_pixels()[0] == -1.0f);
  BOOST_TEST(signed_pixels()[255] == 1.0f);
}

BOOST_AUTO_TEST_CASE(a_set_is_at_zero_from_itself_and_noise_is_far) {
  const datasets::ImageSet images = datasets::stand_in_digits("train", 120);
  const Describer describer(train_classifier(images, 2));
  const Array<float> digits = datasets::gather_all(images, signed_pixels());
  const Fits fits = describer.fits(digits);
  const Distances near = distances(fits, fits), far = distances(fits, describer.fits(Stream(1, "noise").normal<float>(digits.shape())));
  for (const char* name : {"classifier", "random", "pixels"}) {
    BOOST_TEST(std::abs(near.at(name)) < 1e-4 * far.at(name), name);
    BOOST_TEST(far.at(name) > 0, name);
  }
}

BOOST_AUTO_TEST_CASE(features_from_a_file) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "features.npz";
  const Array<float> reference = Stream(1, "features").normal<float>({50, 3});
  Array<float> generated(reference.shape());
  for (std::int64_t i = 0; i < reference.size(); ++i) generated.mutable_data()[i] = reference[i] + 2;
  experiments::save_npz(file, {{"generated", generated}, {"reference", reference}});
  BOOST_TEST(distance_from_file(file) == 12.0, tt::tolerance(1e-5));

  const auto refuses = [&](const experiments::NamedArrays& arrays, const std::string& part) {
    experiments::save_npz(file, arrays);
    BOOST_CHECK_EXCEPTION(distance_from_file(file), Failure, [&](const Failure& f) { return says(f, part); });
  };
  refuses({{"generated", generated}}, "no array \"reference\"");
  refuses({{"generated", generated}, {"reference", Array<float>::zeros({50, 4})}}, "3 features of the generated images, 4 of the reference");
  refuses({{"generated", Array<float>::zeros({50})}, {"reference", reference}}, "not two or more rows");
  BOOST_CHECK_EXCEPTION(distance_from_file(folder.path() / "none.npz"), Failure, [](const Failure& f) { return says(f, "there is no such file"); });
}

BOOST_AUTO_TEST_CASE(features_that_numpy_wrote) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "numpy.npz";
  const std::string generated = numpy_bytes(2, {0, 0, 1, 0}), reference = numpy_bytes(2, {0, 3, 1, 3});
  zip_t* archive = zip_open(file.c_str(), ZIP_CREATE, nullptr);
  BOOST_TEST_REQUIRE(archive != nullptr);
  for (const auto& [name, bytes] : {std::pair("generated.npy", &generated), {"reference.npy", &reference}})
    zip_file_add(archive, name, zip_source_buffer(archive, bytes->data(), bytes->size(), 0), 0);
  BOOST_TEST_REQUIRE(zip_close(archive) == 0);
  BOOST_TEST(distance_from_file(file) == 9.0, tt::tolerance(1e-9));
}
