// Programs run as a user would run them.
#pragma once

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

// Variables that a child gets besides its parent's, or in place of them.
using Environment = std::map<std::string, std::string>;

// Starts a program, given by its path and its arguments, and does not wait. Its output goes to the two descriptors, or
// nowhere where they are negative.
inline pid_t start(std::vector<std::string> command, const Environment& changed = {}, int out = -1, int err = -1) {
  std::vector<std::string> variables;
  for (const auto& [name, value] : changed) variables.push_back(name + "=" + value);
  for (char** variable = environ; *variable; ++variable) {
    const std::string text = *variable;
    if (!changed.contains(text.substr(0, text.find('=')))) variables.push_back(text);
  }
  const auto pointers = [](std::vector<std::string>& texts) {
    std::vector<char*> result;
    for (std::string& text : texts) result.push_back(text.data());
    result.push_back(nullptr);
    return result;
  };

  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  for (const auto& [descriptor, target] : {std::pair{out, 1}, {err, 2}}) {
    if (descriptor >= 0) posix_spawn_file_actions_adddup2(&files, descriptor, target);
    else posix_spawn_file_actions_addopen(&files, target, "/dev/null", O_WRONLY, 0);
  }
  pid_t child = 0;
  const int error = posix_spawn(&child, command.front().c_str(), &files, nullptr, pointers(command).data(), pointers(variables).data());
  posix_spawn_file_actions_destroy(&files);
  if (error != 0) throw std::runtime_error("cannot start " + command.front());
  return child;
}

// Waits for the child's end; its status as a shell gives it: 128 + the signal for a killed program.
inline int wait_for(pid_t child) {
  int state = 0;
  waitpid(child, &state, 0);
  return WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state);
}

struct Result {
  int status = 0;  // as wait_for gives it
  std::string out, err;
};

// Runs a line of shell to its end.
inline Result shell(const std::string& line) {
  using Stream = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;
  const Stream out(std::tmpfile(), std::fclose), err(std::tmpfile(), std::fclose);
  if (!out || !err) throw std::runtime_error("cannot make a temporary file");
  const auto content = [](std::FILE* file) {
    std::rewind(file);
    std::string text;
    for (int c; (c = std::fgetc(file)) != EOF;) text += static_cast<char>(c);
    return text;
  };
  const int status = wait_for(start({"/bin/sh", "-c", line}, {}, fileno(out.get()), fileno(err.get())));
  return {status, content(out.get()), content(err.get())};
}
