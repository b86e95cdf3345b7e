#include "paper_hvae/gaussian_report.hpp"

#include "paper_hvae/gaussian_data.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace hvae {

using reporting::CellMetric;
using reporting::Curve;
using reporting::Page;
using reporting::Panel;
using reporting::Profile;
using reporting::Sample;
using reporting::Style;

GaussianResults::GaussianResults(const reporting::Results& results) : results_(results) {
  for (const Profile profile : {Profile::quick, Profile::paper})
    if (results.has(profile)) profile_ = profile;
  if (!results.has(profile_)) return;
  for (const auto& [path, records] : results.cells().at(profile_))
    if (path.starts_with("gaussian/d")) dimensions_.push_back(std::stoll(path.substr(10)));
  std::ranges::sort(dimensions_);
  dimensions_.erase(std::unique(dimensions_.begin(), dimensions_.end()), dimensions_.end());
}

std::optional<Sample> GaussianResults::estimate(std::int64_t d, const std::string& cell, const std::string& metric) const {
  return results_.estimate(profile_, CellMetric{"gaussian", fmt::format("d{}/{}", d, cell), metric});
}

std::string GaussianResults::text(std::int64_t d, const std::string& cell, const std::string& metric, int digits) const {
  const auto sample = estimate(d, cell, metric);
  if (!sample) return "–";
  const bool is_small = sample->mean != 0 && std::abs(sample->mean) < 0.5 * std::pow(10.0, -digits);
  return is_small ? fmt::format("{:.1e}", sample->mean) : reporting::format_number(sample->mean, digits);
}

const experiments::Record* GaussianResults::record(std::int64_t d, const std::string& cell) const {
  return results_.first(profile_, fmt::format("gaussian/d{}/{}", d, cell));
}

std::int64_t GaussianResults::n_sets() const {
  for (const std::int64_t d : dimensions_)
    if (const auto* any = record(d, "hvae_k1_tempered")) return any->identity.settings.count("n_sets");
  return 0;
}

Panel error_panel(const GaussianResults& results, const std::vector<Drawn>& drawn, const std::string& metric, const std::string& y_label) {
  Panel panel{.x_label = "dimension d", .y_label = y_label, .log_x = true, .log_y = true};
  for (const std::int64_t d : results.dimensions()) panel.x_ticks.emplace_back(d, std::to_string(d));
  for (const Drawn& one : drawn) {
    Curve curve{.label = one.label, .style = one.style, .colour = one.colour};
    for (const std::int64_t d : results.dimensions()) {
      const auto sample = results.estimate(d, one.cell, metric);
      if (!sample || !(sample->mean > 0)) continue;
      curve.x.push_back(static_cast<double>(d));
      curve.y.push_back(sample->mean);
    }
    panel.curves.push_back(std::move(curve));
  }
  return panel;
}

void end_at_the_data(Panel& panel) {
  double least = std::numeric_limits<double>::infinity(), largest = 0;
  for (const Curve& curve : panel.curves)
    for (const auto* values : {&curve.y, &curve.lo, &curve.hi})
      for (const double y : *values) least = std::min(least, y), largest = std::max(largest, y);
  if (!(largest > 0)) return;
  least /= 1.25, largest *= 1.25;
  const double below = std::pow(10, std::floor(std::log10(least))), above = std::pow(10, std::ceil(std::log10(largest)));
  panel.y_range = {least < 2 * below ? below : least, above < 2 * largest ? above : largest};
}

double tempered_sigma_error(std::int64_t d, std::int64_t n, std::int64_t N) {
  const Truth t = truth(d);
  const double w = shared_tempering_width(static_cast<double>(n), t.sigma);
  double sum = 0;
  for (double sigma : t.sigma) sum += std::pow(std::sqrt(sigma * sigma + w) - sigma, 2) + sigma * sigma / (2 * static_cast<double>(N));
  return sum;
}

