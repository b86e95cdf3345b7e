// The methods as the pendulum's tables and figures name them, and which run of each they draw.
#pragma once

#include "paper_vhp/record_view.hpp"

#include <array>
#include <string>
#include <vector>

namespace vhp {

struct PendulumRow {
  std::string cell, label;
};
inline const std::array<PendulumRow, 8> pendulum_rows{{{"rewo", "VHP + REWO"},
                                                       {"geco", "VHP + GECO"},
                                                       {"vhp", "VHP"},
                                                       {"vhp_wu20", "VHP + WU (20 epochs)"},
                                                       {"vhp_wu200", "VHP + WU (200 epochs)"},
                                                       {"iwae", "IWAE"},
                                                       {"rewo_elbo", "VHP + REWO, ELBO"},
                                                       {"rewo_alternative", "VHP + REWO, eq. (16)"}}};

// A row's label with what tells its record from the paper's run (label_of in choices_report.hpp).
std::string row_label(const std::string& cell, const experiments::Record& record);

// What figures draw of a method: at the paper's scale the shorter run where there is no long one, and either before a smaller scale.
const experiments::Record* drawn(const RecordView& p, const std::string& cell);

// The root of the mean squared distance of codes (columns z_1, z_2) from their mean.
double spread(const experiments::Series& codes);

// A figure over several methods: the lowest of their scales, and what its caption must say of them.
struct Together {
  experiments::Profile profile = experiments::Profile::paper;
  std::string note = {};
};
Together together(const RecordView& p, const std::vector<std::string>& cells);

}  // namespace vhp
