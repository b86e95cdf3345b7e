#include "paper_vhp/motion_data.hpp"

#include "common/tensors/errors.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace vhp {

Scaling Scaling::fit(Kind kind, std::span<const double> degrees, std::size_t n_channels) {
  tensors::require(n_channels > 0 && !degrees.empty() && degrees.size() % n_channels == 0, "scaling: {} values are no rows of {}", degrees.size(),
                   n_channels);
  Scaling scaling;
  const auto n = static_cast<double>(degrees.size() / n_channels);
  for (std::size_t c = 0; c < n_channels; ++c) {
    double sum = 0, squares = 0, least = degrees[c], most = degrees[c];
    for (std::size_t at = c; at < degrees.size(); at += n_channels) {
      sum += degrees[at] / n;
      least = std::min(least, degrees[at]);
      most = std::max(most, degrees[at]);
    }
    for (std::size_t at = c; at < degrees.size(); at += n_channels) squares += std::pow(degrees[at] - sum, 2) / n;
    if (kind == Kind::half_turn) {
      scaling.offset.push_back(0);
      scaling.factor.push_back(180);
      continue;
    }
    const double factor = kind == Kind::range ? most - least : std::sqrt(squares);
    constexpr double stands_still = 1e-6;  // degrees
    scaling.offset.push_back(kind == Kind::range ? least : sum);
    scaling.factor.push_back(factor > stands_still ? factor : 1);
  }
  return scaling;
}

std::vector<float> Scaling::features(std::span<const double> degrees) const {
  std::vector<float> result;
  for (std::size_t i = 0; i < degrees.size(); ++i)
    result.push_back(static_cast<float>((degrees[i] - offset[i % offset.size()]) / factor[i % factor.size()]));
  return result;
}

std::vector<double> Scaling::degrees(std::span<const float> features) const {
  std::vector<double> result;
  for (std::size_t i = 0; i < features.size(); ++i)
    result.push_back(static_cast<double>(features[i]) * factor[i % factor.size()] + offset[i % offset.size()]);
  return result;
}

MotionData motion_data(datasets::CmuMocap source, std::int64_t n_frames, Scaling::Kind kind) {
  constexpr std::array<const char*, 5> left_out{"root", "lfingers", "rfingers", "lthumb", "rthumb"};
  MotionData data;
  const std::vector<std::string> channels = source.skeleton.channels();
  std::size_t place = 0;
  for (const datasets::Bone& bone : source.skeleton.bones) {
    const bool kept = !bone.dof.empty() && std::ranges::find(left_out, bone.name) == left_out.end();
    if (kept) data.joints.push_back({bone.name, {}});
    for (std::size_t i = 0; i < bone.dof.size(); ++i, ++place) {
      if (!kept) continue;
      data.joints.back().features.push_back(data.features.size());
      data.features.push_back(channels[place]);
      data.places.push_back(place);
    }
  }

  std::int64_t n_all = 0;
  for (const auto& recording : source.recordings) n_all += recording.motion.n_frames;
  tensors::require(n_frames >= 1 && n_frames <= n_all, "motion: {} frames of {}", n_frames, n_all);
  std::vector<double> degrees;
  std::size_t recording = 0;
  std::int64_t before = 0;  // frames of the recordings before this one
  for (std::int64_t i = 0; i < n_frames; ++i) {
    const std::int64_t frame = i * n_all / n_frames;
    while (frame - before >= source.recordings[recording].motion.n_frames) before += source.recordings[recording++].motion.n_frames;
    const auto first = static_cast<std::size_t>(frame - before) * channels.size();
    for (const std::size_t at : data.places) degrees.push_back(source.recordings[recording].motion.values[first + at]);
    data.motion.push_back(recording);
    data.seconds.push_back(static_cast<double>(frame - before) / datasets::CmuMocap::frames_per_s);
  }
  data.scaling = Scaling::fit(kind, degrees, data.places.size());
  data.x = tensors::Array<float>({n_frames, static_cast<std::int64_t>(data.places.size())});
  std::ranges::copy(data.scaling.features(degrees), data.x.mutable_data());
  data.source = std::move(source);
  return data;
}

std::vector<datasets::Vec3> pose(const MotionData& data, std::span<const double> degrees) {
  tensors::require(degrees.size() == data.places.size(), "pose: {} angles, not {}", degrees.size(), data.places.size());
  std::vector<double> frame(data.source.skeleton.channels().size(), 0.0);
  for (std::size_t i = 0; i < degrees.size(); ++i) frame[data.places[i]] = degrees[i];
  return datasets::joint_positions(data.source.skeleton, frame);
}

}  // namespace vhp
