// Messages to whoever runs the program. They are a courtesy: a full disk under `2>log`, or a closed standard error, must not
// end hours of training, so a message that cannot be written is lost and nothing else is.
#pragma once

#include <fmt/core.h>

#include <cstdio>
#include <utility>

namespace experiments {

// Writes the text and a line end to standard error.
template <class... Args>
void say(fmt::format_string<Args...> format, Args&&... args) {
  std::fputs((fmt::format(format, std::forward<Args>(args)...) + '\n').c_str(), stderr);
}

}  // namespace experiments
