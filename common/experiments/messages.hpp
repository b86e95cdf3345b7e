// Messages to whoever runs the program. They are a courtesy: a full disk under `2>log`, or a closed standard error, must not
// end hours of training, so a message that cannot be written is lost and nothing else is.
#pragma once

#include "common/tensors/errors.hpp"

#include <cstdio>
#include <new>
#include <system_error>
#include <utility>

namespace experiments {

// Writes the text and a line end to standard error.
template <class... Args>
void say(fmt::format_string<Args...> format, Args&&... args) {
  std::fputs((fmt::format(format, std::forward<Args>(args)...) + '\n').c_str(), stderr);
}

// Inside a catch clause: how the exception ends a program, and what the program says of it.
inline tensors::Failure failure_in_flight() {
  using tensors::Exit;
  using tensors::Failure;
  try {
    throw;
  } catch (const Failure& failure) {
    return failure;
  } catch (const std::system_error& error) {
    return {Exit::io, error.what()};
  } catch (const std::bad_alloc&) {
    return {Exit::io, "out of memory; smaller settings or fewer --jobs may help"};
  } catch (const std::exception& error) {
    return {Exit::check_failed, error.what()};
  }
}

}  // namespace experiments
