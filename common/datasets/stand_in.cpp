// A digit is a few quadratic Bezier curves in the unit square. An image bends them a little, maps them to
// pixels with a random affine map, and draws the curves as short segments with a round pen. Only + - * / and sqrt are
// used, which IEEE 754 fixes to the bit, and the build forbids contraction here: so every machine draws the same bytes.
#include "common/datasets/stand_in.hpp"

#include "common/tensors/digest.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace datasets {
namespace {

constexpr int side = 28;
constexpr int segments_per_curve = 6;

struct Point {
  float x, y;
};
constexpr Point operator+(Point a, Point b) { return {a.x + b.x, a.y + b.y}; }
constexpr Point operator-(Point a, Point b) { return {a.x - b.x, a.y - b.y}; }
constexpr Point operator*(float s, Point a) { return {s * a.x, s * a.y}; }
constexpr float dot(Point a, Point b) { return a.x * b.x + a.y * b.y; }

struct Curve {
  Point from, control, to;
  constexpr Point at(float t) const { return (1 - t) * (1 - t) * from + 2 * t * (1 - t) * control + t * t * to; }
};

// y points down. A digit's pen runs from curve to curve where one ends as the next begins.
const std::vector<Curve> glyphs[10] = {
    {{{.5f, 0}, {.9f, 0}, {.9f, .5f}}, {{.9f, .5f}, {.9f, 1}, {.5f, 1}},
     {{.5f, 1}, {.1f, 1}, {.1f, .5f}}, {{.1f, .5f}, {.1f, 0}, {.5f, 0}}},
    {{{.3f, .22f}, {.45f, .15f}, {.55f, 0}}, {{.55f, 0}, {.55f, .5f}, {.5f, 1}}},
    {{{.15f, .25f}, {.2f, 0}, {.5f, 0}}, {{.5f, 0}, {.95f, .05f}, {.75f, .45f}},
     {{.75f, .45f}, {.55f, .7f}, {.12f, 1}}, {{.12f, 1}, {.5f, .93f}, {.9f, 1}}},
    {{{.15f, .1f}, {.9f, -.12f}, {.8f, .25f}}, {{.8f, .25f}, {.75f, .45f}, {.4f, .47f}},
     {{.4f, .47f}, {.95f, .5f}, {.85f, .78f}}, {{.85f, .78f}, {.7f, 1.1f}, {.12f, .92f}}},
    {{{.35f, 0}, {.2f, .3f}, {.1f, .6f}}, {{.1f, .6f}, {.5f, .58f}, {.92f, .6f}},
     {{.75f, .05f}, {.7f, .5f}, {.65f, 1}}},
    {{{.85f, .02f}, {.5f, 0}, {.25f, .03f}}, {{.25f, .03f}, {.2f, .25f}, {.2f, .42f}},
     {{.2f, .42f}, {.85f, .3f}, {.85f, .7f}}, {{.85f, .7f}, {.8f, 1.08f}, {.12f, .95f}}},
    {{{.7f, 0}, {.15f, .25f}, {.15f, .7f}}, {{.15f, .7f}, {.2f, 1}, {.5f, 1}},
     {{.5f, 1}, {.9f, .98f}, {.85f, .7f}}, {{.85f, .7f}, {.65f, .35f}, {.15f, .7f}}},
    {{{.1f, .08f}, {.5f, .05f}, {.9f, .04f}}, {{.9f, .04f}, {.55f, .45f}, {.4f, 1}}},
    {{{.5f, .47f}, {.05f, .3f}, {.25f, .1f}}, {{.25f, .1f}, {.5f, -.12f}, {.78f, .1f}},
     {{.78f, .1f}, {.95f, .3f}, {.5f, .47f}}, {{.5f, .47f}, {-.05f, .7f}, {.2f, .92f}},
     {{.2f, .92f}, {.5f, 1.1f}, {.82f, .9f}}, {{.82f, .9f}, {1, .7f}, {.5f, .47f}}},
    {{{.85f, .3f}, {.8f, 0}, {.5f, 0}}, {{.5f, 0}, {.12f, .02f}, {.15f, .3f}},
     {{.15f, .3f}, {.3f, .65f}, {.85f, .3f}}, {{.85f, .3f}, {.85f, .7f}, {.7f, 1}}},
};

// Uniform numbers in [low, high), 24 bits each.
class Dice {
 public:
  explicit Dice(tensors::Stream stream) : stream_(stream) {}
  float operator()(float low, float high) {
    if (next_ == 4) block_ = stream_.block(), next_ = 0;
    return low + (high - low) * (static_cast<float>(block_[next_++] >> 8) * 0x1p-24f);
  }

