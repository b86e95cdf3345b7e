// The controls, as the front page shows them: known defects, each with the test that notices it (tests/controls).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace reporting {

struct Control {
  std::string name;    // of the control: its test case, and control.<name> in ctest
  std::string defect;  // what it plants
  std::string law;     // the function in tests/**/laws.hpp, or check_gradients, that notices
  std::string file;    // the source of the test that holds the suite's own to the law, from the repository root,
  std::string test;    // and its test case
};

// The lines of tests/controls/controls.tsv below the repository's root. Throws Failure(io), naming the line that is none.
std::vector<Control> read_controls(const std::filesystem::path& root);

}  // namespace reporting
