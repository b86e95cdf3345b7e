// Numbers as text and Markdown tables.
#pragma once

#include "common/reporting/statistics.hpp"

#include <optional>
#include <string>
#include <vector>

namespace reporting {

// Fixed decimals. A non-finite value reads "diverged", a missing one "–".
std::string format_number(std::optional<double> value, int digits);

// "-137.21 ± 0.13", the standard error over seeds with at least one significant digit; for one seed no ±.
std::string format_estimate(const Sample& sample, int digits);

enum class Align { left, right, centre };

struct Column {
  std::string title;
  Align align = Align::left;
};

struct Table {
  std::vector<Column> columns;
  std::vector<std::vector<std::string>> rows;  // Markdown text, one entry per column
};

// The table as GitHub-flavoured Markdown, columns padded to equal width. Throws std::invalid_argument on a ragged row.
std::string to_markdown(const Table& table);

}  // namespace reporting
