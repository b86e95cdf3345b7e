// # Settings and cells
#include "paper_ep_hopfield/experiments.hpp"

#include "paper_ep_hopfield/laws.hpp"
#include "paper_ep_hopfield/models.hpp"
#include "paper_ep_hopfield/training.hpp"

#include <boost/random/sobol.hpp>
#include <fmt/format.h>

#include <array>
#include <cmath>
#include <span>

namespace ep_hopfield {

using experiments::Cell;
using experiments::Experiment;
using experiments::Profile;
using experiments::Settings;

namespace {

// ## Table 3
struct Published {
  const char* model;
  double beta_kl, learning_rate;
  std::int64_t hidden, latent;
};
constexpr Published table_3[]{{"f_vae", 5.55, 9.91e-4, 1820, 10},
                              {"h_vae", 0.517, 6.68e-5, 1842, 25},
                              {"dh_vae", 0.556, 9.41e-4, 1696, 25},
                              {"tdh_vae", 1.90, 9.55e-4, 833, 69}};
constexpr double published_sigma = 0.429;

// ## What the paper leaves open
//
// The settling, the nudges, the optimiser's batch, the initial weights and the number of epochs.
Settings settings_of(const Published& row, Profile profile) {
  Settings settings{
      {"model", std::string(row.model)},
      {"beta_kl", row.beta_kl},
      {"learning_rate", row.learning_rate},
      {"hidden", row.hidden},
      {"latent", row.latent},
      {"sigma", published_sigma},
      {"gradient", std::string("ep")},
      {"dt", 0.3},
      {"free_steps", std::int64_t{60}},
      {"nudged_steps", std::int64_t{20}},
      {"tolerance", 1e-3},
      {"beta_encoder", 0.02},
      {"beta_decoder", 0.1},
      {"two_sided", true},
      {"gain", 1.0},
      {"batch", std::int64_t{128}},
      {"min_epochs", std::int64_t{10}},
      {"max_epochs", std::int64_t{20}},
      {"patience", std::int64_t{3}},
      {"n_train", std::int64_t{55'000}},
      {"n_held_out", std::int64_t{5'000}},
      {"n_test", std::int64_t{10'000}},
      {"n_generated", std::int64_t{10'000}},
      {"n_generated_held_out", std::int64_t{5'000}},
      {"n_classifier_images", std::int64_t{55'000}},
      {"classifier_epochs", std::int64_t{3}},
      {"probes", true},
  };
  const auto shrink = [&](std::int64_t hidden, std::int64_t latent, std::int64_t batch, std::int64_t epochs, std::int64_t train, std::int64_t test) {
    settings.set("hidden", hidden);
    settings.set("latent", std::min(row.latent, latent));
    settings.set("batch", batch);
    settings.set("min_epochs", epochs);
    settings.set("max_epochs", epochs);
    settings.set("n_train", train);
    for (const char* name : {"n_held_out", "n_test", "n_generated", "n_generated_held_out"}) settings.set(name, test);
    settings.set("n_classifier_images", train);
  };
  if (profile == Profile::quick) {
    shrink(128, 15, 50, 12, 5'000, 1'000);
    settings.set("learning_rate", std::max(row.learning_rate, 9e-4));  // a seventh of the steps of 20 epochs
  }
  if (profile == Profile::smoke) shrink(12, 4, 20, 2, 60, 20);
  return settings;
}

// The products of all epochs at 250 GFLOP/s on two cores; the classifier and the scores on top.
double estimated_seconds(const Settings& settings) {
  const auto at = [&](const char* name) { return settings.number(name); };
  const double h = at("hidden"), L = at("latent"), x = static_cast<double>(n_pixels);
  const std::string& model = settings.text("model");
  double encoder = 2 * h * 2 * L, decoder = 2 * x * h;  // multiplications a step and example
  if (model == "dh_vae") encoder = std::pow(h + 2 * L, 2), decoder = std::pow(x + h, 2);
  if (model == "tdh_vae") encoder = std::pow(h + L, 2), decoder = std::pow(x + h, 2);
  const double steps = model == "f_vae" ? 1.5 : at("free_steps") + 2 * at("nudged_steps");
  const double examples = at("n_train") * at("max_epochs") + at("n_generated_held_out") * at("max_epochs");
  return 5 + 2 * (encoder + decoder) * steps * examples / 250e9 + at("n_classifier_images") * at("classifier_epochs") * 4e-5;
}

Cell cell(const std::string& name, std::uint64_t seed, const Settings& settings) { return {name, seed, settings, estimated_seconds(settings)}; }

constexpr std::int64_t n_sample_sets = 3;

// With so few steps the layered model collapses onto one image at 0.0003 and 0.0009; held-out distances at 0.0009, 0.003,
// 0.01 and 0.03 were 208, 157, 99 and 144 when it was chosen.
constexpr double layered_rate = 1e-2;

// Six epochs without a new best: with three, the noise of the distance ended one seed of F-VAE on a plateau that the other left. The last
// cell lets F-VAE train for longer.
std::vector<Cell> vae_cells(Profile profile) {
  std::vector<Cell> list;
  for (const Published& row : table_3) {
    Settings settings = settings_of(row, profile);
    if (profile == Profile::quick && settings.text("model") == "h_vae") settings.set("learning_rate", layered_rate);
    if (profile == Profile::paper) settings.set("patience", std::int64_t{6});
    settings.set("n_sample_sets", n_sample_sets);
    for (std::uint64_t seed = 0; seed < (profile == Profile::paper ? 2 : 1); ++seed) list.push_back(cell(row.model, seed, settings));
  }
  if (profile == Profile::paper) {
    Settings settings = settings_of(table_3[0], profile);
    for (const char* name : {"min_epochs", "max_epochs", "patience"}) settings.set(name, std::int64_t{60});
    settings.set("n_sample_sets", n_sample_sets);
    for (std::uint64_t seed = 0; seed < 2; ++seed) list.push_back(cell("long/f_vae", seed, settings));
  }
  return list;
}

// ## Reduced scale
//
// For comparisons of many runs: the same models, fewer units, images and epochs.
Settings reduced_settings(const Published& row, Profile profile) {
  Settings settings = settings_of(row, profile == Profile::paper ? Profile::quick : profile);
  if (profile == Profile::quick)
    for (const auto& [name, value] : {std::pair("hidden", 64), {"min_epochs", 6}, {"max_epochs", 6}, {"n_train", 2'000}})
      settings.set(name, std::int64_t{value});
  settings.set("probes", profile != Profile::quick);
  return settings;
}

std::vector<Cell> exact_cells(Profile profile) {
  std::vector<Cell> list;
  for (const Published& row : table_3) {
    const std::string model = row.model;
    if (model == table_3[0].model) continue;
    const bool by_all = profile == Profile::paper && model == "tdh_vae", at_both_rates = profile == Profile::paper && model == "h_vae";
    for (const WayToTrain& way : ways_to_train()) {
      const bool plain = !way.slow && way.free_steps == 0 && (!way.clipped || profile == Profile::paper);
      if (!plain && !by_all && !(at_both_rates && way.free_steps == 0)) continue;
      Settings settings = reduced_settings(row, profile);
      settings.set("gradient", way.gradient);
      if (model == "h_vae" && profile != Profile::smoke) settings.set("learning_rate", layered_rate);
      if (way.slow) settings.set("learning_rate", settings.number("learning_rate") / 3);
      if (way.free_steps > 0) settings.set("free_steps", way.free_steps);
      if (way.clipped) settings.set("clip", 2.0);
      for (std::uint64_t seed = 0; seed < (profile == Profile::paper ? 3 : 1); ++seed) list.push_back(cell(model + "/" + way.cell, seed, settings));
    }
  }
  return list;
}

struct Variant {
  std::string cell, what;
  std::vector<std::pair<std::string, experiments::Value>> changes;
  bool at_quick = false;
};
const std::vector<Variant>& variants() {
  using Count = std::int64_t;
  static const std::vector<Variant> all{
      {"dt_0.5", "dt = 0.5 (twice the time in as many steps)", {{"dt", 0.5}}, true},
      {"dt_0.15", "dt = 0.15 (half the time)", {{"dt", 0.15}}},
      {"free_steps_20", "20 free steps", {{"free_steps", Count{20}}}, true},
      {"free_steps_150", "150 free steps", {{"free_steps", Count{150}}}},
      {"nudged_steps_5", "5 weakly clamped steps", {{"nudged_steps", Count{5}}}, true},
      {"one_sided", "one-sided nudges", {{"two_sided", false}}, true},
      {"beta_large", "nudges five times as large", {{"beta_encoder", 0.1}, {"beta_decoder", 0.5}}},
      {"beta_small", "nudges a fifth as large", {{"beta_encoder", 0.004}, {"beta_decoder", 0.02}}},
      {"batch_25", "batches half as large (25)", {{"batch", Count{25}}}},
      {"batch_100", "batches twice as large (100)", {{"batch", Count{100}}}},
      {"rmsprop", "RMSProp (decay 0.99)", {{"optimiser", std::string("rmsprop")}}},
      {"adam_0.003", "Adam at rate 0.003", {{"learning_rate", 0.003}}},
      {"adam_0.01", "Adam at rate 0.01", {{"learning_rate", 0.01}}},
      {"sgd", "SGD (momentum 0.9) at Table 3's rate", {{"optimiser", std::string("sgd")}}},
      {"sgd_0.01", "SGD (momentum 0.9) at rate 0.01", {{"optimiser", std::string("sgd")}, {"learning_rate", 0.01}}},
      {"sgd_0.03", "SGD (momentum 0.9) at rate 0.03", {{"optimiser", std::string("sgd")}, {"learning_rate", 0.03}}},
      {"sgd_0.1", "SGD (momentum 0.9) at rate 0.1", {{"optimiser", std::string("sgd")}, {"learning_rate", 0.1}}},
      {"gain_0.5", "initial weights halved", {{"gain", 0.5}}},
      {"gain_2", "initial weights doubled", {{"gain", 2.0}}}};
  return all;
}

std::vector<Cell> choice_cells(Profile profile) {
  std::vector<Cell> list;
  for (const auto& [name, what, changes, at_quick] : variants()) {
    if (profile == Profile::quick && !at_quick) continue;
    Settings settings = reduced_settings(table_3[2], profile);
    for (const auto& [setting, value] : changes) settings.set(setting, value);
    settings.set("batch", std::min(settings.count("batch"), settings.count("n_train")));  // smoke has few images
    for (std::uint64_t seed = 0; seed < (profile == Profile::paper ? 2 : 1); ++seed) list.push_back(cell(name, seed, settings));
  }
  if (profile == Profile::quick) return list;
  for (const Published& row : table_3) {  // the dense model's is among its variants
    if (row.model == table_3[0].model || row.model == table_3[2].model) continue;
    Settings settings = reduced_settings(row, profile);
    settings.set("optimiser", std::string("sgd"));
    settings.set("learning_rate", 0.03);
    for (std::uint64_t seed = 0; seed < (profile == Profile::paper ? 2 : 1); ++seed) list.push_back(cell(std::string(row.model) + "/sgd_0.03", seed, settings));
  }
  return list;
}

// ## The sweep of appendix B.2
//
// Points of a Sobol sequence in place of Bayesian optimisation, so that every trial is a cell that knows nothing of the others.
Settings trial_settings(const Published& row, Profile profile, std::span<const double> u) {
  Settings settings = reduced_settings(row, profile);
  const bool forward = row.model == table_3[0].model;
  for (std::size_t i = 0; i < u.size(); ++i) {
    const auto& [setting, low, widest, widest_of_f_vae] = table_2()[i];
    const bool counted = std::holds_alternative<std::int64_t>(settings.values().at(setting));
    double high = forward ? widest_of_f_vae.value_or(widest) : widest;
    if (profile != Profile::paper && setting == std::string("hidden")) high = 100;
    const double value = low * std::pow(high / low, u[i]);
    if (counted) settings.set(setting, std::int64_t{std::lround(value)});
    else settings.set(setting, value);
  }
  return settings;
}

std::vector<Cell> sweep_cells(Profile profile) {
  const auto shortened = [&](Settings settings) {
    if (profile != Profile::smoke)
      for (const char* name : {"min_epochs", "max_epochs"}) settings.set(name, settings.count(name) / 2);
    settings.set("probes", false);
    return settings;
  };
  const int n_trials = profile == Profile::paper ? n_sweep_trials : profile == Profile::quick ? 2 : 1;
  std::vector<Cell> list;
  for (const Published& row : table_3) {
    Settings published = shortened(reduced_settings(row, profile));
    if (profile != Profile::smoke) {
      published.set("learning_rate", row.learning_rate);
      published.set("latent", row.latent);
    }
    if (profile == Profile::paper) published.set("hidden", row.hidden);
    list.push_back(cell(row.model + std::string("/published"), 0, published));
    boost::random::sobol sequence(5);
    sequence.discard(5);  // the centre; the engine itself begins after the origin
    for (int trial = 0; trial < n_trials; ++trial) {
      std::array<double, 5> u;
      for (double& coordinate : u) coordinate = static_cast<double>(sequence()) / static_cast<double>(boost::random::sobol::max());
      list.push_back(cell(fmt::format("{}/trial_{:02}", row.model, trial), 0, shortened(trial_settings(row, profile, u))));
    }
  }
  return list;
}

std::vector<Cell> laws_cells(Profile profile) {
  return {{"gradient_error", 0, {{"measure", std::string("gradient_error")}}, 5},
          {"weight_scale", 0, {{"measure", std::string("weight_scale")},
                               {"hidden", settings_of(table_3[2], profile).count("hidden")},
                               {"latent", settings_of(table_3[2], profile).count("latent")}}, 20}};
}

std::vector<Cell> scores_cells(Profile profile) {
  const Settings base = settings_of(table_3[0], profile);
  Settings settings{{"n_splits", std::int64_t{profile == Profile::smoke ? 2 : 5}}, {"features_file", std::string()}};
  for (const char* name : {"n_train", "n_held_out", "n_test", "n_classifier_images", "classifier_epochs"}) settings.set(name, base.count(name));
  return {{"reference", 0, settings, 60}};
}

}  // namespace

const std::vector<Range>& table_2() {
  static const std::vector<Range> all{
      {"beta_kl", 0.5, 2, 10}, {"learning_rate", 1e-5, 1e-3}, {"hidden", 10, 2000}, {"latent", 2, 200}, {"sigma", 0.3, 1}};
  return all;
}

// Where the exact gradient trains a model worse than equilibrium propagation does, the other ways tell whether the rate, states that are not
// at rest, or the gradient itself is at fault.
const std::vector<WayToTrain>& ways_to_train() {
  static const std::vector<WayToTrain> all{{"ep", "ep"},
                                           {"exact", exact_where_stable},
                                           {"exact_settled", exact_where_stable, false, 200},
                                           {"ep_settled", "ep", false, 200},
                                           {"ep_slow", "ep", true},
                                           {"exact_slow", exact_where_stable, true},
                                           {"ep_slow_settled", "ep", true, 200},
                                           {"exact_slow_settled", exact_where_stable, true, 200},
                                           {"exact_clipped", exact_where_stable, false, 0, true}};
  return all;
}

const WayToTrain* by_ep(const WayToTrain& way) {
  const auto alike = [&](const WayToTrain& other) { return other.gradient == "ep" && other.slow == way.slow && other.free_steps == way.free_steps; };
  const auto found = std::ranges::find_if(ways_to_train(), alike);
  return found == ways_to_train().end() ? nullptr : &*found;
}

std::string WayToTrain::rule() const { return gradient == "ep" ? "equilibrium propagation" : "the exact gradient"; }
std::string WayToTrain::rate() const { return slow ? ", a third of the rate" : ""; }
std::string WayToTrain::but_for_rate() const { return (free_steps > 0 ? fmt::format(", {} free steps", free_steps) : "") + (clipped ? ", clipped" : ""); }

const std::vector<Choice>& choices() {
  static const std::vector<Choice> all = [] {
    std::vector<Choice> list{{"exact", std::string(table_3[2].model) + "/ep", "as chosen"}};
    for (const Variant& variant : variants()) list.push_back({"choices", variant.cell, variant.what});
    return list;
  }();
  return all;
}

std::vector<Experiment> all_experiments() {
  const auto training = [](const char* name, const char* summary, std::vector<Cell> (*cells)(Profile), int revision = 1) {
    return Experiment{.name = name, .summary = summary, .revision = revision, .cells = cells, .run = run_training, .sample = sample_cell};
  };
  return {training("vae", "the four models with the settings of Table 3 (Table 1, Figures 2 to 4)", vae_cells),
          {.name = "scores",
           .summary = "the classifier behind the scores; distances between sets of real digits",
           .revision = 2,
           .cells = scores_cells,
           .run = run_reference,
           .sample = {}},
          {.name = "laws",
           .summary = "untrained networks: gradient error against beta, settling against the weights' scale",
           .revision = 2,
           .cells = laws_cells,
           .run = run_laws,
           .sample = {}},
          training("exact", "the Hopfield models at reduced scale, trained by equilibrium propagation and by the exact gradient", exact_cells),
          training("choices", "the dense model at reduced scale, one open choice changed at a time; SGD for the other two", choice_cells, 2),
          training("sweep", "the sweep of appendix B.2 at reduced scale (Tables 2 and 3)", sweep_cells)};
}

}  // namespace ep_hopfield
