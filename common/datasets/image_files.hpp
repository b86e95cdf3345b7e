// From the data folder's idx files to image sets: what the data sets' own files share.
#pragma once

#include "common/datasets/idx.hpp"
#include "common/datasets/image_set.hpp"

namespace datasets {

// The registered file `path` (or its uncompressed form), which must lie below `folder`.
template <class T>
Idx<T> read_registered(const std::filesystem::path& folder, std::string_view path);

// Images [n, height, width] without labels; their digest stands under the registry's `path`.
ImageSet unlabelled(std::string_view path, Idx<std::uint8_t> images);

// Images and their labels [n], both of bytes.
ImageSet read_labelled(const std::filesystem::path& folder, std::string_view images_path, std::string_view labels_path);

}  // namespace datasets
