// # What the extensions are, number by number
//
// The convolutional row's learning rate, IWAE taken apart, the noise sweep.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <ranges>

#include "paper_vae_extensions/report_sections.hpp"

namespace vae_extensions {

using reporting::Align;
using reporting::Curve;
using reporting::Panel;
using reporting::Style;

// ## The convolutional row's learning rate

namespace {

// From one pass to the next, of the test bound of the trainings at the row's own rate that came to their end; and the training bound of
// these two passes, which is taken with the batches' own moments.
struct Fall {
  double nats = 0, training_before = 0, training_after = 0;
};
Fall largest_fall(const Page& page, const TableRow& row) {
  Fall fall;
  for (const int n : latent_sizes)
    for (const Record* record : page.results().records(Profile::paper, row.path(n))) {
      if (record->diverged) continue;
      const auto &test = record->series.at("curve").at("test_elbo_nats"), &training = record->series.at("curve").at("train_elbo_nats");
      for (std::size_t i = 1; i < test.size(); ++i)
        if (test[i - 1] - test[i] > fall.nats) fall = {test[i - 1] - test[i], training[i - 1], training[i]};
    }
  return fall;
}

std::vector<double> test_series(const Record& record, const std::string& name) {
  const auto curve = record.series.find("curve");
  return curve == record.series.end() ? std::vector<double>{} : curve->second.at(name);
}

std::vector<const Record*> cnn_trainings(const Page& page) {
  std::vector<const Record*> all;
  for (const int n : latent_sizes)
    for (const char* cell : {"cnn/cnn", slower_cnn}) std::ranges::copy(page.results().records(Profile::paper, cell + at(n)), std::back_inserter(all));
  return all;
}

// The first pass after which a value is out of its range, or "–".
std::string first_pass(const std::vector<double>& values, const std::function<bool(double)>& is_out) {
  const auto first = std::ranges::find_if(values, is_out);
  return first == values.end() ? "–" : std::to_string(first - values.begin() + 1);
}

// What the trainings that diverge have in common, against the greatest KL of those that end.
std::string what_fails(const std::vector<const Record*>& trainings, double greatest_kl) {
  std::size_t n_passes = 0, n_held = 0, latest_exit = 0, latest_end = 0;
  for (const Record* record : trainings) {
    if (!record->diverged) continue;
    const auto kl = test_series(*record, "test_kl_nats"), bound = test_series(*record, "test_elbo_nats");
    n_passes += kl.size();
    for (std::size_t i = 0; i < kl.size(); ++i) n_held += bound[i] + kl[i] > untrained_bound;
    const auto exit = std::ranges::find_if(kl, [&](double value) { return !(value <= greatest_kl); });
    if (exit != kl.end()) latest_exit = std::max(latest_exit, static_cast<std::size_t>(exit - kl.begin()) + 1);
    latest_end = std::max(latest_end, kl.size());
  }
  if (n_passes == 0) return "";
  return fmt::format(" What fails is the KL: by pass {} at the latest it has passed {:.1f} nats, the most that it is after any pass of the "
                     "trainings that end. The reconstruction mostly holds: bound plus KL stays above 784 log 1/2 = {:.0f} nats, that of the untrained "
                     "network, after {} of the {} passes. The overflow that stops the run comes as late as after pass {}.",
                     latest_exit, greatest_kl, untrained_bound, n_held, n_passes, latest_end);
}

// Whether it is the cross-entropy as coded that keeps the report's from diverging.
std::string by_rounded_probabilities(const Page& page) {
  const std::string difference = " Its code takes the cross-entropy from the sigmoid's float probabilities, which give no gradient where a pixel saturates; our row takes it from the logits";
  std::vector<std::string> outcomes;
  bool any_trains = false;
  for (const int n : {10, 20})
    for (const Record* record : page.results().records(Profile::paper, "cnn/cnn_rounded" + at(n))) {
      const double bound = record->diverged ? std::nan("") : record->metrics.at("elbo_as_coded_nats").value;
      any_trains = any_trains || bound > untrained_bound;
      outcomes.push_back(fmt::format("with {} latent numbers, seed {}, {}", n, record->identity.seed,
                                     record->diverged ? "diverge: " + record->divergence : fmt::format("come to the end with a test bound of {:.0f} nats", bound)));
    }
  if (outcomes.empty()) return difference + "; whether that makes the difference has not been run (cnn_rounded).";
  return fmt::format("{}. Trained as coded (cnn_rounded), at 0.01, the same networks, {}{}", difference, fmt::join(outcomes, "; "),
                     any_trains ? "." : ": that does not make the difference. A matter of the start it is: in PyTorch 1.13, by a script that is no part of this program, the same training with 20 latent numbers "
                                       "left from four of five starts within three passes (KL of 100 to 2,000 nats), and not from the fifth within five.");
}

}  // namespace

void cnn_sections(Page& page) {
  const TableRow& row = table_row("cnn", "cnn");
  const std::vector<const Record*> trainings = cnn_trainings(page);
  double greatest_kl = 0;
  for (const Record* record : trainings)
    if (!record->diverged) greatest_kl = std::max(greatest_kl, std::ranges::max(test_series(*record, "test_kl_nats")));
  reporting::Table table{{{"N_z", Align::right},
                          {"learning rate", Align::right},
                          {"seed", Align::right},
                          {"whole passes", Align::right},
                          {fmt::format("first with KL above {:.1f}", greatest_kl), Align::right},
                          {fmt::format("first with bound below {:.0f}", untrained_bound), Align::right},
                          {"KL of the test images at the last", Align::right},
                          {"as coded, at the end"},
                          {"published", Align::right}},
                         {}};
  std::string falls;
  if (const Fall fall = largest_fall(page, row); fall.nats > 0)
    falls = fmt::format(" Those that end are not smooth either: from one pass to the next the test bound falls by up to {:.0f} nats, most of them the "
                        "reconstruction's as the KL stays within {:.1f}, and recovers. In that pass the training bound goes from {:.1f} to {:.1f}{}.",
                        fall.nats, greatest_kl, fall.training_before, fall.training_after,
                        fall.training_after > fall.training_before - 10 ? ": the networks as they are trained, with each batch's own moments, are in order, and what falls is their evaluation by running moments, which lag"
                                                                        : "");
  for (const Record* record : trainings) {
    const auto n = static_cast<int>(record->identity.settings.count("latent"));
    const auto kl = test_series(*record, "test_kl_nats");
    table.rows.push_back({std::to_string(n), fmt::format("{}", record->identity.settings.number("learning_rate")), std::to_string(record->identity.seed),
                          std::to_string(kl.size()), first_pass(kl, [&](double value) { return !(value <= greatest_kl); }),
                          first_pass(test_series(*record, "test_elbo_nats"), [](double value) { return !(value >= untrained_bound); }),
                          kl.empty() ? "–" : fmt::format("{:.1f}", kl.back()),
                          record->diverged ? "diverged: " + record->divergence : fmt::format("{:.2f}", record->metrics.at("elbo_as_coded_nats").value),
                          fmt::format("{:.2f}", published(page, row, n))});
  }
  if (table.rows.empty()) return;
  page.table(
      "The learning rate of the convolutional row", table,
      {.see = "At 0.01 the training goes to its end with 3 and 5 latent numbers and diverges with 10 and 20." + what_fails(trainings, greatest_kl) + falls +
              " The same networks train at 0.001. The report trained them at 0.01 and prints a value." + by_rounded_probabilities(page) + " Where the claims say \"diverged\" at N_z = 20, the value beside it in the column \"At quick\" is of 0.001, the "
              "rate of that cell at quick.",
       .contradicted = "a training that goes well at 0.01 with 10 or 20 latent numbers.",
       .profile = Profile::paper});
}

// ## IWAE

namespace {

void iwae_parts(Page& page) {
  reporting::Table table{{{"N_z", Align::right},
                          {"bound, k = 50", Align::right},
                          {"second prior", Align::right},
                          {"surplus", Align::right},
                          {"value, k = 50", Align::right},
                          {"wrong axis", Align::right},
                          {"as coded", Align::right},
                          {"published", Align::right},
                          {"trained right: bound, k = 50", Align::right},
                          {"scale"}},
                         {}};
  std::vector<std::string> paths;
  std::string images;
  const TableRow& row = table_row("iwae", "as_coded");
  for (std::size_t i = 0; i < latent_sizes.size(); ++i) {
    const int n = latent_sizes[i];
    const Profile profile = shown_profile(page, row.path(n));
    const auto part = [&](const char* metric) { return estimate(page, row.path(n), metric); };
    const auto bound = part("bound_k_nats"), twice = part("bound_k_prior_twice_nats"), surplus = part("surplus_nats"),
               value = part("value_k_as_coded_nats"), as_coded = part("elbo_as_coded_nats");
    if (!bound || !twice || !surplus || !value || !as_coded) continue;
    paths.push_back(row.path(n));
    const double bound_of_first = -part("nll_importance_nats")->mean - part("gap_nats")->mean;
    images += fmt::format("{} {:.1f} nats at N_z = {}", images.empty() ? "" : ",", part("elbo_nats")->mean - bound_of_first, n);
    table.rows.push_back({std::to_string(n), format(bound), fmt::format("{:+.2f}", twice->mean - bound->mean), fmt::format("{:+.2f}", surplus->mean),
                          format(value), fmt::format("{:+.2f}", as_coded->mean - value->mean), format(as_coded),
                          fmt::format("{:.2f}", published(page, row, latent_sizes[i])),
                          format(page.results().estimate(profile, metric_of("iwae/right" + at(n), "bound_k_nats"))), to_string(profile)});
  }
  if (table.rows.empty()) return;
  page.table(
      "IWAE as coded, taken apart [nats]", table,
      {.see = "From the bound to the value as coded in three steps. The second prior takes at least 50 log 2π = 91.89 nats; the sum Σ ŵ log w in "
              "place of log (1/k) Σ w gives back log k − H(ŵ), at most log 50 = 3.91 (both by construction, so they are no claims; the surplus is a "
              "check of every run); and 64 images in the place of 50 draws of one give the weight to the likeliest images of a batch. The published row is the last of these: it follows the model, far from its bound. "
              "\"Trained right\" is the same network trained and evaluated by equation (7), where it has run at the line's scale. \"As coded\" is of all test "
              "images and every other column of the first ones, as the NLL is, so the last step has their difference in it: in the bound of one draw" +
              images + ".",
       .contradicted = "a last step of a few nats: 64 images would then stand for 50 draws of one.",
       .profile = lowest_profile(page, paths)});
}

void iwae_spread(Page& page) {
  std::string text;
  const TableRow& row = table_row("iwae", "as_coded");
  for (const int n : {3, 20}) {
    const auto sample = estimate(page, row.path(n), "elbo_as_coded_nats");
    if (!sample || sample->n < 2) continue;
    text += fmt::format("- N_z = {}: {} seeds as coded, mean {:.2f}, standard deviation {:.2f} nats; published {:.2f}.\n", n, sample->n, sample->mean,
                        sample->sd, published(page, row, n));
  }
  const Record* record = first_record(page, row.path(20));
  // At the paper's scale only, and the last passes, which still learn, but less than they scatter.
  constexpr std::size_t n_last = 5;
  if (record && record->identity.profile == Profile::paper) {
    const auto& values = record->series.at("curve").at("test_as_coded_nats");
    const auto [least, most] = std::ranges::minmax(values | std::views::drop(values.size() - std::min(n_last, values.size())));
    text += fmt::format("- Over the last {} of the {} passes of one run at N_z = 20 the value as coded of the test images lies between {:.2f} and "
                        "{:.2f}.\n",
                        std::min(n_last, values.size()), values.size(), least, most);
  }
  if (!text.empty()) page.prose("How far the value as coded scatters", text);
}

// The right one and the one as coded, at the highest scale that both have; 100 passes before fewer.
std::vector<const Record*> iwae_pair(const Page& page) {
  for (const char* passes : {"_100", ""})
    for (const Profile profile : {Profile::paper, Profile::quick, Profile::smoke}) {
      const Record* right = page.results().first(profile, fmt::format("iwae/right{}/n20", passes));
      const Record* as_coded = page.results().first(profile, fmt::format("iwae/as_coded{}/n20", passes));
      if (right && as_coded) return {right, as_coded};
    }
  return {};
}

void iwae_curves(Page& page) {
  const std::vector<const Record*> pair = iwae_pair(page);
  if (pair.empty()) return;
  Panel panel{.x_label = "passes over the data", .y_label = "objective, bound of one draw [nats]"};
  for (int i = 0; const Record* record : pair) {
    const auto& curve = record->series.at("curve");
    const std::string label = i == 0 ? "right" : "as coded";
    panel.curves.push_back({.label = label + ": what training maximises", .x = curve.at("epoch"), .y = curve.at("train_elbo_nats"), .colour = i});
    panel.curves.push_back({.label = label + ": bound of one draw, test",
                            .x = curve.at("epoch"),
                            .y = curve.at("test_elbo_nats"),
                            .style = Style::reference,
                            .colour = i});
    panel.x_range = std::pair(0.0, curve.at("epoch").back());
    ++i;
  }
  const auto objective = [&](std::size_t i) { return pair[i]->series.at("curve").at("train_elbo_nats"); };
  page.figure(
      "IWAE while training, N_z = 20", {.name = "iwae_curves", .panels = {panel}, .width = 760, .height = 420},
      {.see = fmt::format("After {} passes the objective as coded lies {:.0f} nats below the right one. Of one model the second prior would take at least "
                          "91.89 of them and the surplus give back at most 3.91; here two models, trained differently, are compared. The bound of one "
                          "draw on the test images (dotted) is the same quantity for both.",
                          objective(0).size(), objective(0).back() - objective(1).back()),
       .contradicted = "objectives that come together.",
       .profile = pair.front()->identity.profile});
}

}  // namespace

void iwae_sections(Page& page) {
  iwae_parts(page);
  iwae_spread(page);
  iwae_curves(page);
}

// ## The noise sweep

namespace {

constexpr std::array noise_rates{0.0, 0.05, 0.1, 0.15, 0.25, 0.4, 0.5};

}  // namespace

std::optional<BestNoise> best_noise(const Page& page) {
  std::optional<BestNoise> best;
  for (const double rate : noise_rates)
    for (const char* metric : {"elbo_as_coded_nats", "elbo_nats"}) {
      const auto sample = page.results().estimate(Profile::paper, metric_of(fmt::format("dvae/noise_{}/n3", rate), metric));
      if (!sample) return std::nullopt;
      if (!best || sample->mean > best->bound) best = BestNoise{rate, sample->mean};
    }
  return best;
}

void denoising_sections(Page& page) {
  reporting::Figure figure{.name = "noise_sweep", .columns = 2, .width = 900, .height = 400};
  std::vector<std::string> paths;
  std::string better_damaged;
  const TableRow& row = table_row("dvae", "noise_0.05");
  for (const int n : {3, 20}) {
    Panel panel{.title = fmt::format("N_z = {}", n), .x_label = "share of pixels replaced", .y_label = "bound [nats]", .x_range = {{0, 0.52}}};
    std::vector<Place> places;
    std::vector<double> better_at;
    for (const double rate : noise_rates) {
      const std::string path = fmt::format("dvae/noise_{}", rate) + at(n);
      const auto damaged = estimate(page, path, "elbo_as_coded_nats"), whole = estimate(page, path, "elbo_nats");
      if (!damaged) continue;
      paths.push_back(path);
      places.push_back({rate, path});
      if (rate > 0 && whole && damaged->mean > whole->mean) better_at.push_back(rate);
    }
    if (!better_at.empty()) better_damaged += fmt::format("{} at {} (N_z = {})", better_damaged.empty() ? "" : ",", fmt::join(better_at, ", "), n);
    for (const auto& [metric, like] :
         {std::pair("elbo_as_coded_nats", Curve{.label = "noise at test, as coded", .style = Style::line_points, .colour = 4}),
          {"elbo_nats", Curve{.label = "none at test", .style = Style::line_points, .colour = 0}}})
      for (Curve& curve : curves_by_profile(page, like, places, metric)) panel.curves.push_back(std::move(curve));
    panel.curves.push_back({.label = "published, 0.05", .x = {0.05}, .y = {published(page, row, n)}, .style = Style::hollow_points, .colour = 4});
    figure.panels.push_back(panel);
  }
  if (paths.empty()) return;
  const bool has_none = std::ranges::any_of(paths, [](const std::string& path) { return path.starts_with("dvae/noise_0/"); });
  const auto best = best_noise(page);
  page.figure(
      "The noise of the denoising model", figure,
      {.see = std::string(has_none ? "A share of 0 is the tuned network with a learning rate of 0.001. " : "") +
              "Every share is another model. The two curves at one share are bounds on one model's likelihood of the undamaged test images" +
              (better_damaged.empty() ? "." : "; a model reads them better damaged, as it was trained, than whole" + better_damaged + ".") +
              (best ? fmt::format(" The best of ours at N_z = 3 is {:.2f} at a share of {}, the published value {:.2f}; three further starts of the "
                                  "tuned network at that rate have {}.",
                                  best->bound, best->rate, published(page, row, 3), format(estimate(page, slower_tuned, "elbo_as_coded_nats")))
                    : ""),
       .contradicted = "a curve of ours that passes through the published point at N_z = 3.",
       .profile = lowest_profile(page, paths)});
}

}  // namespace vae_extensions
