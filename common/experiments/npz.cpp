#include "common/experiments/npz.hpp"

#include "common/experiments/files.hpp"
#include "common/tensors/digest.hpp"

#include <zip.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>

namespace experiments {

using tensors::Array;
using tensors::Exit;
using tensors::fail;
using tensors::require;
using tensors::Shape;
namespace fs = std::filesystem;

namespace {

constexpr std::string_view npy_magic("\x93NUMPY\x01\x00", 8);
constexpr std::string_view header_start = "{'descr': '<f4', 'fortran_order': False, 'shape': (";
constexpr std::string_view header_end = "), }";

std::string npy_bytes(const Array<float>& array) {
  std::string header(header_start);
  for (std::int64_t extent : array.shape()) header += std::to_string(extent) + ",";
  header += header_end;
  const std::size_t unpadded = npy_magic.size() + 2 + header.size() + 1;
  header.append((64 - unpadded % 64) % 64, ' ').append("\n");

  std::string bytes(npy_magic);
  bytes += static_cast<char>(header.size() & 0xff);
  bytes += static_cast<char>(header.size() >> 8);
  bytes += header;
  if (array.size() > 0) bytes.append(reinterpret_cast<const char*>(array.data()), static_cast<std::size_t>(array.size()) * sizeof(float));
  return bytes;
}

// The header that npy_bytes and NumPy write for float32 in C order; throws std::invalid_argument on any other.
Array<float> from_npy(std::string_view bytes) {
  require(bytes.size() >= 10 && bytes.starts_with(npy_magic), "not an .npy file");
  const std::size_t header_size = static_cast<unsigned char>(bytes[8]) + 256u * static_cast<unsigned char>(bytes[9]);
  require(bytes.size() >= 10 + header_size, "cut short");
  std::string_view header = bytes.substr(10, header_size);
  const std::size_t end = header.find(header_end);
  require(header.starts_with(header_start) && end != std::string_view::npos, "not a float32 array in C order");
  Shape shape;
  std::size_t expected = 1;
  for (header = header.substr(header_start.size(), end - header_start.size()); !header.empty();) {
    const std::size_t comma = std::min(header.find(','), header.size());  // NumPy writes none after the last of several extents
    shape.push_back(std::stoll(std::string(header.substr(0, comma))));
    expected *= static_cast<std::size_t>(shape[shape.rank() - 1]);
    require(expected <= bytes.size(), "a shape larger than the file");
    header.remove_prefix(std::min(comma + 1, header.size()));
  }
  const std::string_view elements = bytes.substr(10 + header_size);
  require(elements.size() == expected * sizeof(float), "{} bytes for shape {}", elements.size(), to_string(shape));
  Array<float> array(shape);
  std::memcpy(array.mutable_data(), elements.data(), elements.size());
  return array;
}

[[noreturn]] void fail_zip(zip_error_t* error) { fail(Exit::io, "weights.npz: {}", zip_error_strerror(error)); }

}  // namespace

std::string weights_digest(const NamedArrays& arrays) {
  tensors::Sha256 digest;
  for (const auto& [name, array] : arrays) {
    digest.add(fmt::format("{} {}\n", name, to_string(array.shape())));
    digest.add(std::as_bytes(array.elements()));
  }
  return digest.hex();
}

void save_npz(const fs::path& file, const NamedArrays& arrays) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* memory = zip_source_buffer_create(nullptr, 0, 0, &error);
  if (!memory) fail_zip(&error);
  const std::unique_ptr<zip_source_t, void (*)(zip_source_t*)> owner(memory, zip_source_free);
  zip_source_keep(memory);  // zip_close gives up one reference, `owner` the other
  std::map<std::string, std::string> contents;  // libzip reads them at zip_close
  std::unique_ptr<zip_t, void (*)(zip_t*)> archive(zip_open_from_source(memory, ZIP_TRUNCATE, &error), zip_discard);
  if (!archive) fail_zip(&error);

  for (const auto& [name, array] : arrays) {
    const auto [content, is_new] = contents.emplace(name + ".npy", npy_bytes(array));
    require(is_new, "weights: two arrays are named '{}'", name);
    zip_source_t* source = zip_source_buffer(archive.get(), content->second.data(), content->second.size(), 0);
    const zip_int64_t index = source ? zip_file_add(archive.get(), content->first.c_str(), source, ZIP_FL_ENC_UTF_8) : -1;
    if (index < 0) fail_zip(zip_get_error(archive.get()));
    zip_set_file_compression(archive.get(), static_cast<zip_uint64_t>(index), ZIP_CM_STORE, 0);
    constexpr zip_uint16_t first_of_january_1980 = 0x21;
    zip_file_set_dostime(archive.get(), static_cast<zip_uint64_t>(index), 0, first_of_january_1980, 0);
  }
  if (zip_close(archive.get()) != 0) fail_zip(zip_get_error(archive.get()));
  archive.release();

  zip_stat_t stat;
  if (zip_source_stat(memory, &stat) != 0 || zip_source_open(memory) != 0) fail_zip(zip_source_error(memory));
  std::string bytes(stat.size, '\0');
  const zip_int64_t got = zip_source_read(memory, bytes.data(), bytes.size());
  zip_source_close(memory);
  if (got != static_cast<zip_int64_t>(bytes.size())) fail_zip(zip_source_error(memory));
  replace_file(file, bytes);
}

NamedArrays load_npz(const fs::path& file) {
  const auto damaged = [&](const char* why) { fail(Exit::io, "{}: cannot read the weights ({}); rerun the cell with --fresh", file.string(), why); };
  int code = 0;
  const std::unique_ptr<zip_t, void (*)(zip_t*)> archive(zip_open(file.c_str(), ZIP_RDONLY | ZIP_CHECKCONS, &code), zip_discard);
  if (!archive) damaged("missing, or not a zip archive");
  NamedArrays arrays;
  for (zip_uint64_t i = 0; i < static_cast<zip_uint64_t>(zip_get_num_entries(archive.get(), 0)); ++i) {
    zip_stat_t stat;
    const std::unique_ptr<zip_file_t, int (*)(zip_file_t*)> entry(zip_fopen_index(archive.get(), i, 0), zip_fclose);
    if (!entry || zip_stat_index(archive.get(), i, 0, &stat) != 0 || stat.size > fs::file_size(file)) damaged("a broken entry");
    std::string bytes(stat.size, '\0');
    if (zip_fread(entry.get(), bytes.data(), bytes.size()) != static_cast<zip_int64_t>(bytes.size())) damaged("an entry is cut short");
    char beyond = 0;  // the checksum is compared when a read meets the end
    if (zip_fread(entry.get(), &beyond, 1) != 0) damaged("an entry does not fit its checksum");
    try {
      const std::string name = stat.name;
      arrays.emplace_back(name.substr(0, name.size() - std::string_view(".npy").size()), from_npy(bytes));
    } catch (const std::logic_error& error) {
      damaged(error.what());
    }
  }
  return arrays;
}

}  // namespace experiments
