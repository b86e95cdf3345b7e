// Digests, and bytes as text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct evp_md_ctx_st;

namespace experiments {

// SHA-256 of what it was fed, piece by piece.
class Sha256 {
 public:
  Sha256();
  Sha256& add(const void* bytes, std::size_t count);
  Sha256& add(std::string_view text) { return add(text.data(), text.size()); }
  std::string raw();  // 32 bytes; call one of the two, once
  std::string hex();  // 64 digits

 private:
  std::unique_ptr<evp_md_ctx_st, void (*)(evp_md_ctx_st*)> context_;
};

// The bytes, deflated (zlib) and in base64.
std::string pack(const std::vector<std::uint8_t>& bytes);
// The `count` bytes that were packed; throws std::invalid_argument where the text is not theirs.
std::vector<std::uint8_t> unpack(const std::string& text, std::size_t count);

}  // namespace experiments
