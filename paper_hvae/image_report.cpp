// # The page: our runs on MNIST
//
// At the scale that was run, each seed beside the VAE's run of the same seed, batches and test images.
#include "paper_hvae/image_report.hpp"

#include "common/reporting/statistics.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

namespace hvae {

using reporting::Align;
using reporting::CellMetric;
using reporting::Page;
using reporting::Profile;
using reporting::Sample;
using reporting::Table;

namespace {

// ## Looking things up
struct Scale {
  std::string experiment;
  Profile profile;
};

// The scales that have the VAE and something to compare it with, the largest first.
std::vector<Scale> scales_of(const Page& page) {
  std::vector<Scale> scales;
  for (const Scale& scale : {Scale{"mnist", Profile::paper}, {"mnist_10k", Profile::paper}, {"mnist", Profile::quick}, {"mnist", Profile::smoke}}) {
    const auto& cells = page.results().cells();
    const auto found = cells.find(scale.profile);
    if (found == cells.end() || !found->second.contains(scale.experiment + "/vae")) continue;
    const std::string prefix = scale.experiment + "/";
    if (std::ranges::count_if(found->second, [&](const auto& cell) { return cell.first.starts_with(prefix); }) > 1) scales.push_back(scale);
  }
  return scales;
}

// In the order of Table 1.
std::vector<std::string> variants_of(const Page& page, const Scale& scale) {
  std::vector<std::string> found;
  for (const bool varied : {false, true})
    for (const int K : table_1_steps)
      for (const std::string& tempering : table_1_temperings)
        if (const std::string name = variant(K, tempering, varied); !page.results().records(scale.profile, scale.experiment + "/" + name).empty())
          found.push_back(name);
  return found;
}

// The runs of a cell that came to their end, each with the VAE's of the same seed.
struct BesideVae {
  const experiments::Record *run, *vae;

  // A metric, less the VAE's.
  double difference(const std::string& metric) const { return run->metrics.at(metric).value - vae->metrics.at(metric).value; }

