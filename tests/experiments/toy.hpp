// Runs the toy program as a user would.
#pragma once

#include "tests/experiments/support.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <vector>

struct Result {
  int status = 0;  // as a shell gives it: 128 + the signal for a killed program
  std::string out, err;
};

// The toy program on its own folders; `environment` is what a shell would put before the command.
class Toy {
 public:
  std::filesystem::path folder() const { return sandbox_.path; }
  std::filesystem::path runs() const { return sandbox_.path / "runs"; }
  std::filesystem::path reports() const { return sandbox_.path / "reports"; }
  std::filesystem::path cell(const std::string& key, const std::string& profile = "quick") const { return runs() / "toy" / profile / key; }
  std::string ledger() const { return content_of(reports() / "toy" / "results.json"); }

  std::string places() const { return " --runs '" + runs().string() + "' --reports '" + reports().string() + "'"; }

  Result run(const std::string& arguments, const std::string& environment = "") const { return call("run " + arguments + places(), environment); }

  Result call(const std::string& arguments, const std::string& environment = "") const {
    const auto out = sandbox_.path / "out", err = sandbox_.path / "err";
    const std::string command = "cd '" + sandbox_.path.string() + "'; " + environment + " '" TOY_PROGRAM "' " + arguments + " >out 2>err";
    const int state = std::system(command.c_str());
    return {WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state), content_of(out), content_of(err)};
  }

  // Starts `run` with these arguments and does not wait; a checkpoint is written at every step.
  pid_t start(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {TOY_PROGRAM, "run"});
    arguments.insert(arguments.end(), {"--runs", runs().string(), "--reports", reports().string()});
    std::fflush(nullptr);
    const pid_t child = fork();
    if (child != 0) return child;
    setenv("SUITE_CHECKPOINT_EVERY_S", "0", 1);
    if (!std::freopen("/dev/null", "w", stderr) || !std::freopen("/dev/null", "w", stdout)) _exit(126);
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    execv(TOY_PROGRAM, argv.data());
    _exit(127);
  }

 private:
  Sandbox sandbox_;
};

inline int wait_for(pid_t child) {
  int state = 0;
  waitpid(child, &state, 0);
  return WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state);
}

// The "results" part of a ledger, which equal results leave equal.
inline std::string results_part(const std::string& ledger) {
  const std::size_t start = ledger.find("\n  \"results\": "), end = ledger.find("\n  \"schema\": ");
  return ledger.substr(start, end - start);
}
