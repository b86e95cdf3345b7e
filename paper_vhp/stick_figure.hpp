// # Stick figures
//
// Postures as the paper's Figures 7 and 19 show them: the skeleton's bones as strokes, seen from the front and a little from
// the side, the left limbs lighter than the right ones.
#pragma once

#include "common/datasets/acclaim.hpp"
#include "common/experiments/record.hpp"

#include <array>
#include <span>
#include <vector>

namespace vhp {

inline constexpr std::int64_t n_pictured_poses = 14;

using Point = std::array<double, 2>;  // in the skeleton's unit of length, the root in the origin, y up

// Orthogonal projection of joints to the image plane; the camera stands 35 degrees off the front.
std::vector<Point> projected(std::span<const datasets::Vec3> joints);

// The bones of a projected pose: each from the end of its parent to its own.
struct Bones {
  std::vector<std::size_t> parent;  // of the root: itself
  std::vector<bool> left;
};

// One image of poses[i], points in the order of the bones; strokes on white, 104 x 84 pixels.
experiments::Images draw_stick_figures(const std::vector<std::vector<Point>>& poses, const Bones& bones);

}  // namespace vhp
