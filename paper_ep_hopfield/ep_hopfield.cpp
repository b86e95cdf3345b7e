// # The program
//
// Everything that the program does, in order of reading: train and judge (experiments.cpp, training.cpp, probes.cpp, laws.cpp), hold every
// published number against the records (published_ep_hopfield.toml), draw the page (report.cpp).
#include "common/reporting/attach.hpp"
#include "paper_ep_hopfield/experiments.hpp"
#include "paper_ep_hopfield/report.hpp"

int main(int argc, char** argv) {
  const std::filesystem::path root = SUITE_SOURCE_DIR;
  experiments::Program program{
      .name = "ep_hopfield",
      .title = "Training a Hopfield Variational Autoencoder with Equilibrium Propagation (Van Der Meersch, Deleu, Demeester)",
      .reports = root / "reports",
      .experiments = ep_hopfield::all_experiments(),
      .report = {},
      .check = {},
      .published_numbers = {},
  };
  reporting::attach(program, {
      .root = root,
      .published = "paper_ep_hopfield/published_ep_hopfield.toml",
      .chapters = {{"The network", "paper_ep_hopfield/networks.hpp"},
                   {"Settling", "paper_ep_hopfield/settling.hpp"},
                   {"The objective", "paper_ep_hopfield/objective.hpp"},
                   {"The autoencoders", "paper_ep_hopfield/hopfield_vae.hpp"},
                   {"The exact gradient", "paper_ep_hopfield/exact.hpp"},
                   {"Clipping", "paper_ep_hopfield/clip.hpp"},
                   {"The baseline", "paper_ep_hopfield/forward_vae.hpp"},
                   {"The scores", "paper_ep_hopfield/scores.hpp"},
                   {"Training and evaluation", "paper_ep_hopfield/training.cpp"},
                   {"Probes", "paper_ep_hopfield/probes.cpp"},
                   {"The open choices in the small", "paper_ep_hopfield/laws.cpp"},
                   {"Settings and cells", "paper_ep_hopfield/experiments.cpp"},
                   {"The page", "paper_ep_hopfield/report.cpp"},
                   {"The page: what came out", "paper_ep_hopfield/findings_report.cpp"},
                   {"The page: settling", "paper_ep_hopfield/settling_report.cpp"},
                   {"The page: what the paper leaves open", "paper_ep_hopfield/choices_report.cpp"},
                   {"The program", "paper_ep_hopfield/ep_hopfield.cpp"}},
      .write = ep_hopfield::write_report,
  });
  return experiments::run_command_line(program, argc, argv);
}
