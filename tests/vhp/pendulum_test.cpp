// The pendulum's images, and the angle read off codes whose answer is known.
#include "paper_vhp/angle_regression.hpp"
#include "paper_vhp/pendulum.hpp"
#include "paper_vhp/pendulum_settings.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <numbers>

using namespace vhp;
using tensors::Stream;
namespace tt = boost::test_tools;

namespace {

constexpr double pi = std::numbers::pi;

std::vector<float> greys(std::span<const std::uint8_t> image) {
  std::vector<float> values;
  for (const std::uint8_t level : image) values.push_back(static_cast<float>(level) / 255);
  return values;
}

std::uint8_t pixel(const datasets::ImageSet& set, std::int64_t image, std::int64_t y, std::int64_t x) {
  return set.image(image)[static_cast<std::size_t>(16 * y + x)];
}

std::vector<double> even_angles(int n) {
  std::vector<double> angles;
  for (int i = 0; i < n; ++i) angles.push_back(2 * pi * i / n);
  return angles;
}

struct Codes {
  std::vector<double> z_1, z_2;
};
template <class Curve>
Codes codes(const std::vector<double>& angles, const Curve& curve) {
  Codes c;
  for (double angle : angles) {
    const auto [a, b] = curve(angle);
    c.z_1.push_back(a);
    c.z_2.push_back(b);
  }
  return c;
}

}  // namespace

BOOST_AUTO_TEST_CASE(softer_bobs_lie_more_nearly_on_a_circle) {
  double before = 0;
  for (const double width : {0.7, 1.0, 1.5}) {
    const std::vector<double> angles = even_angles(720);
    const Pendulum data{angles, draw_pendulum(angles, {.rod = false, .width = width, .contrast = 1, .noise = 0}, Stream(0, "none"))};
    const double kappa = 25 / (2 * width * width), share = circle_share(data);
    const double law = 2 * std::cyl_bessel_i(1, kappa) / (std::exp(kappa) - std::cyl_bessel_i(0, kappa));
    BOOST_TEST(share == law, tt::tolerance(0.02));  // pixels are samples, in 256 levels, and the border cuts the tails
    BOOST_TEST(share > before);
    before = share;
  }
}

BOOST_AUTO_TEST_CASE(angle_zero_hangs_down_and_angles_grow_counterclockwise) {
  const double angles[] = {0, pi / 2, pi};
  for (const bool rod : {false, true}) {
    const auto set = draw_pendulum(angles, {.rod = rod, .width = 1, .contrast = 1, .noise = 0}, Stream(0, "none"));
    BOOST_TEST((set.n == 3 && set.height == 16 && set.width == 16));
    for (std::int64_t x : {7, 8}) {
      BOOST_TEST(pixel(set, 0, 12, x) > 150);
      BOOST_TEST(pixel(set, 0, 3, x) < 5);
      BOOST_TEST(pixel(set, 1, x, 12) > 150);
      BOOST_TEST(pixel(set, 2, 3, x) > 150);
    }
  }
}

BOOST_AUTO_TEST_CASE(the_contrast_is_the_brightest_grey_level) {
  const double angle = pi / 4;  // the bob's centre lies almost on a pixel
  const auto set = draw_pendulum(std::span(&angle, 1), {.rod = false, .width = 2, .contrast = 0.3, .noise = 0}, Stream(0, "none"));
  BOOST_TEST(std::abs(std::ranges::max(set.image(0)) - 0.3 * 255) <= 1);
}

BOOST_AUTO_TEST_CASE(a_quarter_turn_of_the_angle_is_a_quarter_turn_of_the_image) {
  for (const double angle : {0.3, 1.1}) {
    const double pair[] = {angle, angle + pi / 2};
    const auto set = draw_pendulum(pair, {}, Stream(0, "none"));
    for (std::int64_t y = 0; y < 16; ++y)
      for (std::int64_t x = 0; x < 16; ++x) BOOST_TEST(pixel(set, 0, y, x) == pixel(set, 1, 15 - x, y));
  }
}

BOOST_AUTO_TEST_CASE(the_data_are_uniform_fixed_and_those_of_a_smaller_set) {
  const Pendulum large = pendulum(4000, {}), small = pendulum(10, {});
  double c = 0, s = 0;
  for (double angle : large.angles) {
    BOOST_REQUIRE((angle >= 0 && angle < 2 * pi));
    c += std::cos(angle);
    s += std::sin(angle);
  }
  BOOST_TEST(std::hypot(c, s) / 4000 < 4 / std::sqrt(4000.0));
  for (std::size_t i = 0; i < 10; ++i) BOOST_TEST(large.angles[i] == small.angles[i]);
  BOOST_TEST(std::equal(small.images.pixels.begin(), small.images.pixels.end(), large.images.pixels.begin()));
}

