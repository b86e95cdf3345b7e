#include "paper_vhp/pendulum.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace vhp {
namespace {

constexpr std::int64_t side = 16;
constexpr double pivot = 7.5;  // both coordinates of the image's centre, in pixels
constexpr double length = 6, bob_radius = 5;  // in pixels

double grey_level(double x, double y, double angle, const Rendering& rendering) {
  const double along_x = std::sin(angle), along_y = std::cos(angle);  // y points down
  const double from_x = x - pivot, from_y = y - pivot;
  const double along = rendering.rod ? std::clamp(from_x * along_x + from_y * along_y, 0.0, length) : bob_radius;
  return rendering.contrast * std::exp(-0.5 * (std::pow(from_x - along * along_x, 2) + std::pow(from_y - along * along_y, 2)) / (rendering.width * rendering.width));
}

}  // namespace

datasets::ImageSet draw_pendulum(std::span<const double> angles, const Rendering& rendering, tensors::Stream stream) {
  datasets::ImageSet set;
  set.n = static_cast<std::int64_t>(angles.size());
  set.height = set.width = side;
  set.pixels.reserve(angles.size() * side * side);
  for (const double angle : angles) {
    const auto noise = rendering.noise > 0 ? stream.normal<double>({side * side}) : tensors::Array<double>::zeros({side * side});
    for (std::int64_t y = 0; y < side; ++y)
      for (std::int64_t x = 0; x < side; ++x) {
        const double level = grey_level(static_cast<double>(x), static_cast<double>(y), angle, rendering) + rendering.noise * noise[y * side + x];
        set.pixels.push_back(static_cast<std::uint8_t>(std::lround(255 * std::clamp(level, 0.0, 1.0))));
      }
  }
  return set;
}

Pendulum pendulum(std::int64_t n, const Rendering& rendering) {
  Pendulum data;
  const auto uniform = tensors::Stream(0, "pendulum angles").uniform<double>({n});
  for (double u : uniform) data.angles.push_back(2 * std::numbers::pi * u);
  data.images = draw_pendulum(data.angles, rendering, tensors::Stream(0, "pendulum noise"));
  return data;
}

double circle_share(const Pendulum& data) {
  const auto n = static_cast<double>(data.images.n);
  double of_circle = 0, of_all = 0;
  for (std::int64_t pixel = 0; pixel < side * side; ++pixel) {
    double sum = 0, squares = 0, with_cosine = 0, with_sine = 0;
    for (std::int64_t i = 0; i < data.images.n; ++i) {
      const double level = data.images.image(i)[static_cast<std::size_t>(pixel)], angle = data.angles[static_cast<std::size_t>(i)];
      sum += level;
      squares += level * level;
      with_cosine += level * std::cos(angle);
      with_sine += level * std::sin(angle);
    }
    of_circle += 2 * (with_cosine * with_cosine + with_sine * with_sine) / (n * n);
    of_all += squares / n - sum * sum / (n * n);
  }
  return of_circle / of_all;
}

SeenAngle seen_angle(std::span<const float> image, const Rendering& rendering) {
  constexpr int n_candidates = 360;
  SeenAngle best{0, std::numeric_limits<double>::infinity()};
  for (int i = 0; i < n_candidates; ++i) {
    const double angle = 2 * std::numbers::pi * i / n_candidates;
    double squares = 0;
    for (std::int64_t y = 0; y < side; ++y)
      for (std::int64_t x = 0; x < side; ++x) {
        const double level = grey_level(static_cast<double>(x), static_cast<double>(y), angle, rendering);
        squares += std::pow(static_cast<double>(image[static_cast<std::size_t>(y * side + x)]) - level, 2);
      }
    const double distance = std::sqrt(squares / (side * side));
    if (distance < best.distance) best = {angle, distance};
  }
  return best;
}

}  // namespace vhp
