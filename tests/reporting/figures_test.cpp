// Figures: the bytes are settled, the TSV holds the data, the PNG holds the pixels.
#include "common/reporting/figures.hpp"
#include "common/reporting/image_grid.hpp"
#include "tests/reporting/sample.hpp"
#include "tests/temporary_folder.hpp"

#include <boost/test/unit_test.hpp>
#include <png.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <sstream>

using namespace sample;

namespace {

Figure two_panels() {
  Figure figure{.name = "bounds", .columns = 2, .width = 900, .height = 420};
  Curve train{.label = "VAE, train", .x = {1, 10, 100}, .y = {-200.1, -140.25, 1.0 / 3 - 120}};
  Curve test{.label = "VAE, test",
             .x = {1, 10, 100},
             .y = {-202, -143, -123},
             .lo = {-205, -144, -124},
             .hi = {-199, -142, -122},
             .style = Style::line_points};
  Curve published{.label = "it's published", .x = {1, 100}, .y = {-137.64, -137.64}, .style = Style::reference};
  figure.panels.push_back(
      {.title = "N_z = 3", .x_label = "epoch", .y_label = "bound [nats]", .log_x = true, .curves = {train, test, published}});
  figure.panels.push_back({.title = "N_z = 20", .x_label = "epoch", .y_label = "bound [nats]", .curves = {train, test}});
  return figure;
}

std::vector<std::vector<std::string>> read_tsv(const std::string& text) {
  std::vector<std::vector<std::string>> rows;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    auto& row = rows.emplace_back();
    std::istringstream fields(line + "\t");
    for (std::string field; std::getline(fields, field, '\t');) row.push_back(field);
  }
  return rows;
}

}  // namespace

