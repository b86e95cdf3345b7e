// Motion capture in Acclaim's format: a skeleton (.asf), and motions of it (.amc), joint angles frame by frame.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace datasets {

using Vec3 = std::array<double, 3>;

struct Bone {
  std::string name;
  std::size_t parent = 0;   // of bone 0, the root: itself
  Vec3 offset{};            // from the bone's beginning to its end, in the pose where all angles are 0; none at the root
  Vec3 axis{};              // of its rotations, as rotations about x, then y, then z, in degrees
  std::vector<int> dof;     // what an .amc gives for it, in this order: 0, 1, 2 angles about x, y, z; 3, 4, 5 (root only) places
};

// Bones with their parents before them; bones[0] is the root.
struct Skeleton {
  std::vector<Bone> bones;

  // One for each value of a frame, bone after bone: "root.tx", "lfemur.rz".
  std::vector<std::string> channels() const;
};

// Failure(data) where the file is no skeleton; the message names file, line and joint.
Skeleton read_asf(const std::filesystem::path& file);

// Values in degrees, and in the skeleton's unit of length for places: [n_frames, channels], channels as the skeleton has them.
struct Motion {
  std::int64_t n_frames = 0;
  std::vector<double> values;
};

// Failure(data), as above, where a joint is unknown, missing, given twice in a frame, or has another number of values, and
// where frames are not numbered 1, 2, 3, ...
Motion read_amc(const std::filesystem::path& file, const Skeleton& skeleton);

// Where each bone ends (the root: where it is), for one frame of channels.
std::vector<Vec3> joint_positions(const Skeleton& skeleton, std::span<const double> frame);

}  // namespace datasets
