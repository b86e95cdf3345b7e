// Bytes as text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace experiments {

// The bytes, deflated (zlib) and in base64.
std::string pack(const std::vector<std::uint8_t>& bytes);
// The `count` bytes that were packed; throws std::invalid_argument where the text is not theirs.
std::vector<std::uint8_t> unpack(const std::string& text, std::size_t count);

}  // namespace experiments
