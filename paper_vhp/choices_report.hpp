#pragma once

#include "common/reporting/page.hpp"

namespace vhp {

// Tables and figure on what decides the pendulum's error: the seed, and what the paper leaves open.
void report_choices(reporting::Page& page);

}  // namespace vhp
