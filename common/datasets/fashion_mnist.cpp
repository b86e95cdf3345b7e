#include "common/datasets/fashion_mnist.hpp"

#include "common/datasets/image_files.hpp"
#include "common/datasets/location.hpp"

namespace datasets {
namespace {

constexpr std::string_view train_images = "fashion_mnist/train-images-idx3-ubyte.gz";
constexpr std::string_view train_labels = "fashion_mnist/train-labels-idx1-ubyte.gz";
constexpr std::string_view test_images = "fashion_mnist/t10k-images-idx3-ubyte.gz";
constexpr std::string_view test_labels = "fashion_mnist/t10k-labels-idx1-ubyte.gz";

}  // namespace

FashionMnist fashion_mnist(const std::optional<std::filesystem::path>& data_option, StandInSizes sizes) {
  constexpr DataFile files[] = {{train_images}, {train_labels}, {test_images}, {test_labels}};
  const auto folder = locate(data_option, files);
  if (!folder) return {stand_in_digits("fashion_mnist/train", sizes.train), stand_in_digits("fashion_mnist/test", sizes.test)};
  return {read_labelled(*folder, train_images, train_labels), read_labelled(*folder, test_images, test_labels)};
}

}  // namespace datasets
