// The data files that the suite knows: what registry.tsv says of them.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace datasets {

struct RegisteredFile {
  std::string_view path;    // below the data folder: "mnist/train-images-idx3-ubyte.gz"
  std::int64_t bytes;       // of the uncompressed content
  std::string_view sha256;  // of the uncompressed content, in lower-case hexadecimal
};

std::span<const RegisteredFile> registry();

// The row of `path`; std::invalid_argument where there is none.
const RegisteredFile& registered(std::string_view path);

}  // namespace datasets
