#include "paper_vhp/angle_regression.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

namespace vhp {
namespace {

constexpr double pi = std::numbers::pi;

double mean(std::span<const double> values) { return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size()); }

struct Line {
  double slope = 0, intercept = 0, mean_absolute_error = 0;
};

// Ordinary least squares of y on x; a constant x has slope 0.
Line least_squares(std::span<const double> x, std::span<const double> y) {
  const double x_bar = mean(x), y_bar = mean(y);
  double xx = 0, xy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xx += (x[i] - x_bar) * (x[i] - x_bar);
    xy += (x[i] - x_bar) * (y[i] - y_bar);
  }
  Line line{.slope = xx > 0 ? xy / xx : 0};
  line.intercept = y_bar - line.slope * x_bar;
  for (std::size_t i = 0; i < x.size(); ++i)
    line.mean_absolute_error += std::abs(y[i] - line.slope * x[i] - line.intercept) / static_cast<double>(x.size());
  return line;
}

struct FoldedLine {
  double rotation = 0;
  Line line;
};

// The regression of the folded angles on arcsines, after the rotation that fits best.
FoldedLine fold_regression(std::span<const double> regressor, std::span<const double> angles) {
  FoldedLine best{.rotation = 0, .line = {.mean_absolute_error = std::numeric_limits<double>::infinity()}};
  std::vector<double> target(angles.size());
  for (int degrees = 0; degrees < 360; ++degrees) {
    const double rotation = degrees * pi / 180;
    for (std::size_t i = 0; i < target.size(); ++i) target[i] = folded(angles[i] + rotation);
    const Line line = least_squares(regressor, target);
    // A negative slope is another rotation's.
    if (line.slope >= 0 && line.mean_absolute_error < best.line.mean_absolute_error) best = {rotation, line};
  }
  return best;
}

// The mean distance of the directions from their circular mean.
double mean_deviation(std::span<const double> directions) {
  double c = 0, s = 0;
  for (double a : directions) c += std::cos(a), s += std::sin(a);
  const double middle = std::atan2(s, c);
  double sum = 0;
  for (double a : directions) sum += std::abs(wrapped(a - middle));
  return sum / static_cast<double>(directions.size());
}

int winding_number(std::span<const double> around, std::span<const double> angles) {
  std::vector<std::size_t> order(angles.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t i) { return angles[i]; });
  double turn = wrapped(around[order.front()] - around[order.back()]);
  for (std::size_t i = 1; i < order.size(); ++i) turn += wrapped(around[order[i]] - around[order[i - 1]]);
  return static_cast<int>(std::lround(std::abs(turn) / (2 * pi)));
}

}  // namespace

// Not std::remainder: it is exact, and thirty times slower.
double wrapped(double angle) { return angle - 2 * pi * std::floor(angle / (2 * pi) + 0.5); }

double folded(double angle) {
  const double a = wrapped(angle);
  return a > pi / 2 ? pi - a : a < -pi / 2 ? -pi - a : a;
}

double arcsin_of(const Circle& circle, double z_2) {
  return circle.radius > 0 ? std::asin(std::clamp((z_2 - circle.y) / circle.radius, -1.0, 1.0)) : 0;
}

Circle fit_circle(std::span<const double> x, std::span<const double> y) {
  const double x_bar = mean(x), y_bar = mean(y);
  double uu = 0, uv = 0, vv = 0, u_cubic = 0, v_cubic = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double u = x[i] - x_bar, v = y[i] - y_bar, square = u * u + v * v;
    uu += u * u;
    uv += u * v;
    vv += v * v;
    u_cubic += 0.5 * u * square;
    v_cubic += 0.5 * v * square;
  }
  const double determinant = uu * vv - uv * uv;
  const bool on_a_line = determinant <= 1e-12 * uu * vv;  // then the circle around the centre of mass
  const double a = on_a_line ? 0 : (u_cubic * vv - v_cubic * uv) / determinant, b = on_a_line ? 0 : (v_cubic * uu - u_cubic * uv) / determinant;
  return {x_bar + a, y_bar + b, std::sqrt(a * a + b * b + (uu + vv) / static_cast<double>(x.size()))};
}

TurnedErrors turn_the_plane(std::span<const double> z_1, std::span<const double> z_2, std::span<const double> angles) {
  const Circle circle = fit_circle(z_1, z_2);
  constexpr int n_turns = 18;
  TurnedErrors errors{.least = std::numeric_limits<double>::infinity()};
  std::vector<double> arcsine(z_1.size());
  for (int turn = 0; turn < n_turns; ++turn) {
    const double by = turn * pi / n_turns, c = std::cos(by), s = std::sin(by);
    for (std::size_t i = 0; i < arcsine.size(); ++i) arcsine[i] = arcsin_of(circle, circle.y + s * (z_1[i] - circle.x) + c * (z_2[i] - circle.y));
    const double error = fold_regression(arcsine, angles).line.mean_absolute_error;
    errors.mean += error / n_turns;
    errors.least = std::min(errors.least, error);
    errors.greatest = std::max(errors.greatest, error);
  }
  return errors;
}

AngleRegression regress_angle(std::span<const double> z_1, std::span<const double> z_2, std::span<const double> angles) {
  AngleRegression result{.circle = fit_circle(z_1, z_2)};
  std::vector<double> arcsine(z_1.size()), polar(z_1.size()), around(z_1.size()), difference(z_1.size()), sum(z_1.size());
  for (std::size_t i = 0; i < z_1.size(); ++i) {
    arcsine[i] = arcsin_of(result.circle, z_2[i]);
    around[i] = std::atan2(z_2[i] - result.circle.y, z_1[i] - result.circle.x);
    polar[i] = folded(around[i]);
    difference[i] = angles[i] - around[i];
    sum[i] = angles[i] + around[i];
  }
  const FoldedLine fit = fold_regression(arcsine, angles);
  result.arcsin_error = fit.line.mean_absolute_error;
  result.rotation = fit.rotation;
  result.slope = fit.line.slope;
  result.intercept = fit.line.intercept;
  result.polar_error = fold_regression(polar, angles).line.mean_absolute_error;
  result.unwrapped_error = std::min(mean_deviation(difference), mean_deviation(sum));
  result.winding_number = winding_number(around, angles);
  return result;
}

}  // namespace vhp
