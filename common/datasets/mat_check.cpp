#include "common/datasets/mat_check.hpp"

#include "common/tensors/errors.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <span>
#include <string_view>

namespace datasets {
namespace {

// The numbers of the format that are looked at.
constexpr std::uint32_t type_int8 = 1, type_int32 = 5, type_uint32 = 6, type_matrix = 14, type_compressed = 15;
constexpr std::uint32_t class_char = 4, class_double = 6, class_uint64 = 15;
constexpr std::uint32_t header_size = 128, most_extents = 8, longest_name = 64;
// Version 1.0 and the letters MI, in either byte order. libmatio takes another version for MATLAB 4 or for HDF5.
constexpr std::string_view little_endian("\0\1IM", 4), big_endian("\1\0MI", 4);

// Matrix, flags, extents and the tag of the name.
using Start = std::array<char, 24 + 8 + 4 * most_extents + 8>;

std::uint32_t word_at(const char* bytes, bool swapped) {
  std::uint32_t word;
  std::memcpy(&word, bytes, sizeof word);
  return swapped ? __builtin_bswap32(word) : word;
}

// What a compressed variable begins with; zeros where there is no more.
Start inflated(std::span<char> packed) {
  Start start{};
  z_stream stream{};
  if (inflateInit(&stream) != Z_OK) return start;
  stream.next_in = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(start.data());
  stream.avail_out = start.size();
  inflate(&stream, Z_SYNC_FLUSH);
  inflateEnd(&stream);
  return start;
}

bool is_plain(const Start& start, bool swapped) {
  const auto word = [&](std::size_t at) { return word_at(start.data() + at, swapped); };
  const std::uint32_t kind = word(16) & 0xff, extents_size = word(28);
  if (word(0) != type_matrix || word(8) != type_uint32 || word(12) != 8 || word(24) != type_int32) return false;
  if (kind != class_char && (kind < class_double || kind > class_uint64)) return false;
  if (extents_size < 8 || extents_size > 4 * most_extents) return false;
  const std::size_t name_at = 32 + (extents_size + 7) / 8 * 8;
  const std::uint32_t tag = word(name_at), length = tag >> 16 ? tag >> 16 : word(name_at + 4);  // short names stand within their tag
  return (tag & 0xffff) == type_int8 && length <= longest_name;
}

}  // namespace

void check_mat(const std::filesystem::path& file) {
  const auto damaged = [&](const char* what) { tensors::fail(tensors::Exit::data, "{}: {}; delete it and run ./reproduce data", file.string(), what); };
  std::ifstream in(file, std::ios::binary);
  std::array<char, header_size> header{};
  if (!in.read(header.data(), header.size())) damaged("is no MATLAB 5 file");
  const std::string_view format(header.end() - 4, header.end());
  if (format != little_endian && format != big_endian) damaged("is no MATLAB 5 file");
  const bool swapped = (format == big_endian) == (std::endian::native == std::endian::little);

  const auto file_size = static_cast<std::uint64_t>(in.seekg(0, std::ios::end).tellg());
  for (std::uint64_t at = header_size; at < file_size;) {
    std::array<char, 512> bytes{};
    in.clear();
    in.seekg(static_cast<std::streamoff>(at)).read(bytes.data(), bytes.size());
    const std::uint32_t type = word_at(bytes.data(), swapped), size = word_at(bytes.data() + 4, swapped);
    if (at + 8 + size > file_size) damaged("promises more than it holds");
    Start start{};
    if (type == type_compressed)
      start = inflated(std::span(bytes).subspan(8));
    else
      std::copy_n(bytes.begin(), start.size(), start.begin());
    if (!is_plain(start, swapped)) damaged("holds a variable that is no matrix of numbers");
    at += 8 + size;
  }
}

}  // namespace datasets
