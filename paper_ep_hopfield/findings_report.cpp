// # The page: what came out
//
// Every number is taken from the records, and where a word depends on them, they choose it.
#include "paper_ep_hopfield/experiments.hpp"
#include "paper_ep_hopfield/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace ep_hopfield {

using experiments::Record;
using reporting::Page;
using reporting::Profile;
using reporting::Sample;

namespace {

constexpr Profile paper = Profile::paper;

// The least and the greatest.
std::string range(const std::vector<double>& values, int digits) {
  if (values.empty()) return "";
  const auto [least, most] = std::ranges::minmax(values);
  const std::string low = fmt::format("{:.{}f}", least, digits), high = fmt::format("{:.{}f}", most, digits);
  return low == high ? low : low + " to " + high;
}

std::vector<double> over_seeds(const Page& page, const std::string& cell, const std::string& metric) {
  std::vector<double> values;
  for (const Record* record : page.results().records(paper, cell))
    if (const auto found = record->metrics.find(metric); found != record->metrics.end()) values.push_back(found->second.value);
  return values;
}

std::optional<Sample> distance_of(const Page& page, const std::string& cell) {
  return finite_estimate(page, paper, {"exact", cell, "fid_classifier"});
}

// Whether some seed of a cell of `exact` reconstructs next to one image.
bool says_nothing(const Page& page, const std::string& cell) {
  return std::ranges::any_of(page.results().records(paper, "exact/" + cell),
                             [](const Record* record) { return !record->diverged && variety_of_reconstructions(*record) < no_variety; });
}

// The models whose reconstructions, of some seed, are next to one image, with their variety.
std::string collapsed(const Page& page, Profile profile, const std::string& way) {
  std::string text;
  for (const ModelName& model : hopfield_models()) {
    double least = 1;
    for (const Record* record : page.results().records(profile, "exact/" + model.id + "/" + way))
      if (!record->diverged) least = std::min(least, variety_of_reconstructions(*record));
    if (least < no_variety) text += fmt::format("{}{} ({:.3f})", text.empty() ? "" : ", ", model.label, least);
  }
  return text;
}

// ## Table 1
void table_1_models(Page& page) {
  std::string text;
  std::vector<std::pair<double, std::string>> order;
  std::vector<std::pair<double, std::string>> order_by_pixels;
  int n_runs = 0, n_at_cap = 0;
  for (const ModelName& model : model_names()) {
    const auto sample = finite_estimate(page, paper, {"vae", model.id, "fid_classifier"}), by_pixels = finite_estimate(page, paper, {"vae", model.id, "fid_pixels"});
    if (!sample) continue;
    order.emplace_back(sample->mean, model.label);
    if (by_pixels) order_by_pixels.emplace_back(by_pixels->mean, model.label);
    for (const Record* record : page.results().records(paper, "vae/" + model.id)) {
      if (record->diverged) continue;
      ++n_runs;
      n_at_cap += record->metrics.at("n_epochs").value >= record->identity.settings.number("max_epochs");
    }
    text += fmt::format("{}{} {} ({} seed{}, {} epochs)", text.empty() ? "" : ", ", model.label, reporting::format_estimate(*sample, 1), sample->n, sample->n == 1 ? "" : "s",
                        range(over_seeds(page, "vae/" + model.id, "n_epochs"), 0));
  }
  if (order.size() < 2) return;
  const auto ranks = [](std::vector<std::pair<double, std::string>> of) {
    std::ranges::sort(of);
    std::string labels;
    for (const auto& [mean, label] : of) labels += (labels.empty() ? "" : " < ") + label;
    return labels;
  };
  page.finding(fmt::format("The models of Table 1 at its sizes, 10,000 digits against the test set: {}. {} of the {} runs ended at the cap of epochs, not by the stopping rule. By the means {}, on pixels {}{}; published is "
                           "DH-VAE < TDH-VAE < F-VAE < H-VAE. Which pairs are decided stands in the table of claims.",
                           text, n_at_cap, n_runs, ranks(order), ranks(order_by_pixels), order.size() < model_names().size() ? " (the others have not run)" : ""));
  const auto longer = finite_estimate(page, paper, {"vae", "long/f_vae", "fid_classifier"}), f = finite_estimate(page, paper, {"vae", "f_vae", "fid_classifier"});
  if (!longer || !f) return;
  std::string best;
  for (const ModelName& model : model_names())
    if (const auto epochs = over_seeds(page, "vae/" + model.id, "best_epoch"); !epochs.empty())
      best += fmt::format("{}{} {}", best.empty() ? "" : ", ", model.label, range(epochs, 0));
  page.finding(fmt::format("Best epochs, of 20 at most: {}. F-VAE's digits come from {} to {} when it trains for {} epochs, whatever the rule says.", best,
                           reporting::format_estimate(*f, 1), reporting::format_estimate(*longer, 1), range(over_seeds(page, "vae/long/f_vae", "n_epochs"), 0)));
}

// ## Training by equilibrium propagation
void by_equilibrium_propagation(Page& page) {
  std::string distances;
  for (const ModelName& model : hopfield_models())
    if (const auto sample = distance_of(page, model.id + "/ep"))
      distances += fmt::format("{}{} {}", distances.empty() ? "" : ", ", model.label, reporting::format_estimate(*sample, 1));
  if (distances.empty()) return;
  std::string collapses;
  if (const std::string models = collapsed(page, paper, "ep"); !models.empty())
    collapses = fmt::format(" A code says next to nothing, by the variety of the reconstructions: {}.", models);
  page.finding(fmt::format("Trained by equilibrium propagation at reduced scale (fewer units, images and epochs, and a classifier of fewer images: no distances to hold against Table 1's; H-VAE at a rate of 0.01, chosen by us, the others at Table 3's), the models come to these Frechet distances "
                           "(classifier features): {}.{}",
                           distances, collapses));
}

// ## What parts its gradient from the exact one
void apart_from_the_exact_gradient(Page& page) {
  std::string text;
  std::vector<double> moving;
  int n_runs = 0, n_longer_no_better = 0, n_smaller_better = 0;
  const auto add = [&](const ModelName& model, const WayToTrain& way) {
    const auto& records = page.results().records(paper, "exact/" + model.id + "/" + way.cell);
    if (records.empty() || way.gradient != "ep") return;
    std::vector<double> as_trained, longer, longer_and_small;
    for (const Record* record : records) {
      const auto nudges = record->series.find("nudges");
      if (nudges == record->series.end()) continue;
      const auto at = [&](const char* column, double factor) { return picked(nudges->second, column, rows_where(nudges->second, "factor", factor)).front(); };
      if (!is_exact(at("residual_at_rest", 1), at("n_left_out", 1))) continue;
      as_trained.push_back(at("error", 1));
      longer.push_back(at("settled_error", 1));
      longer_and_small.push_back(at("settled_error", 0.1));
      ++n_runs;
      n_longer_no_better += longer.back() >= as_trained.back();
      n_smaller_better += longer_and_small.back() < std::min(as_trained.back(), longer.back());
      for (const double factor : {1.0, 0.1}) moving.push_back(100 * at("settled_unsettled_share", factor));
    }
    text += fmt::format("{}{}{} ({} of {} seeds)", text.empty() ? "" : "; ", model.label, way.conditions(), as_trained.size(),
                        records.size());
    if (!as_trained.empty()) text += fmt::format(" {}, {} and {}", range(as_trained, 2), range(longer, 2), range(longer_and_small, 3));
  };
  for (const ModelName& model : hopfield_models())
    for (const WayToTrain& way : ways_to_train()) add(model, way);
  if (moving.empty()) return;
  page.finding(fmt::format("Once trained at reduced scale, phases five times as long make equilibrium propagation's gradient no better in {} of {} runs, and these with a tenth of the nudges make it better in {}: {}. The relative error against the exact gradient, with the phases and nudges of training, with phases five times as long, and with these and "
                           "a tenth of the nudges (range over the seeds whose exact gradient was shown to be one): {}. Of the longer weakly clamped phases {} % still move faster than 0.00001.",
                           n_longer_no_better, n_runs, n_smaller_better,
                           2 * n_longer_no_better > n_runs && n_smaller_better == n_runs ? "training's nudges are too large for trained weights, more than its phases are too short" : "both have a part in what parts them",
                           text, range(moving, 0)));
}

// ## The exact gradient beside it
void by_the_exact_gradient(Page& page) {
  const auto& ways = ways_to_train();
  std::string pairs;
  int n_pairs = 0, n_ahead = 0, n_behind = 0;
  std::vector<double> left_out;
  for (const ModelName& model : hopfield_models())
    for (const WayToTrain& way : ways) {
      if (way.gradient == "ep") continue;
      const WayToTrain* other = by_ep(way);
      if (!other || says_nothing(page, model.id + "/" + way.cell) || says_nothing(page, model.id + "/" + other->cell)) continue;
      const auto exact = distance_of(page, model.id + "/" + way.cell), ep = distance_of(page, model.id + "/" + other->cell);
      if (!exact || !ep) continue;
      const double chance = chance_lead(*exact, *ep, 0.05).value_or(INFINITY);
      ++n_pairs;
      n_ahead += exact->mean - ep->mean > chance;
      n_behind += ep->mean - exact->mean > chance;
      pairs += fmt::format("{}{}{} {} ({})", pairs.empty() ? "" : "; ", model.label, way.conditions(),
                           reporting::format_estimate(*exact, 1), reporting::format_estimate(*ep, 1));
      for (const double n : over_seeds(page, "exact/" + model.id + "/" + way.cell, "left_out_share")) left_out.push_back(100 * n);
    }
  if (pairs.empty()) return;
  std::string text = fmt::format("The same by the exact gradient, in brackets by equilibrium propagation at the same rate and with the same free phases, collapsed models left out: {}. Beyond what chance makes in "
                                 "1 of 20 equal pairs, equilibrium propagation is ahead in {} of the {} and behind in {}.",
                                 pairs, n_ahead, n_pairs, n_behind);
  if (!left_out.empty())
    text += fmt::format(" The exact gradient leaves out at least {} % of a run's training examples, which had none: see the table for each.", range(left_out, 1));
  if (const std::string models = collapsed(page, paper, "exact"); !models.empty()) text += fmt::format(" By the exact gradient a code says next to nothing: {}.", models);
  page.finding(text + " H-VAE's learning rate was chosen on equilibrium propagation's first seed.");

  std::vector<double> left, left_settled;
  for (const WayToTrain& way : ways)
    if (way.gradient != "ep")
      for (double share : over_seeds(page, "exact/tdh_vae/" + way.cell, "unsettled_share"))
        (way.free_steps > 0 ? left_settled : left).push_back(100 * share);
  if (!left.empty() && !left_settled.empty())
    page.finding(fmt::format("TDH-VAE's free phases under the exact gradient: within the chosen steps all but {} % come to rest, within 200 all but {} %.",
                             range(left, 0), range(left_settled, 1)));
}

// What is trained, seed by seed: who leads early, halfway and at the end, and whose objective rises from one epoch to the next.
void before_it_jumps(Page& page) {
  std::string leads, clipped;
  int n_runs = 0, n_exact_rises = 0, n_ep_rises = 0;
  for (const ModelName& model : hopfield_models())
    for (const bool is_clipped : {false, true}) {
      int n = 0, n_early = 0, n_halfway = 0, n_late = 0;
      for (const WayToTrain& way : ways_to_train()) {
        if (way.clipped != is_clipped) continue;
        for (const Courses& run : courses(page, paper, model, way)) {
          ++n;
          n_early += run.ep_less_exact(early_epoch) > 0;
          n_halfway += run.ep_less_exact(run.halfway()) > 0;
          n_late += run.ep_less_exact(run.exact.size()) > 0;
          if (is_clipped) continue;
          n_exact_rises += greatest_rise(run.exact) > 0;
          n_ep_rises += greatest_rise(run.ep) > 0;
        }
      }
      if (!is_clipped) n_runs += n;
      std::string& text = is_clipped ? clipped : leads;
      if (n > 0) text += fmt::format("{}{} {}, {} and {} of {} runs", text.empty() ? "" : "; ", model.label, n_early, n_halfway, n_late, n);
    }
  if (leads.empty()) return;
  page.finding(fmt::format("By what is trained, half SSE + β_KL KL, the exact gradient is ahead of equilibrium propagation after {} epochs, halfway and at the end in: {}. From some epoch to the next the objective rises in {} of all {} "
                           "runs by the exact gradient, in {} by equilibrium propagation: its leads do not last.{}",
                           early_epoch, leads, n_exact_rises, n_runs, n_ep_rises, clipped.empty() ? " Whether clipping keeps them has not been run." : fmt::format(" Clipped to twice its typical length it is ahead, at the same times, in: {}.", clipped)));
}

// ## The baseline
void baseline(Page& page) {
  const auto at = [&](const char* cell, const char* metric) { return page.at_paper({"vae", cell, metric}, 1); };
  const auto& records = page.results().records(paper, "vae/f_vae");
  bool falls = !records.empty();
  for (const Record* record : records)
    if (!record->diverged) {
      const std::vector<double> objective = objective_of(*record);
      falls = falls && objective.size() > 1 && objective.back() < objective[objective.size() - 2];
    }
  const std::vector<double> epochs = over_seeds(page, "vae/f_vae", "n_epochs");
  if (epochs.empty()) return;
  page.finding("F-VAE with its published settings, when our rule stops it or its 20 epochs are over: after " + range(epochs, 0) + " epochs" +
                   (falls ? ", its objective still falls; " : ", ") + "its code then has {} nats, and the distance of its digits is {}.",
               {at("f_vae", "kl_nats"), at("f_vae", "fid_classifier")});
}

}  // namespace

void write_findings(Page& page) {
  table_1_models(page);
  by_equilibrium_propagation(page);
  apart_from_the_exact_gradient(page);
  by_the_exact_gradient(page);
  before_it_jumps(page);
  baseline(page);
}

}  // namespace ep_hopfield
