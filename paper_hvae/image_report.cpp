// # The page: MNIST
//
// What the paper's own numbers can show, and what our runs at a smaller scale do.
#include "paper_hvae/image_report.hpp"

#include "common/reporting/statistics.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>

namespace hvae {

using reporting::Align;
using reporting::CellMetric;
using reporting::Page;
using reporting::Profile;
using reporting::Sample;
using reporting::Table;

namespace {

constexpr std::array<int, 5> steps{1, 5, 10, 15, 20};
const std::array<std::string, 3> temperings{"free", "fixed", "none"};

std::string variant(int K, const std::string& tempering, bool varied) { return fmt::format("k{}_{}{}", K, tempering, varied ? "_varied" : ""); }

// ## The printed numbers, taken together
//
// NLL of every supplementary run, by variant.
std::map<std::string, std::vector<double>> supplement(const std::vector<reporting::Claim>& claims) {
  std::map<std::string, std::vector<double>> runs;
  for (const auto& claim : claims)
    if (claim.id.starts_with("supplement") && claim.id.ends_with(".nll")) runs[claim.metric->cell].push_back(*claim.published);
  return runs;
}

// What the supplement prints as the deviation over three estimates of one run's NLL, pooled over a table's runs.
double deviation_between_estimates(const std::vector<reporting::Claim>& claims, const std::string& table) {
  double squares = 0;
  int n = 0;
  for (const auto& claim : claims) {
    if (!claim.id.starts_with(table) || !claim.id.ends_with(".nll")) continue;
    const std::string mark = "(deviation ";
    const std::size_t at = claim.says.find(mark);
    if (at == std::string::npos) continue;
    squares += std::pow(std::stod(claim.says.substr(at + mark.size())), 2);
    ++n;
  }
  return std::sqrt(squares / std::max(n, 1));
}

// The passes of the supplement's runs that stand in both of its tables, and for how many of them no run is of one model and seed in both.
struct Repeated {
  std::vector<int> passes;
  int n_of_other_runs = 0;
};
Repeated repeated_passes(const std::vector<reporting::Claim>& claims) {
  std::array<std::map<int, std::set<std::string>>, 2> runs;  // Tables 2 and 3
  for (const auto& claim : claims)
    for (std::size_t table = 0; table < 2; ++table) {
      const std::string prefix = fmt::format("supplement{}.", table + 2);
      if (!claim.id.starts_with(prefix) || !claim.id.ends_with(".nll")) continue;
      const std::size_t end = claim.says.rfind(" epochs"), begin = claim.says.rfind(' ', end - 1) + 1;
      runs[table][std::stoi(claim.says.substr(begin, end - begin))].insert(claim.id.substr(prefix.size()));
    }
  Repeated found;
  for (const auto& [passes, of_2] : runs[0]) {
    const auto again = runs[1].find(passes);
    if (again == runs[1].end()) continue;
    found.passes.push_back(passes);
    found.n_of_other_runs += std::ranges::none_of(of_2, [&](const std::string& run) { return again->second.contains(run); });
  }
  return found;
}

void what_the_paper_can_show(Page& page) {
  const auto& claims = page.claims();
  const auto runs = supplement(claims);
  Table table{{{"Variant"}, {"Runs", Align::right}, {"Their mean", Align::right}, {"Table 1", Align::right}, {"Between the runs", Align::right},
               {"Below the VAE", Align::right}},
              {}};
  std::array<std::vector<Sample>, 2> groups;  // step sizes fixed, varied
  const Sample vae = reporting::summarise(runs.at("vae"));
  const auto add = [&](const std::string& cell, const Sample& sample, const std::vector<double>& values) {
    const auto [least, largest] = std::ranges::minmax(values);
    table.rows.push_back({fmt::format("`{}`", cell), std::to_string(sample.n), fmt::format("{:.3f}", sample.mean),
                          page.published_text("table1." + cell), fmt::format("{:.2f}", largest - least),
                          cell == "vae" ? "" : fmt::format("{:.2f}", vae.mean - sample.mean)});
  };
  add("vae", vae, runs.at("vae"));
  for (const bool varied : {false, true})
    for (const int K : steps)
      for (const std::string& tempering : temperings) {
        const auto found = runs.find(variant(K, tempering, varied));
        if (found == runs.end()) continue;
        const Sample sample = reporting::summarise(found->second);
        groups[varied].push_back(sample);
        add(found->first, sample, found->second);
      }
  const reporting::Spread fixed = reporting::pooled(groups[0]), with_varied = reporting::pooled(groups[1]);
  const Repeated repeated = repeated_passes(claims);
  const auto [least_vae, largest_vae] = std::ranges::minmax(runs.at("vae"));
  const std::size_t n_variants = groups[0].size() + groups[1].size();
  std::ptrdiff_t n_within = 0, n_worse = 0;
  for (const auto& group : groups) {
    n_within += std::ranges::count_if(group, [&](const Sample& sample) { return sample.mean >= least_vae && sample.mean <= largest_vae; });
    n_worse += std::ranges::count_if(group, [&](const Sample& sample) { return sample.mean > vae.mean; });
  }
  // Runs an arm for a difference to be seen four times out of five, at 5 %, with the pooled deviation known.
  const auto needed = [](double difference, double sd) { return std::ceil(2 * std::pow((1.96 + 0.84) * sd / difference, 2)); };
  const double headline = vae.mean - reporting::summarise(runs.at("k10_free_varied")).mean,
               longer = reporting::summarise(runs.at("k10_free")).mean - reporting::summarise(runs.at("k15_free")).mean;
  page.prose("What Table 1 of the paper can show",
             fmt::format("Table 1 is the mean over the supplement's runs, recomputed here from its 57 rows. The deviation between runs of one "
                         "variant of HVAE, pooled, is {:.3f} nats with fixed step sizes and {:.3f} with varied ones, {:.1f} and {:.1f} times that between "
                         "estimates of one run. The headline, {:.2f} nats between the VAE and K = 10, free, varied, needs {:.0f} runs an arm to be seen four "
                         "times out of five (two-sided 5 %); the difference of {:.2f} between K = 10 and K = 15, free, fixed, needs {:.0f}. The paper has "
                         "two or three.\n\nOf the epoch counts of the supplement's Table 2, {} ({}) stand in its Table 3 again, {} of them for "
                         "another model or seed: early stopping does not hit the same pass by chance so often, so some logs were probably mixed "
                         "up.\n",
                         fixed.sd, with_varied.sd, fixed.sd / deviation_between_estimates(claims, "supplement2."),
                         with_varied.sd / deviation_between_estimates(claims, "supplement3."), headline, needed(headline, with_varied.sd),
                         longer, needed(longer, fixed.sd),
                         repeated.passes.size(), fmt::join(repeated.passes, ", "), repeated.n_of_other_runs));
  page.finding(fmt::format("Table 1 of the paper, MNIST: its headline, {:.2f} nats between the VAE and K = 10 with free tempering and varied ε, stands clear of the scatter "
                           "between runs ({:.2f} nats with varied ε, {:.2f} with fixed); the difference of {:.2f} between K = 10 and K = 15, both with "
                           "fixed ε, would take {:.0f} runs an arm to be seen, and it has two or three.",
                           headline, with_varied.sd, fixed.sd, longer, needed(longer, fixed.sd)));
  page.erratum({"section 4.2", "\"the improvement in HVAE over the base VAE\"",
                fmt::format("of {} of the {} variants", n_variants - static_cast<std::size_t>(n_worse), n_variants), fmt::format("its own Table 1: {} are worse than the VAE", n_worse)});
  page.table("Table 1 from the supplement's runs [nats]", table,
             {.see = fmt::format("The third column is the fourth, to rounding. The paper's runs of the VAE alone lie between {:.2f} and {:.2f}; the "
                                 "means of {} of the {} variants lie there too.", least_vae, largest_vae, n_within, n_variants),
              .contradicted = "a mean that is not Table 1's.", .profile = Profile::paper});
}

// ## Our runs
struct Scale {
  std::string experiment;
  Profile profile;
};

// The largest scale that has the VAE and something to compare it with.
std::optional<Scale> scale_of(const Page& page) {
  for (const Scale& scale : {Scale{"mnist", Profile::paper}, {"mnist_10k", Profile::paper}, {"mnist", Profile::quick}, {"mnist", Profile::smoke}}) {
    const auto& cells = page.results().cells();
    const auto found = cells.find(scale.profile);
    if (found == cells.end() || !found->second.contains(scale.experiment + "/vae")) continue;
    const std::string prefix = scale.experiment + "/";
    if (std::ranges::count_if(found->second, [&](const auto& cell) { return cell.first.starts_with(prefix); }) > 1) return scale;
  }
  return {};
}

// The runs of a cell that came to their end, each with the VAE's of the same seed.
struct BesideVae {
  const experiments::Record *run, *vae;

