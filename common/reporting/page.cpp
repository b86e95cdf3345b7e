#include "common/reporting/page.hpp"

#include "common/experiments/files.hpp"
#include "common/reporting/overload.hpp"
#include "common/reporting/scoreboard.hpp"
#include "common/reporting/source_notes.hpp"
#include "common/tensors/errors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace reporting {
namespace {

std::string settings_section(const std::vector<Setting>& settings) {
  if (settings.empty()) return "";
  Table table{{{"Setting"}, {"Paper"}, {"Ours"}, {"Source"}, {"Departure"}}, {}};
  for (const Setting& s : settings) {
    const auto marked = [&](const std::string& text) { return s.departure.empty() ? text : fmt::format("**{}**", text); };
    table.rows.push_back({marked(s.name), s.paper, marked(s.ours), s.source, s.departure});
  }
  return "## Settings\n\nDepartures from the paper are in bold.\n\n" + to_markdown(table) + "\n";
}

std::string errata_section(const std::vector<Erratum>& errata) {
  if (errata.empty()) return "";
  Table table{{{"Where"}, {"It says"}, {"It should say"}, {"Evidence"}}, {}};
  for (const Erratum& e : errata) table.rows.push_back({e.where, e.says, e.should_say, e.evidence});
  return "## Errata\n\n" + to_markdown(table) + "\n";
}

std::string metrics_section(const std::vector<std::pair<std::string, std::string>>& metrics) {
  if (metrics.empty()) return "";
  Table table{{{"Metric"}, {"Meaning"}}, {}};
  for (const auto& [name, meaning] : metrics) table.rows.push_back({fmt::format("`{}`", name), meaning});
  return "## What each metric means\n\n" + to_markdown(table) + "\n";
}

// Removes pictures and data of former pages that this one did not write.
void remove_others(const std::filesystem::path& folder, const std::set<std::string>& written) {
  if (!std::filesystem::exists(folder)) return;
  std::vector<std::filesystem::path> others;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.is_regular_file() && !written.contains(entry.path().filename().string())) others.push_back(entry.path());
  std::error_code error;
  for (const auto& path : others)
    if (std::filesystem::remove(path, error); error) tensors::fail(tensors::Exit::io, "cannot remove {}: {}", path.string(), error.message());
}

}  // namespace

void Page::finding(std::string words, const std::vector<std::optional<std::string>>& values) {
  std::size_t at = 0;
  for (const auto& value : values) {
    if (!value) return;
    at = words.find("{}", at);
    tensors::require(at != std::string::npos, "finding: more values than places in \"{}\"", words);
    words.replace(at, 2, *value);
    at += value->size();
  }
  tensors::require(words.find("{}", at) == std::string::npos, "finding: fewer values than places in \"{}\"", words);
  findings_.push_back(std::move(words));
}

std::optional<std::string> Page::at_paper(const CellMetric& metric, int digits) const {
  const auto sample = results_.estimate(Profile::paper, metric);
  if (!sample || !std::isfinite(sample->mean)) return {};
  return format_estimate(*sample, digits);
}

void Page::prose(std::string heading, std::string markdown) { sections_.push_back(Prose{std::move(heading), std::move(markdown)}); }

void Page::figure(std::string heading, Figure figure, Caption caption) {
  std::string name = figure.name;
  sections_.push_back(Picture{std::move(heading), std::move(name), std::move(figure), {}, std::move(caption)});
}

void Page::images(std::string heading, std::string name, ImageGrid grid, std::vector<std::string> rows, Caption caption) {
  sections_.push_back(Picture{std::move(heading), std::move(name), std::move(grid), std::move(rows), std::move(caption)});
}

void Page::table(std::string heading, Table table, Caption caption) {
  sections_.push_back(Tabular{std::move(heading), std::move(table), std::move(caption)});
}

std::string Page::caption_text(const Caption& caption) const {
  std::string text;
  if (results_.has_stand_in(caption.profile)) text += "**Stand-in data.** ";
  if (caption.profile != Profile::paper) text += fmt::format("**Scaled down (`{}`).** ", experiments::to_string(caption.profile));
  text += caption.see;
  if (!caption.contradicted.empty())
    text += fmt::format("\n\n*What would have contradicted {}:* {}", caption.profile == Profile::paper ? "it" : "it at the paper's scale",
                        caption.contradicted);
  return text.empty() ? "" : text + "\n\n";
}

std::string Page::sections() const {
  std::string out;
  for (const auto& section : sections_)
    out += std::visit(
        Overload{
            [](const Prose& p) { return fmt::format("### {}\n\n{}\n\n", p.heading, p.markdown); },
            [&](const Picture& p) {
              const bool is_plot = std::holds_alternative<Figure>(p.what);
              std::string text = fmt::format("### {0}\n\n![{0}](figures/{1}.{2})\n\n", p.heading, p.name, is_plot ? "svg" : "png");
              for (std::size_t row = 0; row < p.rows.size(); ++row)
                text += fmt::format("{}Row {}: {}.{}", row == 0 ? "" : " ", row + 1, p.rows[row], row + 1 == p.rows.size() ? "\n\n" : "");
              text += caption_text(p.caption);
              if (is_plot) text += fmt::format("Data: [{0}.tsv](figures/{0}.tsv).\n\n", p.name);
              return text;
            },
            [&](const Tabular& t) { return fmt::format("### {}\n\n{}\n{}", t.heading, to_markdown(t.table), caption_text(t.caption)); }},
        section);
  return out;
}

std::optional<double> Page::published(const std::string& id) const {
  const auto found = std::ranges::find(claims_, id, &Claim::id);
  return found == claims_.end() ? std::nullopt : found->published;
}

std::string Page::published_text(const std::string& id) const {
  const auto found = std::ranges::find(claims_, id, &Claim::id);
  return found == claims_.end() ? "–" : reporting::published_text(*found);
}

void Page::write(const std::filesystem::path& folder, const experiments::Program& program, const std::vector<Judgement>& judgements) const {
  std::string page = fmt::format("# {}\n\n{}\n\n", program.title, citation_);
  page += banners(results_);
  if (!findings_.empty()) page += fmt::format("## What came out\n\n- {}\n\n", fmt::join(findings_, "\n- "));
  page += provenance_section(program, results_);
  page += scoreboard_section(judgements, results_);
  page += claims_section(claims_, judgements, results_);
  if (!sections_.empty()) page += "## Figures and tables\n\n" + sections();
  page += settings_section(settings_);
  page += shrunk_settings_section(program);
  page += errata_section(errata_);
  page += checks_section(judgements, results_);
  page += missing_section(program, results_);
  page += metrics_section(metrics_);
  while (page.ends_with("\n\n")) page.pop_back();

  std::set<std::string> written;
  for (const auto& section : sections_) {
    const auto* picture = std::get_if<Picture>(&section);
    if (!picture) continue;
    std::visit(Overload{[&](const Figure& figure) {
                          write_figure(folder / "figures", figure);
                          written.insert({figure.name + ".svg", figure.name + ".tsv"});
                        },
                        [&](const ImageGrid& grid) {
                          write_png(folder / "figures" / (picture->name + ".png"), grid);
                          written.insert(picture->name + ".png");
                        }},
               picture->what);
  }
  remove_others(folder / "figures", written);
  experiments::replace_file(folder / "index.md", page);
}

}  // namespace reporting
