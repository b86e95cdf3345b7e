// # Reading the angle off the codes
//
// Section 4.1 and appendix B.3: if the codes lie on a circle in the order of the joint angle, then the angle follows from
// polar coordinates by a linear regression, and its absolute error says how informative the codes are. The circle is
// fitted to the codes by least squares (Kåsa's, which is linear).
//
// The paper regresses on $\arcsin(z_2 / r)$, with $r$ estimated from the codes. An arcsine does not know the left half of
// the circle from the right one, so for a perfect circle the plot of the angle against it is a zigzag. Three readings:
//
// 1. `arcsin_error`, the paper's as far as it can be followed: $r$ is the circle's; the target is folded as the regressor is,
//    $\arcsin\sin(\alpha + \alpha_0)$, with the rotation $\alpha_0$ that fits best (in degrees); slope and
//    intercept by ordinary least squares. Near $\pm r$ the arcsine is steep: it punishes codes that are off the circle more
//    than those that are off the angle.
// 2. `polar_error`: the same with each code's own distance from the centre as $r$.
// 3. `unwrapped_error`: the angle of the code around the circle's centre predicts the joint angle itself. A closed curve that
//    is followed once has slope 1 or -1, so only the intercept is fitted, and errors are taken the short way around.
//
// Codes that know nothing give $\pi/4$ (0.79) in the first two and $\pi/2$ (1.57) in the last.
//
// The first has a catch: nothing in the model knows one direction of the latent plane from another, but $z_2$ is one of
// them. Only a perfect circle reads the same along every direction; of a code with a dent or a gap the error is large or small by
// the accident of how it is turned. `turn_the_plane` asks them all.
#pragma once

#include <numbers>
#include <span>
#include <vector>

namespace vhp {

// From this jump of the angle on, between neighbouring images of a path, the page speaks of a discontinuity.
inline constexpr double discontinuity = std::numbers::pi / 6;

struct Circle {
  double x = 0, y = 0, radius = 0;
};

// The circle through n points by least squares of (|z - c|^2 - r^2): n >= 1.
Circle fit_circle(std::span<const double> x, std::span<const double> y);

struct AngleRegression {
  Circle circle;
  double arcsin_error = 0, polar_error = 0, unwrapped_error = 0;  // mean absolute errors, radians
  double rotation = 0;                           // the alpha_0 of the first
  double slope = 0, intercept = 0;               // of the folded angle on the arcsine
  // How often the codes go around the circle's centre while the pendulum goes around once, without regard to the direction.
  int winding_number = 0;
};

// Codes (z_1, z_2) and joint angles of n images, n >= 2.
AngleRegression regress_angle(std::span<const double> z_1, std::span<const double> z_2, std::span<const double> angles);

// The first error after the codes are turned by 0, 10, ..., 170 degrees around their circle's centre: the other half turn, and
// reflections, give the same again.
struct TurnedErrors {
  double mean = 0, least = 0, greatest = 0;  // radians
};
TurnedErrors turn_the_plane(std::span<const double> z_1, std::span<const double> z_2, std::span<const double> angles);

double arcsin_of(const Circle& circle, double z_2);       // of z_2 / r, clamped to [-1, 1]
double folded(double angle);                             // arcsin(sin(angle)), in [-pi/2, pi/2]
double wrapped(double angle);                            // the same direction in [-pi, pi]

}  // namespace vhp