BOOST_AUTO_TEST_CASE(equal_figures_give_equal_bytes) {
  const TemporaryFolder a, b;
  write_figure(a.path(), two_panels());
  write_figure(b.path(), two_panels());
  const std::string svg = content_of(a.path() / "bounds.svg");
  BOOST_CHECK(svg == content_of(b.path() / "bounds.svg"));
  BOOST_CHECK(svg.find("it&#39;s published") != std::string::npos || svg.find("it's published") != std::string::npos);
  BOOST_CHECK(svg.find("DejaVu Sans, Verdana, sans-serif") != std::string::npos);
  BOOST_CHECK(svg.find("gnuplot 5") == std::string::npos && svg.find("GNUPLOT 5") == std::string::npos);
  BOOST_CHECK(svg.find(a.path().string()) == std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_tsv_is_the_data) {
  const Figure figure = two_panels();
  const auto rows = read_tsv(to_tsv(figure));
  BOOST_REQUIRE_EQUAL(rows.size(), 1u + 3 + 3 + 2 + 3 + 3);
  std::size_t row = 1;
  for (std::size_t p = 0; p < figure.panels.size(); ++p)
    for (const Curve& curve : figure.panels[p].curves)
      for (std::size_t i = 0; i < curve.x.size(); ++i, ++row) {
        BOOST_REQUIRE_EQUAL(rows[row].size(), 6u);
        BOOST_CHECK_EQUAL(rows[row][0], std::to_string(p + 1));
        BOOST_CHECK_EQUAL(rows[row][1], curve.label);
        BOOST_CHECK_EQUAL(std::stod(rows[row][2]), curve.x[i]);
        BOOST_CHECK_EQUAL(std::stod(rows[row][3]), curve.y[i]);  // exactly: numbers round-trip
        BOOST_CHECK_EQUAL(rows[row][4].empty(), curve.lo.empty());
        if (!curve.lo.empty()) BOOST_CHECK_EQUAL(std::stod(rows[row][5]), curve.hi[i]);
      }
}

BOOST_AUTO_TEST_CASE(odd_figures_are_drawn) {
  Figure figure = two_panels();
  figure.panels[1].curves.clear();
  figure.panels[0].curves[0].y[1] = std::numeric_limits<double>::quiet_NaN();
  figure.panels[0].x_ticks = {{1, "one"}, {100, "hundred"}};
  const std::string svg = to_svg(figure);
  BOOST_CHECK(svg.ends_with("</svg>\n\n") || svg.ends_with("</svg>\n"));
  BOOST_CHECK(svg.find("hundred") != std::string::npos);
  BOOST_CHECK(to_tsv(figure).find("nan") != std::string::npos);

  for (Panel& panel : figure.panels)
    for (Curve& curve : panel.curves) std::ranges::fill(curve.y, std::numeric_limits<double>::quiet_NaN());
  BOOST_CHECK(to_svg(figure).find("N_z = 3") != std::string::npos);

  figure.panels[0].curves[0].y.pop_back();
  BOOST_CHECK_THROW(to_svg(figure), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(shades_become_colours_and_data) {
  Figure figure{.name = "shaded", .panels = {{.curves = {{.label = "cloud", .x = {1, 2, 3}, .y = {1, 3, 2}, .shade = {0, 0.5, 1}}}}}};
  figure.panels[0].palette = Palette::blues;
  const std::string svg = to_svg(figure);
  for (const char* colour : {"181, 208, 232", "8,  48, 107"}) BOOST_CHECK_MESSAGE(svg.find(colour) != std::string::npos, colour);
  const auto rows = read_tsv(to_tsv(figure));
  BOOST_REQUIRE_EQUAL(rows.size(), 4u);
  BOOST_CHECK_EQUAL(rows[0].back(), "shade");
  BOOST_CHECK_EQUAL(rows[2].back(), "0.5");
  BOOST_CHECK_EQUAL(to_tsv(two_panels()).find("shade"), std::string::npos);
  figure.panels[0].curves[0].shade.pop_back();
  BOOST_CHECK_THROW(to_svg(figure), std::invalid_argument);
}

// Where along the axis the label of a tick stands: 0 at the left end of a figure's only panel, 1 at the right.
double tick_position(const Figure& figure, const std::string& label) {
  const std::string svg = to_svg(figure);
  const std::size_t text = svg.find(">" + label + "<");
  BOOST_REQUIRE(text != std::string::npos);
  const std::string translate = "translate(";
  const double x = std::stod(svg.substr(svg.rfind(translate, text) + translate.size()));
  return (x - left_margin) / (figure.width - left_margin - right_margin);
}

BOOST_AUTO_TEST_CASE(a_log_axis_ends_near_its_ticks_and_data_or_where_it_is_told) {
  Figure figure{.name = "sizes", .panels = {{.log_x = true, .curves = {{.label = "", .x = {3, 20, 200}, .y = {1, 2, 3}}}}}};
  Panel& panel = figure.panels[0];
  panel.x_ticks = {{3, "three"}, {20, "twenty"}, {200, "most"}};
  BOOST_CHECK_LT(tick_position(figure, "three"), 0.07);
  BOOST_CHECK_GT(tick_position(figure, "most"), 0.93);
  BOOST_CHECK_LT(tick_position(figure, "most"), 0.99);

  panel.x_ticks.pop_back();  // the data go on
  BOOST_CHECK_LT(tick_position(figure, "twenty"), 0.5);

  panel.x_range = {2, 2000};
  BOOST_CHECK_SMALL(tick_position(figure, "twenty") - 1.0 / 3, 0.01);
  panel.log_x = false;
  panel.x_range = {0, 40};
  BOOST_CHECK_SMALL(tick_position(figure, "twenty") - 0.5, 0.01);
}

BOOST_AUTO_TEST_CASE(narrow_panels_have_few_ticks) {
  Figure figure{.name = "narrow", .columns = 5, .width = 1000, .height = 200};
  for (int p = 0; p < 5; ++p) figure.panels.push_back({.curves = {{.label = "", .x = {-11.5, 5.5}, .y = {0, 0}}}});
  const std::string svg = to_svg(figure);
  BOOST_CHECK(svg.find(">-10<") != std::string::npos);
  BOOST_CHECK(svg.find(">-8<") == std::string::npos);  // 90 pixels for 17 units: a tick for every five
}

BOOST_AUTO_TEST_CASE(every_curve_stands_in_the_legend_however_long_its_label) {
  for (std::size_t length = 10; length <= 120; length += 4) {
    Figure figure{.name = "legend", .columns = 1, .width = 1080, .height = 500};
    figure.panels.emplace_back();
    for (const char last : {'a', 'b', 'c', 'd', 'e', 'f'})
      figure.panels[0].curves.push_back({.label = std::string(length, 'x') + last, .x = {0, 1}, .y = {0, 1}});
    const std::string svg = to_svg(figure);
    for (const Curve& curve : figure.panels[0].curves)
      BOOST_CHECK_MESSAGE(svg.find("<text>" + curve.label) != std::string::npos, "no legend for " << curve.label);
  }
}

BOOST_AUTO_TEST_CASE(a_missing_gnuplot_is_one_clear_line) {
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", "/nowhere", 1);
  try {
    to_svg(two_panels());
    BOOST_ERROR("drawn without gnuplot");
  } catch (const tensors::Failure& failure) {
    BOOST_CHECK(failure.status() == tensors::Exit::io);
    BOOST_CHECK_EQUAL(failure.what(), std::string("figures need gnuplot, which does not start here: apt-get install gnuplot-nox"));
  }
  ::setenv("PATH", path.c_str(), 1);
}

BOOST_AUTO_TEST_CASE(a_gnuplot_that_draws_nothing_is_one_clear_line) {
  const TemporaryFolder folder;
  const auto program = folder.write("gnuplot", "#!/bin/sh\nexit 0\n");
  std::filesystem::permissions(program, std::filesystem::perms::owner_all);
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", (folder.path().string() + ":" + path).c_str(), 1);
  BOOST_CHECK_EXCEPTION(to_svg(two_panels()), tensors::Failure, [](const tensors::Failure& failure) {
    return failure.status() == tensors::Exit::io && std::string(failure.what()).ends_with("gnuplot failed: it drew nothing; is the disk full?");
  });
  ::setenv("PATH", path.c_str(), 1);
}

BOOST_AUTO_TEST_CASE(a_colour_bar_names_its_shades_and_takes_its_room_from_the_panel) {
  Figure figure{.name = "shades", .panels = {{.curves = {{.label = "", .x = {0, 1}, .y = {0, 1}, .style = Style::small_points, .shade = {0, 0.5}}}}}};
  const std::string without = to_svg(figure);
  figure.panels[0].shade_ticks = {{0.0, "nought"}, {0.5, "half"}};
  const std::string with = to_svg(figure);
  for (const char* text : {"nought", "half"}) BOOST_CHECK(with.find(text) != std::string::npos && without.find(text) == std::string::npos);
}

// The pixels of a figure's small points, in order.
std::vector<std::pair<double, double>> points_of(const std::string& svg) {
  std::vector<std::pair<double, double>> points;
  const std::string mark = "<use xlink:href='#gpPt6' transform='translate(";
  for (std::size_t at = svg.find(mark); at != std::string::npos; at = svg.find(mark, at + 1)) {
    std::istringstream numbers(svg.substr(at + mark.size(), 40));
    auto& [x, y] = points.emplace_back();
    char comma = 0;
    numbers >> x >> comma >> y;
  }
  return points;
}

BOOST_AUTO_TEST_CASE(equal_units_make_a_square_square_and_no_smaller) {
  Figure figure{.name = "square", .panels = {{.curves = {{.label = "", .x = {-1, 1, 1, -1}, .y = {0, 0, 2, 2}, .style = Style::small_points}}}}};
  const auto sides = [&] {
    const auto p = points_of(to_svg(figure));
    BOOST_REQUIRE_EQUAL(p.size(), 4u);
    return std::pair(p[1].first - p[0].first, p[1].second - p[2].second);
  };
  for (const auto& [width, height] : {std::pair(700, 300), std::pair(300, 700)}) {
    figure.width = width, figure.height = height;
    figure.panels[0].equal_units = false;
    const auto stretched = sides();
    BOOST_CHECK_GT(std::max(stretched.first, stretched.second) / std::min(stretched.first, stretched.second), 1.5);
    figure.panels[0].equal_units = true;
    const auto [across, upwards] = sides();
    BOOST_CHECK_CLOSE(across, upwards, 1);
    BOOST_CHECK_GT(across, 0.9 * std::min(stretched.first, stretched.second));
  }
}

BOOST_AUTO_TEST_CASE(ten_kinds_have_ten_colours) {
  Curve curve{.label = "", .style = Style::small_points};
  for (int i = 0; i < 10; ++i) curve.x.push_back(i), curve.y.push_back(i), curve.shade.push_back((i + 0.5) / 10);
  const Figure figure{.name = "kinds", .panels = {{.curves = {curve}, .palette = Palette::kinds}}};
  const std::string svg = to_svg(figure);
  for (const char* colour : {"rgb(  0,   0,   0)", "rgb(230, 159,   0)", "rgb(106,  61, 154)"})
    BOOST_CHECK_MESSAGE(svg.find(colour) != std::string::npos, colour);
}

BOOST_AUTO_TEST_CASE(the_png_holds_the_pixels) {
  // Three images of 1 x 2 in two columns, scale 2, margin 1: 2 rows of 2 + 1 pixels and a margin, 2 columns of 4 + 1 and a margin.
  const ImageGrid grid{.images = {.n = 3, .height = 1, .width = 2, .pixels = {10, 20, 30, 40, 50, 60}},
                       .columns = 2,
                       .scale = 2,
                       .margin = 1,
                       .background = 9};
  const std::vector<std::uint8_t> expected{9, 9,  9,  9,  9,  9, 9,  9,  9,  9,  9,  //
                                           9, 10, 10, 20, 20, 9, 30, 30, 40, 40, 9,  //
                                           9, 10, 10, 20, 20, 9, 30, 30, 40, 40, 9,  //
                                           9, 9,  9,  9,  9,  9, 9,  9,  9,  9,  9,  //
                                           9, 50, 50, 60, 60, 9, 9,  9,  9,  9,  9,  //
                                           9, 50, 50, 60, 60, 9, 9,  9,  9,  9,  9,  //
                                           9, 9,  9,  9,  9,  9, 9,  9,  9,  9,  9};
  const TemporaryFolder folder;
  write_png(folder.path() / "grid.png", grid);

  png_image header{};
  header.version = PNG_IMAGE_VERSION;
  BOOST_REQUIRE(png_image_begin_read_from_file(&header, (folder.path() / "grid.png").c_str()));
  BOOST_CHECK_EQUAL(header.width, 11u);
  BOOST_CHECK_EQUAL(header.height, 7u);
  header.format = PNG_FORMAT_GRAY;
  std::vector<std::uint8_t> pixels(PNG_IMAGE_SIZE(header));
  BOOST_REQUIRE(png_image_finish_read(&header, nullptr, pixels.data(), 0, nullptr));
  BOOST_CHECK_EQUAL_COLLECTIONS(pixels.begin(), pixels.end(), expected.begin(), expected.end());
}

BOOST_AUTO_TEST_CASE(a_bar_marks_an_image_at_its_left) {
  ImageGrid grid{.images = {.n = 2, .height = 1, .width = 1, .pixels = {10, 20}}, .columns = 2, .scale = 1, .margin = 3, .background = 9};
  grid.marked = {1};
  const experiments::Images out = compose(grid);
  const std::vector<std::uint8_t> middle(out.pixels.begin() + 3 * out.width, out.pixels.begin() + 4 * out.width);
  const std::vector<std::uint8_t> expected{9, 9, 9, 10, 9, 0, 9, 20, 9, 9, 9};
  BOOST_CHECK_EQUAL_COLLECTIONS(middle.begin(), middle.end(), expected.begin(), expected.end());
  BOOST_CHECK_EQUAL(std::ranges::count(out.pixels, 0), 1);
}

BOOST_AUTO_TEST_CASE(grids_refuse_what_does_not_fit) {
  ImageGrid no_such_mark{.images = {.n = 1, .height = 1, .width = 1, .pixels = {1}}};
  no_such_mark.marked = {1};
  const ImageGrid too_few_pixels{.images = {.n = 1, .height = 2, .width = 2, .pixels = {1, 2, 3}}};
  BOOST_CHECK_THROW(compose(no_such_mark), std::invalid_argument);
  BOOST_CHECK_THROW(compose(too_few_pixels), std::invalid_argument);
  BOOST_CHECK_THROW(compose({}), std::invalid_argument);
  const experiments::Images a{.n = 1, .height = 1, .width = 1, .pixels = {1}}, b{.n = 1, .height = 1, .width = 2, .pixels = {1, 2}};
  BOOST_CHECK_THROW(join({a, b}), std::invalid_argument);
  BOOST_CHECK_EQUAL(join({a, a}).n, 2);
}
