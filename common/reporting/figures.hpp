// Line, scatter and error-bar plots: an SVG drawn by gnuplot, with the data beside it as TSV.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace reporting {

enum class Style {
  line,
  points,
  hollow_points,
  line_points,
  small_points,
  reference,  // a thin dotted line: a published value, a closed form
};

// The colours that a curve's shades stand for: an angle (0 and 1 are one), light to dark, ten kinds (kind i at (i + 1/2) / 10).
enum class Palette { cyclic, blues, greys, kinds };

struct Curve {
  std::string label;  // curves of one label share one colour, marker and legend entry in the whole figure
  std::vector<double> x = {}, y = {};
  std::vector<double> lo = {}, hi = {};  // if given: a band around a line, bars on points
  Style style = Style::line;
  std::optional<int> colour = {};  // 0..6, to tie curves of different labels together; else one per label
  std::vector<double> shade = {};  // if given, in [0, 1]: the colour of each point, from the panel's palette
};

struct Panel {
  std::string title = {}, x_label = {}, y_label = {};  // labels with their unit: "test bound [nats]"
  bool log_x = false, log_y = false;
  bool y_axis = true;  // false in a drawing, whose heights are no numbers
  std::vector<Curve> curves = {};
  std::vector<std::pair<double, std::string>> x_ticks = {};  // empty: gnuplot chooses
  // Empty: what the data need; a log axis with x_ticks then ends a little beyond ticks and data.
  std::optional<std::pair<double, double>> x_range = {};
  std::optional<std::pair<double, double>> y_range = {};  // empty: what the data need
  bool equal_units = false;  // of linear axes: a circle is round; the ranges grow as far as that needs
  Palette palette = Palette::cyclic;
  std::vector<std::pair<double, std::string>> shade_ticks = {};  // of a colour bar beside the panel; empty: no bar
};

inline constexpr double left_margin = 92, right_margin = 18;  // of a panel's axes, in pixels

struct Figure {
  std::string name;  // of the files, [a-z0-9_]
  std::vector<Panel> panels = {};
  int columns = 1;                // of panels
  int width = 640, height = 440;  // of the whole, in pixels
};

// The data, one line per point: panel, curve, x, y, lo, hi; and shade, where any curve has shades. Numbers round-trip; what a
// curve lacks it leaves empty.
std::string to_tsv(const Figure& figure);

// The figure as SVG; equal figures give equal bytes. Throws Failure(io) when gnuplot is missing or refuses, and
// std::invalid_argument when a curve's columns differ in length.
std::string to_svg(const Figure& figure);

// Writes <folder>/<name>.svg and <name>.tsv. Throws as to_svg and Failure(io).
void write_figure(const std::filesystem::path& folder, const Figure& figure);

}  // namespace reporting
