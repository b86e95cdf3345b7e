// What can go wrong, and the exit status that each kind of failure has (README, "Exit status").
// A message is one line: what is wrong, where, and what to do about it. Only `main` catches.
#pragma once

#include <fmt/core.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace tensors {

enum class Exit : int {
  done = 0,
  check_failed = 1,
  usage = 2,
  data = 3,
  diverged = 4,
  io = 5,
  nothing_to_check = 77,
  interrupted = 130,
};

// A failure that ends the program with a documented exit status.
class Failure : public std::runtime_error {
 public:
  Failure(Exit status, const std::string& message) : std::runtime_error(message), status_(status) {}
  Exit status() const { return status_; }

 private:
  Exit status_;
};

// Numbers that left the finite; says at which step and in which array. A run ends its cell with it, not the program.
class Divergence : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

template <class... Args>
[[noreturn]] void fail(Exit status, fmt::format_string<Args...> format, Args&&... args) {
  throw Failure(status, fmt::format(format, std::forward<Args>(args)...));
}

// Checks the condition of a public boundary: a caller's mistake, hence std::invalid_argument.
template <class... Args>
void require(bool condition, fmt::format_string<Args...> format, Args&&... args) {
  if (!condition) throw std::invalid_argument(fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace tensors
