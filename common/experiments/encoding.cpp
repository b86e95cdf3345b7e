#include "common/experiments/encoding.hpp"

#include "common/tensors/errors.hpp"

#include <openssl/evp.h>
#include <zlib.h>

namespace experiments {

using tensors::require;

std::string pack(const std::vector<std::uint8_t>& bytes) {
  uLongf size = compressBound(bytes.size());
  std::vector<std::uint8_t> deflated(size);
  if (compress2(deflated.data(), &size, bytes.data(), bytes.size(), Z_BEST_COMPRESSION) != Z_OK) throw std::runtime_error("zlib: cannot deflate");
  std::string text(4 * ((size + 2) / 3) + 1, '\0');  // the encoder ends with a zero byte
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), deflated.data(), static_cast<int>(size));
  text.pop_back();
  return text;
}

std::vector<std::uint8_t> unpack(const std::string& text, std::size_t count) {
  constexpr std::size_t most_inflated = 1032;  // zlib's greatest ratio: what promises more takes no memory
  require(count / most_inflated <= text.size(), "packed bytes: {} of text cannot hold {}", text.size(), count);
  std::vector<std::uint8_t> deflated(text.size() / 4 * 3 + 1);
  const int size = EVP_DecodeBlock(deflated.data(), reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  require(size >= 0, "packed bytes: not base64");
  std::vector<std::uint8_t> bytes(count + 1);  // one more, so that a longer content is noticed
  uLongf inflated = bytes.size();
  const int status = uncompress(bytes.data(), &inflated, deflated.data(), static_cast<uLong>(size));
  require(status == Z_OK && inflated == count, "packed bytes: they do not inflate to {} bytes", count);
  bytes.pop_back();
  return bytes;
}

}  // namespace experiments
