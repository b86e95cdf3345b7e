// Runs on file systems that are full, or may not be written: small ones in memory, mounted where only the test sees them.
#include "common/experiments/ledger.hpp"
#include "tests/experiments/toy.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <sstream>

using namespace experiments;

namespace {

// Runs a shell script, in this folder, in name spaces of its own, where it may mount.
Result in_own_name_space(const std::filesystem::path& folder, const std::string& script) {
  write_file(folder / "script", script);
  return shell(fmt::format("cd '{}'; exec unshare --user --map-root-user --mount sh script", folder.string()));
}

// What ctest knows a skipped test by (CMakeLists.txt).
boost::test_tools::assertion_result may_mount(boost::unit_test::test_unit_id) {
  static const bool may = [] {
    const TemporaryFolder folder;
    const bool mounted = in_own_name_space(folder.path(), "mount -t tmpfs none .").status == 0;
    if (!mounted) std::puts("skipped: nothing may be mounted here (unshare --user --mount)");
    return mounted;
  }();
  return may;
}

int count_lines(const std::string& text, const std::string& part) {
  std::istringstream lines(text);
  int count = 0;
  for (std::string line; std::getline(lines, line);) count += line.find(part) != std::string::npos;
  return count;
}

// The toy's walk with its runs on a tmpfs of so many KiB, then `change` to the file system, then the same command again.
struct TwoRuns {
  TwoRuns(const Toy& toy, int kib, const std::string& change) {
    const std::string script = fmt::format(R"(
      export SUITE_CHECKPOINT_EVERY_S=0
      mkdir runs && mount -t tmpfs -o size={0}k none runs || exit
      '{program}' run walk --threads 1 --runs runs --reports reports 2>first >out; echo $?
      mount -o remount,{1} runs || exit
      '{program}' run walk --threads 1 --runs runs --reports reports 2>second >out; echo $?)",
                                           kib, change, fmt::arg("program", TOY_PROGRAM));
    std::istringstream(in_own_name_space(toy.folder(), script).out) >> first_status >> second_status;
    first = content_of(toy.folder() / "first"), second = content_of(toy.folder() / "second");
  }
  int first_status = -1, second_status = -1;
  std::string first, second;  // their messages
};

BOOST_TEST_DECORATOR(*boost::unit_test::precondition(may_mount))
BOOST_AUTO_TEST_CASE(whatever_the_size_of_the_disk_nothing_finished_is_lost_and_room_mends_it) {
  const Toy unlimited;
  BOOST_TEST(unlimited.run("walk --threads 1").status == 0);
  const std::string results = results_part(unlimited.ledger());
  int n_full = 0, n_partly = 0;
  for (int kib = 4; kib <= 48; kib += 4) {
    BOOST_TEST_CONTEXT("a disk of " << kib << " KiB") {
      const Toy toy;
      const TwoRuns runs(toy, kib, "size=1m");
      const int n_finished = count_lines(runs.first, ": finished after");
      if (runs.first_status != 0) {
        ++n_full;
        n_partly += n_finished > 0;
        BOOST_TEST(runs.first_status == 5);
        BOOST_TEST(count_lines(runs.first, "toy: cannot ") == 1);
        BOOST_TEST(count_lines(runs.first, ": No space left on device; ") == 1);
      }
      BOOST_TEST(runs.second_status == 0);
      BOOST_TEST(count_lines(runs.second, ": finished before") == n_finished);
      BOOST_TEST(results_part(toy.ledger()) == results);
    }
  }
  BOOST_TEST(n_full > 1);
  BOOST_TEST(n_partly > 0);
}

BOOST_TEST_DECORATOR(*boost::unit_test::precondition(may_mount))
BOOST_AUTO_TEST_CASE(a_folder_that_may_not_be_written_is_one_line_and_what_it_holds_is_read) {
  const Toy toy;
  const TwoRuns runs(toy, 1024, "ro");
  BOOST_TEST(runs.first_status == 0);
  BOOST_TEST(runs.second_status == 0);  // all is finished: nothing to write
  BOOST_TEST(count_lines(runs.second, ": finished before") == 3);

  const Toy other;
  const std::string script = fmt::format("mkdir runs; mount -t tmpfs -o ro none runs; exec '{}' run --runs runs --reports reports", TOY_PROGRAM);
  const Result refused = in_own_name_space(other.folder(), script);
  BOOST_TEST(refused.status == 5);
  BOOST_TEST(refused.err.starts_with("toy: cannot make the folder runs/toy/quick/"), refused.err);
  BOOST_TEST(refused.err.find("Read-only file system") != std::string::npos);
  BOOST_TEST(std::count(refused.err.begin(), refused.err.end(), '\n') == 1);
}

}  // namespace
