#pragma once

#include "common/reporting/page.hpp"

namespace hvae {

// The sections of hvae_selikhanovych's page.
void write_selikhanovych_report(reporting::Page& page, const experiments::Ledger& ledger);

}  // namespace hvae
