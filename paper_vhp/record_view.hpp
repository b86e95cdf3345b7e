// An experiment's records as its part of the page meets them.
#pragma once

#include "common/reporting/page.hpp"
#include "common/reporting/statistics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace vhp {

// Each cell at the highest profile that it has run at, or, where cells are `compared`, at the highest that all of those have run at;
// labels say so where that is not the paper's scale (with_scale).
struct RecordView {
  RecordView(reporting::Page& page, const std::string& experiment, const std::vector<std::string>& compared = {})
      : page(page), experiment(experiment) {
    for (const auto& [at, cells] : page.results().cells()) {
      const auto has = [&](const std::string& cell) { return cells.contains(experiment + "/" + cell); };
      if (!compared.empty() && std::ranges::all_of(compared, has)) together = std::max(together.value_or(at), at);
    }
    if (together) profile = *together;
    else
      for (const auto& [at, cells] : page.results().cells())
        for (const auto& [path, records] : cells)
          if (path.starts_with(experiment + "/") && page.results().highest(path) == at) profile = std::min(profile, at);
  }

  std::optional<experiments::Profile> profile_of(const std::string& cell) const {
    return together ? together : page.results().highest(experiment + "/" + cell);
  }

  const std::vector<const experiments::Record*>& records(const std::string& cell) const {
    return page.results().records(profile_of(cell).value_or(experiments::Profile::smoke), experiment + "/" + cell);
  }

  // The record of a cell's first seed, or null.
  const experiments::Record* record(const std::string& cell) const {
    return page.results().first(profile_of(cell).value_or(experiments::Profile::smoke), experiment + "/" + cell);
  }

  // A metric over seeds.
  std::string text(const std::string& cell, const std::string& metric, int digits) const {
    const auto at = profile_of(cell);
    const auto sample = at ? page.results().estimate(*at, {experiment, cell, metric}) : std::nullopt;
    return sample ? reporting::format_estimate(*sample, digits) : std::string("–");
  }

  reporting::Page& page;
  std::string experiment;
  std::optional<experiments::Profile> together;
  experiments::Profile profile = experiments::Profile::paper;  // the lowest of its cells: what a caption over all of them names
};

// NaN where there is no record, it diverged, or it lacks the metric.
inline double value(const experiments::Record* record, const std::string& metric) {
  if (!record || record->diverged) return std::nan("");
  const auto found = record->metrics.find(metric);
  return found == record->metrics.end() ? std::nan("") : found->second.value;
}

// "0.153 ± 0.008", the standard deviation, not the mean's error; "–" where a value is missing.
inline std::string mean_and_deviation(const std::vector<double>& values, int digits) {
  const reporting::Sample sample = reporting::summarise(values);
  if (std::isnan(sample.mean)) return "–";
  return sample.n == 1 ? fmt::format("{:.{}f}", sample.mean, digits) : fmt::format("{:.{}f} ± {:.{}f}", sample.mean, digits, sample.sd, digits);
}

// "VHP (quick)" where the record is not of the paper's scale.
inline std::string with_scale(const std::string& label, const experiments::Record& record) {
  return record.identity.profile == experiments::Profile::paper ? label : fmt::format("{} ({})", label, to_string(record.identity.profile));
}

// A panel of points (z_1, z_2).
inline reporting::Panel latent_plane(const std::string& title, reporting::Palette palette = reporting::Palette::cyclic) {
  return {.title = title, .x_label = "z_1", .y_label = "z_2", .equal_units = true, .palette = palette};
}

// Widens a range so that it holds the values.
inline void extend(std::optional<std::pair<double, double>>& range, const std::vector<double>& values) {
  const auto [least, most] = std::ranges::minmax(values);
  range = range ? std::pair(std::min(range->first, least), std::max(range->second, most)) : std::pair(least, most);
}

// The nodes of a graph (columns z_1, z_2, mean_edge), the darker the longer their edges; the panel's palette is blues.
inline reporting::Curve graph_nodes(const experiments::Series& nodes) {
  const auto [shortest, longest] = std::ranges::minmax(nodes.at("mean_edge"));
  reporting::Curve cloud{
      .label = "draws from the prior", .x = nodes.at("z_1"), .y = nodes.at("z_2"), .style = reporting::Style::small_points, .colour = 0};
  for (const double edge : nodes.at("mean_edge")) cloud.shade.push_back(std::sqrt((edge - shortest) / std::max(longest - shortest, 1e-12)));
  return cloud;
}

}  // namespace vhp
