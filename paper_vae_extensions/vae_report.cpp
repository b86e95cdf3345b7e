#include "paper_vae_extensions/vae_report.hpp"

namespace vae_extensions {

void write_report(reporting::Page& page, const experiments::Ledger&) { page.cite("Sumba, Rahman, Madhu (2019)"); }

}  // namespace vae_extensions
