#pragma once

#include "common/reporting/page.hpp"

namespace vhp {

// Section 4.2 and appendix C: figures, tables, settings and metrics of the human motions.
void write_motion(reporting::Page& page);

}  // namespace vhp