BOOST_AUTO_TEST_CASE(noise_has_the_deviation_that_was_asked_for) {
  const std::vector<double> angles(200, 0.0);
  const auto clean = draw_pendulum(angles, {.rod = true, .width = 0.7, .contrast = 1, .noise = 0}, Stream(0, "none")),
             noisy = draw_pendulum(angles, {.rod = true, .width = 0.7, .contrast = 1, .noise = 0.05}, Stream(0, "noise"));
  // Only where neither black nor white cuts it off: pixel (8, 7) of the rod's flank.
  double squares = 0;
  for (std::int64_t i = 0; i < 200; ++i) squares += std::pow((pixel(noisy, i, 10, 7) - pixel(clean, i, 10, 7)) / 255.0, 2);
  BOOST_TEST(std::sqrt(squares / 200) == 0.05, tt::tolerance(0.2));
}

BOOST_AUTO_TEST_CASE(the_angle_can_be_seen_again) {
  for (const bool rod : {false, true})
    for (const double angle : {0.1, 2.0, 4.5}) {
      const Rendering rendering{.rod = rod, .width = 1, .contrast = 1, .noise = 0};
      const auto set = draw_pendulum(std::span(&angle, 1), rendering, Stream(0, "none"));
      const SeenAngle seen = seen_angle(greys(set.image(0)), rendering);
      BOOST_TEST(std::abs(wrapped(seen.angle - angle)) <= pi / 360 + 1e-9);
      BOOST_TEST(seen.distance < 0.02);
    }
  BOOST_TEST(seen_angle(std::vector<float>(256, 0.0f), {.rod = true, .width = 0.7, .contrast = 1, .noise = 0}).distance > 0.1);  // of nothing to be seen
}

BOOST_AUTO_TEST_CASE(a_circle_is_found) {
  const auto c = codes(even_angles(50), [](double a) { return std::pair(1.5 + 0.7 * std::cos(a), -2 + 0.7 * std::sin(a)); });
  const Circle circle = fit_circle(c.z_1, c.z_2);
  BOOST_TEST(circle.x == 1.5, tt::tolerance(1e-10));
  BOOST_TEST(circle.y == -2, tt::tolerance(1e-10));
  BOOST_TEST(circle.radius == 0.7, tt::tolerance(1e-10));
}

BOOST_AUTO_TEST_CASE(on_a_circle_both_errors_vanish_whatever_its_place_rotation_and_direction) {
  const auto angles = even_angles(720);
  for (const double direction : {1.0, -1.0})
    for (const double turned : {0.0, pi / 2, 1.0}) {
      const auto c =
          codes(angles, [&](double a) { return std::pair(3 + 2 * std::cos(direction * a + turned), 2 * std::sin(direction * a + turned) - 1); });
      const AngleRegression r = regress_angle(c.z_1, c.z_2, angles);
      BOOST_TEST(r.unwrapped_error < 1e-9);
      BOOST_TEST(r.polar_error < 0.01);
      BOOST_TEST(r.arcsin_error < 0.01);  // half a degree of rotation, at most
      BOOST_TEST(r.winding_number == 1);
    }
}

BOOST_AUTO_TEST_CASE(codes_that_go_around_twice_or_know_nothing_are_told_apart) {
  const auto angles = even_angles(720);
  const auto twice = codes(angles, [](double a) { return std::pair(std::cos(2 * a), std::sin(2 * a)); });
  const AngleRegression r = regress_angle(twice.z_1, twice.z_2, angles);
  BOOST_TEST(r.winding_number == 2);
  BOOST_TEST(r.unwrapped_error > 1);

  const auto u = Stream(3, "codes").uniform<double>({20'000}), v = Stream(3, "angles").uniform<double>({20'000});
  std::vector<double> random_angles;
  for (double x : v) random_angles.push_back(2 * pi * x);
  Codes c;
  for (double x : u) c.z_1.push_back(std::cos(2 * pi * x)), c.z_2.push_back(std::sin(2 * pi * x));
  const AngleRegression nothing = regress_angle(c.z_1, c.z_2, random_angles);
  BOOST_TEST(nothing.arcsin_error == pi / 4, tt::tolerance(0.03));
  BOOST_TEST(nothing.unwrapped_error == pi / 2, tt::tolerance(0.03));
}

