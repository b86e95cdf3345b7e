#pragma once

#include "common/reporting/page.hpp"

namespace hvae {

// The sections of hvae_caterini's page.
void write_caterini_report(reporting::Page& page, const experiments::Ledger& ledger);

}  // namespace hvae
