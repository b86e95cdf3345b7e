#include "common/datasets/registry.hpp"

#include "common/tensors/errors.hpp"
#include "registry_rows.hpp"

#include <algorithm>

namespace datasets {

std::span<const RegisteredFile> registry() { return registry_rows; }

const RegisteredFile& registered(std::string_view path) {
  const auto row = std::ranges::find(registry(), path, &RegisteredFile::path);
  tensors::require(row != registry().end(), "registry: no data file is called {}", path);
  return *row;
}

}  // namespace datasets
