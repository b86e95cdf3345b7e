#include "paper_vhp/pendulum_rows.hpp"

#include "paper_vhp/choices_report.hpp"
#include "paper_vhp/pendulum_settings.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace vhp {

using experiments::Profile;
using experiments::Record;

std::string row_label(const std::string& cell, const Record& record) {
  return label_of(std::ranges::find(pendulum_rows, cell, &PendulumRow::cell)->label, record);
}

const Record* drawn(const RecordView& p, const std::string& cell) {
  const Record* own = p.record(cell);
  if (own && own->identity.profile == Profile::paper) return own;
  const Record* short_one = p.record(cell + shorter);
  return short_one ? short_one : own;
}

double spread(const experiments::Series& codes) {
  const auto &x = codes.at("z_1"), &y = codes.at("z_2");
  const double of_samples = static_cast<double>(x.size() - 1) / static_cast<double>(x.size());  // their variances are unbiased
  return std::sqrt(of_samples * (std::pow(reporting::summarise(x).sd, 2) + std::pow(reporting::summarise(y).sd, 2)));
}

Together together(const RecordView& p, const std::vector<std::string>& cells) {
  Together all;
  std::vector<std::string> lengths, starts, collapsed;
  bool several = false;
  const auto note_once = [](std::vector<std::string>& known, std::string text) {
    if (std::ranges::find(known, text) == known.end()) known.push_back(std::move(text));
  };
  for (const std::string& cell : cells) {
    const Record* record = drawn(p, cell);
    if (!record) continue;
    all.profile = std::min(all.profile, record->identity.profile);
    note_once(lengths, fmt::format("{}", record->identity.settings.count("iterations")));
    note_once(starts, fmt::format("{}", record->identity.seed));
    several = several || p.records(record->identity.cell).size() > 1;
    if (has_collapsed(*record)) collapsed.push_back(row_label(cell, *record));
  }
  if (lengths.size() > 1) all.note += fmt::format(" Runs of different length ({} iterations) stand side by side, and do not compare.", fmt::join(lengths, ", "));
  if (several) all.note += " The first start of each method is drawn, whatever the others came to.";
  if (starts.size() > 1) all.note += fmt::format(" Their starts differ too (seeds {}); Table 1 has all.", fmt::join(starts, ", "));
  if (!collapsed.empty()) all.note += fmt::format(" Collapsed, all codes in one spot: {}.", fmt::join(collapsed, "; "));
  return all;
}

}  // namespace vhp
