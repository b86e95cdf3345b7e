#include "common/datasets/frey_faces.hpp"

#include "common/datasets/image_files.hpp"
#include "common/datasets/location.hpp"
#include "common/datasets/mat.hpp"
#include "common/datasets/stand_in.hpp"

#include <algorithm>

namespace datasets {
namespace {

constexpr std::int64_t n_frames = 1965, height = 28, width = 20;
constexpr DataFile frames = {"frey_faces/freyfaces-images-idx3-ubyte.gz", "frey_faces/frey_rawface.mat"};

// Matrix ff of bytes, a frame a column, row by row.
Idx<std::uint8_t> read_original(const std::filesystem::path& file) {
  const Matrix matrix = read_mat(file, "ff", height * width, n_frames);
  if (!std::ranges::all_of(matrix.values, [](float value) { return value >= 0 && value <= 255; }))
    tensors::fail(tensors::Exit::data, "{}: ff holds a value outside 0..255; delete it and run ./reproduce data", file.string());
  Idx<std::uint8_t> idx{{matrix.columns, height, width}, {matrix.values.begin(), matrix.values.end()}, std::string(registered(frames.path).sha256)};
  tensors::Sha256 content;
  content.add(idx_header(idx.extents));
  content.add(std::as_bytes(std::span(idx.values)));
  verify_as_idx(file, content, registered(frames.path));
  return idx;
}

// The middle columns of the stand-in's digits.
ImageSet stand_in(std::int64_t n) {
  const ImageSet digits = stand_in_digits("frey_faces", n);
  ImageSet set{n, height, width, {}, {}, digits.sha256, true};
  for (std::int64_t row = 0; row < n * height; ++row) {
    const auto first = digits.pixels.begin() + row * digits.width + (digits.width - width) / 2;
    set.pixels.insert(set.pixels.end(), first, first + width);
  }
  return set;
}

}  // namespace

ImageSet frey_faces(const std::optional<std::filesystem::path>& data_option, std::int64_t n_stand_in) {
  const auto folder = locate(data_option, std::span(&frames, 1));
  if (!folder) return stand_in(n_stand_in);
  if (const auto original = find_file(*folder, frames.other_form)) return unlabelled(frames.path, read_original(*original));
  return unlabelled(frames.path, read_registered<std::uint8_t>(*folder, frames.path));
}

}  // namespace datasets
