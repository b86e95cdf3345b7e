// The weaver: from a program's source files to program.md, so that the chapter is the source and has no second copy.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace reporting {

struct Chapter {
  std::string title;
  std::string file;  // relative to the repository root, as in "paper_x/x.hpp"
};

// One source text as Markdown. Comment lines that start in the first column are prose (`# ` in them a heading, below the
// chapter's; formulas pass through); everything else is code, in blocks headed by the file and line they start at.
// Indented comments stay in the code.
std::string weave_text(const std::string& source, const std::string& file);

// All chapters in order, as one document. Throws Failure(io) when a file cannot be read.
std::string weave(const std::string& title, const std::filesystem::path& root, const std::vector<Chapter>& chapters);

}  // namespace reporting