void write_optimum(Page& page, Profile profile, std::int64_t N) {
  struct Kind {
    std::string name, label;
  };
  const std::array<Kind, 3> kinds{{{"none", "no tempering"}, {"fixed", "fixed tempering"}, {"free", "free tempering"}}};
  std::vector<std::int64_t> steps;
  for (const std::int64_t K : {1, 2, 3, 5, 10, 15, 20, 30})
    if (!page.results().records(profile, fmt::format("optimum/none_k{}", K)).empty()) steps.push_back(K);
  if (steps.empty()) return;
  const auto at = [&](const std::string& tempering, std::int64_t K, const std::string& metric) {
    return page.results().estimate(profile, CellMetric{"optimum", fmt::format("{}_k{}", tempering, K), metric});
  };

  const auto least = at("none", steps.front(), "law_least_gap_nats"), shared = at("none", steps.front(), "law_shared_tempering_gap_nats");
  if (!least || !shared) return;
  const double first_K = static_cast<double>(steps.front()), last_K = static_cast<double>(steps.back());

  Panel panel{.x_label = "leapfrog steps K", .y_label = "log p(D) less the bound [nats]", .log_x = true, .log_y = true};
  Panel over{.x_label = "leapfrog steps K", .y_label = "the same over the limit", .log_x = true};
  reporting::Table table{{{"K", reporting::Align::right}}, {}};
  for (const std::int64_t K : steps) {
    for (Panel* each : {&panel, &over}) each->x_ticks.emplace_back(K, std::to_string(K));
    table.rows.push_back({std::to_string(K)});
  }
  int colour = 0;
  for (const Kind& kind : kinds) {
    Curve best{.label = kind.label, .style = Style::line_points, .colour = colour++};
    table.columns.push_back({fmt::format("{}: gap", kind.label), reporting::Align::right});
    if (kind.name != "none") table.columns.push_back({"1/√β₀", reporting::Align::right});
    for (std::size_t row = 0; row < steps.size(); ++row) {
      const std::int64_t K = steps[row];
      const auto text = [&](const std::optional<Sample>& sample, int digits) {
        return sample ? fmt::format("{:.{}f}", sample->mean, digits) : std::string("–");
      };
      const auto gap = at(kind.name, K, "gap_nats");
      if (gap) best.x.push_back(static_cast<double>(K)), best.y.push_back(gap->mean);
      table.rows[row].push_back(text(gap, 0));
      if (kind.name != "none") table.rows[row].push_back(text(at(kind.name, K, "inverse_root_beta_0"), 1));
    }
    if (kind.name != "none") {
      over.curves.push_back(best);
      for (double& y : over.curves.back().y) {
        y /= least->mean;
        over.y_range = {0.99, std::max(over.y_range ? over.y_range->second : 1.0, y + 0.02)};
      }
    }
    panel.curves.push_back(std::move(best));
  }
  const std::vector<double> sigma = truth(25).sigma;
  Curve turns{.label = "closed form: quarter turns, no tempering", .style = Style::reference, .colour = 0};
  table.columns.push_back({"no tempering: ε√P", reporting::Align::right});
  table.columns.push_back({"closed form of a flow: quarter turns, no tempering", reporting::Align::right});
  table.columns.push_back({"gap without tempering over that with fixed", reporting::Align::right});
  double least_ratio = 0, largest_ratio = 0;
  // K at which the search stops above a flow that is known: without tempering, and with fixed tempering, which holds the flows
  // without as its limit 1/√β₀ → 1.
  std::vector<std::string> missed, missed_fixed;
  double least_known = std::numeric_limits<double>::infinity();
  for (std::size_t row = 0; row < steps.size(); ++row) {
    const std::int64_t K = steps[row];
    const double known = quarter_turn_gap(static_cast<double>(N), sigma, static_cast<int>(K));
    turns.x.push_back(static_cast<double>(K)), turns.y.push_back(known);
    const auto none = at("none", K, "gap_nats"), fixed = at("fixed", K, "gap_nats"), reach = at("none", K, "epsilon_root_curvature");
    table.rows[row].push_back(reach ? fmt::format("{:.3f}", reach->mean) : "–");
    table.rows[row].push_back(fmt::format("{:.0f}", known));
    least_known = std::min(least_known, known);
    const bool has_both = none && fixed, is_missed = none && none->mean > 1.05 * known, fixed_is_missed = fixed && fixed->mean > known;
    if (is_missed) missed.push_back(std::to_string(K));
    if (fixed_is_missed) missed_fixed.push_back(std::to_string(K));
    const bool is_known = has_both && !is_missed && !fixed_is_missed;
    table.rows[row].push_back(is_known ? fmt::format("{:.1f}", none->mean / fixed->mean) : "–");
    if (!is_known) continue;
    const double ratio = none->mean / fixed->mean;
    least_ratio = least_ratio == 0 ? ratio : std::min(least_ratio, ratio);
    largest_ratio = std::max(largest_ratio, ratio);
  }
  panel.curves.push_back(std::move(turns));
  const auto best_of = [&](const std::string& tempering) {
    double best = std::numeric_limits<double>::infinity();
    for (const std::int64_t K : steps)
      if (const auto gap = at(tempering, K, "gap_nats")) best = std::min(best, gap->mean);
    return best;
  };
  const auto horizontal = [&](Panel& on, const std::string& label, double value, int own) {
    on.curves.push_back({.label = label, .x = {first_K, last_K}, .y = {value, value}, .style = Style::reference, .colour = own});
  };
  for (const auto& [on, unit] : {std::pair{&panel, 1.0}, {&over, least->mean}}) {
    horizontal(*on, "volume one: no flow comes closer", least->mean / unit, 2);
    horizontal(*on, "closed form: one step, fixed tempering", shared->mean / unit, 1);
  }
  const std::string why_missed = missed.empty() ? std::string() : fmt::format(
      " For K = {} the search ends above a flow that is known in closed form, so these entries measure the search and not the flow: the untempered "
      "landscape has a valley for every odd number of quarter turns that K steps can make, the last, at first the deepest, ε√P = 2 cos(π/4K), lies "
      "beyond the largest start, 1.9, from K = 3 on, from K = {} on it is no longer found, and it is soon narrower than a step of the search. The "
      "column ε√P tells which valley was found: at K = 5 the last but one is at 1.78, the last at 1.98.{}", fmt::join(missed, ", "), missed.front(),
      missed_fixed.empty() ? std::string() : fmt::format(" For K = {} so do those with fixed tempering, which has these flows as its limit 1/√β₀ → 1.", fmt::join(missed_fixed, ", ")));
  page.prose("Beyond the paper: the flow alone, on the Gaussian model",
             fmt::format("Everything above trains the model and the flow together, so that what a flow cannot do comes back as an error of σ. Here "
                         "Δ and σ stand at the exact maximiser (d = 25, N = {}), and only ε and the temperatures are learned, from nine starts, by "
                         "the exact bound: no draws, no data sets, nothing else that could differ.\n\nWhat limits HVAE on this model is its volume. "
                         "In (z, ρ) together the flow keeps the volume of N(0, I), whatever the tempering: the α take back what 1/√β₀ had "
                         "stretched, which is why β₀ cancels from the estimate. The posterior times the momentum's N(0, 1) is far smaller. So no ε, "
                         "K and α bring the bound closer than Σ(√P − 1 − ½ log P), P = 1 + N/σ²: {:.0f} nats here. One step with one shared β₀ "
                         "reaches √(d ΣP) − d − ½ Σ log P = {:.0f} nats (a little less where each ε adapts to it), in more steps the search comes to {:.0f}, and with free "
                         "tempering, whose α can differ between the steps, to {:.0f}. Without tempering the energy of the start has nowhere "
                         "to go but the momentum, and the best is to lay it there by a quarter turn at the edge of the leapfrog's stability ([the "
                         "chapter](program.md) has the cost in closed form, {:.0f} at the least in the table): the limit binds all flows alike, and what tempering buys is a "
                         "landscape in which the search finds its way.{} (With a learned q⁰, as on MNIST, the flow need not contract, and this limit is not "
                         "there.)\n",
                         N, least->mean, shared->mean, best_of("fixed"), best_of("free"), least_known, why_missed));
  page.figure("The gap at the optimum", {.name = "optimum", .panels = {panel, over}, .columns = 2, .width = 1120, .height = 480},
              {.see = (largest_ratio == 0 ? std::string("Left, ")
                                          : fmt::format("Left, without tempering {:.1f} to {:.0f} times as much is left as with fixed tempering, by K, where the search misses neither; ", least_ratio,
                                                        largest_ratio)) +
                      "the dotted closed form is the best that is known without tempering. Right, on a linear scale and in units of the limit, the tempered ones.",
               .contradicted = "any point below the lower dotted line.", .profile = profile});
  page.table("The gap at the optimum, in numbers [nats]", table,
             {.see = "The best of nine starts in every entry; the closed form is that of the true σ, which is the data's to a percent.",
                 .contradicted = fmt::format("a gap below {:.0f}.", least->mean), .profile = profile});
}

void write_common_notes(Page& page) {
  page.metric("delta_error", "Σ_j (Δ̂_j − Δ_j)², mean over the data sets.");
  page.metric("sigma_error", "Σ_j (σ̂_j − σ_j)², standard deviations and not variances, mean over the data sets.");
  page.metric("theta_error", "The sum of the two.");
  page.metric("mle_delta_error, mle_sigma_error, mle_theta_error", "The same of the exact maximiser of log p(D) on the same data sets.");
  page.metric("delta_over_mle, theta_over_mle", "The error over that of the exact maximiser, which takes the draw of z out.");
  page.metric("delta_to_x_bar", "|Δ̂ − x̄|²: how far training is from the maximiser.");
  page.metric("z_squared", "|z|² of the code that was drawn for the data set, mean over the data sets.");
  page.metric("law_*", "Closed forms, derived in [the chapter](program.md).");
  page.metric("gap_nats", "Exact log p(D) less the exact bound, at the learned parameters and the first batch (gaussian), or the least over nine "
                          "starts (optimum).");
  page.metric("inverse_root_beta_0", "The learned 1 / √β₀.");
}

}  // namespace hvae
