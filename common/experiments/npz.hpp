// Weights as NumPy's .npz: a zip archive of .npy files, float32, C order. Equal weights give equal bytes.
#pragma once

#include "common/tensors/array.hpp"

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace experiments {

using NamedArrays = std::vector<std::pair<std::string, tensors::Array<float>>>;

// SHA-256 over the names, shapes and little-endian elements, in the order given.
std::string weights_digest(const NamedArrays& arrays);

// Throws Failure(io) where the file cannot be written, std::invalid_argument where two arrays have one name.
void save_npz(const std::filesystem::path& file, const NamedArrays& arrays);

// Reads what save_npz wrote, or NumPy's savez of float32 arrays in C order; the order is the file's. Throws Failure(io) where the
// file is missing, damaged, or of another kind.
NamedArrays load_npz(const std::filesystem::path& file);

}  // namespace experiments
