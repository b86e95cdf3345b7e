#include "common/datasets/mnist.hpp"

#include "common/datasets/image_files.hpp"
#include "common/datasets/location.hpp"

namespace datasets {
namespace {

constexpr std::string_view train_images = "mnist/train-images-idx3-ubyte.gz";
constexpr std::string_view train_labels = "mnist/train-labels-idx1-ubyte.gz";
constexpr std::string_view test_images = "mnist/t10k-images-idx3-ubyte.gz";
constexpr std::string_view test_labels = "mnist/t10k-labels-idx1-ubyte.gz";

}  // namespace

Mnist mnist(const std::optional<std::filesystem::path>& data_option, StandInSizes sizes) {
  constexpr DataFile files[] = {{train_images}, {train_labels}, {test_images}, {test_labels}};
  const auto folder = locate(data_option, files);
  if (!folder) return {stand_in_digits("train", sizes.train), stand_in_digits("test", sizes.test)};
  return {read_labelled(*folder, train_images, train_labels), read_labelled(*folder, test_images, test_labels)};
}

}  // namespace datasets
