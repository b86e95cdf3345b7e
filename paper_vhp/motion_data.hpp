// # Human motion
//
// Section 4.2: recordings of five motions from the CMU Graphics Lab Motion Capture Database, "such that each frame is
// represented by a 50-dimensional feature vector". The paper names neither motions nor subject. Ours are walk, run, jump, punch
// and bend of subject 02, 5,088 frames at 120 a second, and of these every second one: 2,530 frames at equal distances, as
// many as the paper's graph has nodes. A recording has 62 channels, joint angles in degrees; without the root's place and
// orientation (6), the fingers (2) and the thumbs (4) there are 50. Four of them, the clavicles', never move.
//
// The scale of the features is not said, though $\kappa$ is: 0.02, as for the pendulum, whose grey levels fill [0, 1]. Ours is one
// for all angles, half a turn, so that $\kappa$ is 3.6 degrees in every joint. With a channel's own range as its scale it would
// be 0.2 degrees at the thorax and 3.3 at the right shoulder.
#pragma once

#include "common/datasets/cmu_mocap.hpp"
#include "common/tensors/array.hpp"

#include <span>
#include <string>
#include <vector>

namespace vhp {

// Degrees to features and back: feature = (degrees - offset) / factor, channel by channel.
struct Scaling {
  // 180 degrees to 1; or channel by channel to [0, 1], or to mean 0 and standard deviation 1.
  enum class Kind { half_turn, range, deviation };
  std::vector<double> offset, factor;  // the factor of a channel that stands still is 1

  // Fitted to rows of degrees, [n, n_channels].
  static Scaling fit(Kind kind, std::span<const double> degrees, std::size_t n_channels);
  std::vector<float> features(std::span<const double> degrees) const;  // rows of whole frames
  std::vector<double> degrees(std::span<const float> features) const;
};

// What a joint moves: "lfemur" and its places among the features.
struct Joint {
  std::string name;
  std::vector<std::size_t> features;
};

struct MotionData {
  datasets::CmuMocap source;
  std::vector<std::string> features;     // "lowerback.rx", ...: 50
  std::vector<std::size_t> places;       // of the features among the skeleton's channels
  std::vector<Joint> joints;             // 24
  std::vector<std::size_t> motion;       // [n], into source.recordings
  std::vector<double> seconds;           // [n], since the beginning of the recording
  Scaling scaling;
  tensors::Array<float> x;               // [n, 50]

  std::int64_t n() const { return x.shape()[0]; }
};

// n_frames of all recordings at equal distances, the recordings one after the other; n_frames is at most their sum.
MotionData motion_data(datasets::CmuMocap source, std::int64_t n_frames, Scaling::Kind kind);

// Where each bone ends, the root in the origin and upright, fingers and thumbs straight; `degrees` are the 50 features of a frame.
std::vector<datasets::Vec3> pose(const MotionData& data, std::span<const double> degrees);

}  // namespace vhp
