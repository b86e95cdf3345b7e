// # The program
//
// Anthony L. Caterini, Arnaud Doucet, Dino Sejdinovic: *Hamiltonian Variational Auto-Encoder*, NeurIPS 2018. Its Gaussian
// experiment: full batches, ten data sets in each of ten dimensions, 30,000 steps of TensorFlow's RMSProp.
#include "common/reporting/attach.hpp"
#include "paper_hvae/caterini_report.hpp"
#include "paper_hvae/flow_alone.hpp"
#include "paper_hvae/gaussian_experiment.hpp"
#include "paper_hvae/gaussian_optimum.hpp"
#include "paper_hvae/gaussian_sequential.hpp"
#include "paper_hvae/image_experiment.hpp"
#include "paper_hvae/step_memory.hpp"

#include <fmt/format.h>

namespace hvae {
namespace {

using experiments::Cell;
using experiments::Profile;

constexpr std::int64_t n_observations = 10'000;

// Every method but IAF, which the paper does not have. VB in the coordinates of its ridge is ours; it needs the steps to
// walk to |Delta_j| = 30 and some more.
std::vector<Cell> cells(Profile profile) {
  const bool is_paper = profile == Profile::paper, is_quick = profile == Profile::quick;
  const std::vector<std::int64_t> dimensions = is_paper   ? std::vector<std::int64_t>{1, 2, 3, 5, 11, 25, 51, 101, 201, 301}
                                               : is_quick ? std::vector<std::int64_t>{1, 5, 25}
                                                          : std::vector<std::int64_t>{3};
  const std::int64_t n_steps = is_paper ? 30'000 : is_quick ? 10'000 : 30;
  std::vector<Cell> list;
  for (const std::int64_t d : dimensions) {
    const auto add = [&](const Method& method, std::int64_t steps) {
      experiments::Settings settings = gaussian_settings(method.settings.text("method"), d);
      for (const auto& [key, value] : method.settings.values()) settings.set(key, value);
      settings.set("n_sets", std::int64_t{is_paper ? 10 : is_quick ? 3 : 2});
      settings.set("N", is_paper || is_quick ? n_observations : std::int64_t{500});
      settings.set("n_steps", steps);
      settings.set("curve_every", std::max<std::int64_t>(1, steps / 60));
      const double estimated_s = estimated_seconds(settings);
      list.push_back({fmt::format("d{}/{}", d, method.cell), 0, std::move(settings), estimated_s});
    };
    for (const Method& method : gaussian_methods()) {
      if (method.settings.text("method") != "iaf") add(method, method.cell == "vb_along_the_ridge" ? 2 * n_steps : n_steps);
    }
  }
  return list;
}

}  // namespace
}  // namespace hvae

int main(int argc, char** argv) {
  const std::filesystem::path root = SUITE_SOURCE_DIR;
  experiments::Program program{
      .name = "hvae_caterini",
      .title = "Hamiltonian Variational Auto-Encoder (Caterini, Doucet, Sejdinovic; 2018)",
      .reports = root / "reports",
      .experiments = {{.name = "gaussian",
                       .summary = "The Gaussian model: HVAE, planar flows and mean-field VB (Figure 1)",
                       .revision = 1,
                       .cells = hvae::cells,
                       .run = hvae::run_gaussian,
                       .sample = {}},
                      hvae::sequential_experiment(hvae::n_observations), hvae::optimum_experiment(hvae::n_observations), hvae::mnist_experiment(), hvae::mnist_10k_experiment(),
                      hvae::flow_alone_experiment(), hvae::step_memory_experiment()},
      .report = {},
      .check = {},
      .published_numbers = {},
  };
  reporting::attach(program, {
      .root = root,
      .published = "paper_hvae/published_hvae_caterini.toml",
      .chapters = {{"Hamiltonian flow", "paper_hvae/hvae.hpp"},
                   {"The Gaussian model", "paper_hvae/gaussian_model.hpp"},
                   {"The data", "paper_hvae/gaussian_data.hpp"},
                   {"The flows that are compared with", "paper_hvae/flows.hpp"},
                   {"The methods", "paper_hvae/gaussian_methods.hpp"},
                   {"Training", "paper_hvae/gaussian_experiment.cpp"},
                   {"One data set after the other", "paper_hvae/gaussian_sequential.cpp"},
                   {"The flow at the optimum", "paper_hvae/gaussian_optimum.cpp"},
                   {"The image model", "paper_hvae/image_model.hpp"},
                   {"Training and evaluation on MNIST", "paper_hvae/image_experiment.cpp"},
                   {"The flow alone, on images", "paper_hvae/flow_alone.cpp"},
                   {"What a step holds", "paper_hvae/step_memory.cpp"},
                   {"The page", "paper_hvae/caterini_report.cpp"},
                   {"The page: Table 1 on MNIST", "paper_hvae/table_1_report.cpp"},
                   {"The page: our runs on MNIST", "paper_hvae/image_report.cpp"},
                   {"The page: the flow alone", "paper_hvae/flow_alone_report.cpp"},
                   {"The program", "paper_hvae/hvae_caterini.cpp"}},
      .write = hvae::write_caterini_report,
  });
  return experiments::run_command_line(program, argc, argv);
}
