// reports/<program>/index.md: the paper's program fills a Page with what only it knows; the scoreboard, the claims, the
// provenance, the checks and the banners are added from the records.
#pragma once

#include "common/reporting/claims.hpp"
#include "common/reporting/figures.hpp"
#include "common/reporting/image_grid.hpp"
#include "common/reporting/results.hpp"
#include "common/reporting/tables.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace reporting {

// What stands below a picture: one sentence on what to see, one on what would have contradicted it, and the profile of
// the records it shows (so that scaled-down and stand-in data are named there).
struct Caption {
  std::string see;
  std::string contradicted;
  Profile profile = Profile::paper;
};

// A setting of the paper; `departure` says why ours differs, and is empty where it does not.
struct Setting {
  std::string name, paper, ours, source;
  std::string departure;
};

// A slip found in the paper or its code.
struct Erratum {
  std::string where, says, should_say, evidence;
};

class Page {
 public:
  // Both must outlive the page.
  Page(const Results& results, const std::vector<Claim>& claims) : results_(results), claims_(claims) {}

  const Results& results() const { return results_; }
  const std::vector<Claim>& claims() const { return claims_; }
  // The number that the claim of this id has from the paper; nothing where there is no such claim, or no number in it.
  std::optional<double> published(const std::string& id) const;
  std::string published_text(const std::string& id) const;  // as printed, or "–"

  void cite(std::string markdown) { citation_ = std::move(markdown); }
  // What a reader should take home, one line each, at the head of the page. Each {} of the words stands for the next value; a line that
  // lacks one of them does not appear.
  void finding(std::string words, const std::vector<std::optional<std::string>>& values = {});
  // A value for it: "-87.52 ± 0.13" at the paper's scale. Nothing where the cell has not run or has diverged.
  std::optional<std::string> at_paper(const CellMetric& metric, int digits = 2) const;
  // Sections in the order of the calls; Markdown throughout, headings below ###.
  void prose(std::string heading, std::string markdown);
  void figure(std::string heading, Figure figure, Caption caption);
  // `rows` says from the top what each row of the grid shows.
  void images(std::string heading, std::string name, ImageGrid grid, std::vector<std::string> rows, Caption caption);
  void table(std::string heading, Table table, Caption caption);

  void setting(Setting setting) { settings_.push_back(std::move(setting)); }
  void erratum(Erratum erratum) { errata_.push_back(std::move(erratum)); }
  void metric(std::string name, std::string meaning) { metrics_.emplace_back(std::move(name), std::move(meaning)); }

  // Writes index.md and figures/ into the folder, and removes figures of former pages. Throws Failure(io).
  void write(const std::filesystem::path& folder, const experiments::Program& program, const std::vector<Judgement>& judgements) const;

 private:
  struct Prose {
    std::string heading, markdown;
  };
  struct Picture {
    std::string heading;
    std::string name;
    std::variant<Figure, ImageGrid> what;
    std::vector<std::string> rows;
    Caption caption;
  };
  struct Tabular {
    std::string heading;
    Table table;
    Caption caption;
  };
  std::string caption_text(const Caption& caption) const;
  std::string sections() const;

  const Results& results_;
  const std::vector<Claim>& claims_;
  std::string citation_;
  std::vector<std::string> findings_;
  std::vector<std::variant<Prose, Picture, Tabular>> sections_;
  std::vector<Setting> settings_;
  std::vector<Erratum> errata_;
  std::vector<std::pair<std::string, std::string>> metrics_;
};

}  // namespace reporting
