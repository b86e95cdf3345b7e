// What each command does, once the command line is understood. Results go to standard output; every function throws
// Failure, with the documented exit status.
#pragma once

#include "common/experiments/selection.hpp"

namespace experiments {

tensors::Exit list_command(const Program& program);
tensors::Exit run_command(const Program& program, const Selection& selection, const RunOptions& options, bool as_json);

// Reruns the cell of a record from its beginning, in a folder of its own that is removed afterwards.
tensors::Exit verify_command(const Program& program, const std::filesystem::path& record, const std::optional<std::filesystem::path>& data);

struct SampleOptions {
  std::string cell;  // "experiment/cell", or "experiment/cell/seed_N"
  std::int64_t n = 16;
  std::filesystem::path image;     // the binary PGM to write
  std::optional<Profile> profile;  // the highest with trained weights, if not given
  std::filesystem::path runs;
};
tensors::Exit sample_command(const Program& program, const SampleOptions& options);

}  // namespace experiments
