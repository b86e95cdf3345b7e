#include "common/datasets/byte_source.hpp"
#include "common/datasets/idx.hpp"
#include "common/tensors/digest.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/temporary_folder.hpp"

#include <zlib.h>

#include <algorithm>

namespace {

using namespace datasets;
using fuzz::accepted;
using tensors::Exit;

std::string gzip(const std::string& content) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string packed(deflateBound(&stream, content.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

std::string uncompressed(const std::filesystem::path& file) {
  ByteSource source(file);
  std::string content, block(1 << 16, '\0');
  while (const std::size_t count = source.read(std::as_writable_bytes(std::span(block)))) content.append(block, 0, count);
  return content;
}

// Held against its own size and digest, a file is refused only for its header, and its values are the rest.
template <class T>
void read_as(const std::filesystem::path& file, const std::string& content) {
  const std::string sha256 = tensors::sha256(content);
  const auto bytes = static_cast<std::int64_t>(content.size());
  const auto idx = accepted(Exit::data, [&] { return read_idx<T>(file, {"x", bytes, sha256}); });
  fuzz::check(!accepted(Exit::data, [&] { return read_idx<T>(file, {"x", bytes + 1, sha256}); }), "another size is refused");
  fuzz::check(!accepted(Exit::data, [&] { return read_idx<T>(file, {"x", bytes, tensors::sha256("")}); }), "another digest is refused");
  if (!idx) return;
  const std::size_t header = 4 + 4 * idx->extents.size();
  fuzz::check(header + idx->values.size() * sizeof(T) == content.size(), "the values are all that follows the header");
  if constexpr (sizeof(T) == 1)
    fuzz::check(std::ranges::equal(idx->values, content.substr(header), {}, {}, [](char c) { return static_cast<T>(c); }), "and in order");
}

}  // namespace

std::vector<std::string> fuzz::seeds() {
  const std::string images = std::string("\0\0\x08\x03\0\0\0\2\0\0\0\2\0\0\0\3", 16) + "abcdefghijkl";
  const std::string shorts("\0\0\x0b\x02\0\0\0\1\0\0\0\2\0\1\xff\xfe", 16);
  return {images, shorts, gzip(images), gzip(shorts.substr(0, 7)) + gzip(shorts.substr(7))};
}

void fuzz::run(const std::string& input) {
  static const TemporaryFolder folder;
  const auto file = folder.write("idx", input);
  const auto content = accepted(Exit::data, [&] { return uncompressed(file); });
  read_as<std::uint8_t>(file, content.value_or(input));
  read_as<std::int16_t>(file, content.value_or(input));
}
