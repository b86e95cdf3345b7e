// # The program
//
// Everything that the program does, in order of reading: the model and its bound, the schedules of beta, the data, training
// and evaluation, the published numbers (published_vhp.toml), the page.
#include "common/reporting/attach.hpp"
#include "paper_vhp/motion_experiment.hpp"
#include "paper_vhp/motion_report.hpp"
#include "paper_vhp/pendulum_experiment.hpp"
#include "paper_vhp/pendulum_report.hpp"

namespace {

void write_report(reporting::Page& page, const experiments::Ledger&) {
  page.cite(
      "Alexej Klushyn, Nutan Chen, Richard Kurle, Botond Cseke, Patrick van der Smagt: *Learning Hierarchical Priors in VAEs*. Advances in Neural "
      "Information Processing Systems 32, 2019.\n\n"
      "This page covers the artificial pendulum (section 4.1, appendices A and B) and human motion (section 4.2, appendix C). Not covered, and not "
      "held against a run: the image data sets of sections 4.3 and 4.4 with Table 2's twenty values and appendices D and E, and what section 2.2 says of "
      "how often updates of the bound are skipped. [The chapter](program.md) is the program's source.");
  const auto error = [&](const char* cell) { return page.at_paper({"seeds", cell, "angle_error_arcsin_rad"}); };
  const auto rewo = [&](const char* metric, int digits) { return page.at_paper({"pendulum", "rewo", metric}, digits); };
  page.finding("Pendulum, 150,000 iterations, {} of three seeds so far: VHP + REWO reads the angle with an error of {} radians (published 0.054). β takes the course of "
               "the paper's Figure 2 later (the initial phase is {} iterations, published 350), and what that phase leaves, {} at 5,000, the rest of the training "
               "hardly mends.",
               {std::to_string(page.results().records(experiments::Profile::paper, "pendulum/rewo").size()), rewo("angle_error_arcsin_rad", 2),
                rewo("initial_phase_iterations", 0), rewo("angle_error_arcsin_rad_at_5000", 2)});
  page.finding("Pendulum, 6,000 iterations from six starts (settings of quick): REWO {}, GECO {}, no schedule {}. The start decides more than the schedule; the "
               "paper trained each method once.",
               {error("rewo"), error("geco"), error("vhp")});
  page.finding("What was drawn matters as much, and the paper does not say it: on soft blobs REWO has {}, GECO {}, no schedule {}.",
               {error("rewo_soft_blob"), error("geco_soft_blob"), error("vhp_soft_blob")});
  const auto separation = [&](const char* cell) { return page.at_paper({"motion_seeds", cell, "separation"}); };
  page.finding("Human motion, 6,000 iterations from six starts: the share of drawn codes whose motion can be told is {} for the VHP, {} for the VampPrior and {} "
               "for the IWAE, which the paper says cannot separate them.",
               {separation("vhp"), separation("vampprior"), separation("iwae")});
  vhp::write_pendulum(page);
  vhp::write_motion(page);
}

}  // namespace

int main(int argc, char** argv) {
  const std::filesystem::path root = SUITE_SOURCE_DIR;
  experiments::Program program{
      .name = "vhp",
      .title = "Learning Hierarchical Priors in VAEs (Klushyn, Chen, Kurle, Cseke, van der Smagt; 2019)",
      .reports = root / "reports",
      .experiments = {vhp::pendulum_experiment(), vhp::sensitivity_experiment(), vhp::seeds_experiment(), vhp::motion_experiment(),
                      vhp::motion_seeds_experiment()},
      .report = {},
      .check = {},
      .published_numbers = {},
  };
  reporting::attach(program, {
      .root = root,
      .published = "paper_vhp/published_vhp.toml",
      .chapters = {{"The model", "paper_vhp/vhp.hpp"},
                   {"Schedules", "paper_vhp/schedules.hpp"},
                   {"A step", "paper_vhp/training.hpp"},
                   {"Networks", "paper_vhp/networks.hpp"},
                   {"The course of a training", "paper_vhp/training_run.hpp"},
                   {"The pendulum", "paper_vhp/pendulum.hpp"},
                   {"The angle", "paper_vhp/angle_regression.hpp"},
                   {"The graph", "paper_vhp/latent_graph.hpp"},
                   {"The pendulum: settings", "paper_vhp/pendulum_settings.cpp"},
                   {"The pendulum: training and evaluation", "paper_vhp/pendulum_experiment.cpp"},
                   {"The page: the pendulum", "paper_vhp/pendulum_report.cpp"},
                   {"The page: choices and seeds", "paper_vhp/choices_report.cpp"},
                   {"Human motion", "paper_vhp/motion_data.hpp"},
                   {"The VampPrior", "paper_vhp/vamp_prior.hpp"},
                   {"How smooth a movement is", "paper_vhp/movement.hpp"},
                   {"Whether the motions are separate", "paper_vhp/separation.hpp"},
                   {"Human motion: settings", "paper_vhp/motion_settings.cpp"},
                   {"Human motion: training and evaluation", "paper_vhp/motion_experiment.cpp"},
                   {"The page: human motion", "paper_vhp/motion_report.cpp"},
                   {"The program", "paper_vhp/vhp.cpp"}},
      .write = write_report,
  });
  return experiments::run_command_line(program, argc, argv);
}
