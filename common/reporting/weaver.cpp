#include "common/reporting/weaver.hpp"

#include "common/experiments/files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>
#include <string_view>

namespace reporting {
namespace {

struct Block {
  bool is_prose = false;
  std::size_t first_line = 0;  // counted from 1
  std::vector<std::string> lines;
};

// "// text" -> "text", "// # Title" -> "### Title": chapters are headed with ##.
std::string prose_line(std::string_view line) {
  line.remove_prefix(2);
  if (line.starts_with(' ')) line.remove_prefix(1);
  const std::size_t hashes = line.find_first_not_of('#');
  const bool is_heading = hashes != 0 && hashes != std::string_view::npos && line[hashes] == ' ';
  return fmt::format("{}{}", is_heading ? "##" : "", line);
}

std::vector<Block> split(const std::string& source) {
  std::vector<Block> blocks;
  std::istringstream in(source);
  std::size_t number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    const bool is_prose = line.starts_with("//");
    if (blocks.empty() || blocks.back().is_prose != is_prose) blocks.push_back({is_prose, number, {}});
    blocks.back().lines.push_back(is_prose ? prose_line(line) : line);
  }
  return blocks;
}

// Drops blank lines at both ends of a code block.
void trim(Block& block) {
  const auto has_text = [](const std::string& line) { return line.find_first_not_of(" \t\r") != std::string::npos; };
  const auto first = std::ranges::find_if(block.lines, has_text);
  block.first_line += static_cast<std::size_t>(first - block.lines.begin());
  block.lines.erase(block.lines.begin(), first);
  while (!block.lines.empty() && !has_text(block.lines.back())) block.lines.pop_back();
}

// A fence longer than any run of backticks inside.
std::string fence_for(const std::vector<std::string>& lines) {
  std::string fence = "```";
  for (const std::string& line : lines)
    while (line.find(fence) != std::string::npos) fence += '`';
  return fence;
}

}  // namespace

std::string weave_text(const std::string& source, const std::string& file) {
  std::string out;
  for (Block& block : split(source)) {
    trim(block);
    if (block.lines.empty()) continue;
    std::string body;
    for (const std::string& line : block.lines) body += line + "\n";
    if (block.is_prose) {
      out += body + "\n";
    } else {
      const std::string fence = fence_for(block.lines);
      out += fmt::format("[`{0}:{1}`](../../{0}#L{1})\n\n{2}cpp\n{3}{2}\n\n", file, block.first_line, fence, body);
    }
  }
  return out;
}

std::string weave(const std::string& title, const std::filesystem::path& root, const std::vector<Chapter>& chapters) {
  std::string out =
      fmt::format("# {}\n\nThis chapter is woven from the source: the prose is its comments, the code is all of it.\n\n", title);
  for (const Chapter& chapter : chapters) out += fmt::format("1. {} (`{}`)\n", chapter.title, chapter.file);
  for (const Chapter& chapter : chapters)
    out += fmt::format("\n## {}\n\n{}", chapter.title, weave_text(experiments::read_existing_file(root / chapter.file), chapter.file));
  while (out.ends_with("\n\n")) out.pop_back();
  return out;
}

}  // namespace reporting
