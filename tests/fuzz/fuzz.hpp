// A fuzz target feeds arbitrary bytes to one reader and holds it to its contract: it returns something sound, or refuses
// with the documented status in one line, and never takes much memory. driver.cpp joins a target to libFuzzer.
#pragma once

#include "common/tensors/errors.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fuzz {

// A target defines these two: the inputs to begin with, and what is done with any.
std::vector<std::string> seeds();
void run(const std::string& input);

// A law that does not hold is a finding: it ends the program.
void check(bool holds, const char* law);

// What `read` returns; nothing where it refuses with this status.
template <class Read>
auto accepted(tensors::Exit status, Read read) -> std::optional<decltype(read())> {
  try {
    return read();
  } catch (const tensors::Failure& refusal) {
    const std::string_view message = refusal.what();
    check(refusal.status() == status, "a refusal has the documented status");
    check(!message.empty() && message.find('\n') == std::string_view::npos, "a refusal is one line");
    return std::nullopt;
  }
}

}  // namespace fuzz
