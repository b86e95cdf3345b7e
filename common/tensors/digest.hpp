// SHA-256, by which records, checkpoints, weights and data files are known.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace tensors {

// The digest of bytes that come in pieces; how they were cut does not matter.
class Sha256 {
 public:
  Sha256();
  Sha256& add(std::span<const std::byte> bytes);
  Sha256& add(std::string_view text) { return add(std::as_bytes(std::span(text))); }

  // Either ends the sequence: call one of the two, once.
  std::string raw();  // 32 bytes
  std::string hex();  // 64 lower-case hexadecimal digits

 private:
  std::unique_ptr<evp_md_ctx_st, void (*)(evp_md_ctx_st*)> context_;
};

// In 64 lower-case hexadecimal digits.
std::string sha256(std::span<const std::byte> bytes);
std::string sha256(std::string_view text);

}  // namespace tensors
