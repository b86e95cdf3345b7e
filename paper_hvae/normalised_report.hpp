#pragma once

#include "common/reporting/page.hpp"

#include <vector>

namespace hvae {

// The sections of hvae_selikhanovych's page on images: sections 2.2 and 2.3 of the report.
void write_normalised_sections(reporting::Page& page);

}  // namespace hvae
