#include "common/datasets/acclaim.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/temporary_folder.hpp"

namespace {

const std::string arm =
    ":version 1.10\n:units\n angle deg\n:root\n order TX TY TZ RX RY RZ\n axis XYZ\n position 0 0 0\n orientation 0 0 0\n"
    ":bonedata\n begin\n id 1\n name arm\n direction 1 0 0\n length 2\n axis 0 0 90 XYZ\n dof rx\n limits (-90 90)\n end\n"
    ":hierarchy\n begin\n root arm\n end\n";

}  // namespace

std::vector<std::string> fuzz::seeds() {
  const std::string motion = ":FULLY-SPECIFIED\r\n:DEGREES\r\n1\r\nroot 0 0 0 0 0 0\r\narm 12.5\r\n2\r\nroot 1 2 3 4 5 6\r\narm -1e2\r\n";
  return {arm + '\0' + motion, arm, '\0' + motion};
}

// A skeleton, and after the first zero byte a motion: of this skeleton if it is one, and of the arm.
void fuzz::run(const std::string& input) {
  static const TemporaryFolder folder;
  const std::size_t end = std::min(input.find('\0'), input.size());
  const auto asf = folder.write("a.asf", input.substr(0, end)), amc = folder.write("a.amc", input.substr(std::min(end + 1, input.size())));
  static const datasets::Skeleton known = datasets::read_asf(folder.write("arm.asf", arm));

  const auto motion_of = [&](const datasets::Skeleton& skeleton) {
    const auto motion = accepted(tensors::Exit::data, [&] { return datasets::read_amc(amc, skeleton); });
    if (!motion) return;
    const std::size_t n_channels = skeleton.channels().size();
    check(motion->n_frames > 0 && motion->values.size() == static_cast<std::size_t>(motion->n_frames) * n_channels, "every frame is whole");
    check(datasets::joint_positions(skeleton, std::span(motion->values).first(n_channels)).size() == skeleton.bones.size(), "every bone ends somewhere");
  };
  motion_of(known);
  if (const auto skeleton = accepted(tensors::Exit::data, [&] { return datasets::read_asf(asf); })) {
    for (std::size_t b = 1; b < skeleton->bones.size(); ++b) check(skeleton->bones[b].parent < b, "parents come first");
    motion_of(*skeleton);
  }
}
