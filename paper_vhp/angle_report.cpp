// # The page: reading the angle
//
// Table 1 with every run, what the turn of the latent plane does to it, the errors while training, and Figure 15.
#include "paper_vhp/angle_report.hpp"

#include "paper_vhp/angle_regression.hpp"
#include "paper_vhp/choices_report.hpp"
#include "paper_vhp/pendulum_rows.hpp"
#include "paper_vhp/pendulum_settings.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <ranges>

namespace vhp {

using experiments::Profile;
using experiments::Record;
using experiments::Series;
using reporting::Figure;
using reporting::Panel;
using reporting::Style;

namespace {

// ## Table 1
void table_1(RecordView& p) {
  using reporting::Align;
  const Record* rewo = p.record("rewo");
  if (!rewo) return;
  const auto marks = marked_iterations(rewo->identity.settings);
  reporting::Table table{{{"Method"},
                          {"published", Align::right},
                          {"arcsin(z₂/r), at the end", Align::right},
                          {"with each code's own r", Align::right},
                          {"the code's own angle", Align::right},
                          {"turns of each run", Align::right},
                          {"KL [nats]", Align::right},
                          {"seeds", Align::right}},
                         {}};
  const std::size_t n_early = marks.size() - 1;
  std::vector<std::int64_t> early(marks.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(2, n_early)),
                                  marks.begin() + static_cast<std::ptrdiff_t>(n_early));
  for (const std::int64_t mark : early) table.columns.push_back({fmt::format("arcsin(z₂/r), at {}", mark), Align::right});
  const auto add = [&](const std::string& cell, const std::string& label, const std::string& published) {
    for (const Profile profile : {Profile::paper, Profile::quick, Profile::smoke}) {
      const auto& records = p.page.results().records(profile, "pendulum/" + cell);
      if (records.empty()) continue;
      const auto text = [&](const std::string& metric, int digits) {
        const auto sample = p.page.results().estimate(profile, {"pendulum", cell, metric});
        return sample ? reporting::format_estimate(*sample, digits) : std::string("–");
      };
      std::vector<double> divergences;
      for (const Record* record : records) divergences.push_back(record->diverged ? std::nan("") : divergence(*record));
      std::vector<std::string> turns;
      for (const Record* record : records)
        turns.push_back(record->diverged ? "diverged" : has_collapsed(*record) ? "collapsed" : fmt::format("{:.0f}", record->metrics.at("winding_number").value));
      const bool records_divergence = records.front()->diverged || !std::isnan(divergences.front());  // IWAE has none
      std::vector<std::string> line{label_of(label, *records.front()),
                                    published,
                                    text("angle_error_arcsin_rad", 3),
                                    text("angle_error_polar_rad", 3),
                                    text("angle_error_rad", 3),
                                    fmt::format("{}", fmt::join(turns, ", ")),
                                    records_divergence ? reporting::format_estimate(reporting::summarise(divergences), 2) : "–",
                                    std::to_string(records.size())};
      for (const std::int64_t mark : early) line.push_back(text(fmt::format("angle_error_arcsin_rad_at_{}", mark), 3));
      table.rows.push_back(line);
    }
  };
  for (const PendulumRow& row : pendulum_rows) {
    add(row.cell, row.label, p.page.published_text("table1." + row.cell));
    if (row.cell != "rewo") add(row.cell + shorter, row.label, "–");
  }
  add(std::string("rewo_rod") + shorter, "a bright rod, variance 0.05: VHP + REWO", "–");
  add(std::string("geco_rod") + shorter, "a bright rod, variance 0.05: VHP + GECO", "–");
  p.page.table("Table 1: absolute error of the angle [radians]", table,
               {.see = "The paper's regression on arcsin(z₂/r), folded as the arcsine folds, and beside it the error of the code's own angle around "
                       "the fitted circle, which a code can only have small if it runs around the circle once. The arcsine is steep near z₂ = r, so "
                       "that codes off the circle, "
                       "though in the right direction, cost much in the first of the three errors and nothing in the next two. Codes that know nothing have "
                       "0.79, 0.79 and 1.57; collapsed ones (KL below 0.1 nats) have what chance gives their last digits. KL is training's bound F on the divergence of q(z|x) from the prior, averaged "
                       "over the last stretch of the curve. Where there are several seeds, ± is the standard error of their mean. Rows of different scale do not compare: quick has 6,000 "
                       "iterations.",
                .contradicted = "an error of REWO that is not the smallest: the paper's next smallest is 3.7 times as large.",
                .profile = p.profile});
}

// The radius of the circle that fits a record's codes at a mark over their spread: 1 for a circle, far above it for codes along a line.
double roundness(const Series& codes) { return fit_circle(codes.at("z_1"), codes.at("z_2")).radius / spread(codes); }
constexpr double lie_on_a_line = 5;

void turns_of_the_plane(RecordView& p) {
  using reporting::Align;
  reporting::Table table{{{"Run"},
                          {"seed", Align::right},
                          {"published", Align::right},
                          {"arcsin(z₂/r), as the plane lies", Align::right},
                          {"mean over turns", Align::right},
                          {"least", Align::right},
                          {"greatest", Align::right},
                          {"the code's own angle", Align::right},
                          {"radius over spread", Align::right}},
                         {}};
  double widest = 1;
  Profile lowest = Profile::paper;
  const auto add = [&](const std::string& cell, const std::string& row) {
    for (const Record* record : p.records(cell)) {
      if (record->diverged || has_collapsed(*record)) continue;
      const std::string last = fmt::format("_at_{}", marked_iterations(record->identity.settings).back());
      const auto text = [&](const std::string& metric) { return fmt::format("{:.3f}", record->metrics.at(metric + last).value); };
      widest = std::max(widest, record->metrics.at("angle_error_greatest_turned_rad").value / record->metrics.at("angle_error_least_turned_rad").value);
      lowest = std::min(lowest, record->identity.profile);
      table.rows.push_back({row_label(row, *record), std::to_string(record->identity.seed), p.page.published_text("table1." + row),
                            text("angle_error_arcsin_rad"), text("angle_error_turned_rad"), text("angle_error_least_turned_rad"),
                            text("angle_error_greatest_turned_rad"), text("angle_error_rad"), fmt::format("{:.2f}", roundness(record->series.at("posterior" + last)))});
    }
  };
  for (const PendulumRow& row : pendulum_rows) {
    add(row.cell, row.cell);
    if (row.cell != "rewo") add(row.cell + shorter, row.cell);
  }
  p.page.table("Table 1 and the turn of the plane [radians]", table,
               {.see = fmt::format("The same regression after the codes are turned around their circle's centre, in steps of 10 degrees, each run at its last mark (27,500 of 30,000 "
                                   "iterations); the turned ones by 300 images. No direction of the latent plane is preferred, so which of these errors a run has is an accident: for one "
                                   "and the same code they differ by up to a factor of {:.1f}. The published values are of one turn each, too. An arcsine does not see the "
                                   "left half from the right, so a code that is torn, or folded onto a line, may still have a small least error; the code's own angle tells. Where the "
                                   "radius of the fitted circle is far above the codes' spread they lie on a line, and their angle around its centre says nothing. Collapsed codes are left out.",
                                   widest),
                .contradicted = "least and greatest errors that lie closer together than the methods do: then Table 1 compares methods, not turns.",
                .profile = lowest});
}

void errors_over_time(RecordView& p) {
  std::vector<std::string> cells;
  for (const PendulumRow& row : pendulum_rows | std::views::take(7)) cells.push_back(row.cell);
  const Together scale = together(p, cells);
  std::vector<std::string> late;
  Figure figure{.name = "angle_error", .columns = 2, .width = 1000, .height = 480};
  for (const auto& [metric, title] : {std::pair("arcsin_error_rad", "regression on arcsin(z₂/r)"), {"unwrapped_error_rad", "the code's own angle"}}) {
    Panel panel{.title = title,
                .x_label = "iteration",
                .y_label = "absolute error [radians]",
                .log_x = true,
                .y_range = {{0, metric == std::string("arcsin_error_rad") ? 0.8 : 1.6}}};
    int colour = 0;
    for (const std::string& cell : cells) {
      const int own = colour++;
      const Record* record = drawn(p, cell);
      if (!record) continue;
      const auto add = [&](const Record& run, const std::string& label) {
        const Series& errors = run.series.at("angle_errors");
        panel.curves.push_back({.label = label, .x = errors.at("iteration"), .y = errors.at(metric), .colour = own});
      };
      add(*record, row_label(cell, *record));
      std::vector<std::string> runs{last_third(*record)};
      if (cell == "rewo")
        for (const Record* run : p.records(cell))
          if (run != record && !run->diverged) add(*run, ""), runs.push_back(last_third(*run));
      if (metric == std::string("arcsin_error_rad")) late.push_back(fmt::format("{} {}", row_label(cell, *record), fmt::join(runs, ", ")));
    }
    figure.panels.push_back(panel);
  }
  p.page.figure(
      "The error while training", figure,
      {.see = "The first seed of each method, and every seed of REWO; the other update is left out. The paper gives the value at the end only. Over "
              "the last third of a run the error on the left was between " + fmt::format("{}", fmt::join(late, "; ")) + "." + scale.note,
       .contradicted = "curves that still fall at the right end: then the last value says when training stopped, not which method is better.",
       .profile = scale.profile});
}

}  // namespace

