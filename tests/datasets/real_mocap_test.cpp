// The real recordings of subject 02, where PAPER_DATA or the cache has them; skipped where neither does.
#include "common/datasets/cmu_mocap.hpp"
#include "common/datasets/location.hpp"
#include "common/tensors/errors.hpp"
#include "tests/datasets/real.hpp"
#include "tests/temporary_folder.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>

namespace {

using namespace datasets;
namespace tt = boost::test_tools;

const CmuMocap& loaded() {
  static const CmuMocap recordings = cmu_mocap(std::nullopt);
  return recordings;
}

const std::filesystem::path& here() {
  static const std::filesystem::path folder = *locate(std::nullopt, std::vector<DataFile>{{"cmu_mocap/02.asf"}});
  return folder;
}

template <class Read>
void is_refused(const std::string& where, const Read& read) {
  BOOST_CHECK_EXCEPTION(read(), tensors::Failure, [&](const tensors::Failure& failure) {
    return failure.status() == tensors::Exit::data && std::string(failure.what()).find(where) != std::string::npos;
  });
}

BOOST_TEST_DECORATOR(*real(loaded))
BOOST_AUTO_TEST_CASE(subject_2_stands_on_its_feet) {
  const std::filesystem::path asf = here() / "cmu_mocap/02.asf";
  const Skeleton subject = read_asf(asf);
  BOOST_TEST(subject.channels().size() == 62u);
  const Motion walk = read_amc(asf.parent_path() / "02_01.amc", subject);
  BOOST_TEST(walk.n_frames == 343);
  const auto index = [&](const std::string& name) {
    return static_cast<std::size_t>(std::ranges::find(subject.bones, name, &Bone::name) - subject.bones.begin());
  };
  for (const std::int64_t frame : {0, 171, 342}) {
    const auto ends = joint_positions(subject, std::span(walk.values).subspan(static_cast<std::size_t>(62 * frame), 62));
    BOOST_TEST(ends[index("head")][1] > ends[0][1]);  // y points up
    BOOST_TEST(ends[0][1] > ends[index("ltoes")][1]);
    BOOST_TEST(std::min(ends[index("ltoes")][1], ends[index("rtoes")][1]) < 2);  // one foot on the ground
    BOOST_TEST(std::min(ends[index("ltoes")][1], ends[index("rtoes")][1]) > -1);
  }
}

BOOST_TEST_DECORATOR(*real(loaded))
BOOST_AUTO_TEST_CASE(subject_2_has_five_motions_and_its_files_are_verified) {
  const CmuMocap& data = loaded();
  BOOST_TEST(data.sha256.size() == 6u);
  const std::vector<std::pair<std::string, std::int64_t>> expected{{"walk", 343}, {"run", 173}, {"jump", 483}, {"punch", 1854}, {"bend", 2235}};
  BOOST_REQUIRE(data.recordings.size() == expected.size());
  for (std::size_t m = 0; m < expected.size(); ++m) {
    BOOST_TEST(data.recordings[m].name == expected[m].first);
    BOOST_TEST(data.recordings[m].motion.n_frames == expected[m].second);
  }

  // A copy that lacks a trial, or where a joint or a digit is another.
  const TemporaryFolder folder;
  const std::filesystem::path copy = folder.path();
  std::filesystem::create_directories(copy / "cmu_mocap");
  for (const auto& [path, digest] : data.sha256) std::filesystem::copy_file(here() / path, copy / path);
  const auto text_of = [&](const char* path) {
    std::ifstream in(here() / path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  std::filesystem::permissions(copy / "cmu_mocap/02_03.amc", std::filesystem::perms::owner_all);
  const auto write = [&](const std::string& text) { std::ofstream(copy / "cmu_mocap/02_03.amc", std::ios::binary) << text; };
  const std::string run = text_of("cmu_mocap/02_03.amc");
  const std::size_t thorax = run.find("thorax ");
  write(run.substr(0, thorax) + run.substr(run.find('\n', thorax) + 1));
  is_refused("joint thorax: is missing in frame 1", [&] { cmu_mocap(copy); });
  write(run.substr(0, thorax) + " " + run.substr(thorax));
  is_refused("02_03.amc: its content has SHA-256", [&] { cmu_mocap(copy); });
  std::filesystem::remove(copy / "cmu_mocap/02_03.amc");
  is_refused("lacks cmu_mocap/02_03.amc;", [&] { cmu_mocap(copy); });
}

BOOST_TEST_DECORATOR(*real(loaded))
BOOST_AUTO_TEST_CASE(the_stand_in_has_the_same_channels) {
  const std::vector<std::string> theirs = loaded().skeleton.channels();
  const TemporaryFolder empty;
  unsetenv("PAPER_DATA");
  setenv("XDG_CACHE_HOME", empty.path().c_str(), 1);
  const CmuMocap puppet = cmu_mocap(std::nullopt);
  BOOST_TEST(puppet.stand_in);
  const std::vector<std::string> ours = puppet.skeleton.channels();
  BOOST_TEST(std::set(ours.begin(), ours.end()) == std::set(theirs.begin(), theirs.end()), tt::per_element());
}

}  // namespace
