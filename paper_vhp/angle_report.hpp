#pragma once

#include "paper_vhp/record_view.hpp"

namespace vhp {

void report_angles(RecordView& p);      // Table 1, its dependence on the turn of the plane, the errors over iterations
void report_regression(RecordView& p);  // Figure 15

// "0.232 and 0.771": between which values a run's error was over the last third of its iterations.
std::string last_third(const experiments::Record& run);

}  // namespace vhp
