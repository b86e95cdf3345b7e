// The sections of the page, and what they share: the rows of Table 1 and how a record of theirs is found.
#pragma once

#include "common/reporting/page.hpp"

#include <array>
#include <numbers>
#include <optional>

namespace vae_extensions {

using experiments::Profile;
using experiments::Record;
using reporting::Page;

inline constexpr std::array<int, 5> latent_sizes{3, 5, 10, 20, 200};
inline constexpr double untrained_bound = -784 * std::numbers::ln2;  // every pixel is 0 or 1 with probability 1/2 [nats]

// The end of a cell's path: "/n20".
inline std::string at(int n) { return "/n" + std::to_string(n); }

// A row of Table 1: its cells are "<experiment>/<cell>/n<latent size>".
struct TableRow {
  std::string experiment, cell, label;
  int colour;  // of its curves

  std::string cell_name(int n) const { return cell + at(n); }
  std::string path(int n) const { return experiment + "/" + cell_name(n); }
};
const std::vector<TableRow>& table_rows();
const TableRow& table_row(const std::string& experiment, const std::string& cell);
double published(const Page& page, const TableRow& row, int n);

// The cell that stands for a row at a latent size, and its label. Where the training of the convolutional row diverges, these
// are the same networks at a learning rate of 0.001, where they were trained.
struct Standing {
  std::string path, label;
};
Standing standing(const Page& page, const TableRow& row, int n);
inline constexpr const char* slower_cnn = "cnn/cnn_lr_0.001";
inline constexpr const char* slower_tuned = "vae/tuned_lr_0.001/n3";

// The highest profile above smoke that has the cell; smoke where none has.
Profile shown_profile(const Page& page, const std::string& cell_path);

reporting::CellMetric metric_of(const std::string& cell_path, const std::string& metric);

// A metric of a cell over its seeds, at the profile that is shown.
std::optional<reporting::Sample> estimate(const Page& page, const std::string& cell_path, const std::string& metric);

// "-87.52 ± 0.13", or "–".
std::string format(const std::optional<reporting::Sample>& sample);

// The record of the cell's first seed at the profile that is shown; null where there is none, or it diverged.
const Record* first_record(const Page& page, const std::string& cell_path);

// " (quick)" where the record is not of the paper's scale.
std::string scale_note(Profile profile);

// The lowest profile among the given cells' records: what a caption has to name.
Profile lowest_profile(const Page& page, const std::vector<std::string>& cell_paths);

// A metric of several cells as curves like the given one, so that no line joins two scales or runs through a cell without a value.
struct Place {
  double x;
  std::string cell_path;
};
std::vector<reporting::Curve> curves_by_profile(const Page& page, const reporting::Curve& like, const std::vector<Place>& places,
                                                const std::string& metric, double factor = 1);

// The share of pixels that gives the noise sweep's best bound at N_z = 3, with or without noise at test, and that bound (mean
// over seeds); nothing before all of the sweep exists at the paper's scale.
struct BestNoise {
  double rate, bound;
};
std::optional<BestNoise> best_noise(const Page& page);

// Of single trainings of the faces on all of them, with the text's other learning rates: the one that costs most more than
// the mean of those at 0.01 with its latent size. Nothing before there is one at the paper's scale.
struct DearestFaces {
  double more, loss, learning_rate;
  int n;
};
std::optional<DearestFaces> dearest_faces(const Page& page);

// Sections, in the order of the page.
void table_sections(Page& page);      // Table 1, the bound by latent size, what the seeds say, the tuned row at N_z = 3
void cnn_sections(Page& page);        // the learning rate at which the convolutional row trains
void iwae_sections(Page& page);       // as coded and right
void denoising_sections(Page& page);  // the noise sweep
void training_sections(Page& page);   // Figures 1 and 2, initialisation, overfitting
void picture_sections(Page& page);    // Figures 5, 6 and 7
void frey_sections(Page& page);       // Figures 3 and 4, and the floor

}  // namespace vae_extensions
