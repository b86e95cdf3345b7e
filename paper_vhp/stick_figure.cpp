#include "paper_vhp/stick_figure.hpp"

#include "common/tensors/errors.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace vhp {
namespace {

constexpr std::int64_t height = 104, width = 84;
constexpr double pixels_a_unit = 3.2, root_x = 42, root_y = 44;  // where the root is drawn
constexpr double stroke = 0.8;                                  // deviation of a stroke's flanks, in pixels

double distance_to_segment(const Point& p, const Point& a, const Point& b) {
  const double bx = b[0] - a[0], by = b[1] - a[1], px = p[0] - a[0], py = p[1] - a[1];
  const double squared = bx * bx + by * by;
  const double along = squared > 0 ? std::clamp((px * bx + py * by) / squared, 0.0, 1.0) : 0;
  return std::hypot(px - along * bx, py - along * by);
}

}  // namespace

std::vector<Point> projected(std::span<const datasets::Vec3> joints) {
  constexpr double turn = 35 * std::numbers::pi / 180;
  std::vector<Point> points;
  for (const datasets::Vec3& joint : joints) points.push_back({joint[0] * std::cos(turn) + joint[2] * std::sin(turn), joint[1]});
  return points;
}

experiments::Images draw_stick_figures(const std::vector<std::vector<Point>>& poses, const Bones& bones) {
  experiments::Images images{static_cast<std::int64_t>(poses.size()), height, width, {}};
  for (const std::vector<Point>& pose : poses) {
    tensors::require(pose.size() == bones.parent.size() && pose.size() == bones.left.size(), "stick figure: {} joints, {} bones", pose.size(),
                     bones.parent.size());
    const auto in_pixels = [&](std::size_t i) { return Point{root_x + pixels_a_unit * pose[i][0], root_y - pixels_a_unit * pose[i][1]}; };
    std::vector<double> ink(static_cast<std::size_t>(height * width), 0.0);
    for (std::size_t bone = 0; bone < pose.size(); ++bone) {
      if (bones.parent[bone] == bone) continue;
      const Point from = in_pixels(bones.parent[bone]), to = in_pixels(bone);
      const double darkness = bones.left[bone] ? 0.45 : 1;
      for (std::int64_t y = 0; y < height; ++y)
        for (std::int64_t x = 0; x < width; ++x) {
          const double off = distance_to_segment({static_cast<double>(x), static_cast<double>(y)}, from, to);
          double& here = ink[static_cast<std::size_t>(y * width + x)];
          here = std::max(here, darkness * std::exp(-0.5 * off * off / (stroke * stroke)));
        }
    }
    for (const double level : ink) images.pixels.push_back(static_cast<std::uint8_t>(std::lround(255 * (1 - level))));
  }
  return images;
}

}  // namespace vhp
