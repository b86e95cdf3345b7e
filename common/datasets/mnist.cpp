#include "common/datasets/mnist.hpp"

#include "common/datasets/idx.hpp"
#include "common/datasets/location.hpp"
#include "common/datasets/stand_in.hpp"

namespace datasets {
namespace {

constexpr std::string_view train_images = "mnist/train-images-idx3-ubyte.gz";
constexpr std::string_view train_labels = "mnist/train-labels-idx1-ubyte.gz";
constexpr std::string_view test_images = "mnist/t10k-images-idx3-ubyte.gz";
constexpr std::string_view test_labels = "mnist/t10k-labels-idx1-ubyte.gz";

ImageSet read_set(const std::filesystem::path& folder, std::string_view images_path, std::string_view labels_path) {
  const auto read = [&](std::string_view path) { return read_idx<std::uint8_t>(find_file(folder, path).value(), registered(path)); };
  Idx<std::uint8_t> images = read(images_path);
  Idx<std::uint8_t> labels = read(labels_path);
  ImageSet set{images.extents[0], images.extents[1], images.extents[2], std::move(images.values), std::move(labels.values), {}, false};
  set.sha256 = {{std::string(images_path), images.sha256}, {std::string(labels_path), labels.sha256}};
  return set;
}

}  // namespace

Mnist mnist(const std::optional<std::filesystem::path>& data_option, StandInSizes sizes) {
  constexpr std::string_view files[] = {train_images, train_labels, test_images, test_labels};
  const auto folder = locate(data_option, files);
  if (!folder) return {stand_in_digits("train", sizes.train), stand_in_digits("test", sizes.test)};
  return {read_set(*folder, train_images, train_labels), read_set(*folder, test_images, test_labels)};
}

}  // namespace datasets
