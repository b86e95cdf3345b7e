#pragma once

#include "common/reporting/page.hpp"

namespace vhp {

// Section 4.1 and appendices A and B: figures, tables, settings, errata and metrics of the pendulum.
void write_pendulum(reporting::Page& page);

}  // namespace vhp
