#pragma once

#include "common/reporting/page.hpp"

#include <string>

namespace vhp {

// A method's label with the warm-up that its run had, where a shorter run had another, and its length where the cell has one of its
// own: "VHP + WU (20 epochs; here 1) (quick)", "VHP, 30,000 iterations".
std::string label_of(std::string label, const experiments::Record& record);

// KL(q(z|x) || p(z)) at the end of training [nats, mean over images, by the bound on p(z)]; NaN for IWAE, which has none of its own.
double divergence(const experiments::Record& record);

// The codes say nothing: a divergence below a tenth of a nat; for IWAE, posterior means within a tenth of the posterior's deviation.
bool has_collapsed(const experiments::Record& record);

// The images that were chosen, and others.
void report_data(reporting::Page& page);

// Tables and figure on what decides the pendulum's error: the seed, and what the paper leaves open.
void report_choices(reporting::Page& page);

}  // namespace vhp
