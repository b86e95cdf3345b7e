#pragma once

#include "common/reporting/page.hpp"
#include "paper_ep_hopfield/experiments.hpp"
#include "paper_ep_hopfield/models.hpp"

namespace ep_hopfield {

// The paper's own sections of reports/ep_hopfield/index.md.
void write_report(reporting::Page& page, const experiments::Ledger& ledger);

// Those on settling, and on the gradient that training then has against the exact one.
void write_settling(reporting::Page& page);
// Those on what the paper leaves open: the gradient, step sizes, nudges, initial weights, the sweep.
void write_open_choices(reporting::Page& page);
// What a reader should take home.
void write_findings(reporting::Page& page);

// The highest profile that has as many cells of an experiment as any other.
reporting::Profile shown_profile(const reporting::Page& page, const std::string& experiment);

// The first seed of a model at the highest profile that it has run at, and the model's label with its scale; null where there is none.
std::pair<const experiments::Record*, std::string> highest_record(const reporting::Page& page, const ModelName& model);

// A metric over a cell's seeds, if all have it and are finite.
std::optional<reporting::Sample> finite_estimate(const reporting::Page& page, reporting::Profile profile, const reporting::CellMetric& metric);

// How far apart chance may bring the means of two equal models, by the spread of their own seeds; nothing where neither has two.
std::optional<double> chance_lead(const reporting::Sample& a, const reporting::Sample& b, double false_alarm);

// A metric over a cell's seeds as text, or a dash.
std::string estimate_text(const reporting::Page& page, reporting::Profile profile, const std::string& experiment, const std::string& cell,
                          const std::string& metric, int digits);

// What variety_of_reconstructions says of a cell's first seed; "–" where it has no record.
std::string variety_text(const reporting::Page& page, reporting::Profile profile, const std::string& cell_path);

// The variance between images, a share of that between the originals, mean over pixels: 0 where all reconstructions are one image,
// a code that says nothing.
double variety_of_reconstructions(const experiments::Record& record);
inline constexpr double no_variety = 0.05;  // below it the code says next to nothing

// Whether a probe's exact gradient was shown to be one: its states at rest, the Hessians of all images positive, their systems solved (to 1e-5).
constexpr bool is_exact(double residual_at_rest, double n_left_out) { return n_left_out == 0 && residual_at_rest <= 1e-4; }

// What is trained, half SSE + beta_KL KL, epoch by epoch: means over an epoch's batches.
std::vector<double> objective_of(const experiments::Record& record);

std::vector<ModelName> hopfield_models();

// The objectives of two runs of `exact` with one seed, by equilibrium propagation and by the exact gradient of `way`, epoch by epoch;
// none where `way` is the former's own.
struct Courses {
  std::vector<double> ep, exact;
  std::size_t halfway() const { return (exact.size() + 1) / 2; }
  double ep_less_exact(std::size_t epoch) const { return ep.at(epoch - 1) - exact.at(epoch - 1); }
};
std::vector<Courses> courses(const reporting::Page& page, reporting::Profile profile, const ModelName& model, const WayToTrain& way);
double greatest_rise(const std::vector<double>& objective);  // from one epoch to the next; below 0 where it only falls
inline constexpr std::size_t early_epoch = 3;                // at which an early lead is told

// The rows of a series where `column` has the value; and a column at such rows.
std::vector<std::size_t> rows_where(const experiments::Series& series, const std::string& column, double value);
std::vector<double> picked(const experiments::Series& series, const std::string& column, const std::vector<std::size_t>& rows);

// Where a chosen setting comes from, and what the table of choices says of the others that were tried.
std::string against_choices(const reporting::Page& page, const std::vector<std::string>& others);

// A linear axis of a quantity that is never negative: from 0 to the greatest that is drawn.
std::optional<std::pair<double, double>> from_zero(const reporting::Panel& panel, std::vector<double> reporting::Curve::* axis);

}  // namespace ep_hopfield
