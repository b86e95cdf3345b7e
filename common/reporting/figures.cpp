// gnuplot runs as a child process without a shell: the script on its standard input, the picture on its standard output.
#include "common/reporting/figures.hpp"

#include "common/experiments/files.hpp"
#include "common/tensors/errors.hpp"

#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>
#include <memory>
#include <ranges>
#include <span>
#include <tuple>

extern char** environ;

namespace reporting {
namespace {

using tensors::Exit;
using tensors::fail;
using tensors::require;

// Okabe and Ito's palette, ordered so that neighbours also differ in grey; dashes and markers tell the curves apart too.
struct Look {
  const char* colour;
  const char* dashes;
  int filled, hollow;  // gnuplot's point types
};
constexpr std::array<Look, 7> looks{{{"#0072B2", "solid", 7, 6},
                                     {"#E69F00", "(18,5)", 5, 4},
                                     {"#000000", "(4,4)", 9, 8},
                                     {"#009E73", "(18,4,4,4)", 13, 12},
                                     {"#D55E00", "(10,4)", 11, 10},
                                     {"#56B4E9", "(18,4,4,4,4,4)", 15, 14},
                                     {"#CC79A7", "(2,3)", 7, 6}}};

bool has_line(Style style) { return style == Style::line || style == Style::line_points; }
bool has_interval(const Curve& curve) { return !curve.lo.empty(); }
bool is_shaded(const Curve& curve) { return !curve.shade.empty(); }
bool is_shaded(const Panel& panel) {
  return std::ranges::any_of(panel.curves, [](const Curve& curve) { return is_shaded(curve); });
}

// gnuplot refuses a plot of which no point can be drawn.
bool has_points(const Panel& panel, const Curve& curve) {
  const auto drawable = [](double v, bool is_log) { return std::isfinite(v) && (!is_log || v > 0); };
  for (std::size_t i = 0; i < curve.x.size(); ++i)
    if (drawable(curve.x[i], panel.log_x) && drawable(curve.y[i], panel.log_y)) return true;
  return false;
}

std::string quoted(const std::string& text) {
  std::string out = "'";
  for (char c : text) {
    if (c == '\'') out += '\'';
    out += c == '\n' ? ' ' : c;
  }
  return out + "'";
}

std::string number(double value) { return std::isfinite(value) ? fmt::format("{}", value) : "NaN"; }

struct Entry {
  std::string label;
  Style style;
  std::size_t look;
};

// One legend entry per label of the figure, in order of appearance.
std::vector<Entry> legend(const Figure& figure) {
  std::vector<Entry> entries;
  for (const Panel& panel : figure.panels)
    for (const Curve& curve : panel.curves) {
      if (std::ranges::any_of(entries, [&](const Entry& e) { return e.label == curve.label; })) continue;
      tensors::require(curve.colour || entries.size() < looks.size(), "figure '{}': more than {} labels look alike; '{}' is one too many", figure.name,
                       looks.size(), curve.label);
      const auto look = static_cast<std::size_t>(curve.colour.value_or(static_cast<int>(entries.size()))) % looks.size();
      entries.push_back({curve.label, curve.style, look});
    }
  return entries;
}

// The "with ..." clause of a curve or of its legend entry.
std::string drawn_as(Style style, const Look& look) {
  switch (style) {
    case Style::line: return fmt::format("with lines lw 2 dt {} lc rgb '{}'", look.dashes, look.colour);
    case Style::points: return fmt::format("with points pt {} ps 0.8 lw 1.5 lc rgb '{}'", look.filled, look.colour);
    case Style::hollow_points: return fmt::format("with points pt {} ps 1.0 lw 1.5 lc rgb '{}'", look.hollow, look.colour);
    case Style::small_points: return fmt::format("with points pt 7 ps 0.3 lc rgb '{}'", look.colour);
    case Style::line_points:
      return fmt::format("with linespoints lw 1.8 dt {} pt {} ps 0.7 lc rgb '{}'", look.dashes, look.filled, look.colour);
    case Style::reference: break;
  }
  return fmt::format("with lines lw 1.2 dt (2,4) lc rgb '{}'", look.colour);
}

std::string data_block(std::size_t index, const Curve& curve) {
  std::string out = fmt::format("$d{} << END\n", index);
  for (std::size_t i = 0; i < curve.x.size(); ++i) {
    out += fmt::format("{} {}", number(curve.x[i]), number(curve.y[i]));
    if (has_interval(curve)) out += fmt::format(" {} {}", number(curve.lo[i]), number(curve.hi[i]));
    if (is_shaded(curve)) out += fmt::format(" {}", number(curve.shade[i]));
    out += "\n";
  }
  return out + "END\n";
}

// Plain tick numbers on a log axis, or powers of ten where the data leave 0.001 to 10,000.
std::string log_format(const Panel& panel, std::vector<double> Curve::*axis) {
  double least = 1, greatest = 1;
  for (const Curve& curve : panel.curves)
    for (double v : curve.*axis)
      if (std::isfinite(v) && v > 0) least = std::min(least, v), greatest = std::max(greatest, v);
  return least < 1e-3 || greatest > 1e4 ? "10^{%T}" : "%g";
}

// gnuplot would let a log axis end at a power of ten, however far from its ticks.
std::optional<std::pair<double, double>> x_range(const Panel& panel) {
  if (panel.x_range || !panel.log_x || panel.x_ticks.empty()) return panel.x_range;
  auto [first, last] = std::ranges::minmax(panel.x_ticks | std::views::keys);
  for (const Curve& curve : panel.curves)
    for (double x : curve.x)
      if (std::isfinite(x) && x > 0) first = std::min(first, x), last = std::max(last, x);
  const double beyond = std::pow(last / first, 0.04) * 1.05;
  return std::pair{first / beyond, last * beyond};
}

std::string range(const char* axis, const std::optional<std::pair<double, double>>& ends) {
  return ends ? fmt::format("set {}range [{}:{}]\n", axis, ends->first, ends->second) : fmt::format("set {}range [*:*]\n", axis);
}

constexpr std::array<const char*, 10> kinds{"#000000", "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7", "#8C8C8C", "#6A3D9A"};

// A palette of equally wide steps without a transition.
std::string steps(std::span<const char* const> colours) {
  std::string list;
  for (std::size_t i = 0; i < colours.size(); ++i) list += fmt::format("{}{} '{}', {} '{}'", i == 0 ? "" : ", ", i, colours[i], i + 1, colours[i]);
  return list;
}

std::string palette(const Panel& panel) {
  if (!is_shaded(panel)) return "";
  const auto colours = [&]() -> std::string {
    switch (panel.palette) {
      case Palette::cyclic: return "model HSV defined (0 0 0.8 0.85, 1 1 0.8 0.85)";
      case Palette::blues: return "model RGB defined (0 '#b5d0e8', 1 '#08306b')";
      case Palette::kinds: return "model RGB defined (" + steps(kinds) + ")";
      case Palette::greys: break;
    }
    return std::string("model RGB defined (0 '#c8c8c8', 1 '#000000')");
  };
  return fmt::format("set palette {}\nset cbrange [0:1]\n", colours());
}

std::string ticks(const std::vector<std::pair<double, std::string>>& labels) {
  std::string list;
  for (const auto& [at, text] : labels) list += fmt::format("{}{} {}", list.empty() ? "" : ", ", quoted(text), number(at));
  return list;
}

// The panel with ranges of which a unit is as long across as upwards, on axes of width x height pixels.
Panel with_equal_units(Panel panel, double width, double height) {
  const auto extent = [&](const auto& given, std::vector<double> Curve::*axis) {
    if (given) return *given;
    double least = std::numeric_limits<double>::infinity(), most = -least;
    for (const Curve& curve : panel.curves)
      for (double v : curve.*axis)
        if (std::isfinite(v)) least = std::min(least, v), most = std::max(most, v);
    return least <= most ? std::pair(least, most) : std::pair(0.0, 1.0);
  };
  auto x = extent(panel.x_range, &Curve::x), y = extent(panel.y_range, &Curve::y);
  const double unit = 1.06 * std::max({(x.second - x.first) / width, (y.second - y.first) / height, 1e-12});  // a pixel's
  const auto widened = [unit](std::pair<double, double> ends, double pixels) {
    const double middle = (ends.first + ends.second) / 2, half = unit * pixels / 2;
    return std::pair(middle - half, middle + half);
  };
  panel.x_range = widened(x, width);
  panel.y_range = widened(y, height);
  return panel;
}

constexpr double colour_bar = 52;  // pixels at the right of a panel, labels included

// Right of the axes, which end at `right`; everything as a share of the whole figure.
std::string colour_bar_at(const Panel& panel, double right, double bottom, double top, double pixel) {
  if (panel.shade_ticks.empty()) return "unset colorbox\n";
  return fmt::format("set colorbox user origin screen {:.5f},{:.5f} size screen {:.5f},{:.5f}\nset cbtics ({}) scale 0\n", right + 8 * pixel, bottom,
                     12 * pixel, top - bottom, ticks(panel.shade_ticks));
}

// The ticks of a linear axis: in a panel that is `width` pixels wide gnuplot's own choice may run into each other.
std::string automatic_ticks(const Panel& panel, double width) {
  constexpr double wide = 160, per_tick = 30;
  double first = std::numeric_limits<double>::infinity(), last = -first;
  for (const Curve& curve : panel.curves)
    for (double x : curve.x)
      if (std::isfinite(x)) first = std::min(first, x), last = std::max(last, x);
  if (panel.x_range) std::tie(first, last) = *panel.x_range;
  if (panel.log_x || width >= wide || !(first < last)) return "set xtics autofreq\n";
  const double least = (last - first) * per_tick / width, power = std::pow(10, std::floor(std::log10(least)));
  const double step = least <= 2 * power ? 2 * power : least <= 5 * power ? 5 * power : 10 * power;
  return fmt::format("set xtics {}\n", step);
}

std::string axes(const Panel& panel, double width) {
  std::string out = fmt::format(
      "set title {} noenhanced offset 0,-0.4 font ',14'\nset xlabel {} noenhanced offset 0,0.7\nset ylabel {} noenhanced offset 0.6,0\n",
      quoted(panel.title), quoted(panel.x_label), quoted(panel.y_label));
  out += panel.log_x ? fmt::format("set logscale x 10\nset format x '{}'\n", log_format(panel, &Curve::x))
                     : "unset logscale x\nset format x '%g'\n";
  out += panel.log_y ? fmt::format("set logscale y 10\nset format y '{}'\n", log_format(panel, &Curve::y))
                     : "unset logscale y\nset format y '%g'\n";
  out += range("x", x_range(panel)) + range("y", panel.y_range) + palette(panel);
  out += fmt::format("set border {} lw 1 lc rgb '#404040'\n{}\n", panel.y_axis ? 3 : 1, panel.y_axis ? "set ytics autofreq" : "unset ytics");
  if (panel.x_ticks.empty()) return out + automatic_ticks(panel, width);
  return out + fmt::format("set xtics ({})\n", ticks(panel.x_ticks));
}

std::string plot(const Panel& panel, const std::vector<Entry>& entries, std::size_t first_block) {
  std::vector<std::string> bands, curves;
  for (std::size_t c = 0; c < panel.curves.size(); ++c) {
    const Curve& curve = panel.curves[c];
    if (!has_points(panel, curve)) continue;
    const Look& look = looks[std::ranges::find(entries, curve.label, &Entry::label)->look];
    const std::string data = fmt::format("$d{} using ", first_block + c);
    if (has_interval(curve) && has_line(curve.style))
      bands.push_back(fmt::format("{}1:3:4 with filledcurves fs transparent solid 0.2 noborder lc rgb '{}' notitle", data, look.colour));
    else if (has_interval(curve))
      curves.push_back(fmt::format("{}1:2:3:4 with yerrorbars pt 0 lw 1.3 lc rgb '{}' notitle", data, look.colour));
    if (is_shaded(curve)) curves.push_back(fmt::format("{}1:2:{} with points pt 7 ps 0.35 lc palette notitle", data, has_interval(curve) ? 5 : 3));
    else curves.push_back(fmt::format("{}1:2 {} notitle", data, drawn_as(curve.style, look)));
  }
  bands.insert(bands.end(), curves.begin(), curves.end());
  return bands.empty() ? "plot [1:10] [1:10] NaN notitle\n" : fmt::format("plot {}\n", fmt::join(bands, ", "));
}

// Panels in a grid above a strip that holds the one legend.
std::string script(const Figure& figure) {
  const std::vector<Entry> entries = legend(figure);
  std::vector<const Entry*> labelled;
  std::size_t longest = 1;
  for (const Entry& e : entries)
    if (!e.label.empty()) labelled.push_back(&e), longest = std::max(longest, e.label.size());

  const int n = static_cast<int>(figure.panels.size()), columns = std::clamp(figure.columns, 1, std::max(n, 1));
  const int rows = (n + columns - 1) / columns;
  const int n_labels = static_cast<int>(labelled.size());
  // gnuplot's own reckoning, 9.1 pixels a character: where it finds room for fewer columns than the strip was made for, it drops entries.
  const int per_row = std::clamp(static_cast<int>(figure.width / (9.1 * static_cast<double>(longest) + 58)), 1, std::max(n_labels, 1));
  const double strip = n_labels == 0 ? 0 : (n_labels + per_row - 1) / per_row * 20.0 + 18.0;
  const double width = figure.width, height = figure.height;
  const double cell_w = width / columns, cell_h = (height - strip) / std::max(rows, 1);

  std::string out = fmt::format(
      "set encoding utf8\n"
      "set terminal svg size {},{} fixed enhanced font 'DejaVu Sans,13' background '#ffffff' name {}\n"
      "set datafile missing 'NaN'\nset tics nomirror out scale 0.6\nset xtics offset 0,0.35\n"
      "set grid lt 1 lw 0.6 lc rgb '#dcdcdc'\nset bars small\nset offsets graph 0.02, graph 0.02, graph 0.04, graph 0.04\nunset key\n",
      figure.width, figure.height, quoted(figure.name));
  std::size_t block = 0;
  for (const Panel& panel : figure.panels)
    for (const Curve& curve : panel.curves) out += data_block(block++, curve);

  out += "set multiplot\n";
  block = 0;
  for (int p = 0; p < n; ++p) {
    Panel panel = figure.panels[static_cast<std::size_t>(p)];
    const double left = p % columns * cell_w, top = height - p / columns * cell_h;
    const double panel_w = cell_w - left_margin - right_margin - (panel.shade_ticks.empty() ? 0 : colour_bar);
    const double above = panel.title.empty() ? 14 : 34, below = 54;
    const double right = (left + left_margin + panel_w) / width, upper = (top - above) / height, lower = (top - cell_h + below) / height;
    if (panel.equal_units) panel = with_equal_units(std::move(panel), panel_w, cell_h - above - below);
    out += fmt::format(
        "set lmargin at screen {:.5f}\nset rmargin at screen {:.5f}\nset tmargin at screen {:.5f}\nset bmargin at screen {:.5f}\n",
        (left + left_margin) / width, right, upper, lower);
    out += colour_bar_at(panel, right, lower, upper, 1 / width) + axes(panel, panel_w) + plot(panel, entries, block);
    block += panel.curves.size();
  }
  if (n_labels > 0) {
    out += fmt::format(
        "set lmargin at screen 0\nset rmargin at screen 1\nset bmargin at screen 0\nset tmargin at screen {:.5f}\n"
        "unset logscale\nunset border\nunset tics\nunset grid\nunset title\nunset xlabel\nunset ylabel\nunset offsets\n"
        "set xrange [0:1]\nset yrange [0:1]\n"
        "set key at screen 0.5,{:.5f} center center horizontal maxcols {} Left reverse samplen 3.2 noenhanced\n",
        strip / height, strip / height / 2, per_row);
    std::vector<std::string> samples;
    for (const Entry* e : labelled)
      samples.push_back(fmt::format("NaN {} title {} noenhanced", drawn_as(e->style, looks[e->look]), quoted(e->label)));
    out += fmt::format("plot {}\n", fmt::join(samples, ", "));
  }
  return out + "unset multiplot\n";
}

using Stream = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

Stream unnamed_file() {
  Stream file(std::tmpfile(), &std::fclose);
  if (!file) fail(Exit::io, "figures: cannot make a temporary file; is the disk full?");
  return file;
}

std::string contents(std::FILE* file) {
  std::rewind(file);
  std::string bytes;
  std::array<char, 1 << 14> chunk;
  while (const std::size_t n = std::fread(chunk.data(), 1, chunk.size(), file)) bytes.append(chunk.data(), n);
  return bytes;
}

std::string run_gnuplot(const std::string& name, const std::string& commands) {
  const Stream in = unnamed_file(), out = unnamed_file(), messages = unnamed_file();
  if (std::fwrite(commands.data(), 1, commands.size(), in.get()) != commands.size() || std::fflush(in.get()) != 0)
    fail(Exit::io, "figures: cannot write a temporary file; is the disk full?");
  std::rewind(in.get());

  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, fileno(in.get()), 0);
  posix_spawn_file_actions_adddup2(&files, fileno(out.get()), 1);
  posix_spawn_file_actions_adddup2(&files, fileno(messages.get()), 2);
  std::string program = "gnuplot", no_settings = "-d";  // -d: nobody's ~/.gnuplot
  std::array<char*, 3> arguments{program.data(), no_settings.data(), nullptr};
  pid_t child = 0;
  const int error = posix_spawnp(&child, program.c_str(), &files, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  if (error != 0) fail(Exit::io, "figures need gnuplot, which does not start here: apt-get install gnuplot-nox");

  int status = 0;
  waitpid(child, &status, 0);
  std::string svg = contents(out.get());
  if (status != 0 || svg.find("</svg>") == std::string::npos) {
    std::string message = WIFSIGNALED(status) ? fmt::format("killed by signal {}", WTERMSIG(status)) : contents(messages.get());
    std::ranges::replace(message, '\n', ' ');
    fail(Exit::io, "figure {}: gnuplot failed: {}", name, message.empty() ? "it drew nothing; is the disk full?" : message);
  }
  return svg;
}

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) text.replace(at, from.size(), to);
}

