#include "common/datasets/image_files.hpp"

#include "common/datasets/location.hpp"

namespace datasets {

template <class T>
Idx<T> read_registered(const std::filesystem::path& folder, std::string_view path) {
  return read_idx<T>(find_file(folder, path).value(), registered(path));
}

ImageSet unlabelled(std::string_view path, Idx<std::uint8_t> images) {
  tensors::require(images.extents.size() == 3, "{}: {} axes are not those of images", path, images.extents.size());
  return {images.extents[0], images.extents[1], images.extents[2], std::move(images.values), {}, {{std::string(path), images.sha256}}, false};
}

ImageSet read_labelled(const std::filesystem::path& folder, std::string_view images_path, std::string_view labels_path) {
  ImageSet set = unlabelled(images_path, read_registered<std::uint8_t>(folder, images_path));
  Idx<std::uint8_t> labels = read_registered<std::uint8_t>(folder, labels_path);
  set.labels = std::move(labels.values);
  set.sha256.emplace(labels_path, labels.sha256);
  return set;
}

template Idx<std::uint8_t> read_registered(const std::filesystem::path&, std::string_view);
template Idx<std::int16_t> read_registered(const std::filesystem::path&, std::string_view);

}  // namespace datasets