  // A metric, less the VAE's.
  double difference(const std::string& metric) const { return run->metrics.at(metric).value - vae->metrics.at(metric).value; }
};
std::vector<BesideVae> beside_vae(const Page& page, const Scale& scale, const std::string& cell) {
  std::vector<BesideVae> pairs;
  for (const auto* run : page.results().records(scale.profile, scale.experiment + "/" + cell))
    for (const auto* vae : page.results().records(scale.profile, scale.experiment + "/vae"))
      if (vae->identity.seed == run->identity.seed && !vae->diverged && !run->diverged) pairs.push_back({run, vae});
  return pairs;
}

// NLL less the VAE's on the same images and for the same seed: mean over images and seeds, and its standard error over images.
std::optional<Sample> paired_difference(const Page& page, const Scale& scale, const std::string& cell) {
  std::vector<double> differences;
  int n_seeds = 0;
  for (const auto& [run, vae] : beside_vae(page, scale, cell)) {
    const auto& ours = run->series.at("by_image").at("nll_nats");
    const auto& theirs = vae->series.at("by_image").at("nll_nats");
    if (ours.size() != theirs.size()) continue;
    differences.resize(ours.size(), 0.0);
    for (std::size_t i = 0; i < ours.size(); ++i) differences[i] += ours[i] - theirs[i];
    ++n_seeds;
  }
  if (n_seeds == 0) return {};
  for (double& d : differences) d /= n_seeds;
  return reporting::summarise(differences);
}

// "-2.85, -2.63": the same seed by seed.
std::string differences_by_seed(const Page& page, const Scale& scale, const std::string& cell) {
  std::vector<std::string> all;
  for (const BesideVae& pair : beside_vae(page, scale, cell)) all.push_back(fmt::format("{:+.2f}", pair.difference("nll_nats")));
  return fmt::format("{}", fmt::join(all, ", "));
}

// What was trained, from the VAE's own settings.
std::string scale_text(const Page& page, const Scale& scale) {
  const auto& settings = page.results().records(scale.profile, scale.experiment + "/vae").front()->identity.settings;
  const std::int64_t n_train = settings.count("n_train");
  return fmt::format("{} training images for {} passes at most{}", n_train, settings.count("epochs"), n_train < 50'000 ? " (the paper: 50,000, and early stopping)" : "");
}

// And tested.
std::string test_text(const Page& page, const Scale& scale) {
  const auto& settings = page.results().records(scale.profile, scale.experiment + "/vae").front()->identity.settings;
  return fmt::format(", NLL by {} samples of {} test images; where the training images are fewer than the paper's, the published column stands for reference only.",
                     settings.count("n_nll_samples"), settings.count("n_nll_images"));
}

// " (so it is for k1_fixed: 5.84 against 5.55)": seeds of a flow whose mean gap is above that of the VAE with the same seeds.
std::string wider_gaps(const Page& page, const Scale& scale) {
  std::string found;
  for (const auto& [path, records] : page.results().cells().at(scale.profile)) {
    if (!path.starts_with(scale.experiment + "/") || path.ends_with("/vae")) continue;
    const std::string cell = path.substr(path.find('/') + 1);
    for (const BesideVae& pair : beside_vae(page, scale, cell))
      if (pair.difference("gap_nats") > 0)
        found += fmt::format("{}{}, seed {}: {:.2f} against {:.2f}", found.empty() ? " (so it is for " : "; ", cell, pair.run->identity.seed,
                             pair.run->metrics.at("gap_nats").value, pair.vae->metrics.at("gap_nats").value);
  }
  return found.empty() ? "" : found + ")";
}

// The gradient goes through every leapfrog step, so each is held until it is gone back through.
void memory(Page& page, const Scale& scale) {
  const auto held = [&](int K) -> std::optional<Sample> {
    for (const std::string& tempering : temperings)
      if (const auto mib = page.results().estimate(scale.profile, CellMetric{scale.experiment, variant(K, tempering, false), "step_mib"})) return mib;
    return {};
  };
  const auto vae = page.results().estimate(scale.profile, CellMetric{scale.experiment, "vae", "step_mib"}), one = held(1), five = held(5);
  const auto& records = page.results().records(scale.profile, scale.experiment + "/vae");
  if (!vae || !one || !five || records.empty()) return;
  const double slope = (five->mean - one->mean) / 4;
  const auto& settings = records.front()->identity.settings;
  page.prose("What a flow costs in memory",
             fmt::format("A training step differentiates through the whole flow, which holds every leapfrog step with its gradient of U until it has been "
                         "gone back through: its memory is a constant and a multiple of K. With {} hidden units and batches of {} our step holds {:.0f} MiB "
                         "without a flow, and {:.0f} + {:.1f} K MiB with one, from K = 1 and 5 (parameters, gradients and optimiser included; not the data).\n",
                         settings.count("hidden"), settings.count("batch"), vae->mean, one->mean - slope, slope));
}

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
  return fmt::format(" Halfway from their bound on the validation images after pass {} to their last they are after pass {}; over the last {} passes they still gain {} "
                     "nats, in the same order: a lead at the end may be an earlier start.",
                     early + 1, halfway, late, gains);
}

void our_runs(Page& page, const Scale& scale) {
  Table table{{{"Variant"}, {"NLL", Align::right}, {"less the VAE's, same images and seeds", Align::right}, {"minus ELBO", Align::right}, {"gap", Align::right},
               {"passes", Align::right}, {"1/β₀", Align::right}, {"mean ε", Align::right}, {"a step holds [MiB]", Align::right}, {"seeds",
                   Align::right},
               {"published NLL", Align::right}},
              {}};
  reporting::Figure curves{.name = "mnist_training", .columns = 2, .width = 1120, .height = 460};
  reporting::Panel on_training{.title = "training images", .x_label = "pass", .y_label = "bound [nats]"}, on_validation = on_training;
  on_validation.title = "validation images";
  const experiments::Record* shown = nullptr;
  int colour = 0, n_variants = 0;
  std::string leads;
  const auto add = [&](const std::string& cell) {
    const auto& records = page.results().records(scale.profile, scale.experiment + "/" + cell);
    if (records.empty()) return;
    const auto at = [&](const std::string& metric, int digits) {
      const auto sample = page.results().estimate(scale.profile, CellMetric{scale.experiment, cell, metric});
      return sample ? reporting::format_estimate(*sample, digits) : std::string("–");
    };
    const auto difference = paired_difference(page, scale, cell);
    table.rows.push_back({fmt::format("`{}`", cell), at("nll_nats", 2),
                          cell == "vae" || !difference ? "" : fmt::format("{:+.2f} ± {:.2f}", difference->mean, difference->standard_error()),
                          at("minus_bound_nats", 2), at("gap_nats", 2), at("epochs", 0), at("inverse_beta_0", 2), at("mean_epsilon", 3), at("step_mib", 0),
                          std::to_string(records.size()), page.published_text("table1." + cell)});
    if (const std::string by_seed = differences_by_seed(page, scale, cell); cell != "vae" && !by_seed.empty())
      leads += fmt::format("{}{} {}", leads.empty() ? "" : "; ", cell, by_seed);
    ++n_variants;
    if (records.front()->diverged) return;
    shown = records.front();
    const auto& curve = records.front()->series.at("curve");
    if (colour > 6) return;
    for (reporting::Panel* panel : {&on_training, &on_validation})
      panel->x_range = {{0, std::max(panel->x_range ? panel->x_range->second : 1.0, curve.at("epoch").back())}};
    on_training.curves.push_back({.label = cell, .x = curve.at("epoch"), .y = curve.at("train_elbo_nats"), .colour = colour});
    on_validation.curves.push_back({.label = cell, .x = curve.at("epoch"), .y = curve.at("validation_elbo_nats"), .colour = colour++});
  };
  add("vae");
  for (const bool varied : {false, true})
    for (const int K : steps)
      for (const std::string& tempering : temperings) add(variant(K, tempering, varied));
  if (scale.profile == Profile::paper && !leads.empty())
    page.finding("MNIST, " + scale_text(page, scale) + ": NLL less that of the VAE with the same seed, batches and test images, seed by seed [nats]: " + leads + ".");
  const auto on_all = page.results().estimate(scale.profile, CellMetric{scale.experiment, "vae", "nll_more_images_nats"});
  const std::string all_images = on_all ? fmt::format(" The VAE's NLL on all 10,000 test images is {}.", reporting::format_estimate(*on_all, 2)) : "";
  memory(page, scale);
  page.table(fmt::format("Our runs: experiment `{}`", scale.experiment), table,
             {.see = scale_text(page, scale) + test_text(page, scale) + " Every row on the same test images, each seed with its own split, batches and "
                     "noise, the same for all rows. ± behind the difference is its standard error over the images (the models being what they are); behind the other numbers that over seeds." + all_images,
              .contradicted = "a flow whose gap is wider than that of the VAE with the same seed" + wider_gaps(page, scale) + ".",
              .profile = scale.profile});
  curves.panels = {on_training, on_validation};
  page.figure("MNIST: the bound while training", curves,
              {.see = fmt::format("One seed of {} of the variants, {}. The bound on the training images is that of freshly binarised ones.",
                                  colour == n_variants ? "each" : fmt::format("the first {}", colour), scale_text(page, scale)) +
                      head_starts(curves.panels.back()),
               .contradicted = "a curve that ends in mid-air: a run that diverged.", .profile = scale.profile});
  if (shown)
    page.images("New digits", "mnist_samples", {.images = shown->images.at("samples"), .columns = 16},
                {},
                {.see = "Pixel probabilities for codes drawn from the prior, the last variant of the table: what the decoder has learned from " +
                        scale_text(page, scale) + ".",
                 .contradicted = "no digit among the draws.", .profile = scale.profile});
}

}  // namespace

void write_image_sections(Page& page) {
  what_the_paper_can_show(page);
  if (const auto scale = scale_of(page)) our_runs(page, *scale);
  write_flow_alone(page);
  page.metric("nll_nats", "Minus the log of the mean of the flow's estimates of p(x), mean over the test images (mnist).");
  page.metric("step_mib", "What the arrays of a training step hold at most (mnist, mnist_10k).");
  page.metric("elbo_nats", "Minus the mean of the logs of the same estimates (mnist; on the learning curves the bound itself).");
}

}  // namespace hvae
