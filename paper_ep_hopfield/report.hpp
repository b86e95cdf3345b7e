#pragma once

#include "common/reporting/page.hpp"

namespace ep_hopfield {

// The paper's own sections of reports/ep_hopfield/index.md.
void write_report(reporting::Page& page, const experiments::Ledger& ledger);

// Those on what the paper leaves open: settling, nudges, the exact gradient, the sweep.
void write_open_choices(reporting::Page& page);

// The highest profile that has as many cells of an experiment as any other.
reporting::Profile shown_profile(const reporting::Page& page, const std::string& experiment);

// The record of a cell's first seed; null where there is none or it diverged.
const experiments::Record* first_record(const reporting::Page& page, reporting::Profile profile, const std::string& cell_path);

// A metric over a cell's seeds as text, or a dash.
std::string estimate_text(const reporting::Page& page, reporting::Profile profile, const std::string& experiment, const std::string& cell,
                          const std::string& metric, int digits);

}  // namespace ep_hopfield
