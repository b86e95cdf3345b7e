#include "common/datasets/amat.hpp"

#include "common/datasets/byte_source.hpp"
#include "common/tensors/errors.hpp"

#include <algorithm>

namespace datasets {
namespace {

using Path = std::filesystem::path;

template <class... Args>
[[noreturn]] void malformed(const Path& file, std::int64_t line, fmt::format_string<Args...> what, Args&&... args) {
  tensors::fail(tensors::Exit::data, "{}:{}: {}; run ./reproduce data", file.string(), line, fmt::format(what, std::forward<Args>(args)...));
}

// Calls use(pixels) for each line; there must be n_lines of n_pixels each.
template <class Use>
void for_each_line(const Path& file, std::int64_t n_lines, std::size_t n_pixels, const Use& use) {
  std::vector<std::uint8_t> pixels;
  std::int64_t line = 1;
  bool within_number = false;
  const auto end_line = [&] {
    if (pixels.size() != n_pixels) malformed(file, line, "has {} pixels, not {}", pixels.size(), n_pixels);
    use(pixels);
    pixels.clear();
    ++line;
  };
  ByteSource(file).for_each_block([&](std::span<const std::byte> block) {
    for (const std::byte byte : block) {
      const char c = static_cast<char>(byte);
      const bool blank = c == ' ' || c == '\t' || c == '\r' || c == '\n';
      if (!blank) {
        if (line > n_lines) malformed(file, line, "there should be {} lines only", n_lines);
        if (within_number || (c != '0' && c != '1'))
          malformed(file, line, "pixel {} is neither 0 nor 1", within_number ? pixels.size() : pixels.size() + 1);
        if (pixels.size() == n_pixels) malformed(file, line, "has more than {} pixels", n_pixels);
        pixels.push_back(c == '1');
      } else if (c == '\n' && line <= n_lines) {
        end_line();
      }
      within_number = !blank;
    }
  });
  if (!pixels.empty()) end_line();  // a last line without its end
  if (line <= n_lines) malformed(file, line, "the file ends here, {} lines should follow", n_lines - line + 1);
}

}  // namespace

Idx<std::uint8_t> read_amat(const Path& file, const std::vector<std::int64_t>& extents, const RegisteredFile& as_idx) {
  const auto n_pixels = static_cast<std::size_t>(extents.at(1) * extents.at(2));

  // First pass: verify, in a few buffers. Second pass: read.
  tensors::Sha256 content;
  content.add(idx_header(extents));
  for_each_line(file, extents[0], n_pixels, [&](std::span<const std::uint8_t> pixels) { content.add(std::as_bytes(pixels)); });
  verify_as_idx(file, content, as_idx);

  Idx<std::uint8_t> idx{extents, {}, std::string(as_idx.sha256)};
  idx.values.reserve(static_cast<std::size_t>(extents[0]) * n_pixels);
  const auto keep = [&](std::span<const std::uint8_t> pixels) { idx.values.insert(idx.values.end(), pixels.begin(), pixels.end()); };
  for_each_line(file, extents[0], n_pixels, keep);
  return idx;
}

}  // namespace datasets
