// Whole files in and out; a report is written all at once.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace reporting {

// The bytes of a file. Throws Failure(io).
std::string read_file(const std::filesystem::path& path);

// Replaces a file by these bytes, making its folder where needed. Throws Failure(io).
void write_file(const std::filesystem::path& path, std::string_view bytes);

}  // namespace reporting
