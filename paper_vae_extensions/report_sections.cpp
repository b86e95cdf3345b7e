// # What the sections share
#include "paper_vae_extensions/report_sections.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace vae_extensions {

const std::vector<TableRow>& table_rows() {
  static const std::vector<TableRow> rows{{"vae", "implementation", "VAE implementation", 0},
                                          {"vae", "tuned", "VAE tuned", 1},
                                          {"cnn", "cnn", "VAE CNN", 2},
                                          {"iwae", "as_coded", "IWAE", 3},
                                          {"dvae", "noise_0.05", "DVAE", 4},
                                          {"beta", "beta_4", "β-VAE", 5},
                                          {"cvae", "labels", "CVAE", 6}};
  return rows;
}

const TableRow& table_row(const std::string& experiment, const std::string& cell) {
  return *std::ranges::find_if(table_rows(), [&](const TableRow& row) { return row.experiment == experiment && row.cell == cell; });
}

double published(const Page& page, const TableRow& row, int n) {
  return page.published(fmt::format("table1.{}.n{}", row.experiment == "vae" ? row.cell : row.experiment, n)).value();
}

Standing standing(const Page& page, const TableRow& row, int n) {
  const std::string slower = fmt::format("{}/n{}", slower_cnn, n);
  const bool replaced = row.experiment == "cnn" && !first_record(page, row.path(n)) && first_record(page, slower);
  return replaced ? Standing{slower, row.label + ", rate 0.001"} : Standing{row.path(n), row.label};
}

Profile shown_profile(const Page& page, const std::string& cell_path) { return page.results().highest(cell_path).value_or(Profile::smoke); }

reporting::CellMetric metric_of(const std::string& cell_path, const std::string& metric) {
  const auto slash = cell_path.find('/');
  return {cell_path.substr(0, slash), cell_path.substr(slash + 1), metric};
}

std::optional<reporting::Sample> estimate(const Page& page, const std::string& cell_path, const std::string& metric) {
  return page.results().estimate(shown_profile(page, cell_path), metric_of(cell_path, metric));
}

std::string format(const std::optional<reporting::Sample>& sample) { return sample ? reporting::format_estimate(*sample, 2) : "–"; }

const Record* first_record(const Page& page, const std::string& cell_path) { return page.results().first(shown_profile(page, cell_path), cell_path); }

std::string scale_note(Profile profile) { return profile == Profile::paper ? "" : fmt::format(" ({})", to_string(profile)); }

Profile lowest_profile(const Page& page, const std::vector<std::string>& cell_paths) {
  Profile lowest = Profile::paper;
  for (const std::string& path : cell_paths)
    if (first_record(page, path)) lowest = std::min(lowest, shown_profile(page, path));
  return lowest;
}

std::vector<reporting::Curve> curves_by_profile(const Page& page, const reporting::Curve& like, const std::vector<Place>& places,
                                                const std::string& metric, double factor) {
  std::vector<reporting::Curve> curves;
  for (const Profile profile : {Profile::paper, Profile::quick, Profile::smoke}) {
    reporting::Curve curve = like;
    curve.label += scale_note(profile);
    const auto finish = [&] {
      if (!curve.x.empty()) curves.push_back(curve);
      curve.x.clear(), curve.y.clear();
    };
    for (const Place& place : places) {
      const auto sample = page.results().estimate(profile, metric_of(place.cell_path, metric));
      if (shown_profile(page, place.cell_path) != profile || !sample || !std::isfinite(sample->mean)) {
        finish();
        continue;
      }
      curve.x.push_back(place.x);
      curve.y.push_back(factor * sample->mean);
    }
    finish();
  }
  return curves;
}

}  // namespace vae_extensions
