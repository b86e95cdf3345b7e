#include "common/experiments/files.hpp"

#include "common/tensors/errors.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace experiments {

using tensors::Exit;
using tensors::fail;
namespace fs = std::filesystem;

namespace {

class Descriptor {
 public:
  Descriptor(const fs::path& path, int flags) : value_(::open(path.c_str(), flags | O_CLOEXEC, 0666)) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  int value() const { return value_; }
  int release() { return std::exchange(value_, -1); }

 private:
  int value_;
};

[[noreturn]] void fail_to(const char* what, const fs::path& path, int error) {
  fail(Exit::io, "cannot {} {}: {}; what was written before is kept, so mend it and run the same command again", what,
       path.string(), std::strerror(error));
}

Descriptor open_folder(const fs::path& folder) {
  return Descriptor(folder, O_RDONLY | O_DIRECTORY);
}

}  // namespace

std::optional<std::string> read_file(const fs::path& file) {
  const Descriptor in(file, O_RDONLY);
  if (in.value() < 0) {
    if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
    fail(Exit::io, "cannot read {}: {}", file.string(), std::strerror(errno));
  }
  std::string content;
  char block[1 << 16];
  ssize_t got = 0;
  while ((got = ::read(in.value(), block, sizeof block)) > 0) content.append(block, static_cast<std::size_t>(got));
  if (got < 0) fail(Exit::io, "cannot read {}: {}", file.string(), std::strerror(errno));
  return content;
}

std::string read_existing_file(const fs::path& file) {
  auto content = read_file(file);
  if (!content) fail(Exit::io, "cannot read {}: there is no such file", file.string());
  return *std::move(content);
}

// 0, or the error.
static int write_all(const Descriptor& out, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(out.value(), content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

fs::path half_written(const fs::path& file) {
  fs::path beside = file;
  beside += ".new";
  return beside;
}

fs::path write_beside(const fs::path& file, std::string_view content) {
  const fs::path beside = half_written(file);
  Descriptor out(beside, O_WRONLY | O_CREAT | O_TRUNC);
  if (out.value() < 0) fail_to("write", beside, errno);
  const auto give_up = [&](int error) {
    ::unlink(beside.c_str());
    fail_to("write", file, error);
  };
  if (const int error = write_all(out, content); error != 0) give_up(error);
  if (::fsync(out.value()) != 0) give_up(errno);
  if (::close(out.release()) != 0) give_up(errno);
  return beside;
}

// A device or a pipe is written to, not replaced.
static void write_to_device(const fs::path& file, std::string_view content) {
  Descriptor out(file, O_WRONLY);
  if (out.value() < 0) fail_to("write", file, errno);
  if (const int error = write_all(out, content); error != 0) fail_to("write", file, error);
}

void move_file(const fs::path& from, const fs::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) fail_to("write", to, errno);
}

void flush_folder(const fs::path& folder) {
  const Descriptor descriptor = open_folder(folder);
  if (descriptor.value() < 0 || ::fsync(descriptor.value()) != 0) fail_to("flush", folder, errno);
}

void replace_file(const fs::path& file, std::string_view content) {
  if (fs::exists(file) && !fs::is_regular_file(file) && !fs::is_directory(file)) return write_to_device(file, content);
  const fs::path folder = fs::absolute(file).parent_path();
  make_folders(folder);
  move_file(write_beside(file, content), file);
  flush_folder(folder);
}

void make_folders(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) fail_to("make the folder", folder, error.value());
}

FolderLock FolderLock::wait_for(const fs::path& folder) {
  Descriptor descriptor = open_folder(folder);
  if (descriptor.value() < 0) fail_to("lock", folder, errno);
  while (::flock(descriptor.value(), LOCK_EX) != 0)
    if (errno != EINTR) fail_to("lock", folder, errno);
  return FolderLock(descriptor.release());
}

std::optional<FolderLock> FolderLock::try_for(const fs::path& folder) {
  Descriptor descriptor = open_folder(folder);
  if (descriptor.value() < 0) fail_to("lock", folder, errno);
  if (::flock(descriptor.value(), LOCK_EX | LOCK_NB) == 0) return FolderLock(descriptor.release());
  if (errno == EWOULDBLOCK) return std::nullopt;
  fail_to("lock", folder, errno);
}

FolderLock::~FolderLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace experiments
