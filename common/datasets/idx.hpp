// The idx container of MNIST: 00 00 type n_axes, one big-endian 32-bit extent per axis, then the values.
#pragma once

#include "common/datasets/registry.hpp"
#include "common/tensors/digest.hpp"

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace datasets {

template <class T>
struct Idx {
  std::vector<std::int64_t> extents;  // outermost first
  std::vector<T> values;              // row-major, in the machine's byte order
  std::string sha256;                 // of the uncompressed file
};

// Reads an idx file, gzip or plain, of type ubyte (T = std::uint8_t) or big-endian short (T = std::int16_t).
// Header, size and digest are held against `expected` before memory for the values is taken: a damaged or hostile file
// costs less than 1 MiB. Failure(data) names the file, what is wrong and what to do.
template <class T>
Idx<T> read_idx(const std::filesystem::path& file, const RegisteredFile& expected);

// The header of an idx file of bytes. Data sets that come in another format are known by the digest that they would have as
// an idx file: this header, then the values.
std::string idx_header(std::span<const std::int64_t> extents);

// Failure(data) where what was read from `file` has another digest as an idx file than `expected`.
void verify_as_idx(const std::filesystem::path& file, tensors::Sha256& content, const RegisteredFile& expected);

}  // namespace datasets