  // The same over the test images, for `of_image` told a record's columns and the image.
  template <class OfImage>
  Sample over_images(OfImage of_image) const {
    const auto &ours = run->series.at("by_image"), &theirs = vae->series.at("by_image");
    std::vector<double> differences;
    for (std::size_t i = 0; i < ours.at("nll_nats").size(); ++i) differences.push_back(of_image(ours, i) - of_image(theirs, i));
    return reporting::summarise(differences);
  }
};
std::vector<BesideVae> beside_vae(const Page& page, const Scale& scale, const std::string& cell) {
  std::vector<BesideVae> pairs;
  for (const auto* run : page.results().records(scale.profile, scale.experiment + "/" + cell))
    for (const auto* vae : page.results().records(scale.profile, scale.experiment + "/vae"))
      if (vae->identity.seed == run->identity.seed && !vae->diverged && !run->diverged) pairs.push_back({run, vae});
  return pairs;
}

double nll_of(const experiments::Series& columns, std::size_t i) { return columns.at("nll_nats")[i]; }
double gap_of(const experiments::Series& columns, std::size_t i) { return columns.at("minus_bound_nats")[i] - columns.at("nll_nats")[i]; }

// "-2.85 ± 0.11, -2.63 ± 0.10", seed by seed, ± over the images.
template <class OfImage>
std::string by_seed(const std::vector<BesideVae>& pairs, OfImage of_image) {
  std::vector<std::string> all;
  for (const BesideVae& pair : pairs) {
    const Sample sample = pair.over_images(of_image);
    all.push_back(fmt::format("{:+.2f} ± {:.2f}", sample.mean, sample.standard_error()));
  }
  return fmt::format("{}", fmt::join(all, ", "));
}

// " One run's NLL has a standard error of ...": over the images, and by its draws.
std::string errors_of_one(const Page& page, const Scale& scale) {
  double least = std::numeric_limits<double>::infinity(), largest = 0, by_draws = 0;
  for (const auto& [path, records] : page.results().cells().at(scale.profile))
    for (const auto* record : records) {
      if (record->identity.experiment != scale.experiment || record->diverged) continue;
      const double over_images = reporting::summarise(record->series.at("by_image").at("nll_nats")).standard_error();
      least = std::min(least, over_images), largest = std::max(largest, over_images);
      by_draws = std::max(by_draws, record->metrics.at("nll_monte_carlo_error_nats").value);
    }
  if (largest == 0) return "";
  return fmt::format(" One run's NLL has a standard error of {:.2f} to {:.2f} over the images, the same for all rows, and of {:.3f} at most by its draws.", least, largest, by_draws);
}

// " What a seed does to all alike aside ...": how well a difference of two rows is known.
std::string scatter_between_seeds(const Page& page, const Scale& scale) {
  std::vector<CellMetric> cells{{scale.experiment, "vae", "nll_nats"}};
  for (const std::string& cell : variants_of(page, scale)) cells.push_back({scale.experiment, cell, "nll_nats"});
  const reporting::Spread spread = page.results().paired_spread(scale.profile, cells);
  if (spread.dof == 0) return "";
  const int n = page.results().estimate(scale.profile, cells.front())->n;
  return fmt::format(" What a seed does to all variants alike aside, an NLL scatters between the seeds with a deviation of {:.2f} nats ({} degrees of freedom), so the mean over {} seeds of "
                     "a difference is known to ± {:.1f} (95 %).",
                     spread.sd, spread.dof, n, reporting::prediction_half_width(spread, n, n, 0.05));
}

// ## What is said of a scale
std::string scale_text(const Page& page, const Scale& scale) {
  const auto& settings = page.results().records(scale.profile, scale.experiment + "/vae").front()->identity.settings;
  const std::int64_t n_train = settings.count("n_train");
  return fmt::format("{} training images for {} passes at most{}", n_train, settings.count("epochs"), n_train < 50'000 ? " (the paper: 50,000, and early stopping)" : "");
}

std::string test_text(const Page& page, const Scale& scale) {
  const auto& settings = page.results().records(scale.profile, scale.experiment + "/vae").front()->identity.settings;
  return fmt::format(", NLL by {} samples of {} test images; where the training images are fewer than the paper's, the published column stands for reference only.",
                     settings.count("n_nll_samples"), settings.count("n_nll_images"));
}

// ## Memory
void memory(Page& page) {
  const auto profile = page.results().highest("step_memory/fixed");
  if (!profile) return;
  const auto* record = page.results().first(*profile, "step_memory/fixed");
  if (!record) return;
  const auto mib = [&](int K) { return record->metrics.at(fmt::format("k{}_mib", K)).value; };
  const double slope = mib(2) - mib(1);
  page.prose("What a flow costs in memory",
             fmt::format("A training step differentiates through the whole flow, which holds every leapfrog step with its gradient of U until it has been "
                         "gone back through: its memory is a constant and a multiple of K. With {} hidden units and batches of {} our step holds {:.1f} MiB "
                         "without a flow, and {:.1f} + {:.1f} K MiB with one, from K = 1 and 2: {:.1f} at K = 5, measured {:.1f}, and {:.1f} at K = 20, measured {:.1f} (parameters, "
                         "gradients and optimiser included; not the data).\n",
                         record->identity.settings.count("hidden"), record->identity.settings.count("batch"), mib(0), mib(1) - slope, slope, mib(1) + 4 * slope, mib(5),
                         record->metrics.at("k20_by_line_mib").value, mib(20)));
}

// ## The table

// "8 of 14 runs": whose gap is wider than that of the VAE with the same seed.
std::string wider_gaps(const Page& page, const Scale& scale) {
  int n_runs = 0, n_wider = 0;
  for (const std::string& cell : variants_of(page, scale))
    for (const BesideVae& pair : beside_vae(page, scale, cell)) ++n_runs, n_wider += pair.difference("gap_nats") > 0;
  return fmt::format("{} of {} runs", n_wider, n_runs);
}

void table_of_runs(Page& page, const Scale& scale) {
  Table table{{{"Variant"}, {"NLL", Align::right}, {"less the VAE's, seed by seed", Align::right}, {"minus ELBO", Align::right}, {"gap", Align::right},
               {"less the VAE's", Align::right}, {"effective samples", Align::right}, {"passes", Align::right}, {"1/β₀", Align::right}, {"mean ε", Align::right},
               {"seeds", Align::right}, {"published NLL", Align::right}},
              {}};
  const auto add = [&](const std::string& cell) {
    const auto at = [&](const std::string& metric, int digits) {
      const auto sample = page.results().estimate(scale.profile, CellMetric{scale.experiment, cell, metric});
      return sample ? reporting::format_estimate(*sample, digits) : std::string("–");
    };
    const auto pairs = cell == "vae" ? std::vector<BesideVae>() : beside_vae(page, scale, cell);
    table.rows.push_back({fmt::format("`{}`", cell), at("nll_nats", 2), by_seed(pairs, nll_of), at("minus_bound_nats", 2), at("gap_nats", 2), by_seed(pairs, gap_of),
                          at("median_effective_samples", 1), at("epochs", 0), at("inverse_beta_0", 2), at("mean_epsilon", 3),
                          std::to_string(page.results().records(scale.profile, scale.experiment + "/" + cell).size()), page.published_text("table1." + cell)});
  };
  add("vae");
  for (const std::string& cell : variants_of(page, scale)) add(cell);
  const auto on_all = page.results().estimate(scale.profile, CellMetric{scale.experiment, "vae", "nll_more_images_nats"});
  const std::string all_images = on_all ? fmt::format(" The VAE's NLL on all 10,000 test images is {}.", reporting::format_estimate(*on_all, 2)) : "";
  page.table(fmt::format("Our runs: experiment `{}`, profile `{}`", scale.experiment, experiments::to_string(scale.profile)), table,
             {.see = scale_text(page, scale) + test_text(page, scale) + " Every row on the same test images, each seed with its own split, batches and "
                     "noise, the same for all rows. ± behind a difference is its standard error over the images (the models being what they are); behind the other numbers that over seeds." +
                     errors_of_one(page, scale) + scatter_between_seeds(page, scale) + all_images +
                     " With so few effective samples (median over images, of those drawn) an NLL stands too high, and a gap is too narrow; by how much is not known.",
              .contradicted = "for the paper's reason, \"a more expressive approximate posterior\": a flow whose gap is wider than that of the VAE with the same seed. It is in " +
                              wider_gaps(page, scale) + ".",
              .profile = scale.profile});
}

// NLL and gap against the VAE's, in two sentences.
void conclude(Page& page, const Scale& scale) {
  std::string leads;
  for (const std::string& cell : variants_of(page, scale)) {
    std::vector<std::string> of_seeds;
    for (const BesideVae& pair : beside_vae(page, scale, cell)) of_seeds.push_back(fmt::format("{:+.2f}", pair.difference("nll_nats")));
    if (!of_seeds.empty()) leads += fmt::format("{}{} {}", leads.empty() ? "" : "; ", cell, fmt::join(of_seeds, ", "));
  }
  if (leads.empty()) return;
  page.finding(fmt::format("MNIST, {}: NLL less that of the VAE with the same seed, batches and test images, seed by seed [nats]: {}.{} The gap between bound and likelihood, which a more "
                           "expressive posterior would narrow, is wider than the VAE's in {}.",
                           scale_text(page, scale), leads, scatter_between_seeds(page, scale), wider_gaps(page, scale)));
}

// ## The curves
//
// " Halfway ... after pass 31 (vae), 24 (k5_free)": who is ahead because it began to learn earlier.
std::string head_starts(const reporting::Panel& panel) {
  constexpr std::size_t early = 4, late = 10;  // by then every curve has come to rest once; the passes whose gain is told
  std::string halfway, gains;
  for (const reporting::Curve& curve : panel.curves) {
    if (curve.y.size() <= early + late) return "";
    const double middle = (curve.y[early] + curve.y.back()) / 2;
    const auto pass = std::ranges::find_if(curve.y, [&](double bound) { return bound > middle; }) - curve.y.begin() + 1;
    halfway += fmt::format("{}{} ({})", halfway.empty() ? "" : ", ", pass, curve.label);
    gains += fmt::format("{}{:.1f}", gains.empty() ? "" : ", ", curve.y.back() - curve.y[curve.y.size() - 1 - late]);
  }
  return fmt::format(" Halfway from their bound on the validation images after pass {} to their last, those on the left are after pass {}; over the last {} passes they still gain {} "
                     "nats, in the same order: a lead at the end may be an earlier start.",
                     early + 1, halfway, late, gains);
}

// Validation bound less the VAE's with the same seed, mean over the seeds, as far as all of them went.
std::optional<reporting::Curve> lead_over_vae(const Page& page, const Scale& scale, const std::string& cell) {
  const auto pairs = beside_vae(page, scale, cell);
  if (pairs.empty()) return {};
  const auto bound = [](const experiments::Record* record) -> const std::vector<double>& { return record->series.at("curve").at("validation_elbo_nats"); };
  std::size_t n = bound(pairs.front().vae).size();
  for (const BesideVae& pair : pairs) n = std::min({n, bound(pair.run).size(), bound(pair.vae).size()});
  reporting::Curve curve;
  for (std::size_t i = 0; i < n; ++i) {
    double sum = 0;
    for (const BesideVae& pair : pairs) sum += bound(pair.run)[i] - bound(pair.vae)[i];
    curve.x.push_back(static_cast<double>(i + 1));
    curve.y.push_back(sum / static_cast<double>(pairs.size()));
  }
  return curve;
}

// A variant without the kind of its step sizes, which a panel's title says.
std::string without_varied(const std::string& cell) { return cell.substr(0, cell.find("_varied")); }

void figure_of_training(Page& page, const Scale& scale) {
  reporting::Panel bounds{.title = "the bound, ε fixed, seed 0", .x_label = "pass", .y_label = "bound, validation images [nats]"};
  reporting::Panel fixed{.title = "less the VAE's, ε fixed, mean over seeds", .x_label = "pass", .y_label = "bound above the VAE's [nats]"}, varied = fixed;
  varied.title = "less the VAE's, ε varied, mean over seeds";
  std::map<std::string, int> colours{{"vae", 0}};
  const auto add_bound = [&](const std::string& cell) {
    const auto* record = page.results().records(scale.profile, scale.experiment + "/" + cell).front();
    if (record->diverged || colours.at(cell) > 6) return;
    const auto& curve = record->series.at("curve");
    bounds.curves.push_back({.label = cell, .x = curve.at("epoch"), .y = curve.at("validation_elbo_nats"), .colour = colours.at(cell)});
  };
  add_bound("vae");
  double furthest = 1;
  for (const std::string& cell : variants_of(page, scale)) {
    const bool is_varied = cell != without_varied(cell);
    const int colour = colours.emplace(without_varied(cell), static_cast<int>(colours.size())).first->second;
    if (!is_varied) add_bound(cell);
    auto curve = lead_over_vae(page, scale, cell);
    if (!curve || colour > 6) continue;
    curve->label = without_varied(cell);
    curve->colour = colour;
    for (std::size_t i = curve->y.size() / 2; i < curve->y.size(); ++i) furthest = std::max(furthest, std::abs(curve->y[i]));
    (is_varied ? varied : fixed).curves.push_back(std::move(*curve));
  }
  // Early on they are tens of nats apart, whoever leaves the mean image first: the axis is that of the second half.
  double last = 1;
  for (const reporting::Curve& curve : bounds.curves) last = std::max(last, curve.x.back());
  for (reporting::Panel* panel : {&bounds, &fixed, &varied}) panel->x_range = {{0, last}};
  for (reporting::Panel* panel : {&fixed, &varied}) panel->y_range = {{-1.1 * furthest, 1.1 * furthest}};
  reporting::Figure figure{.name = "mnist_training", .panels = {bounds}, .columns = 2, .width = 1120, .height = 460};
  for (reporting::Panel* panel : {&fixed, &varied})
    if (!panel->curves.empty()) figure.panels.push_back(*panel);
  figure.columns = static_cast<int>(figure.panels.size());
  figure.width = 520 * figure.columns;
  page.figure("MNIST: the bound while training", figure,
              {.see = scale_text(page, scale) + ". Right of the first panel each seed is taken less the VAE's of the same seed; what leaves the panels is early." +
                      head_starts(bounds),
               .contradicted = "a curve that ends in mid-air: a run that diverged.", .profile = scale.profile});
}

void new_digits(Page& page, const Scale& scale) {
  const experiments::Record* shown = nullptr;  // of the least NLL
  for (const std::string& cell : variants_of(page, scale))
    if (const auto* record = page.results().records(scale.profile, scale.experiment + "/" + cell).front();
        !record->diverged && (!shown || record->metrics.at("nll_nats").value < shown->metrics.at("nll_nats").value))
      shown = record;
  if (!shown) return;
  page.images("New digits", "mnist_samples", {.images = shown->images.at("samples"), .columns = 16}, {},
              {.see = fmt::format("Pixel probabilities for codes drawn from the prior, `{}`, seed {}: what the decoder has learned from {}.", shown->identity.cell, shown->identity.seed,
                                  scale_text(page, scale)),
               .contradicted = "no digit among the draws.", .profile = scale.profile});
}

}  // namespace

void write_image_sections(Page& page) {
  write_table_1(page);
  memory(page);
  const std::vector<Scale> scales = scales_of(page);
  for (const Scale& scale : scales) table_of_runs(page, scale);
  if (!scales.empty()) {
    if (scales.front().profile == Profile::paper) conclude(page, scales.front());
    figure_of_training(page, scales.front());
    new_digits(page, scales.front());
  }
  write_flow_alone(page);
  page.metric("nll_nats", "Minus the log of the mean of the flow's estimates of p(x), mean over the test images (mnist, mnist_10k).");
  page.metric("minus_bound_nats", "Minus the mean of the logs of the same estimates (mnist, mnist_10k).");
  page.metric("gap_nats (mnist, mnist_10k)", "minus_bound_nats less nll_nats.");
  page.metric("k20_mib", "What the arrays of a training step with 20 leapfrog steps hold at most (step_memory).");
}

}  // namespace hvae
