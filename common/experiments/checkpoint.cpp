// Layout: magic, record, number of blobs, then name and bytes of each; the SHA-256 (32 bytes) of all that ends the
// file. Lengths are 64-bit little-endian and stand before what they measure.
#include "common/experiments/checkpoint.hpp"

#include "common/experiments/files.hpp"
#include "common/experiments/messages.hpp"
#include "common/tensors/digest.hpp"
#include "common/tensors/errors.hpp"

#include <fmt/format.h>

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace experiments {

using tensors::Exit;
using tensors::fail;
using tensors::Sha256;
namespace fs = std::filesystem;

static_assert(std::endian::native == std::endian::little, "checkpoints are little-endian");

namespace {

constexpr std::string_view magic = "checkpoint 1\n";
constexpr std::size_t digest_size = 32;

fs::path current(const fs::path& folder) { return folder / "checkpoint"; }
fs::path previous(const fs::path& folder) { return folder / "checkpoint.previous"; }

void put(std::string& out, std::uint64_t number) { out.append(reinterpret_cast<const char*>(&number), sizeof number); }

void put(std::string& out, const void* bytes, std::size_t count) {
  put(out, count);
  out.append(static_cast<const char*>(bytes), count);
}

// Takes pieces off the front; a piece that is not there makes everything after it empty and `good` false.
struct Reader {
  std::string_view rest;
  bool good = true;

  std::uint64_t number() {
    std::uint64_t value = 0;
    good = good && rest.size() >= sizeof value;
    if (!good) return 0;
    std::memcpy(&value, rest.data(), sizeof value);
    rest.remove_prefix(sizeof value);
    return value;
  }
  std::string bytes() {
    const std::uint64_t count = number();
    good = good && count <= rest.size();
    if (!good) return {};
    std::string piece(rest.substr(0, count));
    rest.remove_prefix(count);
    return piece;
  }
};

// Nothing where the bytes are not a whole, undamaged checkpoint.
std::optional<Checkpoint> parse(std::string_view content) {
  if (content.size() < magic.size() + digest_size || !content.starts_with(magic)) return std::nullopt;
  const std::string_view body = content.substr(0, content.size() - digest_size);
  if (Sha256().add(body).raw() != content.substr(body.size())) return std::nullopt;
  Reader reader{body.substr(magic.size())};
  Checkpoint checkpoint;
  checkpoint.record = reader.bytes();
  for (std::uint64_t n = reader.number(); n > 0 && reader.good; --n) {
    std::string name = reader.bytes();
    checkpoint.blobs[std::move(name)] = reader.bytes();
  }
  if (!reader.good || !reader.rest.empty()) return std::nullopt;
  return checkpoint;
}

}  // namespace

void save_checkpoint(const fs::path& folder, const std::string& record, const KeptMemory& kept) {
  std::string content(magic);
  put(content, record.data(), record.size());
  put(content, kept.size());
  for (const auto& [name, bytes] : kept) {
    put(content, name.data(), name.size());
    put(content, bytes.data(), bytes.size());
  }
  content += Sha256().add(content).raw();

  const fs::path fresh = write_beside(current(folder), content);
  if (fs::exists(current(folder))) move_file(current(folder), previous(folder));
  move_file(fresh, current(folder));
  flush_folder(folder);
}

std::optional<Checkpoint> load_checkpoint(const fs::path& folder) {
  std::string fault;  // of the newest one
  for (const fs::path& file : {current(folder), previous(folder)}) {
    std::string found;
    try {
      const auto content = read_file(file);
      if (!content) continue;
      if (auto checkpoint = parse(*content)) {
        if (!fault.empty()) say("{}: {}; going on from the one before", current(folder).string(), fault);
        return checkpoint;
      }
      const bool of_another_version = content->starts_with("checkpoint ") && !content->starts_with(magic);
      found = of_another_version ? "written by another version" : "damaged, its digest does not fit its content";
    } catch (const tensors::Failure& failure) {
      found = failure.what();
    }
    if (fault.empty()) fault = found;
  }
  if (!fault.empty()) fail(Exit::io, "{}: its checkpoint is of no use ({}), and no good one is left; rerun this cell with --fresh", folder.string(), fault);
  return std::nullopt;
}

fs::path set_checkpoint_aside(const fs::path& folder) {
  fs::path aside = folder / "checkpoint.set_aside";
  for (int n = 2; fs::exists(aside); ++n) aside = folder / fmt::format("checkpoint.set_aside.{}", n);
  for (const fs::path& file : {previous(folder), current(folder)})  // the newer of two stays
    if (fs::exists(file)) move_file(file, aside);
  return aside;
}

void delete_checkpoints(const fs::path& folder) {
  for (const fs::path& file : {current(folder), previous(folder), half_written(current(folder))})
    if (fs::exists(file)) fs::remove(file);  // a read-only file system refuses even to remove nothing
}

}  // namespace experiments
