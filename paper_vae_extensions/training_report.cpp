// # Training, drawn
//
// Figures 1 and 2, and the trials of section 4.2.1.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "paper_vae_extensions/cnn.hpp"
#include "paper_vae_extensions/report_sections.hpp"

namespace vae_extensions {

using reporting::Curve;
using reporting::Panel;
using reporting::Style;

namespace {

// ## Figure 1
//
// A single first value of the convolutional row may lie hundreds of nats below all others: the panel then ends below the dense rows,
// and the text says what it leaves out.
std::string cut_at_dense_rows(Panel& panel, const std::string& title, const std::string& what) {
  double least_dense = 0, least = 0, most = -std::numeric_limits<double>::infinity();
  for (const Curve& curve : panel.curves)
    for (const double y : curve.y) {
      if (!curve.label.starts_with(table_row("cnn", "cnn").label)) least_dense = std::min(least_dense, y);
      least = std::min(least, y), most = std::max(most, y);
    }
  if (least > least_dense - 100) return "";
  const double bottom = 10 * std::floor(least_dense / 10), top = 10 * std::ceil(most / 10);
  panel.y_range = std::pair(bottom, top);
  return fmt::format(" The CNN's {} at {} ({:.0f} nats) lies below the panel.", what, title, least);
}

// The deepest point to which a test curve comes down by more than 10 nats after a pass that was better.
std::string deepest_fall(const Panel& panel, const std::string& title) {
  std::string text;
  double deepest = 10;
  for (const Curve& curve : panel.curves) {
    if (curve.style != Style::reference) continue;
    double best = curve.y.front();
    for (std::size_t i = 0; i < curve.y.size(); ++i) {
      best = std::max(best, curve.y[i]);
      if (best - curve.y[i] <= deepest) continue;
      deepest = best - curve.y[i];
      text = fmt::format("; so it is for a while: \"{}\" at {} falls by {:.0f} nats to {:.0f} after {:.0f} thousand images, and ends at {:.0f}",
                         curve.label, title, deepest, curve.y[i], curve.x[i] / 1000, curve.y.back());
    }
  }
  return text;
}

// Where the bound rises over the position by more than one pass gains on the average from the untrained network on: by half a nat at
// least, since a point's mean over a hundred thousand images has an error of a tenth.
std::string steep_rise(const Record& record, const std::string& label, const std::string& title) {
  const auto& passes = record.series.at("curve").at("train_elbo_nats");
  const auto& by_position = record.series.at("by_position").at("train_elbo_nats");
  if (by_position.empty()) return "";  // of an epoch shorter than ten batches
  const double rise = by_position.back() - by_position.front(), gain = (passes.back() - untrained_bound) / static_cast<double>(passes.size());
  return rise > gain + 0.5 ? fmt::format("{} at {} ({:.1f} against {:.1f})", label, title, rise, gain) : "";
}

void figure_1(Page& page) {
  reporting::Figure figure{.name = "figure_1", .columns = 3, .width = 1080, .height = 640};
  reporting::Figure as_coded{.name = "figure_1_as_coded", .columns = 3, .width = 1080, .height = 640};
  const std::array<const TableRow*, 3> rows{&table_row("vae", "implementation"), &table_row("vae", "tuned"), &table_row("cnn", "cnn")};
  std::vector<std::string> paths, steep;
  std::string below, below_by_position, falls;
  for (const int n : latent_sizes) {
    const std::string title = fmt::format("N_z = {}", n);
    Panel panel{.title = title, .x_label = "training samples seen", .y_label = "bound [nats]", .log_x = true};
    Panel by_position{.title = title, .x_label = "samples into the epoch [thousands]", .y_label = "bound [nats]"};
    for (const TableRow* row : rows) {
      const auto [path, row_label] = standing(page, *row, n);
      const Record* record = first_record(page, path);
      if (!record) {
        const bool has_run = !page.results().records(shown_profile(page, path), path).empty();
        for (Panel* p : {&panel, &by_position}) p->title += fmt::format(" ({} {})", row_label, has_run ? "diverged" : "not run");
        continue;
      }
      paths.push_back(path);
      const std::string label = row_label + scale_note(record->identity.profile);
      const auto& curve = record->series.at("curve");
      const auto n_train = static_cast<double>(record->identity.settings.count("n_train"));
      std::vector<double> samples;
      for (const double epoch : curve.at("epoch")) samples.push_back(epoch * n_train);
      const int colour = path == row->path(n) ? row->colour : 3;  // another run stands in for the row's
      panel.curves.push_back({.label = label + ", training", .x = samples, .y = curve.at("train_elbo_nats"), .colour = colour});
      panel.curves.push_back(
          {.label = label + ", test", .x = samples, .y = curve.at("test_elbo_nats"), .style = Style::reference, .colour = colour});
      const auto& positions = record->series.at("by_position");
      std::vector<double> thousands = positions.at("samples");
      for (double& x : thousands) x /= 1000;
      by_position.x_range = std::pair(0.0, std::max(by_position.x_range.value_or(std::pair(0.0, 0.0)).second, n_train / 1000));
      by_position.curves.push_back({.label = label, .x = thousands, .y = positions.at("train_elbo_nats"), .colour = colour});
      if (const std::string rise = steep_rise(*record, label, title); !rise.empty()) steep.push_back(rise);
    }
    falls += deepest_fall(panel, title);
    below += cut_at_dense_rows(panel, title, "first pass");
    below_by_position += cut_at_dense_rows(by_position, title, "mean over the first thousand images of all passes");
    figure.panels.push_back(panel);
    as_coded.panels.push_back(by_position);
  }
  const Profile profile = lowest_profile(page, paths);
  const std::string exceptions =
      steep.empty() ? ""
                    : fmt::format("; so it is for {}. There the first steps must have led below the untrained network before they led up",
                                  fmt::join(steep, ", "));
  page.figure("Figure 1: the bound while training", figure,
              {.see = "The mean training bound of every epoch, and the bound of the test images after it (dotted). The tuned model is ahead of the "
                      "first from the first epoch on; at N_z = 3, where its learning rate is 0.01, it stops improving early and is overtaken." +
                      below,
               .contradicted = "a tuned curve below the first row's at N_z = 5 or more, or a test curve that turns down (overfitting)" + falls + (falls.empty() ? "." : ". A fall that the next passes make good is none: see the convolutional row's learning rate."),
               .profile = profile});
  page.figure("Figure 1 as it was coded", as_coded,
              {.see = "The report's code averages the bound of the i-th batch over all epochs, so its x-axis is the position within an epoch "
                      "and not time. The rise over the axis is what one pass gains on the average: the gain of the whole training from the untrained "
                      "network on, whose bound is about -784 log 2 = -543 nats, divided by the number of passes, much of it in the first "
                      "batches of the first pass." +
                      below_by_position,
               .contradicted = "a rise larger than that quotient by half a nat or more" + exceptions + ".",
               .profile = profile});
}

// ## Figure 2
//
// Boxes in oblique projection from the model's own description: an edge is an image's edge, the depth grows with the
// logarithm of the channels.
void figure_2(Page& page) {
  const auto all = stages(CnnVae<float>(CnnSizes{}, 20, tensors::Stream(0, "figure 2")));
  reporting::Table table{{{"step", reporting::Align::right}, {"operation"}, {"result", reporting::Align::right}}, {}};
  Panel panel{.x_label = "channels x height x width", .y_axis = false, .y_range = std::pair(-18.0, 24.0)};
  double x = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const CnnStage& stage = all[i];
    const bool is_vector = stage.edge == 1;
    const double edge = is_vector ? 10 : static_cast<double>(stage.edge);
    const double width = is_vector ? 1 : edge / 2, low = -edge / 2,
                 depth = is_vector ? 0 : 1.2 * std::log2(1.0 + static_cast<double>(stage.channels));
    const double right = x + width, dx = depth, dy = depth / 2;
    // Front, then the edges that lead back.
    const Curve box{.label = is_vector ? "numbers" : "images",
                    .x = {x, right, right, x, x, x + dx, right + dx, right + dx, right, right, right + dx},
                    .y = {low, low, -low, -low, low, low + dy, low + dy, -low + dy, -low, low, low + dy}};
    Curve top{.label = box.label, .x = {x, x + dx, right + dx}, .y = {-low, -low + dy, -low + dy}};
    panel.curves.push_back(box);
    if (depth > 0) panel.curves.push_back(top);
    const std::string result =
        is_vector ? fmt::format("2 x {}", stage.channels) : fmt::format("{} x {} x {}", stage.channels, stage.edge, stage.edge);
    panel.x_ticks.emplace_back((x + right + dx) / 2, result);
    table.rows.push_back({std::to_string(i), stage.operation, result});
    x = right + dx + 8;
  }
  panel.x_range = std::pair(-4.0, x);
  page.figure(
      "Figure 2: the convolutional model", {.name = "figure_2", .panels = {panel}, .width = 1080, .height = 360},
      {.see = "The results of its layers from the image to the code (here of 20, mean and log-variance) and back, drawn from the model that is "
              "trained.",
       .contradicted = "sizes other than those of the authors' code, which a test asserts."});
  page.table("Its layers", table,
             {.see = "Batch normalisation stands before every convolution but the decoder's first, which follows the dense layer directly.",
              .contradicted = "nothing: this is the model's description of itself."});
}

// ## Initial weights
void initialisation(Page& page) {
  reporting::Table table{
      {{"initial weights"}, {"bound [nats]", reporting::Align::right}, {"after one pass", reporting::Align::right}, {"seeds, scale"}}, {}};
  const std::array<std::array<const char*, 3>, 3> rows{{{"vae", "tuned/n20", "PyTorch's: uniform ± 1/√n_in, also the biases"},
                                                        {"tuning", "xavier/n20", "Xavier: uniform ± √(6/(n_in + n_out)), biases 0"},
                                                        {"tuning", "he/n20", "He: normal, variance 2/n_in, biases 0"}}};
  // All at the one scale that the trials have.
  const Profile profile = lowest_profile(page, {"vae/tuned/n20", "tuning/xavier/n20", "tuning/he/n20"});
  std::vector<double> first, last;
  for (const auto& [experiment, cell, label] : rows) {
    const auto& records = page.results().records(profile, fmt::format("{}/{}", experiment, cell));
    const auto sample = page.results().estimate(profile, {experiment, cell, "elbo_as_coded_nats"});
    if (!sample || std::ranges::any_of(records, &Record::diverged)) continue;
    std::vector<double> after_one;
    for (const Record* record : records) after_one.push_back(record->series.at("curve").at("test_elbo_nats").front());
    first.push_back(reporting::summarise(after_one).mean);
    last.push_back(sample->mean);
    table.rows.push_back({label, reporting::format_estimate(*sample, 2), fmt::format("{:.2f}", first.back()),
                          fmt::format("{}, {}", sample->n, to_string(profile))});
  }
  if (table.rows.size() < 2) return;
  const auto span = [](const std::vector<double>& values) { return std::ranges::max(values) - std::ranges::min(values); };
  page.table("Initial weights of the tuned row, N_z = 20", table,
             {.see = fmt::format("After one pass they differ by {:.2f} nats, after the last by {:.2f}; the report finds no significant improvement.",
                                 span(first), span(last)),
              .contradicted = "a difference of more than a nat at the paper's scale.",
              .profile = profile});
}

// ## Overfitting
void overfitting(Page& page) {
  const std::string path = "tuning/passes_1600/n20";
  const Record* record = first_record(page, path);
  if (!record) return;
  const auto& curve = record->series.at("curve");
  const auto& test = curve.at("test_elbo_nats");
  const auto best = std::ranges::max_element(test);
  Panel panel{.x_label = "passes over the data", .y_label = "bound [nats]", .log_x = true};
  panel.curves.push_back({.label = "training", .x = curve.at("epoch"), .y = curve.at("train_elbo_nats"), .colour = 1});
  panel.curves.push_back({.label = "test", .x = curve.at("epoch"), .y = test, .colour = 0});
  page.figure(
      "Overfitting: the tuned row for many passes, N_z = 20", {.name = "overfitting", .panels = {panel}, .width = 760, .height = 420},
      {.see = fmt::format(
           "{} images, {} passes: the test bound is best after pass {:.0f} with {:.2f} nats and ends at {:.2f}, the training bound at {:.2f}.",
           record->identity.settings.count("n_train"), test.size(), curve.at("epoch")[static_cast<std::size_t>(best - test.begin())], *best,
           test.back(), curve.at("train_elbo_nats").back()),
       .contradicted = "a test curve that rises with the training curve to the end, which is what the report's text says of 1,600 passes over 60,000 "
                       "images.",
       .profile = record->identity.profile});
}

}  // namespace

void training_sections(Page& page) {
  figure_1(page);
  figure_2(page);
  initialisation(page);
  overfitting(page);
}

}  // namespace vae_extensions
