// # The page: the pendulum
//
// Its tables and figures, each method by its longest run at the highest profile that it has run at; Table 1 has every run.
#include "paper_vhp/pendulum_report.hpp"

#include "paper_vhp/angle_regression.hpp"
#include "paper_vhp/angle_report.hpp"
#include "paper_vhp/choices_report.hpp"
#include "paper_vhp/pendulum_rows.hpp"
#include "paper_vhp/pendulum_settings.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <numbers>

namespace vhp {

using experiments::Profile;
using experiments::Record;
using experiments::Series;
using reporting::Curve;
using reporting::Figure;
using reporting::Page;
using reporting::Palette;
using reporting::Panel;
using reporting::Style;

namespace {

// ## Figures 1 and 10
//
// The surface, as its sections at five values of the constraint.
void update_surfaces(Page& page) {
  Figure figure{.name = "figure_1_and_10", .columns = 2, .width = 900, .height = 400};
  for (const bool rewo : {true, false}) {
    Panel panel{.title = rewo ? "REWO, eq. (12)" : "GECO, eq. (5)",
                .x_label = "β before the step",
                .y_label = "change of β",
                .x_range = {{0, 2}},
                .y_range = {{-1.5, 1.5}}};
    int colour = 0;
    for (const double delta : {0.5, 0.25, 0.0, -0.25, -0.5}) {
      Curve curve{.label = fmt::format("Ĉ − κ² = {:g}", delta), .colour = colour++};
      for (int i = 0; i <= 100; ++i) {
        const double beta = 0.02 * i;
        curve.x.push_back(beta);
        curve.y.push_back((rewo ? rewo_update(beta, delta, 1, 3) : geco_update(beta, delta, 1)) - beta);
      }
      panel.curves.push_back(curve);
    }
    figure.panels.push_back(panel);
  }
  page.figure("Figures 1 and 10: what a step does to β (ν = 1, τ = 3)", figure,
              {.see = "While the constraint is violated (Ĉ above κ²) both do the same. Where it holds, REWO's β tends to 1 from both sides and "
                      "GECO's grows without end.",
               .contradicted = "curves for violated constraints that differ between the panels, or a REWO curve that does not cross zero at 1.",
               .profile = Profile::paper});
}

// ## Codes and prior at the marked iterations
enum class Shade { angle, deviation };

Curve cloud(const Series& series, Shade shade, double widest) {
  Curve curve{.label = "", .x = series.at("z_1"), .y = series.at("z_2"), .style = Style::small_points, .colour = 2};
  if (!series.contains("angle")) return curve;
  if (shade == Shade::angle) {
    for (double angle : series.at("angle")) curve.shade.push_back(angle / (2 * std::numbers::pi));
  } else {
    for (double deviation : series.at("deviation")) curve.shade.push_back(deviation / widest);
  }
  return curve;
}

// Posterior above, prior below, one column for each mark; both panels of a column have the same axes.
Figure clouds(const Record& record, const std::string& name, Shade shade) {
  const auto marks = marked_iterations(record.identity.settings);
  Figure figure{.name = name, .columns = static_cast<int>(marks.size()), .width = 60 + 215 * static_cast<int>(marks.size()), .height = 450};
  std::vector<Panel> below;
  double widest = 0;
  for (const std::int64_t mark : marks)
    widest = std::max(widest, std::ranges::max(record.series.at(fmt::format("posterior_at_{}", mark)).at("deviation")));
  for (const std::int64_t mark : marks) {
    const Series &posterior = record.series.at(fmt::format("posterior_at_{}", mark)), &prior = record.series.at(fmt::format("prior_at_{}", mark));
    Panel top = latent_plane(fmt::format("iteration {}", mark), shade == Shade::angle ? Palette::cyclic : Palette::greys);
    for (const Series* series : {&posterior, &prior}) {
      extend(top.x_range, series->at("z_1"));
      extend(top.y_range, series->at("z_2"));
    }
    Panel bottom = top;
    bottom.title = "";
    top.curves.push_back(cloud(posterior, shade, widest));
    bottom.curves.push_back(cloud(prior, shade, widest));
    figure.panels.push_back(top);
    below.push_back(bottom);
  }
  figure.panels.insert(figure.panels.end(), below.begin(), below.end());
  return figure;
}

// Beta over iterations, with a line at each mark; and the constraint beside it.
Figure beta_figure(const Record& record, const std::string& name) {
  const Series& curve = record.series.at("curve");
  Figure figure{.name = name, .columns = 2, .width = 900, .height = 340};
  for (const bool is_beta : {true, false}) {
    const std::string metric = is_beta ? "beta" : "constraint_ratio";
    std::map<double, double> course;  // the curve's points, and those of the marks, which may come before its first
    for (std::size_t i = 0; i < curve.at(metric).size(); ++i) course[curve.at("iteration")[i]] = curve.at(metric)[i];
    for (const std::int64_t mark : marked_iterations(record.identity.settings))
      course[static_cast<double>(mark)] = record.metrics.at(fmt::format("{}_at_{}", metric, mark)).value;
    std::vector<double> iterations, values;
    for (const auto& [iteration, value] : course) iterations.push_back(iteration), values.push_back(value);
    Panel panel{.x_label = "iteration", .y_label = is_beta ? "β" : "Ĉ / κ²", .log_x = true, .log_y = true};
    panel.curves.push_back({.label = "as recorded", .x = iterations, .y = values, .colour = 0});
    double least = 1, most = 1;
    for (double value : values)
      if (value > 0) least = std::min(least, value), most = std::max(most, value);
    for (const std::int64_t mark : marked_iterations(record.identity.settings))
      panel.curves.push_back({.label = "iterations shown above",
                              .x = {static_cast<double>(mark), static_cast<double>(mark)},
                              .y = {least, most},
                              .style = Style::reference,
                              .colour = 4});
    panel.curves.push_back(
        {.label = "1", .x = {iterations.front(), iterations.back()}, .y = {1, 1}, .style = Style::reference, .colour = 2});
    figure.panels.push_back(panel);
  }
  return figure;
}

constexpr const char* colours = "The colour is the joint angle: red 0°, green 120°, blue 240°.";

struct Course {
  std::string number, cell, see, contradicted;
  Shade shade = Shade::angle;
  std::string number_of_beta = {};  // where the paper has a figure of its own for it
};

// The means are drawn; what the posterior adds to them.
std::string deviations(const Record& record) {
  std::vector<std::string> each;
  for (const std::int64_t mark : marked_iterations(record.identity.settings))
    each.push_back(fmt::format("{:.2g}", reporting::summarise(record.series.at(fmt::format("posterior_at_{}", mark)).at("deviation")).mean));
  return fmt::format(" The posterior around a mean has a deviation of {} (average over the images, mark by mark): that much the prior is thicker than the line of the means.",
                     fmt::join(each, ", "));
}

void course(RecordView& p, const Course& c) {
  const Record* record = drawn(p, c.cell);
  if (!record) return;
  const std::string name = fmt::format("figure_{}{}", c.number, c.cell == "geco" ? "_geco" : "");
  const std::string label = row_label(c.cell, *record);
  const std::string how = std::string(c.shade == Shade::angle ? colours : "The darker a mean, the wider its posterior, on one scale for all panels.") + deviations(*record) +
                          (has_collapsed(*record) ? " The posterior has collapsed: all codes are in one spot." : "") +
                          (p.records(record->identity.cell).size() > 1 ? fmt::format(" The first of {} starts.", p.records(record->identity.cell).size()) : "");
  p.page.figure(fmt::format("Figure {}: {}, posterior means (above) and prior (below)", c.number, label), clouds(*record, name, c.shade),
                {.see = how + " " + c.see, .contradicted = c.contradicted, .profile = record->identity.profile});
  const std::string& method = record->identity.settings.text("method");
  if (method == "none" || method == "warm_up") return;
  const std::string initial_phase =
      method == "geco" ? "" : fmt::format("; the initial phase, in which β stands still, ended at {:.0f}", record->metrics.at("initial_phase_iterations").value);
  const std::string number = c.number_of_beta.empty() ? "" : fmt::format("Figure {}: ", c.number_of_beta);
  p.page.figure(fmt::format("{}{}: β and the constraint", number, label), beta_figure(*record, name + "_beta"),
                {.see = fmt::format("Both axes are logarithmic. Before iteration {} only the marks are on record{}.", record->series.at("curve").at("iteration").front(), initial_phase),
                 .contradicted = std::string(method == "geco" ? "" : "β above 1, or ") + "a β that rises while the constraint is violated.",
                 .profile = record->identity.profile});
}

// ## Figures 3 and 4

// The greatest distance of a path's node from the code nearest to it.
double farthest_from_codes(const Series& path, const Series& codes) {
  double farthest = 0;
  for (std::size_t i = 0; i < path.at("z_1").size(); ++i) {
    double nearest = INFINITY;
    for (std::size_t j = 0; j < codes.at("z_1").size(); ++j)
      nearest = std::min(nearest, std::hypot(path.at("z_1")[i] - codes.at("z_1")[j], path.at("z_2")[i] - codes.at("z_2")[j]));
    farthest = std::max(farthest, nearest);
  }
  return farthest;
}

void interpolation(RecordView& p) {
  Figure figure{.name = "figure_3", .columns = 3, .width = 1080, .height = 400};
  std::vector<experiments::Images> paths;
  std::vector<std::int64_t> jumps_at;
  std::vector<std::string> names;
  constexpr std::size_t n_shown = 14;
  std::string facts;
  const std::vector<std::string> cells{"rewo", "geco", "iwae"};
  const Together scale = together(p, cells);
  for (const std::string& cell : cells) {
    const Record* record = drawn(p, cell);
    if (!record) continue;
    Panel panel = latent_plane(row_label(cell, *record), Palette::blues);
    panel.curves.push_back(graph_nodes(record->series.at("graph")));
    if (record->series.contains("path")) {
      const Series& path = record->series.at("path");
      panel.curves.push_back({.label = "shortest path", .x = path.at("z_1"), .y = path.at("z_2"), .style = Style::line_points, .colour = 4});
      panel.curves.push_back({.label = "the codes of 0 and 180°", .x = {path.at("z_1").front(), path.at("z_1").back()}, .y = {path.at("z_2").front(), path.at("z_2").back()},
                              .style = Style::hollow_points, .colour = 1});
      // Both ends, and nodes between them at equal distances in number.
      const experiments::Images& all = record->images.at("path");
      experiments::Images shown{static_cast<std::int64_t>(n_shown), all.height, all.width, {}};
      const auto size = static_cast<std::size_t>(all.height * all.width), n = static_cast<std::size_t>(all.n);
      const auto node = [&](std::size_t i) { return i * (n - 1) / (n_shown - 1); };
      for (std::size_t i = 0; i < n_shown; ++i) {
        const auto from = all.pixels.begin() + static_cast<std::ptrdiff_t>(node(i) * size);
        shown.pixels.insert(shown.pixels.end(), from, from + static_cast<std::ptrdiff_t>(size));
      }
      paths.push_back(shown);
      names.push_back(row_label(cell, *record));
      const auto& seen = path.at("seen_angle");
      std::string jumps;
      for (std::size_t i = 1; i < seen.size(); ++i)
        if (const double jump = std::abs(wrapped(seen[i] - seen[i - 1])); jump > discontinuity) {
          jumps +=
              fmt::format("{}{:.0f}° to {:.0f}°", jumps.empty() ? "" : ", ", seen[i - 1] * 180 / std::numbers::pi, seen[i] * 180 / std::numbers::pi);
          std::size_t after = 1;  // the first image shown at or behind the jump
          while (after + 1 < n_shown && node(after) < i) ++after;
          jumps_at.push_back(static_cast<std::int64_t>((paths.size() - 1) * n_shown + after));
        }
      const Series& codes = record->series.at(fmt::format("posterior_at_{}", marked_iterations(record->identity.settings).back()));
      const double largest_jump = record->metrics.at("path_largest_jump_rad").value;
      std::string others;
      for (const Record* other : p.page.results().records(record->identity.profile, "pendulum/" + record->identity.cell))
        if (other != record && !other->diverged)
          others += fmt::format("{} {:.0f}°", others.empty() ? "; largest jump of other seeds" : ",", other->metrics.at("path_largest_jump_rad").value * 180 / std::numbers::pi);
      if (jumps.empty() && largest_jump > discontinuity) jumps = "at the path's ends";
      facts += fmt::format(
          "- {}: {} nodes between the two codes, largest jump of the angle {:.0f}°{}; the worst image is {} away from the nearest pendulum (root mean square of the grey "
          "scale); the path goes up to {:.2f} away from the nearest of {} codes, whose deviation from their mean is {:.2f}{}.\n",
          row_label(cell, *record), n - 2, largest_jump * 180 / std::numbers::pi,
          jumps.empty() ? ", no discontinuity" : fmt::format("; discontinuities (above 30°): {}", jumps),
          reporting::format_number(record->metrics.at("path_farthest_from_a_pendulum").value, 3), farthest_from_codes(path, codes), codes.at("z_1").size(), spread(codes), others);
    } else {
      facts += fmt::format("- {}: the graph does not join the two codes; there is no path.\n", row_label(cell, *record));
    }
    figure.panels.push_back(panel);
  }
  if (figure.panels.empty()) return;
  p.page.figure("Figure 3: the graph of prior samples, and the shortest path from 0 to 180 degrees", figure,
                {.see = "Dots are draws from the prior, the darker the longer the edges to their neighbours (the edges themselves are not drawn); the line is the path. The prior is as thick as "
                        "the posterior around its means, so a path may cross the inside of the ring." + scale.note,
                 .contradicted = "a path of REWO that leaves the cloud of draws.", .profile = scale.profile});
  if (!paths.empty())
    p.page.images(
        "Figure 4: the images along the path", "figure_4",
        {.images = reporting::join(paths), .columns = static_cast<std::int64_t>(n_shown), .scale = 4, .margin = 9, .marked = jumps_at}, names,
        {.see =
             "Decoded nodes from 0 (left) to 180 degrees (right), both codes included: 14 at equal distances in number, some twice where a path has fewer. "
             "The grey scale is stretched to the images' contrast. The paper marks discontinuities by eye; here the angle of each image is that of the "
             "nearest rendering, and a bar stands where it jumps by more than 30 degrees between neighbours on the path; a jump from 0 degrees to the first "
             "image, or from the last to 180, has none." + scale.note,
         .contradicted = "a jump in REWO's row.",
         .profile = scale.profile});
  p.page.prose("The paths in numbers", facts);
}

// ## Figure 18
void last_codes(RecordView& p) {
  Figure figure{.name = "figure_18", .columns = 3, .width = 760, .height = 480};
  std::vector<Panel> below;
  const std::vector<std::string> cells{"rewo", "geco", "iwae"};
  const Together scale = together(p, cells);
  for (const std::string& cell : cells) {
    const Record* record = drawn(p, cell);
    if (!record) continue;
    const Figure all = clouds(*record, "all", Shade::angle);
    const std::size_t n = all.panels.size() / 2;
    figure.panels.push_back(all.panels[n - 1]);
    figure.panels.back().title = row_label(cell, *record);
    below.push_back(all.panels.back());
  }
  figure.panels.insert(figure.panels.end(), below.begin(), below.end());
  figure.columns = static_cast<int>(std::max<std::size_t>(below.size(), 1));
  p.page.figure("Figure 18: codes (above) and prior (below) at the last mark", figure,
                {.see = colours + scale.note,
                 .contradicted = "codes of REWO that are no closed curve in the order of the colours.",
                 .profile = scale.profile});
}

// From where on GECO's beta is back, by its curve.
std::string back_again(const RecordView& p) {
  const Record* record = drawn(p, "geco");
  if (!record) return "";
  const auto& curve = record->series.at("curve");
  const auto &beta = curve.at("beta"), &iteration = curve.at("iteration");
  const auto least = std::ranges::min_element(beta);
  const auto back = std::ranges::find_if(least, beta.end(), [](double b) { return b >= 0.5; });
  return fmt::format(" Its least value on record is {:.1g}; {}.", *least,
                     back == beta.end() ? std::string("it does not come back to 0.5")
                                        : fmt::format("it is back at 0.5 by iteration {:.0f}", iteration[static_cast<std::size_t>(back - beta.begin())]));
}

}  // namespace

void write_pendulum(Page& page) {
  RecordView p(page, "pendulum");
  report_data(page);
  report_angles(p);
  update_surfaces(page);
  course(p, {"2", "rewo", "First the reconstruction alone is learned; then β grows and draws the codes together.",
             "a prior that does not cover the codes at the last mark.", Shade::deviation});
  course(p, {"2", "geco", "β falls while the reconstruction is bad, by a factor e^(-νδ) a step, and has a long way back." + back_again(p),
             "a β that never falls.", Shade::deviation});
  interpolation(p);
  course(p,
         {"11", "rewo_alternative", "β = 1 / (1 + τγ) is below 1 by construction.", "codes that are closer to a circle than with eq. (12)."});
  course(p, {"12", "vhp", "β is 1 from the beginning.", "codes that are closer to a circle than REWO's."});
  for (const auto& [number, cell] : {std::pair("13", "vhp_wu20"), {"14", "vhp_wu200"}})
    if (const Record* record = drawn(p, cell))
      course(p, {number, cell, fmt::format("β is 1 after {} epochs.", record->identity.settings.count("warm_up_epochs")),
                 "codes that are closer to a circle than REWO's."});
  report_regression(p);
  course(p, {"16", "rewo_elbo", "The mean of the log-weights takes the place of the log of their mean.",
             "codes as close to a circle as with the importance-weighted bound.", Shade::angle, "17"});
  last_codes(p);
  report_choices(page);

  page.setting({"data", "15,000 images of 16 x 16 pixels", "the same; a Gaussian bob of deviation 2 pixels and contrast 0.3", "section 4.1",
                "the paper does not say how they were drawn; these were chosen for the length of the initial phase, and overshoot it (see What came out)"});
  page.setting({"networks", "four hidden layers of 256 ReLU units in each conditional", "the same", "Table 3", ""});
  page.setting({"size of ζ", "not said", "2, as z", "–", ""});
  page.setting({"initialisation", "not said", "Glorot's uniform, biases zero", "–", ""});
  page.setting(
      {"decoder", "Gaussian", "Gaussian of fixed variance 0.09 a pixel", "Table 3",
       "not said; with it the constraint binds before β is 1, as in Figure 2; `seeds` has others"});
  page.setting(
      {"deviation of p(z|ζ)", "not said", "below 1 (a sigmoid)", "–", fmt::format("chosen, that draws from the prior stay near the codes; without it (`seeds`, unbounded prior) the error is {} in place of {}",
                     p.page.at_paper({"seeds", "rewo_unbounded_prior", "angle_error_arcsin_rad"}).value_or("(not run)"),
                     p.page.at_paper({"seeds", "rewo", "angle_error_arcsin_rad"}).value_or("(not run)"))});
  page.setting({"C", "\"the reconstruction-error-related term in -log p(x|z)\"", "squared error, averaged over the pixels", "section 2.1",
                "κ = 0.02 is out of reach for a sum over pixels"});
  page.setting({"objective", "L_VHP, eq. (10)", "-log p(x|z) + β F, in nats", "section 2.2",
                "eq. (10) divided by λ, with the likelihood in the place of C: at β = 1 it is the negative ELBO"});
  page.setting({"κ, ν, K", "0.02, 5, 16", "the same", "Table 3", ""});
  page.setting({"τ", "3 in Figure 1", "3", "Figure 1", ""});
  page.setting({"α, β at the start", "not said", "0.99, 0.001", "–", "GECO, which has no initial phase, begins at the same β; `seeds` has it begin at 1"});
  page.setting({"batch", "not said", "128", "–", "with it the 20 epochs of Figure 13 are 2,360 iterations, and the figure has an event at 2,000"});
  page.setting({"optimiser", "Adam, 1e-4", "the same, default decay rates", "Table 3", ""});
  page.setting({"graph", "1,000 nodes, 18 neighbours", "the same", "Table 3", ""});

  page.erratum({"eqs. (15), (16)", "λ = 1 + γ and β = 1 / (1 + τγ)", "λ = 1 + τγ", "both describe 1/λ = β; τ then only rescales the start of γ"});
  page.erratum(
      {"Figure 15", "the joint angle against arcsin(z₂/r)", "folded at ±π/2", "an arcsine does not tell the left half of the circle from the right"});
  page.setting({"shade of Figure 2", "the posterior's variance", "its deviation, white to the widest of the figure", "Figure 2", "the same order, less contrast needed"});
  page.erratum({"Table 2, text", "GEKO", "GECO", "section 2.1"});

  page.metric("angle_error_arcsin_rad",
              "Mean absolute error of the linear regression of the folded joint angle on arcsin(z₂/r), over all images; the circle is fitted by "
              "least squares.");
  page.metric("angle_error_knowing_nothing_rad", "π/4: what the first error is of codes that know nothing of the angle.");
  page.metric("path_discontinuity_rad", "30 degrees: the jump from which this page speaks of a discontinuity.");
  page.metric("angle_error_turned_rad",
              "The mean of that error over 18 turns of the codes around the circle's centre, at the last mark, by the 300 codes that the record holds; "
              "angle_error_least_turned_rad and angle_error_greatest_turned_rad are the least and the greatest of them.");
  page.metric("angle_error_polar_rad", "The same with the distance of each code from the circle's centre in the place of the circle's radius.");
  page.metric("angle_error_rad",
              "Mean absolute difference between the joint angle and the code's angle around the fitted circle, after the best shift and orientation; "
              "the short way around.");
  page.metric("winding_number", "How often the code goes around the circle's centre while the pendulum goes around once.");
  page.metric("constraint_ratio", "Ĉ / κ²: at most 1 where the constraint holds.");
  page.metric("initial_phase_iterations", "The length of Algorithm 1's initial phase.");
  page.metric("path_largest_jump_rad",
              "Along the shortest path from 0 to 180 degrees: the largest difference of the angle between neighbouring images, 0 and 180 degrees themselves "
              "being its ends: a path on which nothing moves has jumped. π where the graph has no path.");
  page.metric("path_farthest_from_a_pendulum", "Along that path: the largest root mean squared distance of an image from the nearest rendering.");
}

}  // namespace vhp
