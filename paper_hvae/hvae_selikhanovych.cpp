// # The program
//
// Daniil Selikhanovych, Aleksandr Artemenkov, Igor Karpikov: *Hamiltonian Variational Auto-Encoder*, report, Skoltech. HVAE against
// IWAE and HVAE + IAF on MNIST stand in normalised_experiment.cpp; here is its Gaussian experiment: batches of 256 rows, each taken for a whole data set, three data sets in each of six dimensions,
// 2,000 passes of PyTorch's RMSProp.
#include "common/reporting/attach.hpp"
#include "paper_hvae/gaussian_as_coded.hpp"
#include "paper_hvae/gaussian_experiment.hpp"
#include "paper_hvae/gaussian_optimum.hpp"
#include "paper_hvae/normalised_experiment.hpp"
#include "paper_hvae/selikhanovych_report.hpp"

#include <fmt/format.h>

namespace hvae {
namespace {

using experiments::Cell;
using experiments::Profile;

constexpr std::int64_t batch = 256, batches_a_pass = 40;  // of 10,000 rows; the last batch has 16

// The authors gave VB more passes in high dimension (read off the notebooks; the text says "3000 or 4000").
std::int64_t vb_passes(std::int64_t d) { return d <= 100 ? 2000 : d <= 300 ? 4000 : 5000; }

std::vector<Cell> cells(Profile profile) {
  const bool is_paper = profile == Profile::paper, is_quick = profile == Profile::quick, is_smoke = profile == Profile::smoke;
  const std::vector<std::int64_t> dimensions = is_paper   ? std::vector<std::int64_t>{25, 50, 100, 200, 300, 400}
                                               : is_quick ? std::vector<std::int64_t>{25, 50}
                                                          : std::vector<std::int64_t>{3};
  const std::int64_t passes = is_paper ? 2000 : 500;
  std::vector<Cell> list;
  for (const std::int64_t d : dimensions) {
    const auto add = [&](const Method& method, const std::string& name, std::int64_t steps, std::int64_t rows_a_batch, std::uint64_t seed) {
      experiments::Settings settings = gaussian_settings(method.settings.text("method"), d);
      for (const auto& [key, value] : method.settings.values()) settings.set(key, value);
      settings.set("optimiser", std::string("rmsprop_pytorch"));
      settings.set("batch", rows_a_batch);
      settings.set("N", std::int64_t{is_smoke ? 600 : 10'000});
      settings.set("n_sets", std::int64_t{is_smoke ? 2 : 3});
      const std::int64_t n_steps = is_smoke ? 30 : steps;
      settings.set("n_steps", n_steps);
      settings.set("curve_every", std::max<std::int64_t>(1, n_steps / 80));
      const double estimated_s = estimated_seconds(settings);
      list.push_back({fmt::format("d{}/{}", d, name), seed, std::move(settings), estimated_s});
    };
    for (const Method& method : gaussian_methods()) {
      const bool is_vb = method.cell == "vb";
      if (!is_vb) {
        add(method, method.cell, passes * batches_a_pass, batch, 0);
        continue;
      }
      // Its error is a matter of the draw of z and the number of steps: five seeds show the spread.
      for (std::uint64_t seed = 0; seed < (is_paper ? 5 : 1); ++seed) add(method, method.cell, vb_passes(d) * batches_a_pass, batch, seed);
    }
    // Probes: what is left of HVAE's error of sigma when a step sees all rows, after as many steps and after as many passes; and when
    // no batch is shorter than the others.
    for (const Method& method : gaussian_methods()) {
      const bool is_probed = method.settings.text("method") == "hvae" && method.settings.text("tempering") == "fixed" && d == dimensions.front();
      if (!is_probed) continue;
      add(method, method.cell + "_all_rows", passes * batches_a_pass, 0, 0);
      add(method, method.cell + "_all_rows_as_many_passes", passes, 0, 0);
      add(method, method.cell + "_even_batches", passes * batches_a_pass, batch, 0);
      list.back().settings.set("N", list.back().settings.count("N") / batch * batch);
    }
  }
  return list;
}

}  // namespace
}  // namespace hvae

int main(int argc, char** argv) {
  const std::filesystem::path root = SUITE_SOURCE_DIR;
  experiments::Program program{
      .name = "hvae_selikhanovych",
      .title = "Hamiltonian Variational Auto-Encoder, a report (Selikhanovych, Artemenkov, Karpikov)",
      .reports = root / "reports",
      .experiments = {{.name = "gaussian",
                       .summary = "The Gaussian model: HVAE, IAF, planar flows and mean-field VB (Tables 1 to 4, Figures 1 to 8)",
                       .revision = 1,
                       .cells = hvae::cells,
                       .run = hvae::run_gaussian,
                       .sample = {}},
                      hvae::optimum_experiment(hvae::batch), hvae::as_coded_experiment(hvae::batch), hvae::networks_experiment(), hvae::report_mnist_experiment()},
      .report = {},
      .check = {},
      .published_numbers = {},
  };
  reporting::attach(program, {
      .root = root,
      .published = "paper_hvae/published_hvae_selikhanovych.toml",
      .chapters = {{"Hamiltonian flow", "paper_hvae/hvae.hpp"},
                   {"The Gaussian model", "paper_hvae/gaussian_model.hpp"},
                   {"The data", "paper_hvae/gaussian_data.hpp"},
                   {"The flows that are compared with", "paper_hvae/flows.hpp"},
                   {"The methods", "paper_hvae/gaussian_methods.hpp"},
                   {"Training", "paper_hvae/gaussian_experiment.cpp"},
                   {"The flow at the optimum", "paper_hvae/gaussian_optimum.cpp"},
                   {"The objective as coded, where the truth is known", "paper_hvae/gaussian_as_coded.hpp"},
                   {"The objective as coded: learning it", "paper_hvae/gaussian_as_coded.cpp"},
                   {"The report's networks", "paper_hvae/normalised_networks.hpp"},
                   {"HVAE and IWAE with batch normalisation", "paper_hvae/normalised_model.hpp"},
                   {"Training and evaluation on MNIST", "paper_hvae/normalised_experiment.cpp"},
                   {"The page", "paper_hvae/selikhanovych_report.cpp"},
                   {"The page: HVAE and IWAE on MNIST", "paper_hvae/normalised_report.cpp"},
                   {"The program", "paper_hvae/hvae_selikhanovych.cpp"}},
      .write = hvae::write_selikhanovych_report,
  });
  return experiments::run_command_line(program, argc, argv);
}
