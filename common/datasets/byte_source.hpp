#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <vector>

namespace datasets {

// The content of a file from front to back: uncompressed where it is gzip (by its first two bytes), as it is elsewhere.
// Holds about 100 KiB, whatever the file holds. Failure(data) where the file cannot be read, or where its gzip stream
// is damaged, cut off, or followed by anything but another gzip stream.
class ByteSource {
 public:
  explicit ByteSource(const std::filesystem::path& file);
  ~ByteSource();

  // Fills `target` from its front and returns how many bytes it got; fewer than asked for only at the end of the content.
  std::size_t read(std::span<std::byte> target);

  // Calls use(bytes) for all that is left, a block at a time.
  template <class Use>
  void for_each_block(Use&& use) {
    std::vector<std::byte> block(1 << 16);
    while (const std::size_t count = read(block)) use(std::span<const std::byte>(block).first(count));
  }

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace datasets