// Takes out gnuplot's version, and lets a reader without the font fall back on a similar one.
std::string without_traces(std::string svg) {
  const std::size_t begin = svg.find("<desc>"), end = svg.find("</desc>");
  if (begin != std::string::npos && end != std::string::npos) svg.erase(begin, end + 7 - begin);
  replace_all(svg, "font-family=\"DejaVu Sans\"", "font-family=\"DejaVu Sans, Verdana, sans-serif\"");
  return svg;
}

void check(const Figure& figure) {
  for (const Panel& panel : figure.panels)
    for (const Curve& curve : panel.curves) {
      const std::size_t n = curve.x.size(), n_interval = has_interval(curve) ? n : 0, n_shades = is_shaded(curve) ? n : 0;
      require(curve.y.size() == n && curve.lo.size() == n_interval && curve.hi.size() == n_interval && curve.shade.size() == n_shades,
              "figure {}: curve '{}' has {} x, {} y, {} lo, {} hi, {} shades", figure.name, curve.label, n, curve.y.size(), curve.lo.size(),
              curve.hi.size(), curve.shade.size());
    }
}

}  // namespace

std::string to_tsv(const Figure& figure) {
  check(figure);
  const bool shaded = std::ranges::any_of(figure.panels, [](const Panel& panel) { return is_shaded(panel); });
  std::string out = fmt::format("panel\tcurve\tx\ty\tlo\thi{}\n", shaded ? "\tshade" : "");
  for (std::size_t p = 0; p < figure.panels.size(); ++p)
    for (const Curve& curve : figure.panels[p].curves)
      for (std::size_t i = 0; i < curve.x.size(); ++i)
        out += fmt::format("{}\t{}\t{}\t{}\t{}\t{}{}{}\n", p + 1, curve.label, curve.x[i], curve.y[i],
                           has_interval(curve) ? fmt::format("{}", curve.lo[i]) : "",
                           has_interval(curve) ? fmt::format("{}", curve.hi[i]) : "", shaded ? "\t" : "",
                           is_shaded(curve) ? fmt::format("{}", curve.shade[i]) : "");
  return out;
}

std::string to_svg(const Figure& figure) {
  check(figure);
  return without_traces(run_gnuplot(figure.name, script(figure)));
}

void write_figure(const std::filesystem::path& folder, const Figure& figure) {
  const std::string svg = to_svg(figure);
  experiments::replace_file(folder / (figure.name + ".svg"), svg);
  experiments::replace_file(folder / (figure.name + ".tsv"), to_tsv(figure));
}

}  // namespace reporting
