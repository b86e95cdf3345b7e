// SHA-256, by which records, checkpoints, weights and data files are known; and MD5, for files published with nothing better.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

struct evp_md_ctx_st;
struct evp_md_st;

namespace tensors {

// The digest of bytes that come in pieces; how they were cut does not matter.
class Digest {
 public:
  Digest& add(std::span<const std::byte> bytes);
  Digest& add(std::string_view text) { return add(std::as_bytes(std::span(text))); }

  // Either ends the sequence: call one of the two, once.
  std::string raw();  // 32 bytes of SHA-256, 16 of MD5
  std::string hex();  // two lower-case hexadecimal digits each

 protected:
  explicit Digest(const evp_md_st* algorithm);

 private:
  std::unique_ptr<evp_md_ctx_st, void (*)(evp_md_ctx_st*)> context_;
};

class Sha256 : public Digest {
 public:
  Sha256();
};
class Md5 : public Digest {
 public:
  Md5();
};

// In 64 lower-case hexadecimal digits.
std::string sha256(std::span<const std::byte> bytes);
std::string sha256(std::string_view text);

}  // namespace tensors
