// Runs the toy program as a user would.
#pragma once

#include "tests/processes.hpp"
#include "tests/temporary_folder.hpp"

// The toy program on its own folders; `environment` is what a shell would put before the command.
class Toy {
 public:
  std::filesystem::path folder() const { return folder_.path(); }
  std::filesystem::path runs() const { return folder() / "runs"; }
  std::filesystem::path reports() const { return folder() / "reports"; }
  std::filesystem::path cell(const std::string& key, const std::string& profile = "quick") const { return runs() / "toy" / profile / key; }
  std::string ledger() const { return content_of(reports() / "toy" / "results.json"); }

  std::string places() const { return " --runs '" + runs().string() + "' --reports '" + reports().string() + "'"; }

  Result run(const std::string& arguments, const std::string& environment = "") const { return call("run " + arguments + places(), environment); }

  Result call(const std::string& arguments, const std::string& environment = "") const {
    return shell("cd '" + folder().string() + "'; " + environment + " '" TOY_PROGRAM "' " + arguments);
  }

  // Starts `run` with these arguments and does not wait; a checkpoint is written at every step.
  pid_t start(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {TOY_PROGRAM, "run"});
    arguments.insert(arguments.end(), {"--runs", runs().string(), "--reports", reports().string()});
    return ::start(std::move(arguments), {{"SUITE_CHECKPOINT_EVERY_S", "0"}});
  }

 private:
  TemporaryFolder folder_;
};

// The "results" part of a ledger, which equal results leave equal.
inline std::string results_part(const std::string& ledger) {
  const std::size_t start = ledger.find("\n  \"results\": "), end = ledger.find("\n  \"schema\": ");
  return ledger.substr(start, end - start);
}
