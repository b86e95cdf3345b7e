// A folder that goes away with the test, and files to damage.
#pragma once

#include "common/experiments/files.hpp"

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>

struct Sandbox {
  std::filesystem::path path;

  Sandbox() {
    std::string name = (std::filesystem::temp_directory_path() / "suite test.XXXXXX").string();  // with a space, on purpose
    path = mkdtemp(name.data());
  }
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;
  ~Sandbox() { std::filesystem::remove_all(path); }
};

inline std::string content_of(const std::filesystem::path& file) { return experiments::read_file(file).value(); }

inline void write_file(const std::filesystem::path& file, const std::string& content) {
  std::ofstream(file, std::ios::binary | std::ios::trunc) << content;
}

inline void flip_byte(const std::filesystem::path& file, std::size_t at) {
  std::string content = content_of(file);
  content.at(at) = static_cast<char>(content.at(at) ^ 1);
  write_file(file, content);
}
