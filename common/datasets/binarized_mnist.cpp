#include "common/datasets/binarized_mnist.hpp"

#include "common/datasets/amat.hpp"
#include "common/datasets/binarisation.hpp"
#include "common/datasets/image_files.hpp"
#include "common/datasets/location.hpp"

namespace datasets {
namespace {

constexpr DataFile train_images = {"binarized_mnist/binarized_mnist_train-images-idx3-ubyte.gz", "binarized_mnist/binarized_mnist_train.amat"};
constexpr DataFile validation_images = {"binarized_mnist/binarized_mnist_valid-images-idx3-ubyte.gz", "binarized_mnist/binarized_mnist_valid.amat"};
constexpr DataFile test_images = {"binarized_mnist/binarized_mnist_test-images-idx3-ubyte.gz", "binarized_mnist/binarized_mnist_test.amat"};

ImageSet read_part(const std::filesystem::path& folder, const DataFile& images, std::int64_t n) {
  const auto original = find_file(folder, images.other_form);
  ImageSet set = unlabelled(images.path, original ? read_amat(*original, {n, 28, 28}, registered(images.path))
                                                  : read_registered<std::uint8_t>(folder, images.path));
  for (std::uint8_t& pixel : set.pixels) pixel *= 255;
  return set;
}

ImageSet stand_in_part(const std::string& part, std::int64_t n) {
  ImageSet set = binarised_once(stand_in_digits("binarized_mnist/" + part, n), 0);
  set.labels.clear();
  return set;
}

}  // namespace

BinarizedMnist binarized_mnist(const std::optional<std::filesystem::path>& data_option, SplitSizes sizes) {
  constexpr DataFile files[] = {train_images, validation_images, test_images};
  const auto folder = locate(data_option, files);
  if (!folder) return {stand_in_part("train", sizes.train), stand_in_part("validation", sizes.validation), stand_in_part("test", sizes.test)};
  return {read_part(*folder, train_images, 50'000), read_part(*folder, validation_images, 10'000), read_part(*folder, test_images, 10'000)};
}

}  // namespace datasets
