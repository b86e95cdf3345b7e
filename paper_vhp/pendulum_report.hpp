#pragma once

#include "common/reporting/page.hpp"

namespace vhp {

// The paper's own sections of reports/vhp/index.md.
void write_report(reporting::Page& page, const experiments::Ledger& ledger);

}  // namespace vhp
