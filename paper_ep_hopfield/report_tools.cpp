#include "paper_ep_hopfield/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace ep_hopfield {

using experiments::Record;
using reporting::CellMetric;
using reporting::Curve;
using reporting::Page;
using reporting::Panel;
using reporting::Profile;
using reporting::Sample;

Profile shown_profile(const Page& page, const std::string& experiment) {
  const auto n_cells = [&](Profile profile) -> std::ptrdiff_t {
    if (!page.results().has(profile)) return 0;
    return std::ranges::count_if(page.results().cells().at(profile), [&](const auto& cell) { return cell.first.starts_with(experiment + "/"); });
  };
  const std::array profiles{Profile::paper, Profile::quick, Profile::smoke};  // of equals the first is the greatest
  return *std::ranges::max_element(profiles, {}, n_cells);
}

std::pair<const Record*, std::string> highest_record(const Page& page, const ModelName& model) {
  const auto profile = page.results().highest("vae/" + model.id);
  if (!profile) return {};
  return {page.results().first(*profile, "vae/" + model.id), model.label + (*profile == Profile::paper ? "" : fmt::format(" ({})", to_string(*profile)))};
}

std::optional<Sample> finite_estimate(const Page& page, Profile profile, const CellMetric& metric) {
  const auto sample = page.results().estimate(profile, metric);
  return sample && std::isfinite(sample->mean) ? sample : std::nullopt;
}

std::optional<double> chance_lead(const Sample& a, const Sample& b, double false_alarm) {
  const reporting::Spread spread = reporting::pooled(std::array{a, b});
  if (spread.dof == 0) return {};
  return reporting::prediction_half_width(spread, a.n, b.n, false_alarm);
}

std::string estimate_text(const Page& page, Profile profile, const std::string& experiment, const std::string& cell, const std::string& metric,
                          int digits) {
  const auto sample = page.results().estimate(profile, CellMetric{experiment, cell, metric});
  return sample ? reporting::format_estimate(*sample, digits) : "–";
}

std::string variety_text(const Page& page, Profile profile, const std::string& cell_path) {
  const Record* record = page.results().first(profile, cell_path);
  return record ? fmt::format("{:.3f}", variety_of_reconstructions(*record)) : "–";
}

double variety_of_reconstructions(const Record& record) {
  const auto variance = [&](const char* name) {
    const experiments::Images& images = record.images.at(name);
    const auto n = static_cast<std::size_t>(images.n), size = images.pixels.size() / n;
    double total = 0;
    for (std::size_t pixel = 0; pixel < size; ++pixel) {
      double sum = 0, squares = 0;
      for (std::size_t i = 0; i < n; ++i) {
        const double level = images.pixels[i * size + pixel];
        sum += level;
        squares += level * level;
      }
      total += squares / static_cast<double>(n) - sum * sum / static_cast<double>(n * n);
    }
    return total;
  };
  return variance("reconstructions") / variance("originals");
}

std::vector<double> objective_of(const Record& record) {
  const auto& curve = record.series.at("curve");
  std::vector<double> objective;
  std::ranges::transform(curve.at("half_sse"), curve.at("kl_nats"), std::back_inserter(objective),
                         [weight = record.identity.settings.number("beta_kl")](double half_sse, double kl) { return half_sse + weight * kl; });
  return objective;
}

std::vector<Courses> courses(const Page& page, Profile profile, const ModelName& model, const WayToTrain& way) {
  std::vector<Courses> pairs;
  const WayToTrain* other = by_ep(way);
  if (way.gradient == "ep" || !other) return pairs;
  const auto runs = [&](const WayToTrain& of) { return page.results().records(profile, "exact/" + model.id + "/" + of.cell); };
  for (const Record* exact : runs(way))
    for (const Record* ep : runs(*other))
      if (exact->identity.seed == ep->identity.seed && !exact->diverged && !ep->diverged) pairs.push_back({objective_of(*ep), objective_of(*exact)});
  std::erase_if(pairs, [](const Courses& run) { return run.exact.size() < early_epoch || run.exact.size() != run.ep.size(); });
  return pairs;
}

double greatest_rise(const std::vector<double>& objective) {
  double rise = -INFINITY;
  for (std::size_t i = 1; i < objective.size(); ++i) rise = std::max(rise, objective[i] - objective[i - 1]);
  return rise;
}

std::optional<std::pair<double, double>> from_zero(const Panel& panel, std::vector<double> Curve::* axis) {
  double most = 0;
  for (const Curve& curve : panel.curves)
    for (const double value : curve.*axis) most = std::isfinite(value) ? std::max(most, value) : most;
  return most > 0 ? std::optional(std::pair(0.0, 1.03 * most)) : std::nullopt;
}

std::vector<ModelName> hopfield_models() {
  const auto& all = model_names();
  return {all.begin() + 1, all.end()};
}

std::vector<std::size_t> rows_where(const experiments::Series& series, const std::string& column, double value) {
  std::vector<std::size_t> rows;
  for (std::size_t i = 0; i < series.at(column).size(); ++i)
    if (series.at(column)[i] == value) rows.push_back(i);
  return rows;
}

std::vector<double> picked(const experiments::Series& series, const std::string& column, const std::vector<std::size_t>& rows) {
  std::vector<double> values;
  for (std::size_t i : rows) values.push_back(series.at(column)[i]);
  return values;
}

}  // namespace ep_hopfield
