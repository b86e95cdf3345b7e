// # The page: settling, and the gradient it leads to
#include "paper_ep_hopfield/report.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace ep_hopfield {

using experiments::Record;
using reporting::Align;
using reporting::Curve;
using reporting::Page;
using reporting::Panel;
using reporting::Style;

namespace {

// ## Settling over training

// What is left at the last probe after all steps that are shown: the least and the most of the models.
std::string last_residuals(const Page& page) {
  std::string text;
  for (const std::string network : {"encoder", "decoder"}) {
    std::vector<double> left;
    for (const ModelName& model : hopfield_models()) {
      const Record* record = highest_record(page, model).first;
      if (record && record->series.contains("settling")) left.push_back(record->series.at("settling").at(network).back());
    }
    if (left.empty()) return "";
    const auto [least, most] = std::ranges::minmax(left);
    text += fmt::format("{} {}s at {:.1e} to {:.1e}", text.empty() ? " At the last probe the fastest unit ends, in" : ", in", network, least, most);
  }
  return text + "; at rest is below 0.001.";
}

// The networks whose fastest unit, at the last probe, is not at rest and no slower than half of what it was after half the steps shown.
std::string stuck(const Page& page) {
  std::vector<std::string> found;
  for (const ModelName& model : hopfield_models()) {
    const auto [record, label] = highest_record(page, model);
    if (!record || !record->series.contains("settling")) continue;
    const auto& series = record->series.at("settling");
    const auto rows = rows_where(series, "epoch", series.at("epoch").back());
    for (const std::string network : {"encoder", "decoder"}) {
      const auto residual = picked(series, network, rows);
      if (residual.back() > 1e-3 && residual.back() > 0.9 * residual[residual.size() * 3 / 4]) found.push_back(fmt::format("{}'s {}", label, network));
    }
  }
  return found.empty() ? "" : fmt::format(" It no longer falls in the last quarter of the steps in {}.", fmt::join(found, ", "));
}

void settling(Page& page) {
  reporting::Figure figure{.name = "settling", .columns = 3, .width = 1080, .height = 640};
  for (const std::string network : {"encoder", "decoder"})
    for (const ModelName& model : hopfield_models()) {
      const auto [record, label] = highest_record(page, model);
      Panel panel{.title = fmt::format("{}, {}", record ? label : model.label, network), .x_label = "Euler steps", .y_label = "largest |ds/dt|", .log_y = true};
      if (record && record->series.contains("settling")) {
        const auto& series = record->series.at("settling");
        const std::set<double> epochs(series.at("epoch").begin(), series.at("epoch").end());
        for (const double epoch : {0.0, 1.0, 4.0, *epochs.rbegin()}) {
          const auto rows = rows_where(series, "epoch", epoch);
          const std::string label = epoch == *epochs.rbegin() ? "last probe" : fmt::format("after epoch {:.0f}", epoch);
          panel.curves.push_back({.label = label, .x = picked(series, "steps", rows), .y = picked(series, network, rows)});
        }
      }
      panel.x_range = from_zero(panel, &Curve::x);
      figure.panels.push_back(panel);
    }
  page.figure(
      "Settling over training", figure,
      {.see = "The fastest unit of ten probe images after each step of the free phase, for twice the steps that training makes. A straight line is "
              "an exponential settling; a hump is what a passage near a saddle point on the way from zero would look like (not tested)." +
              last_residuals(page) + stuck(page),
       .contradicted = "a residual that stays up however many steps are made. A step size beyond what the curvature at the equilibrium allows would "
                       "do that, and so would large weights at any step size (\"Stability\" below)."});
}

// ## What a probe's comparison is worth
//
struct Probe {
  double residual_at_rest, n_left_out, free_unsettled_share, nudged_unsettled_share;

