#include "common/reporting/tables.hpp"

#include "common/tensors/errors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace reporting {
namespace {

// Characters, not bytes: continuation bytes of UTF-8 are 10xxxxxx.
std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](unsigned char c) { return (c & 0xC0) != 0x80; }));
}

std::string cell_text(const std::string& markdown) {
  std::string text;
  for (char c : markdown) {
    if (c == '|') text += '\\';
    text += c == '\n' ? ' ' : c;
  }
  return text;
}

std::string padded(const std::string& text, std::size_t to, Align align) {
  const std::size_t spare = to - width(text);
  const std::size_t before = align == Align::left ? 0 : align == Align::right ? spare : spare / 2;
  return fmt::format("{:{}}{}{:{}}", "", before, text, "", spare - before);
}

std::string rule(std::size_t width, Align align) {
  std::string dashes(width, '-');
  if (align != Align::left) dashes.back() = ':';
  if (align == Align::centre) dashes.front() = ':';
  return dashes;
}

}  // namespace

std::string format_number(std::optional<double> value, int digits) {
  if (!value) return "–";
  if (!std::isfinite(*value)) return "diverged";
  std::string text = fmt::format("{:.{}f}", *value, digits);
  const bool is_zero = text.find_first_of("123456789") == std::string::npos;
  return is_zero && text.front() == '-' ? text.substr(1) : text;
}

std::string format_estimate(const Sample& sample, int digits) {
  const double error = sample.standard_error();
  const std::string mean = format_number(sample.mean, digits);
  const double rounding = 1e-12 * std::abs(sample.mean);  // of a constant, which has no error
  if (sample.n < 2 || !std::isfinite(error) || error <= rounding) return mean;
  const int needed = static_cast<int>(std::ceil(-std::log10(error)));
  return fmt::format("{} ± {}", mean, format_number(error, std::clamp(needed, digits, digits + 4)));
}

std::string to_markdown(const Table& table) {
  const std::size_t n = table.columns.size();
  std::vector<std::vector<std::string>> lines(1);
  for (const Column& column : table.columns) lines[0].push_back(cell_text(column.title));
  for (const auto& row : table.rows) {
    tensors::require(row.size() == n, "table: a row has {} entries, the table {} columns", row.size(), n);
    auto& line = lines.emplace_back();
    for (const std::string& entry : row) line.push_back(cell_text(entry));
  }
  std::vector<std::size_t> widths(n, 3);
  for (const auto& line : lines)
    for (std::size_t c = 0; c < n; ++c) widths[c] = std::max(widths[c], width(line[c]));

  std::string out;
  for (std::size_t r = 0; r < lines.size(); ++r) {
    out += "|";
    for (std::size_t c = 0; c < n; ++c) out += fmt::format(" {} |", padded(lines[r][c], widths[c], table.columns[c].align));
    out += "\n";
    if (r > 0) continue;
    out += "|";
    for (std::size_t c = 0; c < n; ++c) out += fmt::format(" {} |", rule(widths[c], table.columns[c].align));
    out += "\n";
  }
  return out;
}

}  // namespace reporting