std::string last_third(const Record& run) {
  const Series& errors = run.series.at("angle_errors");
  const auto& iterations = errors.at("iteration");
  const auto from = std::ranges::lower_bound(iterations, iterations.back() * 2 / 3) - iterations.begin();
  const auto [least, most] = std::ranges::minmax(errors.at("arcsin_error_rad") | std::views::drop(from));
  return fmt::format("{:.3f} and {:.3f}", least, most);
}

void report_angles(RecordView& p) {
  table_1(p);
  turns_of_the_plane(p);
  errors_over_time(p);
}

// ## Figure 15
void report_regression(RecordView& p) {
  Figure figure{.name = "figure_15", .columns = 3, .width = 1000, .height = 620};
  double least_error = 1e9;
  std::string closest, flat;
  const std::vector<std::string> cells{"rewo", "geco", "vhp", "vhp_wu20", "vhp_wu200"};
  const Together scale = together(p, cells);
  for (const std::string& cell : cells) {
    const Record* record = drawn(p, cell);
    if (!record) continue;
    const Series& s = record->series.at("regression");
    figure.panels.push_back({.title = row_label(cell, *record),
                             .x_label = "arcsin(z₂ / r)",
                             .y_label = "joint angle, folded",
                             .x_range = {{-1.7, 1.7}},
                             .y_range = {{-1.7, 1.7}}});
    const double error = record->metrics.at("angle_error_arcsin_rad").value;
    if (error < least_error) least_error = error, closest = fmt::format(" Closest to its line is {} ({:.3f}).", row_label(cell, *record), error);
    const std::string last = fmt::format("posterior_at_{}", marked_iterations(record->identity.settings).back());
    if (!has_collapsed(*record) && roundness(record->series.at(last)) > lie_on_a_line) flat += (flat.empty() ? "" : "; ") + row_label(cell, *record);
    auto& curves = figure.panels.back().curves;
    curves.push_back({.label = "images", .x = s.at("arcsin"), .y = s.at("folded_angle"), .style = Style::small_points, .colour = 0});
    curves.push_back({.label = "regression", .x = s.at("arcsin"), .y = s.at("fit"), .colour = 4});
  }
  p.page.figure(
      "Figure 15: the angle against arcsin(z₂/r)", figure,
      {.see = "The angle is folded into [-π/2, π/2] as the arcsine is, after the rotation that fits best; the line is the regression of Table 1. "
              "Codes further up or down than the circle's radius have the arcsine ±π/2 and stand in a column." +
              (flat.empty() ? "" : " Codes that lie along a line, far from the centre of the circle fitted to them, fill only a small part of the axis: " + flat + ".") + closest + scale.note,
       .contradicted = "points of REWO off the line while another method's are on it.",
       .profile = scale.profile});
}

}  // namespace vhp
