// # The page: HVAE and IWAE on MNIST
//
// Tables 5 and 6, Figures 9 to 11, what the objective as coded is worth, and HVAE + IAF.
#include "paper_hvae/normalised_report.hpp"

#include "common/reporting/statistics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace hvae {

using reporting::Align;
using reporting::CellMetric;
using reporting::Curve;
using reporting::Page;
using reporting::Panel;
using reporting::Profile;
using reporting::Style;
using reporting::Table;

namespace {

// ## Looking things up
struct Shown {
  std::string cell, title;
  int colour;
};
const std::vector<Shown> compared{{"iwae", "IWAE", 0}, {"hvae_as_coded", "HVAE as coded", 1}, {"hvae_right", "HVAE", 2}, {"vae", "VAE", 3}};
const std::vector<Shown> with_iaf{{"vae", "VAE", 3}, {"hvae_right", "HVAE", 2}, {"vae_iaf", "VAE + IAF", 4}, {"hvae_iaf", "HVAE + IAF", 5},
                                  {"hvae_iaf_as_coded", "HVAE + IAF, sign as coded", 6}};

// The highest profile that has both sides of the comparison.
std::optional<Profile> scale_of(const Page& page) {
  for (const Profile profile : {Profile::paper, Profile::quick, Profile::smoke}) {
    const auto has = [&](const Shown& shown) { return !page.results().records(profile, "mnist/" + shown.cell).empty(); };
    if (std::ranges::all_of(compared, has)) return profile;
  }
  return {};
}

const experiments::Record* record_of(const Page& page, Profile profile, const std::string& path) {
  const auto& records = page.results().records(profile, path);
  return records.empty() ? nullptr : records.front();
}

std::string text(const Page& page, Profile profile, const std::string& cell, const std::string& metric, int digits) {
  const auto sample = page.results().estimate(profile, CellMetric{"mnist", cell, metric});
  return sample ? reporting::format_estimate(*sample, digits) : "–";
}

// ## Tables 5 and 6
void tables_5_and_6(Page& page, const std::vector<reporting::Claim>& claims) {
  for (const auto& [number, network] : {std::pair{5, "encoder"}, {6, "decoder"}}) {
    Table table{{{"Layer"}, {"ours"}, {"Published", Align::right}, {"Ours", Align::right}}, {}};
    const auto profile = page.results().highest(std::string("networks/") + network);
    if (!profile) continue;
    for (const auto& claim : claims) {
      if (!claim.id.starts_with(fmt::format("table{}.", number)) || !claim.metric || claim.metric->experiment != "networks") continue;
      const auto ours = page.results().estimate(*profile, *claim.metric);
      table.rows.push_back({claim.where.substr(claim.where.find(',') + 2), fmt::format("`{}`", claim.metric->metric),
                            reporting::published_text(claim), ours ? fmt::format("{:.0f}", ours->mean) : "–"});
    }
    page.table(fmt::format("Table {}: the {}'s parameters", number, network), table,
               {.see = "Counted in the model that is trained, layer by layer.", .contradicted = "a row whose two numbers differ.",
                   .profile = *profile});
  }
}

// ## The objective as coded on the Gaussian model
void what_as_coded_is_worth(Page& page) {
  const auto profile = page.results().highest("as_coded/k15");
  if (!profile) return;
  page.prose("What the objective as coded is worth",
             "The authors' code for images draws a momentum and overwrites it with zeros, takes the potential's gradients for constants, and "
             "charges nothing for what the steps then do to the volume. From rest, leapfrog steps are gradient ascent on log p(x, z) with a memory: "
             "they carry every z₀ towards the posterior's mode. log p(x, z_K) is then high, −log q(z₀) is still that of the wide start, and nobody "
             "pays for the narrowing: log p(x, z_K) − |ρ_K|²/2 − log q(z₀) is no bound on log p(x).\n\n"
             "On the Gaussian model the truth is a formula. With Δ and σ at the exact maximiser (d = 25, 256 rows), step sizes and temperatures are "
             "learned by this very quantity. It passes log p(D), and arrives at the most that is possible: all z₀ at the mode, no momentum, Σ (1 + "
             "log P)/2 nats above the truth, P the posterior's precision. The right bound of the same flow, started with its momentum, improves "
             "with it for a few hundred steps and then falls without end: to stop the momentum costs nothing as coded, and is what 1/β₀, in the "
             "momentum's start, makes one pay for.\n");
  Table table{{{"Cell"}, {"as coded less log p(D) [nats]", Align::right}, {"closed form of the most", Align::right},
               {"right bound of the same flow less log p(D)", Align::right}},
              {}};
  reporting::Figure figure{.name = "as_coded_excess", .columns = 2, .width = 1120, .height = 440};
  Panel above{.title = "the objective as coded", .x_label = "step", .y_label = "less log p(D) [nats]"};
  Panel below{.title = "the right bound of the same flow", .x_label = "step", .y_label = "log p(D) less it [nats]", .log_y = true};
  int colour = 0;
  const std::vector<std::pair<std::string, std::string>> cells{{"k1", "K = 1, as coded"}, {"k1_attached", "K = 1, exact gradient"},
                                                               {"k15", "K = 15, as coded"}, {"k15_attached", "K = 15, exact gradient"}};
  for (const auto& [cell, title] : cells) {
    const auto* record = record_of(page, *profile, "as_coded/" + cell);
    if (!record) continue;
    const auto& metrics = record->metrics;
    const auto signed_text = [&](const std::string& metric) { return fmt::format("{:+.2f}", metrics.at(metric).value); };
    table.rows.push_back({title, signed_text("excess_nats"), signed_text("law_excess_nats"), fmt::format("{:.3g}", metrics.at("bound_excess_nats").value)});
    const auto& curve = record->series.at("curve");
    above.curves.push_back({.label = title, .x = curve.at("step"), .y = curve.at("excess_nats"), .colour = colour});
    std::vector<double> gaps = curve.at("bound_nats");
    for (double& gap : gaps) gap = -gap;
    below.curves.push_back({.label = title, .x = curve.at("step"), .y = gaps, .colour = colour++});
    if (above.y_range) continue;
    const double law = metrics.at("law_excess_nats").value;
    const std::vector<double> ends{curve.at("step").front(), curve.at("step").back()};
    above.y_range = {-law, 1.2 * law};
    above.x_range = below.x_range = {ends.front(), ends.back()};
    above.curves.push_back({.label = "closed form of the most", .x = ends, .y = {law, law}, .style = Style::reference, .colour = 6});
    above.curves.push_back({.label = "log p(D)", .x = ends, .y = {0, 0}, .style = Style::reference, .colour = 5});
  }
  figure.panels = {above, below};
  page.table("The objective as coded against the truth", table,
             {.see = "A quantity that is a hundred nats above the truth for 25 coordinates cannot be compared with a bound.",
              .contradicted = "a negative number in the second column.", .profile = *profile});
  page.figure("The objective as coded while it is maximised", figure,
              {.see = "Left, where a bound would stay below the lower dotted line. Right, what the right estimate says of the same step sizes and "
                      "temperatures.",
               .contradicted = "a curve on the left that ends below zero.", .profile = *profile});
}

// ## HVAE against IWAE
void comparison(Page& page, Profile profile) {
  page.prose("HVAE against IWAE, as coded and right",
             "*As coded* is the quantity of the last section, on images, with one more coupling: inside the steps the decoder normalises by the "
             "batch of the moment, so an image's steps depend on the other images. *Right* is Algorithm 1: the momentum is drawn, the gradient goes "
             "through the leapfrog, and the batch's statistics are taken once, at z₀, and held through the steps, so that each image moves in a "
             "potential of its own and the volume is kept (in [the chapter](program.md) the normalisation disappears into the next layer).\n\n"
             "The columns to compare are the NLL: as many importance samples under the running statistics in every row, drawn from q(z₀ | x) in one column and "
             "through the flow in the other. Each errs upwards, the more the worse its draws fit the posterior, so of a row's two the smaller is "
             "nearer to the truth. The objectives are three different things: the IWAE's bound uses many draws and lies closer to log p(x) than a VAE's of the same model; HVAE as coded is "
             "no bound.\n");
  Table table{{{"Model"}, {"minus objective, training", Align::right}, {"validation", Align::right}, {"minus bound, one draw", Align::right},
               {"NLL by the encoder", Align::right}, {"NLL by the flow", Align::right}, {"NLL less validation", Align::right}, {"mean ε", Align::right}, {"seconds", Align::right}},
              {}};
  for (const Shown& shown : compared) {
    const auto* record = record_of(page, profile, "mnist/" + shown.cell);
    table.rows.push_back({shown.title, text(page, profile, shown.cell, "train_nats", 2), text(page, profile, shown.cell, "validation_nats", 2),
                          text(page, profile, shown.cell, "minus_bound_nats", 2), text(page, profile, shown.cell, "nll_encoder_nats", 2),
                          text(page, profile, shown.cell, "nll_flow_nats", 2), text(page, profile, shown.cell, "too_good_nats", 2), text(page, profile, shown.cell, "mean_epsilon", 4),
                          record ? fmt::format("{:.0f}", record->wall_s) : "–"});
  }
  page.table("HVAE, as coded and right, IWAE and VAE [nats]", table,
             {.see = "NLL less validation (of both columns' draws together) says how much better the objective looks than the truth: for a bound it is negative, up to the difference between test and "
                     "validation images. An encoder that was trained as coded is wide, because width is free there: its one-draw bound shows it.",
              .contradicted = "a right HVAE whose minus bound is larger than the VAE's by more than the noise.", .profile = profile});
}

// " (so it is here: 120.1 against 118.0 on training images)".
std::string as_coded_above(const Page& page, Profile profile) {
  const auto coded = page.results().estimate(profile, CellMetric{"mnist", "hvae_as_coded", "train_nats"}),
             right = page.results().estimate(profile, CellMetric{"mnist", "hvae_right", "train_nats"});
  if (!coded || !right || !(coded->mean > right->mean)) return "";
  return fmt::format(" (so it is here: {:.1f} against {:.1f} on training images)", coded->mean, right->mean);
}

void figure_9(Page& page, Profile profile, const std::vector<reporting::Claim>& claims) {
  reporting::Figure figure{.name = "figure_9", .columns = 2, .width = 1120, .height = 460};
  for (const auto& [metric, title] : {std::pair{"train", "training images"}, {"validation", "validation images"}}) {
    Panel panel{.title = title, .x_label = "pass", .y_label = "minus objective [nats]"};
    double lowest = 1e9;
    for (const Shown& shown : compared) {
      const auto* record = record_of(page, profile, "mnist/" + shown.cell);
      if (record->diverged) continue;
      const auto& curve = record->series.at("curve");
      const auto& y = curve.at(std::string(metric) + "_nats");
      lowest = std::min(lowest, *std::ranges::min_element(y));
      panel.curves.push_back({.label = shown.title, .x = curve.at("epoch"), .y = y, .colour = shown.colour});
    }
    // The authors' numbers belong to 10,000 images and 40 passes.
    for (const auto& [cell, label, colour] : {std::tuple{"iwae", "IWAE, published", 0}, {"hvae_as_coded", "HVAE, published", 1}}) {
      if (profile != Profile::paper) break;
      Curve printed{.label = label, .style = Style::hollow_points, .colour = colour};
      for (const auto& claim : claims) {
        const std::string prefix = fmt::format("{}_", metric);
        if (!claim.published || !claim.metric || claim.metric->cell != cell || !claim.metric->metric.starts_with(prefix)) continue;
        const std::string rest = claim.metric->metric.substr(prefix.size());
        if (!rest.empty() && std::isdigit(static_cast<unsigned char>(rest.front()))) printed.x.push_back(std::stod(rest)),
            printed.y.push_back(*claim.published);
      }
      if (!printed.x.empty()) panel.curves.push_back(std::move(printed));
    }
    panel.y_range = {std::floor(lowest / 10) * 10, lowest + 80};
    figure.panels.push_back(std::move(panel));
  }
  page.figure("Figure 9: training HVAE and IWAE", figure,
              {.see = "Each model's own objective, which is not the same quantity; the first passes lie above the panels. The validation curve is under the running "
                      "statistics.",
               .contradicted = "an HVAE as coded that ends above the right one: then the missing determinant would cost nothing" + as_coded_above(page, profile) + ".",
               .profile = profile});
}

void figures_10_and_11(Page& page, Profile profile) {
  std::vector<experiments::Images> digits;
  std::vector<std::string> rows;
  for (const Shown& shown : compared) {
    const auto* record = record_of(page, profile, "mnist/" + shown.cell);
    if (record->diverged) continue;
    page.images(fmt::format("Figure 10: digits drawn from {}", shown.title), "figure_10_" + shown.cell, {.images = record->images.at("samples"),
        .columns = 12}, {},
                {.see = fmt::format("Pixel probabilities for 36 codes from the prior, the same codes for every model. Greyness, the mean of 4p(1 − "
                                    "p): {}.",
                                    text(page, profile, shown.cell, "greyness", 3)),
                 .contradicted = "no digit among them.", .profile = profile});
  }
  Table table{{{"Model"}, {"greyness of new digits", Align::right}, {"chain's start: squared distance from its source", Align::right}, {"its end",
      Align::right},
               {"source's class kept at the start", Align::right}, {"at the end", Align::right}, {"the sources themselves", Align::right}},
              {}};
  for (const Shown& shown : compared) {
    const auto* record = record_of(page, profile, "mnist/" + shown.cell);
    if (record->diverged) continue;
    const auto& settings = record->identity.settings;
    const std::int64_t wanted = settings.count("chain_steps"), K = settings.count("K"), n_steps = K > 0 ? std::min(K, wanted) : wanted;
    page.images(fmt::format("Figure 11: chains of {}", shown.title), "figure_11_" + shown.cell,
                {.images = record->images.at("chains"), .columns = 2 + n_steps / 2}, {},
                {.see = fmt::format("Ten test images, one in a row: the image, the decoded z₀, and every second of {} leapfrog steps{}.", n_steps,
                                    K > 0 ? "" : fmt::format(" of {} on this model's own log p(x, z), which its training does not have",
                                                             settings.number("chain_epsilon"))),
                 .contradicted = "rows that leave their digit from the first step on.", .profile = profile});
    table.rows.push_back({shown.title, text(page, profile, shown.cell, "greyness", 3), text(page, profile, shown.cell, "start_misfit", 1),
                          text(page, profile, shown.cell, "end_misfit", 1), text(page, profile, shown.cell, "start_class", 2), text(page, profile,
                              shown.cell, "end_class", 2),
                          text(page, profile, shown.cell, "source_class", 2)});
  }
  page.table("What the report sees in Figures 10 and 11, measured", table,
             {.see = "The class is that of the nearest training image. The report finds IWAE's digits more blurred, and HVAE's chains in other "
                     "classes than their sources.",
              .contradicted = "for its reading: a greyness of IWAE below HVAE's, or HVAE's chains in their class as often as IWAE's.",
                  .profile = profile});
}

// ## HVAE + IAF
void iaf(Page& page, Profile profile) {
  Table table{{{"Model"}, {"minus bound, training", Align::right}, {"validation", Align::right}, {"NLL by the encoder", Align::right},
               {"NLL by the flow", Align::right}, {"parameters", Align::right}}, {}};
  reporting::Figure figure{.name = "hvae_iaf", .width = 760, .height = 460};
  Panel panel{.x_label = "pass", .y_label = "minus bound, validation [nats]"};
  double lowest = 1e9;
  for (const Shown& shown : with_iaf) {
    const auto* record = record_of(page, profile, "mnist/" + shown.cell);
    if (!record || record->diverged) continue;
    table.rows.push_back({shown.title, text(page, profile, shown.cell, "train_nats", 2), text(page, profile, shown.cell, "validation_nats", 2),
                          text(page, profile, shown.cell, "nll_encoder_nats", 2), text(page, profile, shown.cell, "nll_flow_nats", 2),
                          text(page, profile, shown.cell, "n_parameters", 0)});
    const auto& curve = record->series.at("curve");
    lowest = std::min(lowest, *std::ranges::min_element(curve.at("validation_nats")));
    panel.curves.push_back({.label = shown.title, .x = curve.at("epoch"), .y = curve.at("validation_nats"), .colour = shown.colour});
  }
  if (table.rows.size() < 3) return;
  panel.y_range = {std::floor(lowest / 10) * 10, lowest + 80};
  figure.panels = {panel};
  page.prose("HVAE + IAF",
             "Section 2.2 applies masked autoregressive layers to (z_K, ρ_K) and finds the result \"much worse\" without showing it; the notebook "
             "it points to has 285 for HVAE + IAF against 172 for HVAE (no constants, grey images, half the passes and a tenth of the learning "
             "rate). There the gradient of U has lost the minus of its likelihood part: the steps walk away from the data. The flow keeps its "
             "volume, so the bound stays one, and the layers behind it must undo the harm. Here with the right sign, the same data and the same "
             "passes for every row.\n");
  page.table("HVAE + IAF [nats]", table,
             {.see = "All rows are bounds and comparable.", .contradicted = "for the report's \"much worse\": HVAE + IAF within a nat or two of "
                 "HVAE.", .profile = profile});
  page.figure("HVAE + IAF while training", figure,
              {.see = "The bound on the validation images.", .contradicted = "a curve that leaves the others for good.", .profile = profile});
}

void notes(Page& page) {
  page.setting({"MNIST, data", "\"binarized\"", "the first 10,000 training and 1,000 test images, rounded", "authors' code", ""});
  page.setting({"MNIST, networks", "Tables 5 and 6", "the same, PyTorch's initialisation", "Tables 5 and 6, code", ""});
  page.setting({"MNIST, optimiser", "Adam, 0.001", "the same; batches of 256, 40 passes", "section 2.3, code", ""});
  page.setting({"MNIST, flow", "not said", "ε from 0.005, below 1/2; log α from 0, at most 0", "authors' code", ""});
  page.setting({"MNIST, batch statistics in U", "of the moment's batch", "right: taken at z₀ and held; as coded: of the moment's batch", "authors' "
      "code",
                "coupled statistics let the images of a batch move one another"});
  page.setting({"HVAE + IAF", "not said", "as HVAE, and 5 masked layers of 1,280 units on (z, ρ)", "authors' notebook", "binarised training images "
      "in place of grey test images; K = 15 in place of 20"});
  page.erratum({"authors' code, MNIST", "momentum drawn, then zero; gradients of U detached; no determinant", "Algorithm 1", "what the objective as "
      "coded is worth, above"});
  page.erratum({"authors' code, MNIST", "ℓ/2 added once for a batch", "once for each image", "equation (12) of the original paper"});
  page.erratum({"authors' notebook, HVAE + IAF", "∇U = ∇ log p(x|z) + z", "−∇ log p(x|z) + z", "the definition of U"});
  page.erratum({"Table 6", "softplus changes 32 x 4 x 4 into 32 x 7 x 7", "an enlargement stands between them", "authors' code"});
  page.erratum({"section 2.3", "π_θ: Z → X \"is an encoder\"", "a decoder", "a slip of the pen, from the original paper"});
  page.metric("train_nats, validation_nats", "Minus what the cell maximises, on training images (mean over the pass) and validation images (mnist).");
  page.metric("nll_encoder_nats, nll_flow_nats", "Minus the log of the mean of unbiased estimates of p(x) under the running statistics, mean over test "
              "images: from draws of q(z₀ | x), and from draws through the flow (mnist).");
  page.metric("greyness", "4 p (1 − p), mean over the pixels of new digits: 0 for black and white (mnist).");
}

}  // namespace

void write_normalised_sections(Page& page, const std::vector<reporting::Claim>& claims) {
  tables_5_and_6(page, claims);
  what_as_coded_is_worth(page);
  if (const auto profile = scale_of(page)) {
    comparison(page, *profile);
    figure_9(page, *profile, claims);
    figures_10_and_11(page, *profile);
    iaf(page, *profile);
  }
  notes(page);
}

}  // namespace hvae
