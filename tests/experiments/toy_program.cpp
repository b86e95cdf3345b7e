// A program of the suite in miniature: its "training" adds noise from named streams to a few numbers.
#include "common/experiments/experiment.hpp"
#include "common/tensors/random.hpp"

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <thread>

using namespace experiments;
using tensors::Array;
using tensors::Shape;
using tensors::Stream;

namespace {

void walk(Run& run) {
  const std::int64_t d = run.settings().count("d"), n_steps = run.settings().count("n_steps");
  const auto pause = std::chrono::microseconds(run.settings().count("pause_us"));
  Array<float> weights = Array<float>::zeros(Shape{d});
  std::int64_t step = 0;
  const char* data = std::getenv("TOY_DATA");  // the name of the file that is used in place of toy.dat
  run.used_data({{data ? data : "toy.dat", "0123"}}, run.settings().flag("stand_in"));
  run.keep("weights", weights);
  run.keep("step", step);
  run.resume();
  while (step < n_steps) {
    const Array<float> noise = Stream(run.seed(), "walk", static_cast<std::uint64_t>(step)).normal<float>(Shape{d});
    for (std::int64_t i = 0; i < d; ++i) weights.data_for_update()[i] += static_cast<float>(run.settings().number("scale")) * noise[i];
    if (run.settings().flag("diverges") && step == n_steps / 2) throw Divergence("the loss at step " + std::to_string(step) + " is nan");
    std::this_thread::sleep_for(pause);
    ++step;
    run.append("walk", {{"step", static_cast<double>(step)}, {"first", weights[0]}});
    run.progress(step, n_steps);
  }
  double square = 0;
  for (float weight : weights) square += static_cast<double>(weight) * weight;
  run.metric("distance", {std::sqrt(square), "steps", "exact", std::nullopt});
  run.metric("undefined", {std::numeric_limits<double>::quiet_NaN(), "nats", "none", std::numeric_limits<double>::infinity()});
  run.images("pixels", {1, 2, 2, {0, 85, 170, 255}});
  run.health("finite", !run.settings().flag("unhealthy"), "all weights");
  run.weights({{"weights", weights}});
}

std::vector<Cell> cells(Profile profile, const std::string& defect) {
  const std::int64_t n_steps = profile == Profile::smoke ? 3 : 40;
  std::vector<Cell> list;
  for (std::int64_t d : {3, 5, 20}) {
    Settings settings{{"d", d},           {"n_steps", n_steps},  {"scale", 0.5},     {"pause_us", std::int64_t{0}},
                      {"stand_in", false}, {"diverges", false}, {"unhealthy", false}};
    if (!defect.empty() && d == 3) settings.set(defect, true);
    list.push_back({"tuned/n" + std::to_string(d), 0, settings, 0.1});
  }
  return list;
}

Images sample(const Cell&, const Experiment::Weights& weights, std::int64_t n) {
  const auto shade = static_cast<std::uint8_t>(weights.at("weights").size());
  return {n, 1, 1, std::vector<std::uint8_t>(static_cast<std::size_t>(n), shade)};
}

}  // namespace

int main(int argc, char** argv) {
  Program program;
  program.name = "toy";
  program.title = "Random walks";
  program.reports = std::filesystem::temp_directory_path() / "toy_reports_not_given";
  const char* revision = std::getenv("TOY_REVISION");
  for (const std::string defect : {"", "diverges", "unhealthy", "stand_in"}) {
    program.experiments.push_back({defect.empty() ? "walk" : "walk_" + defect, "a random walk", revision ? std::atoi(revision) : 1,
                                   [defect](Profile profile) { return cells(profile, defect); }, walk, sample});
  }
  program.published_numbers = [](const Program&) { return std::vector<std::string>{"table1.distance: 1.25"}; };
  program.report = [](const Program& drawn, const Ledger& ledger) {
    std::ofstream(drawn.reports / drawn.name / "index.md") << ledger.at(Profile::quick).size() << " cells\n";
  };
  program.check = [](const Program&, const Ledger& ledger, const std::optional<std::string>& claim, std::optional<Profile>) {
    if (claim && *claim != "table1.distance") return 1;
    return ledger.empty() ? 77 : 0;
  };
  return run_command_line(program, argc, argv);
}
