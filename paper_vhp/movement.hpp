// # How smooth a movement is
//
// Section 4.2 and Figure 8: "the RMS of the second order finite difference along the interpolated path", for each joint,
// over 10 graphs with 100 interpolations each. A path has as many nodes as the graph gives it, and a second difference grows
// with the square of the step: so that methods can be compared, every path is first cut into pieces of equal length in the
// latent space, as many for all, and then decoded.
#pragma once

#include "paper_vhp/motion_data.hpp"

namespace vhp {

// The polygon through the rows of `path` [m, d], m >= 2, at n >= 2 places at equal distances along it, [n, d]. Its ends stay.
tensors::Array<float> resampled(const tensors::Array<float>& path, std::int64_t n);

// A movement: rows of joint angles in degrees.
struct Smoothness {
  std::vector<double> per_joint;  // root mean square of the second differences of the joint's angles, degrees
  double largest_step = 0;        // between neighbouring rows: root mean square over all angles, degrees
};

// Rows of all joints' angles, at least 3.
Smoothness smoothness(std::span<const double> movement, const std::vector<Joint>& joints);

}  // namespace vhp
