#include "common/datasets/omniglot.hpp"

#include "common/datasets/byte_source.hpp"
#include "common/datasets/image_files.hpp"
#include "common/datasets/location.hpp"
#include "common/datasets/mat.hpp"

#include <algorithm>
#include <cmath>

namespace datasets {
namespace {

constexpr std::int64_t side = 28, n_alphabets = 50, n_validation = 1345, most_characters = 24'345;
constexpr std::string_view chardata = "omniglot/chardata.mat";
constexpr std::string_view chardata_md5 = "21ecaf34373511aa7691cf2e0802aa3d";  // all that is published of it
constexpr DataFile train_images = {"omniglot/omniglot28-train-images-idx3-ubyte.gz", chardata};
constexpr DataFile train_labels = {"omniglot/omniglot28-train-labels-idx2-short.gz", chardata};
constexpr DataFile test_images = {"omniglot/omniglot28-test-images-idx3-ubyte.gz", chardata};
constexpr DataFile test_labels = {"omniglot/omniglot28-test-labels-idx2-short.gz", chardata};

// Labels are triples: alphabet, character, drawer.
ImageSet read_part(const std::filesystem::path& folder, const DataFile& images, const DataFile& labels) {
  ImageSet set = unlabelled(images.path, read_registered<std::uint8_t>(folder, images.path));
  const Idx<std::int16_t> triples = read_registered<std::int16_t>(folder, labels.path);
  for (std::size_t i = 0; i < triples.values.size(); i += 3) set.labels.push_back(static_cast<std::uint8_t>(triples.values[i]));
  set.sha256.emplace(labels.path, triples.sha256);
  return set;
}

// Verifies chardata.mat by its MD5; its SHA-256, for the records.
std::string digest_of_chardata(const std::filesystem::path& file) {
  tensors::Md5 md5;
  tensors::Sha256 sha256;
  ByteSource(file).for_each_block([&](std::span<const std::byte> block) {
    md5.add(block);
    sha256.add(block);
  });
  const std::string found = md5.hex();
  if (found != chardata_md5)
    tensors::fail(tensors::Exit::data, "{}: its content has MD5 {}, it should have {}; run ./reproduce data", file.string(), found, chardata_md5);
  return sha256.hex();
}

ImageSet read_part(const std::filesystem::path& file, const std::string& images, const std::string& targets, const std::string& sha256) {
  ImageSet set = read_characters(file, images, targets);
  set.sha256 = {{std::string(chardata), sha256}};
  return set;
}

Omniglot with_validation(const ImageSet& train, ImageSet test) {
  Split split = hold_out_random(train, n_validation, tensors::Stream(0, "omniglot/validation"));
  return {std::move(split.training), std::move(split.held_out), std::move(test)};
}

}  // namespace

ImageSet read_characters(const std::filesystem::path& file, const std::string& images, const std::string& targets) {
  const Matrix ink = read_mat(file, images, side * side, most_characters), alphabets = read_mat(file, targets, n_alphabets, most_characters);
  if (ink.columns != alphabets.columns)
    tensors::fail(tensors::Exit::data, "{}: {} has {} columns, {} has {}; run ./reproduce data", file.string(), images, ink.columns, targets,
                  alphabets.columns);
  ImageSet set{ink.columns, side, side, {}, {}, {}, false};
  set.pixels.resize(ink.values.size());
  for (std::int64_t i = 0; i < set.n; ++i) {
    const float* column = ink.values.data() + i * side * side;
    for (std::int64_t row = 0; row < side; ++row)
      for (std::int64_t x = 0; x < side; ++x) {
        const float value = column[x * side + row];
        if (!(value >= 0 && value <= 1))
          tensors::fail(tensors::Exit::data, "{}: {} has ink {} in column {}, not 0 to 1; run ./reproduce data", file.string(), images, value, i + 1);
        set.pixels[static_cast<std::size_t>(i * side * side + row * side + x)] = static_cast<std::uint8_t>(std::lround(value * 255));
      }
    const float* target = alphabets.values.data() + i * n_alphabets;
    set.labels.push_back(static_cast<std::uint8_t>(std::max_element(target, target + n_alphabets) - target));
  }
  return set;
}

Omniglot omniglot(const std::optional<std::filesystem::path>& data_option, SplitSizes sizes) {
  constexpr DataFile files[] = {train_images, train_labels, test_images, test_labels};
  const auto folder = locate(data_option, files);
  if (!folder)
    return {stand_in_digits("omniglot/train", sizes.train), stand_in_digits("omniglot/validation", sizes.validation),
            stand_in_digits("omniglot/test", sizes.test)};
  if (const auto original = find_file(*folder, chardata)) {
    const std::string sha256 = digest_of_chardata(*original);
    return with_validation(read_part(*original, "data", "target", sha256), read_part(*original, "testdata", "testtarget", sha256));
  }
  return with_validation(read_part(*folder, train_images, train_labels), read_part(*folder, test_images, test_labels));
}

}  // namespace datasets
