#include "common/datasets/location.hpp"

#include "common/tensors/errors.hpp"

#include <algorithm>
#include <cstdlib>

namespace datasets {
namespace {

using Path = std::filesystem::path;

// An environment variable's value; an empty one counts as not set.
std::optional<Path> environment(const char* name) {
  const char* value = std::getenv(name);
  if (!value || !*value) return std::nullopt;
  return value;
}

std::optional<Path> cache_folder() {
  std::optional<Path> base = environment("XDG_CACHE_HOME");
  if (!base || base->is_relative()) {  // the XDG standard has relative ones ignored
    base = environment("HOME");
    if (!base) return std::nullopt;
    *base /= ".cache";
  }
  return *base / "vae-reproducibility-suite" / "data";
}

}  // namespace

std::optional<Path> find_file(const Path& folder, std::string_view path) {
  std::error_code ignored;
  Path file = folder / path;
  if (std::filesystem::exists(file, ignored)) return file;
  if (file.extension() == ".gz" && std::filesystem::exists(file.replace_extension(), ignored)) return file;
  return std::nullopt;
}

std::optional<Path> locate(const std::optional<Path>& option, std::span<const DataFile> files) {
  const std::optional<Path> variable = environment("PAPER_DATA");
  const bool named = option || variable;
  const std::optional<Path> folder = option ? option : variable ? variable : cache_folder();
  if (!folder) return std::nullopt;

  const auto lacks = [&](const DataFile& file) {
    return !find_file(*folder, file.path) && (file.other_form.empty() || !find_file(*folder, file.other_form));
  };
  const auto missing = std::ranges::find_if(files, lacks);
  if (missing == files.end()) return folder;
  if (!named && std::ranges::all_of(files, lacks)) return std::nullopt;

  const std::string what = missing->other_form.empty() ? std::string(missing->path) : fmt::format("{} or {}", missing->path, missing->other_form);
  const std::string origin = option ? "--data" : variable ? "PAPER_DATA" : "the cache";
  std::error_code ignored;
  if (!std::filesystem::is_directory(*folder, ignored))
    tensors::fail(tensors::Exit::data, "{}: {} is no folder; name the one that has {}", origin, folder->string(), what);
  tensors::fail(tensors::Exit::data, "{}: {} lacks {}; run ./reproduce data, or name the folder that has it", origin, folder->string(),
                what);
}

}  // namespace datasets
