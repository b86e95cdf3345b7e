#include "common/datasets/mnist.hpp"

#include "common/datasets/image_files.hpp"
#include "common/datasets/location.hpp"

namespace datasets {
namespace {

// Four files in the folder of their set.
struct Files {
  std::string_view train_images, train_labels, test_images, test_labels;
};
constexpr Files digits{"mnist/train-images-idx3-ubyte.gz", "mnist/train-labels-idx1-ubyte.gz", "mnist/t10k-images-idx3-ubyte.gz",
                       "mnist/t10k-labels-idx1-ubyte.gz"};
constexpr Files clothing{"fashion_mnist/train-images-idx3-ubyte.gz", "fashion_mnist/train-labels-idx1-ubyte.gz",
                         "fashion_mnist/t10k-images-idx3-ubyte.gz", "fashion_mnist/t10k-labels-idx1-ubyte.gz"};

// `stand_in` begins the names of what takes the place of missing files.
Mnist read(const Files& files, const std::string& stand_in, const std::optional<std::filesystem::path>& data_option, StandInSizes sizes) {
  const DataFile needed[] = {{files.train_images}, {files.train_labels}, {files.test_images}, {files.test_labels}};
  const auto folder = locate(data_option, needed);
  if (!folder) return {stand_in_digits(stand_in + "train", sizes.train), stand_in_digits(stand_in + "test", sizes.test)};
  return {read_labelled(*folder, files.train_images, files.train_labels), read_labelled(*folder, files.test_images, files.test_labels)};
}

}  // namespace

Mnist mnist(const std::optional<std::filesystem::path>& data_option, StandInSizes sizes) { return read(digits, "", data_option, sizes); }

Mnist fashion_mnist(const std::optional<std::filesystem::path>& data_option, StandInSizes sizes) {
  return read(clothing, "fashion_mnist/", data_option, sizes);
}

}  // namespace datasets
