// Skeletons and motions: a small arm whose positions are known, refusals that name line and joint, and the recordings
// themselves where they are at hand.
#include "common/datasets/cmu_mocap.hpp"
#include "common/tensors/errors.hpp"
#include "tests/temporary_folder.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>

using namespace datasets;
namespace tt = boost::test_tools;

namespace {

const std::string arm = R"(# an arm of two bones
:version 1.10
:units
  angle deg
:root
   order TX TY TZ RX RY RZ
   axis XYZ
   position 0 0 0
   orientation 0 0 0
:bonedata
  begin
     id 1
     name upper
     direction 1 0 0
     length 2
     axis 0 0 0  XYZ
    dof rx ry rz
    limits (-90 90)
           (-90 90)
           (-90 90)
  end
  begin
     id 2
     name lower
     direction 1 0 0
     length 1
     axis 0 0 90   XYZ
    dof rx
    limits (-90 90)
  end
:hierarchy
  begin
    root upper
    upper lower
  end
)";

const std::string motion =
    "#!comment\n:FULLY-SPECIFIED\n:DEGREES\n1\nroot 1 2 3 0 0 0\nupper 0 0 0\nlower 0\n2\nlower 90\nroot 0 0 0 0 0 90\nupper 0 0 90\n";

std::string with_crlf(std::string text) {
  for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 2) text.insert(at, 1, '\r');
  return text;
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  const std::size_t at = text.find(what);
  BOOST_REQUIRE(at != std::string::npos);
  return text.replace(at, what.size(), by);
}

struct Fixture {
  TemporaryFolder folder;
  Skeleton skeleton(const std::string& text) const { return read_asf(folder.write("a.asf", text)); }
  Motion read(const std::string& text) const { return read_amc(folder.write("a.amc", text), skeleton(arm)); }

  template <class Read>
  void refused(const std::string& where, const Read& read) const {
    try {
      read();
      BOOST_ERROR("not refused: " << where);
    } catch (const tensors::Failure& failure) {
      BOOST_TEST((failure.status() == tensors::Exit::data));
      BOOST_TEST(std::string(failure.what()).find(where) != std::string::npos, failure.what());
    }
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(acclaim, Fixture)

BOOST_AUTO_TEST_CASE(an_arm_is_where_its_angles_put_it) {
  for (const bool crlf : {false, true}) {
    const Skeleton arms = skeleton(crlf ? with_crlf(arm) : arm);
    const std::vector<std::string> channels{"root.tx", "root.ty",  "root.tz",  "root.rx",  "root.ry",
                                            "root.rz", "upper.rx", "upper.ry", "upper.rz", "lower.rx"};
    BOOST_TEST(arms.channels() == channels, tt::per_element());
    const Motion m = read(crlf ? with_crlf(motion) : motion);
    BOOST_REQUIRE(m.n_frames == 2);
    const std::span<const double> values(m.values);
    const auto rest = joint_positions(arms, values.first(10)), turned = joint_positions(arms, values.last(10));
    const std::array<std::array<Vec3, 3>, 2> expected{{{{{1, 2, 3}, {3, 2, 3}, {4, 2, 3}}},
                                                       // The upper arm is turned twice about z, to -x. The lower one's own x axis is y: from
                                                       // there about y by 90 degrees, x goes to -z, and two turns about z leave -z alone.
                                                       {{{0, 0, 0}, {-2, 0, 0}, {-2, 0, -1}}}}};
    for (std::size_t i = 0; i < 3; ++i)
      for (std::size_t axis = 0; axis < 3; ++axis) {
        BOOST_TEST(std::abs(rest[i][axis] - expected[0][i][axis]) < 1e-12);
        BOOST_TEST(std::abs(turned[i][axis] - expected[1][i][axis]) < 1e-12);
      }
  }
}

BOOST_AUTO_TEST_CASE(damage_is_named_by_line_and_joint) {
  refused("a.amc:6: joint upper: \"x\" is no number", [&] { read(replaced(motion, "upper 0 0 0", "upper 0 x 0")); });
  refused("a.amc:6: joint upper: \"1e999\" is no number", [&] { read(replaced(motion, "upper 0 0 0", "upper 0 1e999 0")); });
  BOOST_CHECK_NO_THROW(read(replaced(motion, "upper 0 0 0", "upper 0 1e-320 0")));
  refused("a.amc:6: joint upper: has 2 values, not 3", [&] { read(replaced(motion, "upper 0 0 0", "upper 0 0")); });
  refused("a.amc:6: joint elbow: the skeleton has none", [&] { read(replaced(motion, "upper 0 0 0", "elbow 0 0 0")); });
  refused("joint lower: is missing in frame 1", [&] { read(replaced(motion, "lower 0\n", "")); });
  refused("joint lower: is given twice in frame 1", [&] { read(replaced(motion, "lower 0\n", "lower 0\nlower 0\n")); });
  refused("frame 3 stands where frame 2 should", [&] { read(replaced(motion, "\n2\n", "\n3\n")); });
  refused("stands before the first frame", [&] { read(replaced(motion, "\n1\n", "\n")); });
  refused("the motion has no frame", [&] { read("\n"); });
  refused("joint upper: \"far\" is no number", [&] { skeleton(replaced(arm, "length 2", "length far")); });
  refused("joint elbow: stands in the hierarchy and has no bone", [&] { skeleton(replaced(arm, "upper lower", "upper elbow")); });
  refused("joint lower: is described twice", [&] { skeleton(replaced(arm, "name upper", "name lower")); });
  refused("joint lower: stands in the hierarchy before its parent", [&] { skeleton(replaced(arm, "root upper", "lower upper")); });
  refused("joint lower: its axis is not of the order XYZ", [&] { skeleton(replaced(arm, "90   XYZ", "90   ZYX")); });
  refused("joint upper: \"rw\" is no degree of freedom", [&] { skeleton(replaced(arm, "rx ry rz", "rx ry rw")); });
  refused("joint lower: the file ends within it", [&] { skeleton(arm.substr(0, arm.find("dof rx\n"))); });
  refused("the skeleton has no hierarchy", [&] { skeleton(arm.substr(0, arm.find(":hierarchy"))); });
}

BOOST_AUTO_TEST_CASE(the_stand_in_is_a_puppet_with_the_same_channels) {
  const char* named = std::getenv("PAPER_DATA");
  const std::string before = named ? named : "";
  unsetenv("PAPER_DATA");
  setenv("XDG_CACHE_HOME", folder.path().c_str(), 1);
  const CmuMocap puppet = cmu_mocap(std::nullopt);
  if (named) setenv("PAPER_DATA", before.c_str(), 1);
  BOOST_TEST(puppet.stand_in);
  BOOST_TEST(puppet.recordings.size() == 5u);
  std::int64_t n_frames = 0;
  for (const Recording& recording : puppet.recordings) n_frames += recording.motion.n_frames;
  BOOST_TEST(n_frames >= 5088);  // whatever is asked of the recordings can be asked of it
  for (const Recording& recording : puppet.recordings) {
    BOOST_TEST(recording.motion.values.size() == static_cast<std::size_t>(62 * recording.motion.n_frames));
    BOOST_TEST(std::ranges::all_of(recording.motion.values, [](double v) { return std::isfinite(v); }));
  }
}

BOOST_AUTO_TEST_SUITE_END()
