#include "common/tensors/digest.hpp"

#include <fmt/core.h>
#include <openssl/evp.h>

#include <stdexcept>

namespace tensors {
namespace {

void check(int openssl_result) {
  if (openssl_result != 1) throw std::runtime_error("digest: OpenSSL refused to compute it");
}

}  // namespace

Digest::Digest(const EVP_MD* algorithm) : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
  check(EVP_DigestInit_ex(context_.get(), algorithm, nullptr));
}
Sha256::Sha256() : Digest(EVP_sha256()) {}
Md5::Md5() : Digest(EVP_md5()) {}

Digest& Digest::add(std::span<const std::byte> bytes) {
  check(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()));
  return *this;
}

std::string Digest::raw() {
  std::string digest(static_cast<std::size_t>(EVP_MD_CTX_size(context_.get())), '\0');
  check(EVP_DigestFinal_ex(context_.get(), reinterpret_cast<unsigned char*>(digest.data()), nullptr));
  return digest;
}

std::string Digest::hex() {
  std::string text;
  for (unsigned char byte : raw()) text += fmt::format("{:02x}", byte);
  return text;
}

std::string sha256(std::span<const std::byte> bytes) { return Sha256().add(bytes).hex(); }
std::string sha256(std::string_view text) { return Sha256().add(text).hex(); }

}  // namespace tensors
