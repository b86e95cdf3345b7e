#include "common/datasets/digest.hpp"

#include "common/tensors/errors.hpp"

#include <openssl/evp.h>

#include <array>

namespace datasets {
namespace {

void check(int openssl_result) {
  if (openssl_result != 1) throw std::runtime_error("SHA-256: OpenSSL refused to compute it");
}

}  // namespace

struct Sha256::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  ~State() { EVP_MD_CTX_free(context); }
};

Sha256::Sha256() : state_(std::make_unique<State>()) { check(EVP_DigestInit_ex(state_->context, EVP_sha256(), nullptr)); }
Sha256::~Sha256() = default;

void Sha256::update(std::span<const std::byte> bytes) { check(EVP_DigestUpdate(state_->context, bytes.data(), bytes.size())); }

std::string Sha256::hex() {
  std::array<unsigned char, 32> digest;
  check(EVP_DigestFinal_ex(state_->context, digest.data(), nullptr));
  std::string text;
  for (unsigned char byte : digest) text += fmt::format("{:02x}", byte);
  return text;
}

std::string sha256(std::span<const std::byte> bytes) {
  Sha256 digest;
  digest.update(bytes);
  return digest.hex();
}

}  // namespace datasets
