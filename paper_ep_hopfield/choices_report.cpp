// # The page: what the paper leaves open
#include "common/tensors/errors.hpp"
#include "paper_ep_hopfield/experiments.hpp"
#include "paper_ep_hopfield/report.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

namespace ep_hopfield {

using experiments::Record;
using reporting::Align;
using reporting::Curve;
using reporting::Page;
using reporting::Panel;
using reporting::Profile;
using reporting::Style;

namespace {

// ## Training by either gradient

// What share of the training examples each seed left out.
std::string left_out(const Page& page, Profile profile, const std::string& cell) {
  std::string text;
  for (const Record* record : page.results().records(profile, cell))
    if (const auto share = record->metrics.find("left_out_share"); share != record->metrics.end())  // none: diverged, or another gradient
      text += fmt::format("{}{:.1f}", text.empty() ? "" : ", ", 100 * share->second.value);
  return text.empty() ? "–" : text + " %";
}

Curve objective_curve(const Record& record, const std::string& label) {
  return {.label = label, .x = record.series.at("curve").at("epoch"), .y = objective_of(record), .style = Style::line_points};
}

// Epoch by epoch what is trained, so that a lead before the exact gradient's jumps is seen.
void objectives(Page& page, Profile profile) {
  reporting::Table table{{{"Model"}, {fmt::format("after {} epochs", early_epoch), Align::right}, {"halfway", Align::right}, {"at the end", Align::right},
                          {"greatest rise, exact", Align::right}, {"by EP", Align::right}},
                         {}};
  for (const ModelName& model : hopfield_models())
    for (const WayToTrain& way : ways_to_train()) {
      const std::vector<Courses> runs = courses(page, profile, model, way);
      if (runs.empty()) continue;
      const auto of_all = [&](const auto& value) {
        std::vector<std::string> texts;
        for (const Courses& run : runs) texts.push_back(fmt::format("{:+.1f}", value(run)));
        return fmt::format("{}", fmt::join(texts, ", "));
      };
      const auto at = [&](std::size_t epoch) { return of_all([&](const Courses& run) { return run.ep_less_exact(epoch); }); };
      const std::size_t last = runs.front().exact.size();
      table.rows.push_back({model.label + way.conditions(), at(early_epoch), at(runs.front().halfway()), at(last), of_all([](const Courses& run) { return greatest_rise(run.exact); }),
                            of_all([](const Courses& run) { return greatest_rise(run.ep); })});
    }
  if (table.rows.empty()) return;
  page.table("The objective by either gradient, seed by seed", table,
             {.see = "half SSE + β_KL KL, mean over an epoch's batches: that by equilibrium propagation less that by the exact gradient, above 0 where the exact one is ahead; and by how much either's "
                     "rises at most from one epoch to the next (below 0: it only falls).",
              .contradicted = "that equilibrium propagation costs nothing: differences above 0 where neither rises.",
              .profile = profile});
}

void cost(Page& page) {
  const Profile profile = shown_profile(page, "exact");
  reporting::Table table{
      {{"Model"},
       {"trained by"},
       {"classifier features", Align::right},
       {"half SSE", Align::right},
       {"KL", Align::right},
       {"variety of reconstructions", Align::right},
       {"examples left out, at least", Align::right},
       {"seeds", Align::right}},
      {}};
  reporting::Figure figure{.name = "exact_training", .columns = 3, .width = 1080, .height = profile == Profile::paper ? 760 : 440};
  for (const ModelName& model : hopfield_models()) {
    Panel plain{.title = model.label, .x_label = "epoch", .y_label = "half SSE + β_KL KL"}, slow = plain;
    for (const WayToTrain& way : ways_to_train()) {
      const std::string cell = model.id + "/" + way.cell;
      if (page.results().records(profile, "exact/" + cell).empty()) continue;
      const auto text = [&](const char* metric, int digits) { return estimate_text(page, profile, "exact", cell, metric, digits); };
      const Record* record = page.results().first(profile, "exact/" + cell);
      table.rows.push_back({model.label, way.rule() + way.conditions(), text("fid_classifier", 1), text("half_sse", 1), text("kl_nats", 2),
                            variety_text(page, profile, "exact/" + cell), left_out(page, profile, "exact/" + cell),
                            std::to_string(page.results().records(profile, "exact/" + cell).size())});
      Panel& of_rate = way.slow ? slow : plain;
      of_rate.title = model.label + way.rate();
      if (record) of_rate.curves.push_back(objective_curve(*record, way.rule() + way.but_for_rate()));
    }
    for (Panel* panel : {&plain, &slow}) {
      if (panel->curves.empty()) continue;
      panel->x_range = from_zero(*panel, &Curve::x);
      figure.panels.push_back(*panel);
    }
  }
  if (table.rows.empty()) return;
  page.table(
      "What equilibrium propagation costs", table,
      {.see = "The same models, data and batches at reduced scale; rows of a model with equal rates and free phases differ in the gradient, and in the "
              "examples that the exact one leaves out. "
              "Distances are those of the best epoch on held-out images. H-VAE's rate, 0.01 in place of Table 3's 0.0000668, was chosen on its first row's first seed, among "
              "0.0009, 0.003, 0.01 and 0.03 by the distance to held-out images. Where the variety of "
              "the reconstructions is 0 the model has collapsed, and the rows compare nothing else. Left out, by each seed: "
              "the share of training examples that had no exact gradient, because their state was no minimum (the Hessian was not positive), or whose linear "
              "system was not solved. At least, because conjugate gradients test only the directions that they walk. Further rows, which only profile paper has, "
              "tell the price of the rule from the harm of training that jumps: a third of the rate (H-VAE, TDH-VAE), and free phases long enough for nearly all of them to come to rest (TDH-VAE).",
       .contradicted = "a model that is worse by equilibrium propagation, beyond the spread over seeds, where the exact gradient trains without jumps: "
                       "the price of the rule.",
       .profile = profile});
  page.figure("Training by either gradient", figure,
              {.see = "The objective that is trained, mean over an epoch's batches, first seed. Near a state where the curvature of the energy "
                      "vanishes the exact gradient grows without bound; the contrast of two weakly clamped phases of few steps cannot.",
               .contradicted = "an objective that jumps under equilibrium propagation as well: then the rate alone would be too high.",
               .profile = profile});
  objectives(page, profile);
}

// ## Untrained networks

// The s at which the curvature 1 + 3 s tanh(3s/2) is 2/dt: beyond it Euler steps do not come to rest.
double largest_resting_state(double dt) {
  double low = 0, high = 100;
  for (int i = 0; i < 60; ++i) {
    const double s = (low + high) / 2;
    (1 + 3 * s * std::tanh(1.5 * s) < 2 / dt ? low : high) = s;
  }
  return low;
}

// What is left at the largest weights after the longest time, step size by step size, and whether a smaller step leaves less.
std::string left_at_last(const experiments::Series& series) {
  const double gain = std::ranges::max(series.at("gain")), time = std::ranges::max(series.at("time"));
  std::vector<std::pair<double, double>> left;  // dt, residual
  for (const std::size_t i : rows_where(series, "gain", gain))
    if (series.at("time")[i] == time) left.emplace_back(series.at("dt")[i], series.at("residual")[i]);
  std::ranges::sort(left, std::greater<>());
  std::string text;
  for (const auto& [dt, residual] : left) text += fmt::format("{}{:.2g} with {}", text.empty() ? "" : ", ", residual, dt);
  const double finest = left.back().second;
  const char* verdict = finest < 1e-3 ? "the smallest steps settle"
                                      : "the smallest do not settle either, so it is not the step size alone that keeps units moving";
  return fmt::format(" At {:.0f} times the weights there is left after time {:.0f}: {}; {}.", gain, time, text, verdict);
}

void laws(Page& page) {
  const Profile profile = shown_profile(page, "laws");
  if (const Record* record = page.results().first(profile, "laws/gradient_error")) {
    const auto& series = record->series.at("errors");
    Panel panel{.x_label = "β", .y_label = "relative error of the gradient", .log_x = true, .log_y = true};
    for (const auto& [column, label] : {std::pair("two_sided", "weights, two-sided"),
                                        {"input_two_sided", "input, two-sided"},
                                        {"one_sided", "weights, one-sided"},
                                        {"input_one_sided", "input, one-sided"}})
      panel.curves.push_back({.label = label, .x = series.at("beta"), .y = series.at(column), .style = Style::line_points});
    page.figure(
        "Gradient error against β", {.name = "gradient_error", .panels = {panel}, .width = 640, .height = 420},
        {.see = fmt::format(
             "A dense network of 40 units in double, settled to rest. From two sides the error falls with β to the power {:.2f} (weights) and "
             "{:.2f} (input, appendix A); from one side with {:.2f} and {:.2f}: between the two smallest β drawn. Training uses 0.1 and 0.02.",
             record->metrics.at("order_two_sided").value, record->metrics.at("order_input_two_sided").value,
             record->metrics.at("order_one_sided").value, record->metrics.at("order_input_one_sided").value),
         .contradicted = "a two-sided curve that is parallel to a one-sided one.",
         .profile = profile});
  }
  if (const Record* record = page.results().first(profile, "laws/weight_scale")) {
    const auto& series = record->series.at("residuals");
    reporting::Figure figure{.name = "weight_scale", .columns = 4, .width = 1320, .height = 360};
    for (const double dt : {0.5, 0.3, 0.25, 0.125}) {
      if (rows_where(series, "dt", dt).empty()) continue;
      Panel panel{.title = fmt::format("dt = {}", dt),
                  .x_label = "initial weights over Glorot's",
                  .y_label = "largest |ds/dt|",
                  .log_x = true,
                  .log_y = true};
      for (const double time : {5.0, 10.0, 20.0, 30.0}) {
        std::vector<std::size_t> rows;
        for (const std::size_t i : rows_where(series, "dt", dt))
          if (series.at("time")[i] == time) rows.push_back(i);
        panel.curves.push_back({.label = fmt::format("after time {:.0f}", time),
                                .x = picked(series, "gain", rows),
                                .y = picked(series, "residual", rows),
                                .style = Style::line_points});
      }
      figure.panels.push_back(panel);
    }
    page.figure("Stability against the scale of the weights", figure,
                {.see = fmt::format("The dense decoder before training, its weights times a gain: the fastest unit after equal times. A unit that "
                                    "rests at s has the curvature 1 + 3 s tanh(3s/2), whatever drives it there, so that Euler steps settle only up "
                                    "to |s| = {:.2f} with dt = 0.5, {:.2f} with 0.3 and {:.2f} with 0.25; large weights drive units beyond. Training uses "
                                    "0.3.{}",
                                    largest_resting_state(0.5), largest_resting_state(0.3), largest_resting_state(0.25), left_at_last(series)),
                 .contradicted = "a residual at dt = 0.5 that is as small as at 0.125 for the largest weights.",
                 .profile = profile});
  }
}

// Of these cells of `choices`, the words for those that are better than the chosen settings in distance and in squared error.
std::vector<std::string> better_choices(const Page& page, const std::vector<std::string>& cells) {
  const Profile profile = shown_profile(page, "choices");
  const auto at = [&](const Choice& choice, const char* metric) {
    const auto sample = page.results().estimate(profile, {choice.experiment, choice.cell, metric});
    return sample ? sample->mean : std::nan("");
  };
  const Choice& chosen = choices().front();
  std::vector<std::string> better;
  for (const Choice& choice : choices())
    if (std::ranges::find(cells, choice.cell) != cells.end() && at(choice, "fid_classifier") < at(chosen, "fid_classifier") &&
        at(choice, "half_sse") < at(chosen, "half_sse"))
      better.push_back(choice.what);
  return better;
}

void choices_table(Page& page) {
  const Profile profile = shown_profile(page, "choices");
  reporting::Table table{{{"Choice"},
                          {"classifier features", Align::right},
                          {"half SSE", Align::right},
                          {"KL", Align::right},
                          {"unsettled", Align::right},
                          {"seeds", Align::right}},
                         {}};
  std::vector<std::string> cells;
  for (const Choice& choice : choices()) {
    const auto& records = page.results().records(profile, choice.experiment + "/" + choice.cell);
    if (records.empty()) continue;
    const auto text = [&](const char* metric, int digits) { return estimate_text(page, profile, choice.experiment, choice.cell, metric, digits); };
    table.rows.push_back({choice.what, text("fid_classifier", 1), text("half_sse", 1), text("kl_nats", 2), text("unsettled_share", 3),
                          std::to_string(records.size())});
    cells.push_back(choice.cell);
  }
  const std::vector<std::string> better = better_choices(page, cells);
  std::string decided;
  std::vector<std::string> bad = better;  // better than ours beyond chance: what is left of them after both metrics
  int n_compared = 0;
  for (const auto& [metric, title] : {std::pair("fid_classifier", "distance"), {"half_sse", "half SSE"}})
    for (const bool less : {true, false}) {
      std::vector<std::string> found;
      const auto estimate = [&](const Choice& choice) { return finite_estimate(page, profile, {choice.experiment, choice.cell, metric}); };
      const auto chosen = estimate(choices().front());
      for (const Choice& choice : choices()) {
        const auto other = estimate(choice);
        const auto chance = chosen && other ? chance_lead(*chosen, *other, 0.05) : std::nullopt;
        n_compared += less && chance && &choice != &choices().front();
        if (chance && (less ? chosen->mean - other->mean : other->mean - chosen->mean) > *chance) found.push_back(choice.what);
      }
      if (less) std::erase_if(bad, [&](const std::string& what) { return std::ranges::find(found, what) == found.end(); });
      if (!found.empty()) decided += fmt::format("{} {} {}: {}", decided.empty() ? "" : ";", less ? "less" : "more", title, fmt::join(found, ", "));
    }
  if (!table.rows.empty())
    page.table("What the open choices do", table,
               {.see = "DH-VAE at reduced scale with one choice changed at a time. The first row, which `exact` trains too, was chosen before any of these runs. Distance and squared "
                       "error need not agree on a choice." + (decided.empty() ? " No row differs from the first by more than chance makes in 1 of 20 equal pairs." : fmt::format(" Beyond what chance makes in 1 of 20 equal pairs ({} were compared, all with the first row) there is{}.", n_compared, decided)),
                .contradicted = "a row far better than the first in both columns: then the choice was a bad one, at this scale at least." +
                                (bad.empty() ? "" : fmt::format(" Beyond chance in both: {}.", fmt::join(bad, "; "))) +
                                (better.empty() ? "" : fmt::format(" Better in both, by however little: {}.", fmt::join(better, "; "))),
                .profile = profile});
}

// ## The learning rate
//
// Table 3's rates are of trainings longer than those at reduced scale, which a higher rate may bring further.
void rates(Page& page) {
  const Profile profile = shown_profile(page, "choices");
  const auto text = [&](const std::string& experiment, const std::string& cell, const char* metric) {
    return estimate_text(page, profile, experiment, cell, metric, 1);
  };
  std::string by_rate;
  for (const Choice& choice : choices()) {
    if (!choice.cell.starts_with("adam_") && !choice.cell.starts_with("sgd")) continue;
    if (page.results().records(profile, choice.experiment + "/" + choice.cell).empty()) continue;
    by_rate += fmt::format("; {}: {}", choice.what, text(choice.experiment, choice.cell, "fid_classifier"));
  }
  const Record* as_chosen = page.results().first(profile, "exact/dh_vae/ep");
  if (profile == Profile::paper && as_chosen && !by_rate.empty()) {
    const auto& settings = as_chosen->identity.settings;
    page.finding(fmt::format("The learning rate at reduced scale, in {} steps: DH-VAE's distance is {} with Adam at Table 3's rate of {}{}. Table 2's range ends at 0.001; "
                             "trainings at Table 1's sizes are several times as long.",
                             settings.count("max_epochs") * settings.count("n_train") / settings.count("batch"), text("exact", "dh_vae/ep", "fid_classifier"),
                             settings.number("learning_rate"), by_rate));
  }
  reporting::Table table{{{"Model"}, {"Adam: classifier features", Align::right}, {"half SSE", Align::right}, {"SGD: classifier features", Align::right},
                          {"half SSE", Align::right}}, {}};
  for (const ModelName& model : hopfield_models()) {
    const std::string sgd = (model.id == "dh_vae" ? "" : model.id + "/") + "sgd_0.03", adam = model.id + "/ep";
    if (page.results().records(profile, "choices/" + sgd).empty()) continue;
    table.rows.push_back({model.label, text("exact", adam, "fid_classifier"), text("exact", adam, "half_sse"), text("choices", sgd, "fid_classifier"),
                          text("choices", sgd, "half_sse")});
  }
  if (table.rows.empty()) return;
  page.table("Adam and SGD for the three models", table,
             {.see = "Adam at Table 3's rates (H-VAE's is 0.01: with its own it collapses in so few steps), as `exact` trains them; SGD with a momentum of 0.9 at a rate of 0.03, "
                    "which lies beyond the range of Table 2.",
              .contradicted = "one optimiser that is ahead for every model: then the order of models is not the optimiser's doing.",
              .profile = profile});
}

// ## The sweep

// The program takes Table 2's ranges and Table 3's settings as its own, and the claims have them as printed: one must be the other.
void require_as_published(const Page& page) {
  const auto same = [&](const std::string& id, double ours) {
    const auto printed = page.published(id);
    tensors::require(!printed || *printed == ours, "{}: the program has {}, the claim {}", id, ours, printed.value_or(0));
  };
  for (const Range& range : table_2()) {
    const std::string row = std::string("table2.") + range.setting;
    same(row + ".minimum", range.low);
    same(row + ".maximum", range.high);
    if (range.high_of_f_vae) same(row + ".maximum_f_vae", *range.high_of_f_vae);
  }
  for (const experiments::Cell& cell : all_experiments().front().cells(Profile::paper))
    for (const Range& range : table_2())
      if (cell.settings.values().contains(range.setting)) same("table3." + cell.name + "." + range.setting, cell.settings.number(range.setting));
}

void sweep(Page& page) {
  require_as_published(page);
  const Profile profile = shown_profile(page, "sweep");
  reporting::Table table{{{"Model"},
                          {"trials", Align::right},
                          {"best trial, held-out", Align::right},
                          {"its test distance", Align::right},
                          {"median trial, held-out", Align::right},
                          {"expected best of half as many", Align::right},
                          {"published settings", Align::right},
                          {"best trial's β_KL, learning rate, hidden, latent, σ"}},
                         {}};
  reporting::Figure figure{.name = "sweep", .columns = 4, .width = 1200, .height = 560};
  for (const auto& [setting, label] : {std::pair("learning_rate", "learning rate"), {"hidden", "hidden units"}})
    for (const ModelName& model : model_names()) {
      Panel panel{.title = model.label, .x_label = label, .y_label = "distance to held-out images", .log_x = true, .log_y = true};
      const auto point = [&](const std::string& name, const std::string& cell, Style style) {
        reporting::Curve curve{.label = name, .style = style};
        for (int trial = 0; trial < (cell == "published" ? 1 : n_sweep_trials); ++trial) {
          const std::string path =
              cell == "published" ? fmt::format("sweep/{}/published", model.id) : fmt::format("sweep/{}/trial_{:02}", model.id, trial);
          if (const Record* record = page.results().first(profile, path)) {
            curve.x.push_back(record->identity.settings.number(setting));
            curve.y.push_back(record->metrics.at("held_out_fid").value);
          }
        }
        if (!curve.x.empty()) panel.curves.push_back(curve);
      };
      point("trial", "trial", Style::points);
      point("settings of Table 3", "published", Style::hollow_points);
      figure.panels.push_back(panel);
    }
  std::size_t most_trials = 0;
  std::vector<std::string> behind;
  for (const ModelName& model : model_names()) {
    std::vector<std::pair<double, const Record*>> trials;
    for (int trial = 0; trial < n_sweep_trials; ++trial)
      if (const Record* record = page.results().first(profile, fmt::format("sweep/{}/trial_{:02}", model.id, trial)))
        trials.emplace_back(record->metrics.at("held_out_fid").value, record);
    if (trials.empty()) continue;
    most_trials = std::max(most_trials, trials.size());
    std::ranges::sort(trials, {}, &std::pair<double, const Record*>::first);
    // The mean of the least of k of the n, drawn without replacement: the i-th least is it with C(n-1-i, k-1) / C(n, k).
    const std::size_t n = trials.size(), k = std::max<std::size_t>(1, n / 2);
    double expected = 0, chance = static_cast<double>(k) / static_cast<double>(n);
    for (std::size_t i = 0; i + k <= n; ++i) {
      expected += chance * trials[i].first;
      if (i + k < n) chance *= static_cast<double>(n - i - k) / static_cast<double>(n - 1 - i);
    }
    const Record& best = *trials.front().second;
    const double median = (trials[(n - 1) / 2].first + trials[n / 2].first) / 2;
    if (const Record* published = page.results().first(profile, "sweep/" + model.id + "/published");
        published && published->metrics.at("held_out_fid").value > median)
      behind.push_back(model.label);
    const auto& s = best.identity.settings;
    table.rows.push_back({model.label, std::to_string(n), fmt::format("{:.1f}", trials.front().first),
                          fmt::format("{:.1f}", best.metrics.at("fid_classifier").value),
                          fmt::format("{:.1f}", median),
                          fmt::format("{:.1f}", expected), estimate_text(page, profile, "sweep", model.id + "/published", "held_out_fid", 1),
                          fmt::format("{:.2f}, {:.1e}, {}, {}, {}", s.number("beta_kl"), s.number("learning_rate"), s.count("hidden"),
                                      s.count("latent"), model.id == "tdh_vae" ? fmt::format("{:.2f}", s.number("sigma")) : "–")});
  }
  if (table.rows.empty()) return;
  const std::string beyond_median =
      behind.empty() ? "" : fmt::format(" The published settings are behind the median trial for {}; few epochs make the small rates of long trainings look bad.", fmt::join(behind, ", "));
  const bool few = most_trials < 8;  // for five settings that change at once
  page.table("Tables 2 and 3: a sweep over the published ranges", table,
             {.see = "Trials are points of a Sobol sequence over the ranges of Table 2 (hidden units up to 100 in quick), at reduced scale. The "
                     "best of n is chosen by the very distance that it is reported with, so it is better than it deserves: what the best of half as many trials would be "
                     "on the average shows by how much. The test distance is to other real images and does not compare with the held-out one." + beyond_median,
              .contradicted = "published settings far worse than the median trial: then they are not Table 3's for runs as short as these.",
              .profile = profile});
  page.figure("The trials of the sweep", figure,
              {.see = std::string("Each trial's distance to the held-out images against its learning rate and its number of hidden units; the "
                                  "settings of Table 3, at the same reduced scale, are hollow.") +
                      (few ? fmt::format(" The {} trials of a model differ in all settings at once, so no dependence on one can be told.",
                                         most_trials)
                           : ""),
               .contradicted = few ? "nothing at this scale." : "no dependence on either setting.",
               .profile = profile});
}

}  // namespace

std::string against_choices(const Page& page, const std::vector<std::string>& others) {
  const std::vector<std::string> better = better_choices(page, others);
  return better.empty() ? "chosen before these runs; none of the table of choices is better in both columns"
                        : fmt::format("chosen before these runs, not by measurement: in the table of choices, at reduced scale, {} {} better in both columns",
                                      fmt::join(better, " and "), better.size() == 1 ? "is" : "are");
}

void write_open_choices(Page& page) {
  cost(page);
  laws(page);
  choices_table(page);
  rates(page);
  sweep(page);
}

}  // namespace ep_hopfield
