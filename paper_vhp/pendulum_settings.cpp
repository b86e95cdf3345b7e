// # The settings of the pendulum's cells
#include "paper_vhp/pendulum_settings.hpp"

#include "paper_vhp/training_run.hpp"

#include <fmt/format.h>

#include <charconv>
#include <ranges>
#include <system_error>

namespace vhp {

using experiments::Cell;
using experiments::Profile;
using experiments::Settings;
using tensors::Exit;
using tensors::fail;

namespace {

// ## Cells
//
// Table 3's settings, and after them what the paper leaves open. The variance is one at which the constraint binds before
// $\beta$ is 1, as the paper has it from iteration 5,000 to 27,500: a code of about one dimension that is calibrated costs
// $\sigma^2 / 256$ a pixel, which is $\kappa^2$ for $\sigma^2 = 256 \kappa^2 = 0.1$; 0.09 is below that, so that $\beta$ ends near 1.
Settings base_settings(Profile profile) {
  Settings settings{
      {"method", std::string("rewo")},
      {"bound", std::string("importance_weighted")},
      {"latent", std::int64_t{2}},
      {"hidden", std::int64_t{256}},
      {"n_hidden", std::int64_t{4}},
      {"K", std::int64_t{16}},
      {"learning_rate", 1e-4},
      {"kappa", 0.02},
      {"nu", 5.0},
      {"n_images", std::int64_t{15'000}},
      {"n_nodes", std::int64_t{1000}},
      {"n_neighbours", std::int64_t{18}},
      {"iterations", std::int64_t{150'000}},
      {"marks", std::string("350,2000,5000,27500,150000")},
      {"tau", 3.0},
      {"alpha", 0.99},
      {"beta_0", 1e-3},
      {"batch", std::int64_t{128}},
      {"variance", 0.09},
      {"prior_max_deviation", 1.0},
      {"rendering", std::string("bob")},
      {"width", 2.0},
      {"contrast", 0.3},
      {"noise", 0.0},
      {"warm_up_epochs", std::int64_t{0}},
  };
  const auto shrink = [&](std::int64_t iterations, const char* marks, std::int64_t images, std::int64_t batch, std::int64_t K, double learning_rate) {
    settings.set("iterations", iterations);
    settings.set("marks", std::string(marks));
    settings.set("n_images", images);
    settings.set("batch", batch);
    settings.set("K", K);
    settings.set("learning_rate", learning_rate);
  };
  if (profile == Profile::quick) {
    shrink(6000, "300,800,2000,4000,6000", 15'000, 64, 4, 5e-4);
    settings.set("nu", 10.0);  // so that beta comes to 1
  }
  if (profile == Profile::smoke) {
    shrink(12, "2,5,12", 200, 16, 3, 1e-3);
    settings.set("hidden", std::int64_t{16});
    settings.set("kappa", 1.0);  // so that the initial phase ends
    settings.set("n_nodes", std::int64_t{50});
    settings.set("n_neighbours", std::int64_t{6});
  }
  return settings;
}

Cell cell(const std::string& name, std::uint64_t seed, const Settings& settings) {
  return {name, seed, settings, training_seconds(settings, training_rows(settings, settings.text("method") == "iwae"))};
}

// Sharp and bright, with a smaller variance.
void draw_rod(Settings& settings) {
  settings.set("rendering", std::string("rod"));
  settings.set("width", 0.7);
  settings.set("contrast", 1.0);
  settings.set("variance", 0.05);
}

}  // namespace

std::vector<Cell> pendulum_cells(Profile profile) {
  struct Variant {
    const char *name, *method, *bound;
    std::int64_t warm_up_epochs;
  };
  std::vector<Cell> list;
  for (const Variant& v : {Variant{"rewo", "rewo", "importance_weighted", 0}, {"geco", "geco", "importance_weighted", 0},
                           {"vhp", "none", "importance_weighted", 0}, {"vhp_wu20", "warm_up", "importance_weighted", 20},
                           {"vhp_wu200", "warm_up", "importance_weighted", 200}, {"iwae", "iwae", "importance_weighted", 0},
                           {"rewo_elbo", "rewo", "elbo", 0}, {"rewo_alternative", "rewo_alternative", "importance_weighted", 0}}) {
    Settings settings = base_settings(profile);
    settings.set("method", std::string(v.method));
    settings.set("bound", std::string(v.bound));
    // In a shorter run warm-up takes the share of it that it has in the paper's, rounded down to whole epochs, one at least.
    const std::int64_t iterations = settings.count("iterations"), full = 150'000;
    settings.set("warm_up_epochs", v.warm_up_epochs);
    if (profile != Profile::paper && v.warm_up_epochs > 0) {
      const std::int64_t per_epoch = (settings.count("n_images") + settings.count("batch") - 1) / settings.count("batch");
      const std::int64_t share = v.warm_up_epochs * 118 * iterations / full;  // 118 batches of 128 are an epoch of the paper's
      settings.set("warm_up_epochs", std::max<std::int64_t>(1, share / per_epoch));
    }
    list.push_back(cell(v.name, 0, settings));
    const std::uint64_t n_seeds = profile == Profile::paper && list.back().name == "rewo" ? 3 : 1;
    for (std::uint64_t seed = 1; seed < n_seeds; ++seed) list.push_back(cell(v.name, seed, settings));
  }
  // Two more seeds of the other methods, a fifth as long; and on images of a bright rod, one of REWO and one of GECO.
  if (profile == Profile::paper) {
    const std::vector<Cell> full = list;
    for (const Cell& c : full) {
      if (c.name == "rewo") continue;
      Settings settings = c.settings;
      settings.set("iterations", std::int64_t{30'000});
      for (const std::uint64_t seed : {1, 2}) list.push_back(cell(c.name + shorter, seed, settings));
    }
    for (const Cell& c : {full.front(), *std::ranges::find(full, "geco", &Cell::name)}) {
      Settings settings = c.settings;
      settings.set("iterations", std::int64_t{30'000});
      draw_rod(settings);
      list.push_back(cell(c.name + "_rod" + shorter, 0, settings));
    }
  }
  return list;
}

// ## Many starts
//
// Six thousand iterations at five times the learning rate, for as many seeds as it takes to compare; the same seed is the same
// start and the same batches for all of them. What one start says, however long its run, is lost in the spread over starts: 0.2
// radians and more after 27,500 iterations.
namespace {

void add_starts(std::vector<Cell>& list, Profile profile, const std::string& name, const Settings& settings) {
  for (std::uint64_t seed = 0; seed < (profile == Profile::smoke ? 2 : 6); ++seed) list.push_back(cell(name, seed, settings));
}

}  // namespace

// REWO with one thing changed at a time.
std::vector<Cell> sensitivity_cells(Profile profile) {
  if (profile == Profile::quick) return {};
  const Settings base = base_settings(profile == Profile::smoke ? profile : Profile::quick);
  std::vector<Cell> list;
  const auto vary = [&](const std::string& key, auto... values) {
    const auto add = [&](const auto& value) {
      Settings settings = base;
      settings.set(key, value);
      add_starts(list, profile, fmt::format("{}_{}", key, value), settings);
    };
    (add(values), ...);
  };
  vary("noise", 0.01);
  if (profile == Profile::smoke) return list;
  vary("width", 3.0);
  vary("contrast", 0.5);
  vary("variance", 0.0004, 0.05, 0.2, 0.5);
  vary("prior_max_deviation", 0.3, 3.0);
  vary("beta_0", 0.0001, 0.01);
  vary("alpha", 0.9);
  vary("tau", 1.0);
  vary("nu", 5.0, 100.0);
  vary("kappa", 0.00125);  // C as the sum over pixels in place of their mean: 256 times as strict
  vary("batch", std::int64_t{128});
  vary("K", std::int64_t{1}, std::int64_t{16});
  return list;
}

// Every method, on the images of the tables and on others.
std::vector<Cell> seeds_cells(Profile profile) {
  if (profile == Profile::quick) return {};
  std::vector<Cell> list;
  const auto methods = pendulum_cells(profile == Profile::smoke ? profile : Profile::quick) | std::views::take(5);  // those of Table 1
  const auto vary = [&](const Cell& method, const std::string& name, const std::vector<std::pair<std::string, experiments::Value>>& changes) {
    Settings settings = method.settings;
    for (const auto& [key, value] : changes) settings.set(key, value);
    add_starts(list, profile, method.name + "_" + name, settings);
  };
  for (const Cell& method : methods) add_starts(list, profile, method.name, method.settings);
  for (const Cell& method : methods) {
    Settings settings = method.settings;
    draw_rod(settings);
    add_starts(list, profile, method.name + "_rod", settings);
  }
  const Cell &rewo = methods[0], &geco = methods[1], &unscheduled = methods[2];
  for (const Cell& method : {rewo, geco, unscheduled}) vary(method, "bright", {{"contrast", 1.0}});
  vary(rewo, "small", {{"width", 1.0}});
  vary(rewo, "unbounded_prior", {{"prior_max_deviation", 0.0}});
  for (const Cell& method : {rewo, unscheduled}) vary(method, "variance_0.02", {{"variance", 0.02}});
  vary(geco, "beta_0_1", {{"beta_0", 1.0}});
  return list;
}

// ## Settings, read
namespace {

Method method_of(const Settings& settings) {
  const std::string& name = settings.text("method");
  for (const auto& [known, method] : {std::pair("rewo", Method::rewo), {"rewo_alternative", Method::rewo_alternative}, {"geco", Method::geco},
                                      {"warm_up", Method::warm_up}, {"none", Method::none}, {"iwae", Method::none}})
    if (name == known) return method;
  fail(Exit::usage, "pendulum: method \"{}\" is none of rewo, rewo_alternative, geco, warm_up, none, iwae", name);
}

}  // namespace

ScheduleSettings schedule_of(const Settings& settings, std::int64_t batches_per_epoch) {
  return schedule_of(settings, method_of(settings), batches_per_epoch);
}

PriorBound bound_of(const Settings& settings) {
  const std::string& name = settings.text("bound");
  if (name != "importance_weighted" && name != "elbo") fail(Exit::usage, "pendulum: bound \"{}\" is neither importance_weighted nor elbo", name);
  return name == "elbo" ? PriorBound::elbo : PriorBound::importance_weighted;
}

Rendering rendering_of(const Settings& settings) {
  const std::string& name = settings.text("rendering");
  if (name != "rod" && name != "bob") fail(Exit::usage, "pendulum: rendering \"{}\" is neither rod nor bob", name);
  return {.rod = name == "rod", .width = settings.number("width"), .contrast = settings.number("contrast"), .noise = settings.number("noise")};
}

void check_settings(const Settings& settings) {
  const experiments::SettingsCheck check("pendulum", settings);
  check.within("latent", 2, 2);  // the angle is read off a plane
  check.within("hidden", 1, 10'000);
  check.within("n_hidden", 1, 100);
  check.within("K", 1, 10'000);
  check.within("n_images", 2, 1'000'000);
  check.within("batch", 1, settings.count("n_images"));
  check.within("iterations", 1, 100'000'000);
  check.within("n_nodes", 2, 1'000'000);
  check.within("n_neighbours", 1, settings.count("n_nodes") - 1);
  check.above_zero("width");
  check.above_zero("contrast");
  check.at_least("noise", 0);
  check_training_settings("pendulum", settings);
}

std::vector<std::int64_t> marked_iterations(const Settings& settings) {
  std::vector<std::int64_t> marks;
  const std::string& text = settings.text("marks");
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t comma = std::min(text.find(',', at), text.size());
    std::int64_t mark = 0;
    const auto [end, error] = std::from_chars(text.data() + at, text.data() + comma, mark);
    if (error != std::errc() || end != text.data() + comma || mark < 1 || (!marks.empty() && mark <= marks.back()))
      fail(Exit::usage, "pendulum: marks \"{}\" are not ascending iterations separated by commas", text);
    if (mark <= settings.count("iterations")) marks.push_back(mark);
    at = comma + 1;
  }
  return marks;
}

}  // namespace vhp
