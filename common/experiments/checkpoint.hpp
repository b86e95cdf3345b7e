// Checkpoints: the state of an unfinished cell, in two generations, so that a damaged one has a predecessor and a
// kill at any moment (also between the two renames) leaves a good one.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>

namespace experiments {

struct Checkpoint {
  std::string record;                        // the unfinished record as JSON: identity and results so far
  std::map<std::string, std::string> blobs;  // the kept memory, by name
};

using KeptMemory = std::map<std::string, std::span<std::byte>>;

// Writes folder/checkpoint durably; the one before becomes checkpoint.previous. Throws Failure(io).
void save_checkpoint(const std::filesystem::path& folder, const std::string& record, const KeptMemory& kept);

// The last good generation; nothing where there is none. In place of one that is damaged or cannot be read its predecessor is taken,
// with a warning; Failure(io) where no good one is left.
std::optional<Checkpoint> load_checkpoint(const std::filesystem::path& folder);

// Moves the checkpoint to folder/checkpoint.set_aside (.2, .3, ... where there is one), which nothing here reads or deletes, and
// returns that name. Throws Failure(io).
std::filesystem::path set_checkpoint_aside(const std::filesystem::path& folder);

// Every generation, and what a killed save has left. Not what was set aside.
void delete_checkpoints(const std::filesystem::path& folder);

}  // namespace experiments
