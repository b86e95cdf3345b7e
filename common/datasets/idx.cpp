#include "common/datasets/idx.hpp"

#include "common/datasets/byte_source.hpp"
#include "common/tensors/errors.hpp"

#include <array>
#include <bit>

namespace datasets {
namespace {

using tensors::Exit;
using Path = std::filesystem::path;

constexpr int max_axes = 4;

template <class T> constexpr int type_code = 0;
template <> constexpr int type_code<std::uint8_t> = 0x08;
template <> constexpr int type_code<std::int16_t> = 0x0B;

template <class... Args>
[[noreturn]] void damaged(const Path& file, fmt::format_string<Args...> what, Args&&... args) {
  tensors::fail(Exit::data, "{}: {}; run ./reproduce data", file.string(), fmt::format(what, std::forward<Args>(args)...));
}

struct Header {
  std::array<std::byte, 4 + 4 * max_axes> bytes;
  std::size_t size = 0;  // of the header itself
  std::vector<std::int64_t> extents;
  std::int64_t n_values = 1;
};

// Reads the header and sees to it that the file it promises has exactly the expected size.
Header read_header(ByteSource& source, const Path& file, int type, std::int64_t value_bytes, std::int64_t expected_bytes) {
  Header header;
  const auto read = [&](std::size_t count) {
    const std::span<std::byte> target(header.bytes.data() + header.size, count);
    if (source.read(target) != count) damaged(file, "ends within its idx header");
    header.size += count;
    return target;
  };
  const auto magic = read(4);
  if (magic[0] != std::byte{0} || magic[1] != std::byte{0}) damaged(file, "is no idx file: it does not begin with two zero bytes");
  if (std::to_integer<int>(magic[2]) != type)
    damaged(file, "holds values of idx type 0x{:02x}, not 0x{:02x}", std::to_integer<int>(magic[2]), type);
  const int n_axes = std::to_integer<int>(magic[3]);
  if (n_axes < 1 || n_axes > max_axes) damaged(file, "its header promises {} axes, not 1 to {}", n_axes, max_axes);
  for (int axis = 0; axis < n_axes; ++axis) {
    std::int64_t extent = 0;
    for (std::byte byte : read(4)) extent = extent << 8 | std::to_integer<std::int64_t>(byte);
    if (extent > 0 && header.n_values > expected_bytes / extent)
      damaged(file, "its header promises more than the {} bytes that it should have", expected_bytes);
    header.n_values *= extent;
    header.extents.push_back(extent);
  }
  const std::int64_t promised = static_cast<std::int64_t>(header.size) + header.n_values * value_bytes;
  if (promised != expected_bytes) damaged(file, "its header promises {} bytes, it should have {}", promised, expected_bytes);
  return header;
}

// Reads the rest of the file, keeping nothing, and sees to it that all of it has the expected size and digest.
void verify_rest(ByteSource& source, const Header& header, const Path& file, const RegisteredFile& expected) {
  tensors::Sha256 digest;
  digest.add(std::span(header.bytes).first(header.size));
  auto total = static_cast<std::int64_t>(header.size);
  source.for_each_block([&](std::span<const std::byte> block) {
    total += std::ssize(block);
    if (total > expected.bytes) damaged(file, "has bytes after the {} that its header promises", expected.bytes);
    digest.add(block);
  });
  if (total != expected.bytes) damaged(file, "ends after {} of the {} bytes that its header promises", total, expected.bytes);
  const std::string found = digest.hex();
  if (found != expected.sha256) damaged(file, "its content has SHA-256 {}, it should have {}", found, expected.sha256);
}

}  // namespace

template <class T>
Idx<T> read_idx(const Path& file, const RegisteredFile& expected) {
  const auto open = [&](ByteSource& source) { return read_header(source, file, type_code<T>, sizeof(T), expected.bytes); };

  // First pass: verify, in a few buffers. Second pass: read, into memory of a size that is now trusted.
  ByteSource first(file);
  verify_rest(first, open(first), file, expected);

  ByteSource second(file);
  Idx<T> idx{open(second).extents, std::vector<T>(), std::string(expected.sha256)};
  std::int64_t n_values = 1;
  for (std::int64_t extent : idx.extents) n_values *= extent;
  idx.values.resize(static_cast<std::size_t>(n_values));
  const auto bytes = std::as_writable_bytes(std::span(idx.values));
  if (second.read(bytes) != bytes.size()) damaged(file, "changed while it was read");
  if constexpr (sizeof(T) == 2 && std::endian::native == std::endian::little)
    for (T& value : idx.values) value = static_cast<T>(__builtin_bswap16(static_cast<std::uint16_t>(value)));
  return idx;
}

std::string idx_header(std::span<const std::int64_t> extents) {
  std::string header{0, 0, type_code<std::uint8_t>, static_cast<char>(extents.size())};
  for (const std::int64_t extent : extents)
    for (int shift = 24; shift >= 0; shift -= 8) header += static_cast<char>(extent >> shift & 0xff);
  return header;
}

void verify_as_idx(const Path& file, tensors::Sha256& content, const RegisteredFile& expected) {
  const std::string found = content.hex();
  if (found != expected.sha256)
    tensors::fail(Exit::data, "{}: its images have SHA-256 {} as an idx file, {} has {}; delete it and run ./reproduce data", file.string(), found, expected.path,
                  expected.sha256);
}

template Idx<std::uint8_t> read_idx(const Path&, const RegisteredFile&);
template Idx<std::int16_t> read_idx(const Path&, const RegisteredFile&);

}  // namespace datasets
