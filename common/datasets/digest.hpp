#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace datasets {

// SHA-256 of a sequence of bytes that comes in pieces.
class Sha256 {
 public:
  Sha256();
  ~Sha256();

  void update(std::span<const std::byte> bytes);
  std::string hex();  // ends the sequence; 64 lower-case hexadecimal digits

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string sha256(std::span<const std::byte> bytes);

}  // namespace datasets
