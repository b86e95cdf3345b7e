// # The page: human motion
//
// Its tables and figures, drawn from the records at the highest profile that all three methods have run at.
#include "paper_vhp/motion_report.hpp"

#include "common/reporting/statistics.hpp"
#include "paper_vhp/motion_experiment.hpp"
#include "paper_vhp/record_view.hpp"
#include "paper_vhp/stick_figure.hpp"

#include <fmt/format.h>

#include <array>
#include <map>
#include <ranges>

namespace vhp {

using experiments::Record;
using experiments::Series;
using reporting::Align;
using reporting::Curve;
using reporting::Figure;
using reporting::Page;
using reporting::Palette;
using reporting::Panel;
using reporting::Style;

namespace {

struct Row {
  std::string cell, label;
};
const std::array<Row, 3> rows{{{"vhp", "VHP + REWO"}, {"vampprior", "VampPrior"}, {"iwae", "IWAE"}}};
constexpr std::array<const char*, 5> motions{"walk", "run", "jump", "punch", "bend"};

// ## Figure 5
void codes(RecordView& p) {
  Figure figure{.name = "figure_5", .columns = 2, .width = 900, .height = 1100};
  for (const Row& row : rows) {
    const Record* record = p.record(row.cell);
    if (!record) continue;
    const Series &posterior = record->series.at("posterior"), &prior = record->series.at("graph");
    Panel left = latent_plane(with_scale(row.label, *record) + ": codes"), right = latent_plane(with_scale(row.label, *record) + ": prior");
    for (const Series* series : {&posterior, &prior}) {
      extend(left.x_range, series->at("z_1"));
      extend(left.y_range, series->at("z_2"));
    }
    right.x_range = left.x_range;
    right.y_range = left.y_range;
    constexpr std::array<int, 5> colours{0, 1, 2, 3, 6};
    for (std::size_t m = 0; m < motions.size(); ++m) {
      Curve curve{.label = motions[m], .style = Style::small_points, .colour = colours[m]};
      for (std::size_t i = 0; i < posterior.at("motion").size(); ++i)
        if (posterior.at("motion")[i] == static_cast<double>(m)) curve.x.push_back(posterior.at("z_1")[i]), curve.y.push_back(posterior.at("z_2")[i]);
      if (!curve.x.empty()) left.curves.push_back(curve);
    }
    right.curves.push_back({.label = "draws from the prior", .x = prior.at("z_1"), .y = prior.at("z_2"), .style = Style::small_points, .colour = 5});
    figure.panels.push_back(left);
    figure.panels.push_back(right);
  }
  if (figure.panels.empty()) return;
  p.page.figure("Figure 5: codes of five human motions, and the prior", figure,
                {.see = "Each dot on the left is a frame's posterior mean, its colour the motion; punch and bend have four fifths of the frames. "
                        "Both panels of a row have the same axes.",
                 .contradicted = "motions on top of each other in the first two rows, or a prior that does not cover the codes.",
                 .profile = p.profile});
}

// ## The numbers
struct Measure {
  const char *metric, *title;
  int digits;
};
constexpr std::array<Measure, 7> measures{{{"separation", "motions told apart", 3},
                                           {"separation_neighbours", "by the nearest code", 3},
                                           {"prior_gap_nats", "prior's gap [nats]", 2},
                                           {"reconstruction_rms_deg", "error [degrees]", 2},
                                           {"smoothness_deg", "smoothness [degrees]", 3},
                                           {"largest_step_deg", "largest step [degrees]", 2},
                                           {"smoothness_by_nodes_deg", "smoothness by nodes [degrees]", 2}}};

void numbers(RecordView& p) {
  if (!p.record(rows[0].cell)) return;
  reporting::Table table{{{"Method"}}, {}};
  for (const Measure& measure : measures) table.columns.push_back({measure.title, Align::right});
  table.columns.push_back({"paths found", Align::right});
  std::string chance;
  for (const Row& row : rows) {
    const Record* record = p.record(row.cell);
    if (!record) continue;
    std::vector<std::string> line{with_scale(row.label, *record)};
    for (const Measure& measure : measures) line.push_back(p.text(row.cell, measure.metric, measure.digits));
    line.push_back(p.text(row.cell, "paths_found", 3));
    table.rows.push_back(line);
    chance += fmt::format("{}{:.3f} ± {:.3f}", chance.empty() ? "" : ", ", record->metrics.at("separation_chance").value,
                          record->metrics.at("separation_chance_sd").value);
  }
  p.page.table("Human motion in numbers", table,
               {.see = fmt::format("Motions told apart: the share of right answers, mean over the five motions, when a draw from a frame's "
                                   "posterior is asked which motion's posteriors it fits best; frames within a quarter of a second do not vouch for "
                                   "each other. Motions dealt at random give {} (in the order of the rows; ± is the standard deviation over deals). "
                                   "The prior's gap is KL(aggregated posterior || prior). Smoothness and largest step are those of Figure 8's "
                                   "movements; the last but one column has them along the graph's own nodes, as many as there happen to be.",
                                   chance),
                .contradicted = "an IWAE that tells motions apart as well as the others; a VHP whose movements are not the smoothest.",
                .profile = p.profile});
}

// ## The seed's share
// A metric of a cell, by seed; without the seeds that do not have it.
std::map<std::uint64_t, double> by_seed(const RecordView& p, const std::string& cell, const std::string& metric) {
  std::map<std::uint64_t, double> values;
  for (const Record* record : p.records(cell))
    if (const auto found = record->metrics.find(metric); !record->diverged && found != record->metrics.end())
      values.emplace(record->identity.seed, found->second.value);
  return values;
}

std::vector<double> over_seeds(const RecordView& p, const std::string& cell, const std::string& metric) {
  std::vector<double> values;
  for (const double value : by_seed(p, cell, metric) | std::views::values) values.push_back(value);
  return values;
}

void seeds(Page& page) {
  RecordView p(page, "motion_seeds");
  if (over_seeds(p, rows[0].cell, "smoothness_deg").empty()) return;
  reporting::Table table{{{"Method"}}, {}};
  for (const Measure& measure : measures) table.columns.push_back({measure.title, Align::right});
  table.columns.push_back({"VHP smoother than it", Align::right});
  for (const auto& [suffix, what] : {std::pair("", ""), {"_variance_0.1225", ", variance 25 κ²"}})
    for (const Row& row : rows) {
      const auto own = by_seed(p, row.cell + suffix, "smoothness_deg"), vhp = by_seed(p, rows[0].cell + suffix, "smoothness_deg");
      if (own.empty()) continue;
      std::vector<std::string> line{row.label + what};
      for (const Measure& measure : measures) line.push_back(mean_and_deviation(over_seeds(p, row.cell + suffix, measure.metric), measure.digits));
      int n_smoother = 0, n_pairs = 0;
      for (const auto& [seed, value] : own)
        if (const auto same = vhp.find(seed); same != vhp.end()) n_smoother += same->second < value, ++n_pairs;
      line.push_back(row.cell == rows[0].cell ? std::string("–") : fmt::format("{} of {}", n_smoother, n_pairs));
      table.rows.push_back(line);
    }
  page.table("Human motion: the seed's share", table,
             {.see = "Means and standard deviations over starts (not errors of the mean), six of each method and three with the wider likelihood, "
                     "with the settings of profile quick: 6,000 iterations at five times the learning rate; each channel's own range as its scale, and κ "
                     "7 % of it. The same seed means the same start, batches, and pairs of frames.",
              .contradicted = "deviations as large as what lies between the methods.",
              .profile = p.profile});
}

// ## Figures 6, 7 and 19
struct Colour {
  const char* name;
  int number;
};
constexpr std::array<Colour, 4> colours{{{"black", 2}, {"orange", 1}, {"red", 4}, {"maroon", 6}}};

void graphs(RecordView& p) {
  Figure figure{.name = "figure_6", .columns = 3, .width = 1200, .height = 460};
  for (const Row& row : rows) {
    const Record* record = p.record(row.cell);
    if (!record) continue;
    Panel panel = latent_plane(with_scale(row.label, *record), Palette::blues);
    panel.curves.push_back(graph_nodes(record->series.at("graph")));
    for (const PicturedMovement& movement : pictured_movements()) {
      const auto path = record->series.find(fmt::format("path_{}", movement.name));
      if (path == record->series.end()) continue;
      const int colour = std::ranges::find(colours, std::string_view(movement.name), &Colour::name)->number;
      panel.curves.push_back({.label = movement.from == std::string_view(movement.to) ? fmt::format("within {}", movement.from)
                                                                                      : fmt::format("{} to {}", movement.from, movement.to),
                              .x = path->second.at("z_1"), .y = path->second.at("z_2"), .style = Style::line_points, .colour = colour});
    }
    figure.panels.push_back(panel);
  }
  if (figure.panels.empty()) return;
  p.page.figure("Figure 6: graphs of prior samples, and four movements along them", figure,
                {.see = "Dots are draws from the prior, the darker the longer the edges to their neighbours. The lines are shortest paths between "
                        "frames, the same for all methods: the middle frames of two motions, or those at a quarter and three quarters of one.",
                 .contradicted = "paths that leave the cloud of draws.",
                 .profile = p.profile});
}

// One row of postures for each method.
void postures(RecordView& p, const std::string& number, const PicturedMovement& movement) {
  std::vector<experiments::Images> images;
  std::vector<std::string> names;
  for (const Row& row : rows) {
    const Record* record = p.record(row.cell);
    if (!record) continue;
    const auto found = record->series.find(fmt::format("poses_{}", movement.name));
    if (found == record->series.end()) continue;
    const auto &parent = record->series.at("skeleton").at("parent"), &left = record->series.at("skeleton").at("left");
    const Bones bones{{parent.begin(), parent.end()}, {left.begin(), left.end()}};
    std::vector<std::vector<Point>> poses;
    for (std::size_t i = 0; i < found->second.at("x").size(); ++i) {
      if (i % parent.size() == 0) poses.emplace_back();
      poses.back().push_back({found->second.at("x")[i], found->second.at("y")[i]});
    }
    images.push_back(draw_stick_figures(poses, bones));
    names.push_back(fmt::format("{}: largest step {:.2f} degrees", with_scale(row.label, *record),
                                record->metrics.at(fmt::format("movement_{}_largest_step_deg", movement.name)).value));
  }
  if (images.empty()) return;
  const auto largest_step = [&](const Row& row) { return value(p.record(row.cell), fmt::format("movement_{}_largest_step_deg", movement.name)); };
  const std::string so_it_is = largest_step(rows[0]) > largest_step(rows[2]) ? " (so it is here)" : "";
  const std::string what = movement.from == std::string_view(movement.to) ? fmt::format("within {}", movement.from)
                                                                          : fmt::format("from {} to {}", movement.from, movement.to);
  p.page.images(fmt::format("Figure {}: {}", number, what), fmt::format("figure_{}_{}", number, movement.name),
                {.images = reporting::join(images), .columns = n_pictured_poses, .scale = 1}, names,
                {.see = "Postures at equal distances along the path, the left limbs lighter. The paper marks discontinuities by eye; here stands "
                        "the largest change between neighbours of 100 points along the path, root mean square over the angles.",
                 .contradicted = "a larger step in VHP's row than in IWAE's" + so_it_is + ".",
                 .profile = p.profile});
}

// ## Figure 8
void smoothness_figure(RecordView& p) {
  Figure figure{.name = "figure_8", .columns = 1, .width = 1300, .height = 820};
  constexpr std::string_view prefix = "smoothness_deg_";
  std::vector<std::string> joints;
  if (const Record* record = p.record(rows[0].cell))
    for (const auto& [name, metric] : record->metrics)
      if (name.starts_with(prefix)) joints.push_back(name.substr(prefix.size()));
  if (joints.empty()) return;
  constexpr std::array<std::string_view, 5> arm{"clavicle", "humerus", "radius", "wrist", "hand"};
  for (const bool arms : {false, true}) {
    Panel panel{.y_label = "smoothness [degrees]", .x_range = {{0.4, 0.6}}, .y_range = {{0, 0}}};
    for (const std::string& joint : joints) {
      const bool of_arm = std::ranges::find(arm, joint.substr(1)) != arm.end() || joint == "thorax" || joint == "head";
      if (of_arm != arms) continue;
      panel.x_ticks.emplace_back(static_cast<double>(panel.x_ticks.size() + 1), joint);
    }
    panel.x_range->second = static_cast<double>(panel.x_ticks.size()) + 0.6;
    for (std::size_t r = 0; r < rows.size(); ++r) {
      const Record* record = p.record(rows[r].cell);
      if (!record || !record->metrics.contains("smoothness_deg")) continue;  // no path was found
      const auto& settings = record->identity.settings;
      const double n_paths =
          record->metrics.at("paths_found").value * static_cast<double>(settings.count("n_graphs") * settings.count("n_interpolations"));
      Curve curve{.label = with_scale(rows[r].label, *record), .style = Style::points, .colour = static_cast<int>(r == 2 ? 4 : r)};
      for (const auto& [at, joint] : panel.x_ticks) {
        const auto& metric = record->metrics.at(std::string(prefix) + joint);
        const double sd = metric.standard_error.value_or(0) * std::sqrt(n_paths);
        curve.x.push_back(at + 0.2 * (static_cast<double>(r) - 1));
        curve.y.push_back(metric.value);
        curve.lo.push_back(std::max(metric.value - sd, 0.0));
        curve.hi.push_back(metric.value + sd);
        panel.y_range->second = std::max(panel.y_range->second, 1.05 * curve.hi.back());
      }
      panel.curves.push_back(curve);
    }
    figure.panels.push_back(panel);
  }
  std::string above;  // the joints in which the VHP is less smooth than another
  for (const Row& row : rows | std::views::drop(1)) {
    const auto vhp_above = [&](const std::string& joint) {
      const std::string metric = std::string(prefix) + joint;
      return value(p.record(rows[0].cell), metric) > value(p.record(row.cell), metric);
    };
    const auto n_above = std::ranges::count_if(joints, vhp_above);
    if (n_above > 0) above += fmt::format("{}{} of {} joints above the {}'s", above.empty() ? "" : ", ", n_above, joints.size(), row.label);
  }
  p.page.figure("Figure 8: smoothness of the movements, joint by joint", figure,
                {.see = "Root mean square of the second difference of a joint's angles along 100 points of a path, mean and standard deviation over "
                        "the interpolations (10 graphs, 100 each). Smaller is smoother.",
                 .contradicted = "marks of the VHP above those of the others" + (above.empty() ? "" : fmt::format(" (so it is, first start: {})", above)) + ".",
                 .profile = p.profile});
}

}  // namespace

void write_motion(Page& page) {
  RecordView p(page, "motion", {rows[0].cell, rows[1].cell, rows[2].cell});
  codes(p);
  numbers(p);
  seeds(page);
  graphs(p);
  for (const PicturedMovement& movement : pictured_movements())
    if (movement.name == std::string_view("red")) postures(p, "7", movement);
  for (const PicturedMovement& movement : pictured_movements())
    if (movement.name != std::string_view("red")) postures(p, "19", movement);
  smoothness_figure(p);

  page.setting({"motion: data", "five motions of the CMU database, 50 features a frame; motions and subject not named",
                "walk, run, jump, punch, bend of subject 02 (trials 01, 03 to 06); 2,530 of 5,088 frames at equal distances", "section 4.2",
                "as many frames as the paper's graph has nodes"});
  page.setting({"motion: features", "preprocessed as in Chen and others (2015)",
                "joint angles without root, fingers and thumbs, in half turns", "section 4.2",
                "the scale is not said; so κ is 3.6 degrees in every joint. Of the 50, the clavicles' four never move"});
  page.setting({"motion: networks, optimiser", "four hidden layers of 256 ReLU units; latents 2; Adam, 1e-4", "the same", "Table 3", ""});
  page.setting({"motion: κ, ν, K", "0.02, 1, 32", "the same (IWAE has the same K, VampPrior one draw)", "Table 3", ""});
  page.setting({"motion: decoder's variance", "not said", "κ²", "–",
                "an error that just fulfils the constraint is what the likelihood expects, and REWO can end at β = 1; all three methods then have "
                "the same likelihood"});
  page.setting({"motion: iterations, batch", "not said", "100,000, 64", "–", "see the settings' chapter; the pendulum's batch"});
  page.setting({"motion: VampPrior", "not said", "500 pseudo-inputs that begin at frames, linear warm-up over 100 epochs", "Tomczak and Welling "
                                                 "2018", ""});
  page.setting({"motion: graphs", "2,530 nodes, 15 neighbours; 10 graphs, 100 interpolations each", "the same", "Table 3, section 4.2", ""});
  page.setting({"motion: ends of the interpolations", "randomly selected", "pairs of frames, the same for all methods", "section 4.2", ""});
  page.setting({"motion: smoothness", "RMS of the second order finite difference along the path", "the same along 100 points at equal distances",
                "section 4.2", "a second difference grows with the square of the step, and paths have as many nodes as they happen to have"});

  page.metric("separation", "The share of right answers, mean over motions, when a draw from a frame's posterior is asked which motion's posteriors "
                            "it fits best; frames of the same recording within 0.25 s are left out. Chance is 1/5.");
  page.metric("separation_neighbours", "The same by the nearest posterior mean.");
  page.metric("prior_gap_nats", "KL(aggregated posterior || prior) over all frames: 0 where the prior matches the codes. For the VHP an upper "
                                "bound.");
  page.metric("smoothness_deg", "Root mean square second difference of a joint's angles along a path of 100 points; mean over interpolations, and "
                                "over joints where none is named.");
  page.metric("smoothness_by_nodes_deg", "The same along the nodes that the graph gives.");
  page.metric("largest_step_deg", "The largest change between neighbouring points of the path, root mean square over the 50 angles; mean over "
                                  "interpolations.");
  page.metric("reconstruction_rms_deg", "Root mean square error over frames and angles, decoded from posterior means.");
  page.metric("paths_found", "The share of pairs of frames that the graph joins; means are over these.");
}

}  // namespace vhp
