#include "common/reporting/files.hpp"

#include "common/tensors/errors.hpp"

#include <fstream>
#include <iterator>

namespace reporting {

using tensors::Exit;
using tensors::fail;

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) fail(Exit::io, "cannot read {}", path.string());
  return {std::istreambuf_iterator<char>(in), {}};
}

void write_file(const std::filesystem::path& path, std::string_view bytes) {
  std::error_code error;
  std::filesystem::create_directories(path.parent_path(), error);
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!out.flush()) fail(Exit::io, "cannot write {}: is the folder writable and the disk not full?", path.string());
}

}  // namespace reporting
