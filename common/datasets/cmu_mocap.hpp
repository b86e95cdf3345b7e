// Human motion: recordings of subject 02 of the CMU Graphics Lab Motion Capture Database, 120 frames a second, one file for
// each of five motions. "The data used in this project was obtained from mocap.cs.cmu.edu. The database was created with
// funding from NSF EIA-0196217."
#pragma once

#include "common/datasets/acclaim.hpp"

#include <map>
#include <optional>

namespace datasets {

struct Recording {
  std::string name;  // "walk"
  Motion motion;
};

struct CmuMocap {
  Skeleton skeleton;
  std::vector<Recording> recordings;          // walk, run, jump, punch, bend
  std::map<std::string, std::string> sha256;  // of the files they came from, by registry path
  bool stand_in = false;                      // generated, because the real data are not here

  static constexpr double frames_per_s = 120;
};

// From `data_option`, $PAPER_DATA or the cache, verified. Where no folder was named and the cache has nothing: a puppet
// with the same 62 channels whose joints swing, each motion with a rhythm and a posture of its own. Failure(data) as `locate`,
// `read_asf` and `read_amc` throw it, and where a file's digest is another.
CmuMocap cmu_mocap(const std::optional<std::filesystem::path>& data_option);

}  // namespace datasets