BOOST_AUTO_TEST_CASE(an_ellipse_has_the_error_of_its_shape) {
  // The angle of (2 cos a, sin a) is not a: the mean of |atan2(sin a, 2 cos a) - a| over the circle.
  const auto angles = even_angles(3600);
  const auto c = codes(angles, [](double a) { return std::pair(2 * std::cos(a), std::sin(a)); });
  double expected = 0;
  for (double a : angles) expected += std::abs(wrapped(std::atan2(std::sin(a), 2 * std::cos(a)) - a)) / 3600;
  BOOST_TEST(regress_angle(c.z_1, c.z_2, angles).unwrapped_error == expected, tt::tolerance(1e-6));
}

BOOST_AUTO_TEST_CASE(codes_off_the_circle_in_the_right_direction_cost_only_the_arcsine) {
  const auto angles = even_angles(720);
  const auto c =
      codes(angles, [](double a) { return std::pair((1 + 0.3 * std::cos(4 * a)) * std::cos(a), (1 + 0.3 * std::cos(4 * a)) * std::sin(a)); });
  const AngleRegression r = regress_angle(c.z_1, c.z_2, angles);
  BOOST_TEST(r.unwrapped_error < 1e-9);
  BOOST_TEST(r.polar_error < 0.01);
  BOOST_TEST(r.arcsin_error > 0.1);
}

// The error along z_2 of a dented code is an accident of its turn; over all turns it is not, nor does a reflection change it.
BOOST_AUTO_TEST_CASE(errors_over_all_turns_do_not_depend_on_the_turn) {
  const auto angles = even_angles(360);
  const auto dented = [&](double turned, double flip) {
    return codes(angles, [=](double a) {
      const double r = 1 - 0.5 * std::exp(-4 * (a - 1) * (a - 1)), x = r * std::cos(a), y = r * std::sin(a);
      return std::pair(3 + flip * (x * std::cos(turned) - y * std::sin(turned)), x * std::sin(turned) + y * std::cos(turned));
    });
  };
  const auto as_it_is = dented(0, 1);
  const TurnedErrors all = turn_the_plane(as_it_is.z_1, as_it_is.z_2, angles);
  BOOST_TEST(all.greatest > 1.3 * all.least);
  BOOST_TEST((all.least < all.mean && all.mean < all.greatest));
  for (const double flip : {1.0, -1.0})
    for (const double turned : {0.0, pi / 9, 1.0, 2.5}) {
      const auto c = dented(turned, flip);
      const TurnedErrors errors = turn_the_plane(c.z_1, c.z_2, angles);
      BOOST_TEST(errors.mean == all.mean, tt::tolerance(0.01));
      BOOST_TEST(errors.least == all.least, tt::tolerance(0.05));
      const double along_z_2 = regress_angle(c.z_1, c.z_2, angles).arcsin_error;
      BOOST_TEST((0.95 * all.least <= along_z_2 && along_z_2 <= 1.05 * all.greatest));
    }
  const auto circle = codes(angles, [](double a) { return std::pair(std::cos(a), std::sin(a)); });
  BOOST_TEST(turn_the_plane(circle.z_1, circle.z_2, angles).greatest < 0.01);
}

BOOST_AUTO_TEST_CASE(collapsed_codes_are_no_accident) {
  const std::vector<double> same(100, 0.5);
  const AngleRegression r = regress_angle(same, same, even_angles(100));
  BOOST_TEST(std::isfinite(r.arcsin_error));
  BOOST_TEST(r.arcsin_error == pi / 4, tt::tolerance(0.02));
  BOOST_TEST(r.winding_number == 0);
}

BOOST_AUTO_TEST_CASE(impossible_settings_are_refused_in_a_line) {
  using experiments::Profile;
  for (const Profile profile : {Profile::smoke, Profile::quick, Profile::paper})
    for (const auto& cells : {pendulum_cells(profile), sensitivity_cells(profile), seeds_cells(profile)})
      for (const experiments::Cell& cell : cells) BOOST_CHECK_NO_THROW(check_settings(cell.settings));
  const auto refused = [](const char* name, const experiments::Value& value, const std::string& message) {
    experiments::Settings settings = pendulum_cells(Profile::paper).front().settings;
    settings.set("method", std::string("warm_up"));
    settings.set("warm_up_epochs", std::int64_t{20});
    settings.set(name, value);
    BOOST_CHECK_EXCEPTION(check_settings(settings), tensors::Failure, [&](const tensors::Failure& failure) {
      return failure.status() == tensors::Exit::usage && failure.what() == message;
    });
  };
  refused("width", 0.0, "pendulum: width = 0 is not above 0");
  refused("noise", -0.1, "pendulum: noise = -0.1 is below 0");
  refused("kappa", 0.0, "pendulum: kappa = 0 is not above 0");
  refused("tau", -1.0, "pendulum: tau = -1 is not 0 or more");
  refused("warm_up_epochs", std::int64_t{0}, "pendulum: warm_up_epochs = 0 is below 1");
}
