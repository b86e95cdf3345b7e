#include "common/reporting/controls.hpp"

#include "common/experiments/files.hpp"
#include "common/tensors/errors.hpp"

#include <ranges>
#include <string_view>

namespace reporting {

std::vector<Control> read_controls(const std::filesystem::path& root) {
  const auto path = root / "tests/controls/controls.tsv";
  const std::string text = experiments::read_existing_file(path);
  std::vector<Control> controls;
  for (const auto line : std::views::split(text, '\n')) {
    if (line.empty() || line.front() == '#') continue;
    std::vector<std::string> fields;
    for (const auto field : std::views::split(line, '\t')) fields.emplace_back(field.begin(), field.end());
    if (fields.size() != 5)
      tensors::fail(tensors::Exit::io, "{} has {} fields, not 5, in the line {}", path.string(), fields.size(),
                    std::string_view(line.begin(), line.end()));
    controls.push_back({fields[0], fields[1], fields[2], fields[3], fields[4]});
  }
  return controls;
}

}  // namespace reporting