  // Not known to be a comparison with the gradient of stable equilibria at rest.
  bool bad() const { return !is_exact(residual_at_rest, n_left_out); }
};

Probe probe_at(const Record& record, double epoch) {
  const auto& probes = record.series.at("probes");
  const std::size_t row = rows_where(probes, "epoch", epoch).front();
  const auto at = [&](const char* column) { return probes.at(column)[row]; };
  return {at("residual_at_rest"), at("n_unstable") + at("n_unsolved"), at("free_unsettled_share"), at("nudged_unsettled_share")};
}

// ", of all runs at reduced scale 0.05 (h_vae/ep, seed 1, epoch 1)"
std::string least_of_all(const Page& page) {
  const auto profile = shown_profile(page, "exact");
  std::pair<double, std::string> least{INFINITY, ""};
  for (const ModelName& model : hopfield_models())
    for (const WayToTrain& way : ways_to_train()) {
      if (way.gradient != "ep") continue;
      for (const Record* record : page.results().records(profile, "exact/" + model.id + "/" + way.cell)) {
        if (!record->series.contains("gradients")) continue;
        const auto& gradients = record->series.at("gradients");
        for (std::size_t i = 0; i < gradients.at("epoch").size(); ++i)
          if (!probe_at(*record, gradients.at("epoch")[i]).bad())
            least = std::min(least, std::pair(gradients.at("settled_cosine.all")[i],
                                              fmt::format("{}, {}, seed {}, epoch {:.0f}", model.label, way.rule() + way.conditions(), record->identity.seed, gradients.at("epoch")[i])));
      }
    }
  return least.second.empty() ? "" : fmt::format("; of all runs by equilibrium propagation at reduced scale, {:.3f} ({})", least.first, least.second);
}

void probes(Page& page) {
  reporting::Table table{{{"Model"},
                          {"epoch", Align::right},
                          {"Euler steps a batch", Align::right},
                          {"unsettled settlings", Align::right},
                          {"worst free residual", Align::right},
                          {"free, nudged phases unsettled", Align::right},
                          {"cosine of EP's and the exact gradient", Align::right},
                          {"relative error", Align::right},
                          {"cosine, longer phases", Align::right},
                          {"residual at the exact one's state", Align::right},
                          {"images that have none", Align::right}},
                         {}};
  bool any_bad = false;
  std::pair<double, std::string> least_settled{INFINITY, ""};
  for (const ModelName& model : hopfield_models()) {
    const auto [record, label] = highest_record(page, model);
    if (!record || !record->series.contains("gradients")) continue;
    const auto &curve = record->series.at("curve"), &gradients = record->series.at("gradients");
    for (std::size_t i = 0; i < gradients.at("epoch").size(); ++i) {
      const double epoch = gradients.at("epoch")[i];
      const auto at = rows_where(curve, "epoch", epoch);
      const auto text = [&](const char* column, const char* format) {
        return at.empty() ? std::string("–") : fmt::format(fmt::runtime(format), curve.at(column)[at.front()]);
      };
      const Probe probe = probe_at(*record, epoch);
      const char* mark = probe.bad() ? " †" : "";
      any_bad = any_bad || probe.bad();
      if (!probe.bad())
        least_settled = std::min(least_settled, std::pair(gradients.at("settled_cosine.all")[i], fmt::format("{}, epoch {:.0f}", label, epoch)));
      table.rows.push_back({label, fmt::format("{:.0f}", epoch), text("euler_steps", "{:.0f}"), text("unsettled_share", "{:.3f}"),
                            text("worst_free_residual", "{:.2g}"),
                            fmt::format("{:.2f}, {:.2f}", probe.free_unsettled_share, probe.nudged_unsettled_share),
                            fmt::format("{:.4f}{}", gradients.at("cosine.all")[i], mark),
                            fmt::format("{:.3f}{}", gradients.at("error.all")[i], mark),
                            fmt::format("{:.4f}{}", gradients.at("settled_cosine.all")[i], mark), fmt::format("{:.2g}", probe.residual_at_rest),
                            fmt::format("{:.0f} of 10", probe.n_left_out)});
    }
  }
  if (!table.rows.empty())
    page.table(
        "Settling and gradients, epoch by epoch", table,
        {.see = "Left: over all settlings of the epoch, free and weakly clamped; a settling counts as unsettled where some unit still moves faster "
                "than 0.001. Right, from the share of unsettled phases on: ten probe images. The exact gradient is taken after five times the free "
                "steps; it is one only where its states have come to rest, the Hessians are positive, which the solver tests in the directions that it "
                "walks, and the linear systems are solved. \"Longer phases\" is equilibrium propagation with five times the steps in every phase, which end where no unit moves faster than 0.00001. Where they do, the size of the nudges is what parts the two. A dash: before training." +
                std::string(any_bad ? " †: for some image it is none, or was not shown to be one (a residual above 0.0001), so nothing can be said of the other gradient." : "") +
                " Elsewhere a cosine far from one may be a free phase that had not ended after its steps." +
                (least_settled.second.empty() ? "" : fmt::format(" With longer phases the least cosine of these rows where the exact gradient is one is {:.3f} ({}){}.", least_settled.first, least_settled.second,
                                                                  least_of_all(page))),
         .contradicted = "a cosine far from one with longer phases that come to rest: then the rule with these nudges, not the settling, would be at fault."});
}

// ## Equilibrium propagation's gradient against the exact one

// The relative errors before training, of all layers together and of single ones.
std::string errors_at_first(const Page& page) {
  std::vector<double> pooled, single;
  for (const ModelName& model : hopfield_models()) {
    const Record* record = highest_record(page, model).first;
    if (!record || !record->series.contains("gradients")) continue;
    for (const auto& [column, values] : record->series.at("gradients"))
      if (column.starts_with("error.")) (column == "error.all" ? pooled : single).push_back(values.front());
  }
  if (pooled.empty()) return "";
  return fmt::format(" Before training they differ by {:.3f} to {:.3f} of the exact gradient, all layers together, and by {:.3f} to {:.3f} in "
                     "single layers.",
                     std::ranges::min(pooled), std::ranges::max(pooled), std::ranges::min(single), std::ranges::max(single));
}

// The networks of all models, as their blocks are named in the series.
struct NetworkOf {
  ModelName model;
  std::string network;
};

std::vector<NetworkOf> networks() {
  std::vector<NetworkOf> all;
  for (const ModelName& model : hopfield_models()) {
    if (model.id == "tdh_vae") all.push_back({model, "network"});
    else all.insert(all.end(), {{model, "encoder"}, {model, "decoder"}});
  }
  return all;
}

void gradient_agreement(Page& page) {
  reporting::Figure figure{.name = "gradients", .columns = 5, .width = 1500, .height = 640};
  for (const std::string measure : {"cosine", "error"})
    for (const auto& [model, network] : networks()) {
      const auto [record, label] = highest_record(page, model);
      Panel panel{.title = fmt::format("{}, {}", record ? label : model.label, network),
                  .x_label = "epoch",
                  .y_label = measure == "cosine" ? "cosine with the exact gradient" : "relative error",
                  .log_y = measure == "error"};
      if (record && record->series.contains("gradients")) {
        const auto& series = record->series.at("gradients");
        for (const std::string block : {"image_image", "image_hidden", "image_code", "hidden_hidden", "hidden_code", "code_code"})
          if (const auto found = series.find(measure + "." + network + "." + block); found != series.end())
            panel.curves.push_back({.label = block.substr(0, block.find('_')) + "–" + block.substr(block.find('_') + 1),
                                    .x = series.at("epoch"),
                                    .y = found->second,
                                    .style = Style::line_points});
      }
      panel.x_range = from_zero(panel, &Curve::x);
      if (measure == "cosine") {
        double least = 0;
        for (const Curve& curve : panel.curves)
          for (const double cosine : curve.y) least = std::min(least, cosine);
        panel.y_range = std::pair(least, 1.0);
      }
      figure.panels.push_back(panel);
    }
  page.figure(
      "Equilibrium propagation against the exact gradient, layer by layer", figure,
      {.see =
           "The gradient that training uses, beside the exact gradient (implicit function theorem, conjugate gradients) after five times the free "
           "steps, on the same ten images; where the table above marks an epoch, the latter is none." +
           errors_at_first(page) +
           " They may part because the free phase has not ended within its steps: the training then follows the gradient of a state that is not an "
           "equilibrium yet. Or because the energy has next to no curvature at the equilibrium of one image: that image decides the exact "
           "gradient, but not the contrast of short weakly clamped phases.",
       .contradicted = "a disagreement where the settling has converged and the weakly clamped phases are long."});
}

// ## The size of the nudges, once a model is trained

// The runs by equilibrium propagation of a model that were probed so: at Table 3's sizes where it has run, and at reduced scale, which is that
// of quick.
std::vector<std::pair<const Record*, std::string>> with_nudges(const Page& page, const ModelName& model) {
  const auto profile = shown_profile(page, "exact");
  std::vector<std::pair<const Record*, std::string>> records{
      highest_record(page, model), {page.results().first(profile, "exact/" + model.id + "/ep"), model.label + ", reduced scale"}};
  if (records.back().first && records.front().first && records.front().first->identity.profile != reporting::Profile::paper) records.erase(records.begin());
  std::erase_if(records, [](const auto& entry) { return !entry.first || !entry.first->series.contains("nudges"); });
  return records;
}

void nudges(Page& page) {
  reporting::Figure figure{.name = "nudges", .columns = 3, .width = 1080, .height = 640};
  std::string least;
  bool none = false;
  for (const ModelName& model : hopfield_models())
    for (const auto& [record, label] : with_nudges(page, model)) {
      const auto& series = record->series.at("nudges");
      Panel panel{.title = label, .x_label = "nudges, over training's", .y_label = "relative error", .log_x = true, .log_y = true};
      for (const auto& [column, what] : {std::pair("error", "training's phases"), {"settled_error", "phases five times as long"}})
        panel.curves.push_back({.label = what, .x = series.at("factor"), .y = series.at(column), .style = Style::line_points});
      const auto& errors = series.at("settled_error");
      const auto best = static_cast<std::size_t>(std::ranges::min_element(errors) - errors.begin());
      const std::size_t chosen = rows_where(series, "factor", 1).front();
      if (!is_exact(series.at("residual_at_rest")[best], series.at("n_left_out")[best])) {
        panel.title += " †";
      } else {
        const auto& moving = series.at("settled_unsettled_share");
        least += fmt::format("{} {}: {:.3f} at training's nudges ({:.0f} % of whose phases still move faster than 0.00001), least {:.3f} at {:g} times them ({:.0f} %)",
                             least.empty() ? "" : ";", label, errors[chosen], 100 * moving[chosen], errors[best], series.at("factor")[best], 100 * moving[best]);
      }
      none = none || panel.title.ends_with("†");
      figure.panels.push_back(panel);
    }
  if (figure.panels.empty()) return;
  page.figure("The size of the nudges, once a model is trained", figure,
              {.see = "Both β times a factor, on the ten probe images after training: the error of equilibrium propagation's gradient, all blocks together. Where all phases come to "
                      "rest it should fall with the square of the nudges until single precision ends the fall." +
                      (least.empty() ? "" : " With phases five times as long," + least + ".") +
                      (none ? " †: not shown to be compared with an exact gradient, for some image has none or is not at rest." : ""),
               .contradicted = "an error with longer phases that smaller nudges do not make smaller, in a panel without †: then more than the size of the nudges parts the two, "
                               "be it that phases end too far from rest for so small a contrast."});
}

}  // namespace

void write_settling(Page& page) {
  settling(page);
  probes(page);
  gradient_agreement(page);
  nudges(page);
}

}  // namespace ep_hopfield
