#pragma once

#include "common/reporting/page.hpp"

namespace vae_extensions {

// The paper's own sections of reports/vae_extensions/index.md.
void write_report(reporting::Page& page, const experiments::Ledger& ledger);

}  // namespace vae_extensions
