// What the two pages on the Gaussian model share: looking results up, and the figures that both documents have.
#pragma once

#include "common/reporting/page.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace hvae {

// The results of one profile: the highest that the ledger has.
class GaussianResults {
 public:
  explicit GaussianResults(const reporting::Results& results);

  reporting::Profile profile() const { return profile_; }
  const std::vector<std::int64_t>& dimensions() const { return dimensions_; }  // ascending, those that have records

  // A metric of cell "gaussian/d<d>/<cell>", mean over its seeds; and the same as text.
  std::optional<reporting::Sample> estimate(std::int64_t d, const std::string& cell, const std::string& metric) const;
  std::string text(std::int64_t d, const std::string& cell, const std::string& metric, int digits) const;

  // The record of the cell's first seed, or null.
  const experiments::Record* record(std::int64_t d, const std::string& cell) const;
  std::int64_t n_sets() const;

 private:
  const reporting::Results& results_;
  reporting::Profile profile_ = reporting::Profile::smoke;
  std::vector<std::int64_t> dimensions_;
};

// A curve of a figure: a cell, how it is called, and its colour; hollow points where it lies on another curve.
struct Drawn {
  std::string cell, label;
  int colour;
  reporting::Style style = reporting::Style::line_points;
};

// An error against the dimension, both axes logarithmic.
reporting::Panel error_panel(const GaussianResults& results, const std::vector<Drawn>& drawn, const std::string& metric, const std::string& y_label);

// Ends a logarithmic y axis where the panel's data end, bands and bars included, or at a decade that is no more than twice as far.
void end_at_the_data(reporting::Panel& panel);

// The closed form of HVAE's error of sigma with fixed tempering and K = 1, where a step sees n rows of data sets of N: the
// width that the flow's volume adds to every variance, and the exact maximiser's own error.
double tempered_sigma_error(std::int64_t d, std::int64_t n, std::int64_t N = 10'000);

// The section on the flow at the optimum: a figure and a table.
void write_optimum(reporting::Page& page, reporting::Profile profile, std::int64_t N);

// Settings, errata and metrics that both documents have in common.
void write_common_notes(reporting::Page& page);

}  // namespace hvae