 private:
  tensors::Stream stream_;
  std::array<std::uint32_t, 4> block_{};
  std::size_t next_ = 4;
};

// Raises the pixels near the segment a-b to what a round pen of that radius leaves there.
void draw_segment(Point a, Point b, float radius, std::uint8_t* pixels) {
  const float reach = radius + 0.5f;
  const auto pixel = [](float x) { return std::clamp(static_cast<int>(x), 0, side - 1); };
  const Point along = b - a;
  const float length_squared = std::max(dot(along, along), 1e-12f);
  for (int y = pixel(std::min(a.y, b.y) - reach); y <= pixel(std::max(a.y, b.y) + reach); ++y)
    for (int x = pixel(std::min(a.x, b.x) - reach); x <= pixel(std::max(a.x, b.x) + reach); ++x) {
      const Point to_pixel = Point{static_cast<float>(x), static_cast<float>(y)} - a;
      const Point away = to_pixel - std::clamp(dot(to_pixel, along) / length_squared, 0.0f, 1.0f) * along;
      const float ink = std::clamp(reach - std::sqrt(dot(away, away)), 0.0f, 1.0f);
      std::uint8_t& value = pixels[y * side + x];
      value = std::max(value, static_cast<std::uint8_t>(ink * 255.0f + 0.5f));
    }
}

void draw_digit(const std::vector<Curve>& glyph, Dice dice, std::uint8_t* pixels) {
  const float height = dice(16, 19), width = dice(10, 16), slant = dice(-0.35f, 0.15f), tilt = dice(-0.12f, 0.12f);
  const Point centre = {13.5f + dice(-1, 1), 13.5f + dice(-0.5f, 0.5f)};
  const float radius = dice(0.7f, 1.7f);
  const auto place = [&](Point p) {
    const float x = (p.x - 0.5f) * width, y = (p.y - 0.5f) * height;
    return centre + Point{x - slant * y, y + tilt * x};
  };
  for (Curve curve : glyph) {
    curve.control = curve.control + Point{dice(-0.1f, 0.1f), dice(-0.08f, 0.08f)};
    Point here = place(curve.from);
    for (int i = 1; i <= segments_per_curve; ++i) {
      const Point next = place(curve.at(static_cast<float>(i) / segments_per_curve));
      draw_segment(here, next, radius, pixels);
      here = next;
    }
  }
}

}  // namespace

ImageSet stand_in_digits(std::string_view part, std::int64_t n) {
  tensors::require(n >= 0, "stand_in_digits: {} images", n);
  ImageSet set{n, side, side, {}, {}, {}, true};
  set.pixels.resize(static_cast<std::size_t>(n * set.image_size()));
  set.labels.resize(static_cast<std::size_t>(n));
  const tensors::Stream stream(0, "stand_in/" + std::string(part));
  for (std::int64_t i = 0; i < n; ++i) {
    const auto digit = static_cast<std::uint8_t>(i % 10);
    set.labels[static_cast<std::size_t>(i)] = digit;
    draw_digit(glyphs[digit], Dice(stream.at(static_cast<std::uint64_t>(i))), set.pixels.data() + i * set.image_size());
  }
  set.sha256 = {{"stand_in/" + std::string(part), tensors::sha256(std::as_bytes(std::span(set.pixels)))}};
  return set;
}

}  // namespace datasets
