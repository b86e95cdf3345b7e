// Numbers, tables, the statistics behind them, and the weaver.
#include "common/reporting/statistics.hpp"
#include "common/reporting/tables.hpp"
#include "common/reporting/weaver.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <cmath>
#include <limits>

using namespace reporting;

BOOST_AUTO_TEST_CASE(numbers) {
  BOOST_CHECK_EQUAL(format_number(-137.6449, 2), "-137.64");
  BOOST_CHECK_EQUAL(format_number(-0.001, 2), "0.00");
  BOOST_CHECK_EQUAL(format_number(std::numeric_limits<double>::quiet_NaN(), 2), "diverged");
  BOOST_CHECK_EQUAL(format_number(-std::numeric_limits<double>::infinity(), 2), "diverged");
  BOOST_CHECK_EQUAL(format_number({}, 2), "–");
  BOOST_CHECK_EQUAL(format_estimate({.n = 4, .mean = 2, .sd = 1}, 2), "2.00 ± 0.50");
  BOOST_CHECK_EQUAL(format_estimate({.n = 4, .mean = 2, .sd = 0.0012}, 2), "2.00 ± 0.0006");
  BOOST_CHECK_EQUAL(format_estimate({.n = 3, .mean = 2, .sd = 0}, 1), "2.0");
  BOOST_CHECK_EQUAL(format_estimate({.n = 1, .mean = 2, .sd = std::numeric_limits<double>::quiet_NaN()}, 1), "2.0");
}

BOOST_AUTO_TEST_CASE(tables_are_aligned_and_escaped) {
  BOOST_CHECK_EQUAL(to_markdown({{{"Name"}, {"Ours", Align::right}, {"Mid", Align::centre}}, {{"a|b", "1 ± 2", "x"}, {"–", "10", "yyyy"}}}),
                    "| Name |  Ours | Mid  |\n"
                    "| ---- | ----: | :--: |\n"
                    "| a\\|b | 1 ± 2 |  x   |\n"
                    "| –    |    10 | yyyy |\n");
  BOOST_CHECK_THROW(to_markdown({{{"one"}}, {{"a", "b"}}}), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(statistics) {
  const std::array values{1.0, 2.0, 3.0, 4.0};
  const Sample s = summarise(values);
  BOOST_CHECK_CLOSE(s.mean, 2.5, 1e-12);
  BOOST_CHECK_CLOSE(s.sd, std::sqrt(5.0 / 3), 1e-12);
  BOOST_CHECK_CLOSE(s.standard_error(), std::sqrt(5.0 / 12), 1e-12);
  BOOST_CHECK(std::isnan(summarise(std::array{1.0}).sd));
  BOOST_CHECK_THROW(summarise({}), std::invalid_argument);

  const std::array cells{Sample{3, 0, 1}, Sample{1, 0, std::nan("")}, Sample{2, 7, 2}};
  const Spread spread = pooled(cells);
  BOOST_CHECK_EQUAL(spread.dof, 3);
  BOOST_CHECK_CLOSE(spread.sd, std::sqrt((2 * 1 + 1 * 4) / 3.0), 1e-12);

  BOOST_CHECK_CLOSE(t_quantile(0.975, 1), std::tan(0.475 * M_PI), 1e-9);               // Cauchy
  BOOST_CHECK_CLOSE(t_quantile(0.975, 2), 0.95 / std::sqrt(2 * 0.975 * 0.025), 1e-9);  // closed form for 2 d.o.f.
  BOOST_CHECK_SMALL(t_quantile(0.975, 30) - 2.042, 5e-4);                              // from the printed tables
  BOOST_CHECK_SMALL(t_quantile(0.025, 2) + 4.303, 5e-4);
}

// The power of a two-sided t test in the direction of the difference, from its definition: the integral over the spread's
// U sd / sqrt(nu), U chi with nu degrees of freedom, of P(Z + noncentrality > critical U / sqrt(nu)).
double power_by_quadrature(double noncentrality, int nu) {
  const double critical = t_quantile(0.975, nu);
  const int n_steps = 20'000;
  const double step = (std::sqrt(nu) + 10) / n_steps;
  double power = 0;
  for (int i = 0; i < n_steps; ++i) {
    const double u = (i + 0.5) * step;
    const double density = std::exp((nu - 1) * std::log(u) - u * u / 2 - (nu / 2.0 - 1) * std::log(2.0) - std::lgamma(nu / 2.0));
    power += step * density * std::erfc((critical * u / std::sqrt(nu) - noncentrality) / std::sqrt(2.0)) / 2;
  }
  return power;
}

BOOST_AUTO_TEST_CASE(the_smallest_visible_difference_has_the_power_it_promises) {
  for (const int nu : {1, 2, 3, 4, 38})
    BOOST_CHECK_SMALL(power_by_quadrature(smallest_visible_difference({2, nu}, 1, 1) / (2 * std::sqrt(2.0)), nu) - 0.8, 1e-6);
  BOOST_CHECK_EQUAL(smallest_visible_difference({0, 3}, 1, 1), 0);
  BOOST_CHECK_CLOSE(smallest_visible_difference({6, 3}, 2, 4), 6 * smallest_visible_difference({1, 3}, 2, 4), 1e-9);
}

BOOST_AUTO_TEST_CASE(the_weaver_parts_prose_from_code) {
  const std::string source =
      "// # The model\n"
      "// A bound: $\\log p(x) \\ge L$.\n"
      "//\n"
      "// $$ a = b $$\n"
      "#pragma once\n"
      "\n"
      "// Twice.\n"
      "int twice(int x) {\n"
      "  // not prose\n"
      "  return 2 * x;\n"
      "}\n"
      "\n";
  BOOST_CHECK_EQUAL(weave_text(source, "paper_x/x.hpp"),
                    "### The model\n"
                    "A bound: $\\log p(x) \\ge L$.\n"
                    "\n"
                    "$$ a = b $$\n"
                    "\n"
                    "[`paper_x/x.hpp:5`](../../paper_x/x.hpp#L5)\n\n"
                    "```cpp\n#pragma once\n```\n\n"
                    "Twice.\n\n"
                    "[`paper_x/x.hpp:8`](../../paper_x/x.hpp#L8)\n\n"
                    "```cpp\nint twice(int x) {\n  // not prose\n  return 2 * x;\n}\n```\n\n");
}

BOOST_AUTO_TEST_CASE(the_weaver_fences_backticks) {
  BOOST_CHECK(weave_text("auto s = R\"(```)\";\n", "a.cpp").find("````cpp\n") != std::string::npos);
}
