// # The program
//
// Everything that the program does, in order of reading: train and evaluate each row (training.cpp and the experiments),
// hold every published number against the records (published_vae_extensions.toml), draw the page (vae_report.cpp).
#include "common/reporting/attach.hpp"
#include "paper_vae_extensions/cnn_experiment.hpp"
#include "paper_vae_extensions/dense_experiments.hpp"
#include "paper_vae_extensions/frey_experiment.hpp"
#include "paper_vae_extensions/iwae_experiment.hpp"
#include "paper_vae_extensions/linear_code.hpp"
#include "paper_vae_extensions/vae_experiment.hpp"
#include "paper_vae_extensions/vae_report.hpp"

int main(int argc, char** argv) {
  const std::filesystem::path root = SUITE_SOURCE_DIR;
  experiments::Program program{
      .name = "vae_extensions",
      .title = "Improving Variational Autoencoders (Sumba, Rahman, Madhu; 2019)",
      .reports = root / "reports",
      .experiments = {vae_extensions::vae_experiment(), vae_extensions::cnn_experiment(), vae_extensions::iwae_experiment(),
                      vae_extensions::dvae_experiment(), vae_extensions::beta_experiment(), vae_extensions::cvae_experiment(),
                      vae_extensions::frey_experiment(), vae_extensions::linear_code_experiment(), vae_extensions::tuning_experiment()},
      .report = {},
      .check = {},
      .published_numbers = {},
  };
  reporting::attach(program, {
      .root = root,
      .published = "paper_vae_extensions/published_vae_extensions.toml",
      .chapters = {{"The model", "paper_vae_extensions/vae.hpp"},
                   {"The cross-entropy as coded", "paper_vae_extensions/rounded_likelihood.hpp"},
                   {"The convolutional model", "paper_vae_extensions/cnn.hpp"},
                   {"The importance-weighted model", "paper_vae_extensions/iwae.hpp"},
                   {"The denoising model", "paper_vae_extensions/denoising.hpp"},
                   {"The model with a dear divergence", "paper_vae_extensions/beta_vae.hpp"},
                   {"The conditional model", "paper_vae_extensions/cvae.hpp"},
                   {"Faces", "paper_vae_extensions/frey.hpp"},
                   {"The best linear code", "paper_vae_extensions/linear_code.hpp"},
                   {"What a row is", "paper_vae_extensions/rows.hpp"},
                   {"Training and evaluation", "paper_vae_extensions/training.cpp"},
                   {"The plain rows", "paper_vae_extensions/vae_experiment.cpp"},
                   {"The dense rows", "paper_vae_extensions/dense_experiments.cpp"},
                   {"The convolutional row", "paper_vae_extensions/cnn_experiment.cpp"},
                   {"The importance-weighted row", "paper_vae_extensions/iwae_experiment.cpp"},
                   {"The faces", "paper_vae_extensions/frey_experiment.cpp"},
                   {"The best linear code of the faces", "paper_vae_extensions/linear_code.cpp"},
                   {"The page", "paper_vae_extensions/vae_report.cpp"},
                   {"The page: what its sections share", "paper_vae_extensions/report_sections.cpp"},
                   {"The page: Table 1", "paper_vae_extensions/table_report.cpp"},
                   {"The page: extensions", "paper_vae_extensions/extension_report.cpp"},
                   {"The page: faces", "paper_vae_extensions/frey_report.cpp"},
                   {"The page: training", "paper_vae_extensions/training_report.cpp"},
                   {"The page: pictures", "paper_vae_extensions/picture_report.cpp"},
                   {"The program", "paper_vae_extensions/vae_extensions.cpp"}},
      .write = vae_extensions::write_report,
  });
  return experiments::run_command_line(program, argc, argv);
}
