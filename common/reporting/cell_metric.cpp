#include "common/reporting/cell_metric.hpp"

namespace reporting {

std::optional<CellMetric> cell_metric_from(const std::string& text) {
  const std::size_t slash = text.find('/'), colon = text.find(" : ");
  if (slash == std::string::npos || colon == std::string::npos || slash == 0 || slash + 1 >= colon || colon + 3 >= text.size()) return {};
  return CellMetric{text.substr(0, slash), text.substr(slash + 1, colon - slash - 1), text.substr(colon + 3)};
}

std::string to_string(const CellMetric& metric) { return metric.cell_path() + " : " + metric.metric; }

}  // namespace reporting
