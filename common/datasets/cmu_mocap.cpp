#include "common/datasets/cmu_mocap.hpp"

#include "common/datasets/byte_source.hpp"
#include "common/datasets/location.hpp"
#include "common/datasets/registry.hpp"
#include "common/tensors/digest.hpp"
#include "common/tensors/errors.hpp"
#include "common/tensors/random.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace datasets {
namespace {

constexpr DataFile skeleton_file = {"cmu_mocap/02.asf"};
constexpr std::array<DataFile, 5> motion_files{{{"cmu_mocap/02_01.amc"},
                                                {"cmu_mocap/02_03.amc"},
                                                {"cmu_mocap/02_04.amc"},
                                                {"cmu_mocap/02_05.amc"},
                                                {"cmu_mocap/02_06.amc"}}};
constexpr std::array<const char*, 5> motion_names{"walk", "run", "jump", "punch", "bend"};

std::string digest_of(const std::filesystem::path& file, std::string_view path) {
  tensors::Sha256 content;
  ByteSource(file).for_each_block([&](std::span<const std::byte> block) { content.add(block); });
  const std::string found = content.hex();
  if (const auto expected = registered(path).sha256; found != expected)
    tensors::fail(tensors::Exit::data, "{}: its content has SHA-256 {}, it should have {}; run ./reproduce data", file.string(), found, expected);
  return found;
}

// ## The stand-in

struct Part {
  const char *name, *parent;
  Vec3 offset;
  std::vector<int> dof;
};

const std::vector<Part>& puppet() {
  static const std::vector<Part> parts{{"root", "root", {}, {3, 4, 5, 0, 1, 2}},
                                       {"lowerback", "root", {0, 2, 0}, {0, 1, 2}},
                                       {"upperback", "lowerback", {0, 2, 0}, {0, 1, 2}},
                                       {"thorax", "upperback", {0, 2, 0}, {0, 1, 2}},
                                       {"lowerneck", "thorax", {0, 1.6, 0}, {0, 1, 2}},
                                       {"upperneck", "lowerneck", {0, 1.6, 0}, {0, 1, 2}},
                                       {"head", "upperneck", {0, 1.6, 0}, {0, 1, 2}},
                                       {"rclavicle", "thorax", {-3.6, 0.9, 0}, {1, 2}},
                                       {"rhumerus", "rclavicle", {-5, 0, 0}, {0, 1, 2}},
                                       {"rradius", "rhumerus", {-3.4, 0, 0}, {0}},
                                       {"rwrist", "rradius", {-1.7, 0, 0}, {1}},
                                       {"rhand", "rwrist", {-0.7, 0, 0}, {0, 2}},
                                       {"rfingers", "rhand", {-0.6, 0, 0}, {0}},
                                       {"rthumb", "rwrist", {-0.6, 0, 0.6}, {0, 2}},
                                       {"lclavicle", "thorax", {3.6, 0.9, 0}, {1, 2}},
                                       {"lhumerus", "lclavicle", {5, 0, 0}, {0, 1, 2}},
                                       {"lradius", "lhumerus", {3.4, 0, 0}, {0}},
                                       {"lwrist", "lradius", {1.7, 0, 0}, {1}},
                                       {"lhand", "lwrist", {0.7, 0, 0}, {0, 2}},
                                       {"lfingers", "lhand", {0.6, 0, 0}, {0}},
                                       {"lthumb", "lwrist", {0.6, 0, 0.6}, {0, 2}},
                                       {"rhipjoint", "root", {-1.6, -1.8, 0.6}, {}},
                                       {"rfemur", "rhipjoint", {-2.6, -7.1, 0}, {0, 1, 2}},
                                       {"rtibia", "rfemur", {-2.5, -6.8, 0}, {0}},
                                       {"rfoot", "rtibia", {-0.2, -0.6, 2.1}, {0, 2}},
                                       {"rtoes", "rfoot", {0, 0, 1.1}, {0}},
                                       {"lhipjoint", "root", {1.6, -1.8, 0.6}, {}},
                                       {"lfemur", "lhipjoint", {2.6, -7.1, 0}, {0, 1, 2}},
                                       {"ltibia", "lfemur", {2.5, -6.8, 0}, {0}},
                                       {"lfoot", "ltibia", {0.2, -0.6, 2.1}, {0, 2}},
                                       {"ltoes", "lfoot", {0, 0, 1.1}, {0}}};
  return parts;
}

CmuMocap stand_in() {
  CmuMocap data;
  data.stand_in = true;
  for (const Part& part : puppet()) {
    auto& bones = data.skeleton.bones;
    const auto parent = std::ranges::find(bones, part.parent, &Bone::name);
    bones.push_back({part.name, static_cast<std::size_t>(parent - bones.begin()), part.offset, {}, part.dof});
  }
  const auto n_channels = static_cast<std::int64_t>(data.skeleton.channels().size());
  std::string all;
  for (std::size_t m = 0; m < motion_names.size(); ++m) {
    const auto posture = tensors::Stream(0, "puppet's posture", m).uniform<double>({n_channels});
    const auto swing = tensors::Stream(0, "puppet's swing", m).uniform<double>({n_channels});
    const auto phase = tensors::Stream(0, "puppet's phase", m).uniform<double>({n_channels});
    Motion motion;
    motion.n_frames = 450 + 300 * static_cast<std::int64_t>(m);  // together somewhat more than the recordings have
    const double turns_per_s = 0.5 + 0.2 * static_cast<double>(m);
    for (std::int64_t frame = 0; frame < motion.n_frames; ++frame)
      for (std::int64_t c = 0; c < n_channels; ++c) {
        const double turns = turns_per_s * static_cast<double>(frame) / CmuMocap::frames_per_s + phase[c];
        motion.values.push_back(40 * (posture[c] - 0.5) + 20 * swing[c] * std::sin(2 * std::numbers::pi * turns));
      }
    all.append(reinterpret_cast<const char*>(motion.values.data()), motion.values.size() * sizeof(double));
    data.recordings.push_back({motion_names[m], std::move(motion)});
  }
  data.sha256.emplace("stand_in/cmu_mocap", tensors::sha256(all));
  return data;
}

}  // namespace

CmuMocap cmu_mocap(const std::optional<std::filesystem::path>& data_option) {
  std::vector<DataFile> files(motion_files.begin(), motion_files.end());
  files.insert(files.begin(), skeleton_file);
  const auto folder = locate(data_option, files);
  if (!folder) return stand_in();

  // What is wrong inside a file says more than its digest: the reader goes first.
  CmuMocap data;
  const auto verified = [&](const DataFile& file, const auto& read) {
    const std::filesystem::path place = find_file(*folder, file.path).value();
    auto content = read(place);
    data.sha256.emplace(file.path, digest_of(place, file.path));
    return content;
  };
  data.skeleton = verified(skeleton_file, read_asf);
  for (std::size_t m = 0; m < motion_names.size(); ++m)
    data.recordings.push_back(
        {motion_names[m], verified(motion_files[m], [&](const std::filesystem::path& file) { return read_amc(file, data.skeleton); })});
  return data;
}

}  // namespace datasets
