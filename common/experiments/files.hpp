// Files that survive a crash at any moment, and locks that die with their process.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace experiments {

// The file's bytes; nothing where there is no such file. Throws Failure(io) where it cannot be read.
std::optional<std::string> read_file(const std::filesystem::path& file);

// The bytes of a file that must be there. Throws Failure(io).
std::string read_existing_file(const std::filesystem::path& file);

// What write_beside writes to, and a kill in the middle of it leaves.
std::filesystem::path half_written(const std::filesystem::path& file);

// Writes `content` beside `file` and flushes it to the disk; returns the path it wrote to. Throws Failure(io), leaving nothing.
std::filesystem::path write_beside(const std::filesystem::path& file, std::string_view content);

// Gives `from` the name `to`, replacing what had it. Durable after flush_folder. Throws Failure(io).
void move_file(const std::filesystem::path& from, const std::filesystem::path& to);
void flush_folder(const std::filesystem::path& folder);

// Replaces `file` by `content` in one step: a reader, or a crash, sees the old bytes or the new ones. Makes the folder
// where needed. Throws Failure(io).
void replace_file(const std::filesystem::path& file, std::string_view content);

// Makes the folder and its parents; throws Failure(io).
void make_folders(const std::filesystem::path& folder);

// An advisory lock on a folder (flock), held until destruction or the death of the process.
class FolderLock {
 public:
  static FolderLock wait_for(const std::filesystem::path& folder);
  static std::optional<FolderLock> try_for(const std::filesystem::path& folder);  // nothing: another process holds it

  FolderLock(FolderLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  FolderLock& operator=(FolderLock&&) = delete;
  ~FolderLock();

 private:
  explicit FolderLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace experiments
