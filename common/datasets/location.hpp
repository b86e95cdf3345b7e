#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string_view>

namespace datasets {

// The file called `path` in the registry, as it lies below `folder`: as it is, or uncompressed without its ".gz".
std::optional<std::filesystem::path> find_file(const std::filesystem::path& folder, std::string_view path);

// A file of a data set, by its path below the data folder; `other_form` is one that serves as well, or nothing.
struct DataFile {
  std::string_view path, other_form = {};
};

// The folder that has all `files` of a data set: `option` (--data) where it was given, else
// $PAPER_DATA, else the cache, $XDG_CACHE_HOME (or ~/.cache)/vae-reproducibility-suite/data.
// Nothing when no folder was named and the cache has none of the files: the stand-in's case.
// Failure(data) when a folder was named and lacks a file, or when the cache has some of the files but not all.
std::optional<std::filesystem::path> locate(const std::optional<std::filesystem::path>& option, std::span<const DataFile> files);

}  // namespace datasets
