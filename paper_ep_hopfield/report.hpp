#pragma once

#include "common/reporting/page.hpp"

namespace ep_hopfield {

// The paper's own sections of reports/ep_hopfield/index.md.
void write_report(reporting::Page& page, const experiments::Ledger& ledger);

}  // namespace ep_hopfield
