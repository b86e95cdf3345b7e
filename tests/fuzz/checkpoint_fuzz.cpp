#include "common/experiments/checkpoint.hpp"
#include "common/tensors/digest.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/temporary_folder.hpp"

namespace {

constexpr std::size_t digest_size = 32;

std::string checkpoint_of(const std::string& record, std::string kept) {
  const TemporaryFolder folder;
  experiments::save_checkpoint(folder.path(), record, {{"empty", {}}, {"weights", std::as_writable_bytes(std::span(kept))}});
  return content_of(folder.path() / "checkpoint");
}

}  // namespace

std::vector<std::string> fuzz::seeds() {
  std::vector<std::string> unsealed;
  for (const std::string& whole : {checkpoint_of("", ""), checkpoint_of("a record", std::string(50, 'w'))})
    unsealed.push_back(whole.substr(0, whole.size() - digest_size));
  return unsealed;
}

// With a digest that fits, or nothing behind it would be reached; and as it stands.
void fuzz::run(const std::string& input) {
  static const TemporaryFolder folder;
  const auto load = [](const std::string& content) {
    folder.write("checkpoint", content);
    return accepted(tensors::Exit::io, [] { return experiments::load_checkpoint(folder.path()); });
  };
  check(!load(input), "a digest that does not fit is refused");
  const auto loaded = load(input + tensors::Sha256().add(input).raw());
  if (!loaded) return;
  std::size_t size = loaded->value().record.size();
  for (const auto& [name, bytes] : loaded->value().blobs) size += name.size() + bytes.size();
  check(size <= input.size(), "there is nothing that the file does not hold");
}
