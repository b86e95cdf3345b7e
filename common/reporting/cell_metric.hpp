// The name of a result: "experiment/cell : metric".
#pragma once

#include <optional>
#include <string>

namespace reporting {

// A metric of a cell, over all its seeds.
struct CellMetric {
  std::string experiment, cell, metric;

  std::string cell_path() const { return experiment + "/" + cell; }
  friend bool operator==(const CellMetric&, const CellMetric&) = default;
};

// Reads "experiment/cell : metric"; nothing when the text has another form.
std::optional<CellMetric> cell_metric_from(const std::string& text);
std::string to_string(const CellMetric& metric);

}  // namespace reporting
