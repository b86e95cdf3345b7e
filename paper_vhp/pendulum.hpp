// # The pendulum
//
// The paper has 15,000 images of 16 x 16 pixels of a moving pendulum, its joint angle uniform in $[0, 2\pi)$, and no word
// on how they were drawn. Ours is a rod of 6 pixels that hangs from the centre of the image: a pixel at distance $s$ from
// the rod has the grey level $e^{-s^2 / 2 w^2}$ with $w = 0.7$ pixels, so that edges are soft and the image moves smoothly
// with the angle. Angle 0 points down, and angles grow counterclockwise. Images are stored in 256 grey levels; the
// rounding's variance, 1.3e-6 a pixel, is far below $\kappa^2 = 0.0004$.
//
// Variants show how much depends on this: a *blob* (a Gaussian of deviation $w$ that circles at a radius of $r = 5$ pixels;
// *soft* with $w = 2$ instead of 1), and noise (independent normals on every pixel, drawn once for each image).
#pragma once

#include "common/datasets/image_set.hpp"

#include <span>
#include <string>
#include <vector>

namespace vhp {

struct Rendering {
  bool blob = false;
  double width = 0.7;  // w, in pixels
  double noise = 0;  // standard deviation, in units of the full grey scale
};

// One image for each angle, in radians. Noise comes from `stream`.
datasets::ImageSet draw_pendulum(std::span<const double> angles, const Rendering& rendering, tensors::Stream stream);

struct Pendulum {
  std::vector<double> angles;  // [n], in [0, 2 pi)
  datasets::ImageSet images;
};

// The data set: the same angles for every seed and rendering; of a larger set, the first n are those of a smaller one.
Pendulum pendulum(std::int64_t n, const Rendering& rendering);

// How nearly the images themselves lie on a circle: the share of their variance, summed over the pixels, that is linear in
// $(\cos\varphi, \sin\varphi)$. Wherever the angle is uniform that is the plane of the first harmonic; for blobs far from
// the border it is $2 I_1(\kappa) / (e^\kappa - I_0(\kappa))$ with $\kappa = r^2 / 2 w^2$.
double circle_share(const Pendulum& data);

// The angle whose noise-free rendering is nearest to an image of 256 pixels in [0, 1], to within half a degree, and how
// far away it is: the root of the mean squared error.
struct SeenAngle {
  double angle, distance;
};
SeenAngle seen_angle(std::span<const float> image, const Rendering& rendering);

}  // namespace vhp
