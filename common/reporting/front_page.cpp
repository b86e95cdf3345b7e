#include "common/reporting/front_page.hpp"

#include "common/experiments/files.hpp"
#include "common/reporting/controls.hpp"
#include "common/reporting/scoreboard.hpp"
#include "common/reporting/tables.hpp"
#include "common/tensors/errors.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <vector>

namespace reporting {

using nlohmann::json;
namespace fs = std::filesystem;

void write_summary(const fs::path& folder, const experiments::Program& program, const std::vector<Claim>& claims,
                   const std::vector<Judgement>& judgements, const Results& results) {
  json scores = json::array();
  for (const Source source : sources) {
    const Score score = score_of(from(source, judgements));
    scores.push_back({{"reproduced", score.reproduced}, {"differs", score.differs}, {"not_comparable", score.not_comparable},
                      {"undecided", score.undecided}, {"not_run", score.not_run}});
  }
  std::vector<std::string> profiles;
  bool stand_in = false;
  for (Profile profile : {Profile::smoke, Profile::quick, Profile::paper}) {
    if (results.has(profile)) profiles.push_back(experiments::to_string(profile));
    stand_in = stand_in || results.has_stand_in(profile);
  }
  const json summary{{"program", program.name},
                     {"title", program.title},
                     {"scores", scores},
                     {"not_as_declared", score_of(judgements).failed},
                     {"false_alarms", false_alarm_budget(claims)},
                     {"profiles", profiles},
                     {"stand_in_data", stand_in}};
  experiments::replace_file(folder / "summary.json", summary.dump(2) + "\n");
}

namespace {

// "21 of 39 reproduced, 10 differ, 8 not run; 5 not comparable", of those that could be compared.
std::string score_text(const json& score) {
  const auto count = [&](const char* name) { return score.at(name).get<int>(); };
  const int comparable = count("reproduced") + count("differs") + count("undecided") + count("not_run");
  std::string text = comparable == 0 ? "–" : fmt::format("{} of {} reproduced", count("reproduced"), comparable);
  if (count("differs") > 0) text += fmt::format(", {} differ", count("differs"));
  if (count("undecided") > 0) text += fmt::format(", {} undecided", count("undecided"));
  if (count("not_run") > 0) text += fmt::format(", {} not run", count("not_run"));
  if (count("not_comparable") > 0) text += fmt::format("; {} not comparable", count("not_comparable"));
  return text;
}

// Known defects and what notices them.
std::string controls_section(const std::vector<Control>& controls) {
  Table table{{{"Planted defect"}, {"Noticed by"}}, {}};
  for (const Control& control : controls)
    table.rows.push_back({control.defect, fmt::format("`{}` in [{}](../{}), `{}`", control.law, control.file, control.file, control.test)});
  return fmt::format(
      "\n## Controls\n\nA test that cannot fail shows nothing. `ctest -L controls` plants each of these {} defects in a copy of a small model, or of "
      "what trains it, and holds the copy to the law that the named test states; the test passes if the law is broken.\n\n{}",
      controls.size(), to_markdown(table));
}

}  // namespace

void write_front_page(const fs::path& reports, const fs::path& root) {
  const auto lock = experiments::FolderLock::wait_for(reports);  // every program writes this page
  std::vector<fs::path> summaries;
  for (const auto& entry : fs::directory_iterator(reports))
    if (fs::exists(entry.path() / "summary.json")) summaries.push_back(entry.path() / "summary.json");
  std::ranges::sort(summaries);

  Table table{{{"Program"}, {"Paper"}}, {}};
  for (const Source source : sources) table.columns.push_back({to_string(source)});
  table.columns.insert(table.columns.end(), {{"Not as declared", Align::right}, {"Run at"}});
  double false_alarms = 0;
  for (const fs::path& path : summaries) try {
      const json s = json::parse(experiments::read_existing_file(path));
      const auto program = s.at("program").get<std::string>();
      const std::string scale = fmt::format("{}{}", fmt::join(s.at("profiles").get<std::vector<std::string>>(), ", "),
                                            s.at("stand_in_data").get<bool>() ? " (**stand-in data**)" : "");
      std::vector<std::string> row{fmt::format("[{0}]({0}/index.md)", program), s.at("title").get<std::string>()};
      for (std::size_t i = 0; i < sources.size(); ++i) row.push_back(score_text(s.at("scores").at(i)));
      row.insert(row.end(), {std::to_string(s.at("not_as_declared").get<int>()), scale});
      table.rows.push_back(std::move(row));
      false_alarms += s.at("false_alarms").get<double>();
    } catch (const json::exception& error) {
      tensors::fail(tensors::Exit::io, "{} is not a summary: {}; delete it and report that program again", path.string(), error.what());
    }
  experiments::replace_file(
      reports / "index.md",
      "# Reports\n\nOne page per program. Each says which parts of its paper it covers, and holds every number printed there, and what the paper "
      "says in words, against what came out here.\n\n" +
          to_markdown(table) +
          fmt::format(
              "\nBudget of false alarms: if every published number were true, at most {:.3g} of the claims that declare a rate would be "
              "expected to fail by chance.\n",
              false_alarms) +
          controls_section(read_controls(root)));
}

}  // namespace reporting
