#include "common/experiments/checkpoint.hpp"
#include "common/tensors/errors.hpp"
#include "tests/temporary_folder.hpp"

#include <boost/test/unit_test.hpp>
#include <sys/resource.h>

#include <csignal>
#include <vector>

using namespace experiments;
using tensors::Exit;
using tensors::Failure;

namespace {

const auto is_io = [](const Failure& failure) { return failure.status() == Exit::io; };

// Saves a checkpoint whose state is `step`.
void save(const std::filesystem::path& folder, std::int64_t step) {
  std::vector<std::byte> weights(100, static_cast<std::byte>(step));
  save_checkpoint(folder, "record " + std::to_string(step),
                  {{"step", std::as_writable_bytes(std::span(&step, 1))}, {"weights", weights}, {"empty", {}}});
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_checkpoint_gives_back_what_it_was_given) {
  const TemporaryFolder folder;
  BOOST_TEST(!load_checkpoint(folder.path()));
  save(folder.path(), 7);
  const Checkpoint checkpoint = load_checkpoint(folder.path()).value();
  BOOST_TEST(checkpoint.record == "record 7");
  BOOST_TEST(checkpoint.blobs.size() == 3u);
  BOOST_TEST(checkpoint.blobs.at("weights") == std::string(100, '\7'));
  BOOST_TEST(checkpoint.blobs.at("step") == std::string("\7\0\0\0\0\0\0\0", 8));
  delete_checkpoints(folder.path());
  BOOST_TEST(std::filesystem::is_empty(folder.path()));
}

BOOST_AUTO_TEST_CASE(a_damaged_checkpoint_has_a_predecessor) {
  const TemporaryFolder folder;
  save(folder.path(), 1);
  save(folder.path(), 2);
  const std::string good = content_of(folder.path() / "checkpoint");
  for (std::size_t at = 0; at < good.size(); ++at) {
    flip_byte(folder.path() / "checkpoint", at);
    BOOST_TEST(load_checkpoint(folder.path()).value().record == "record 1");
    write_file(folder.path() / "checkpoint", good.substr(0, at));
    BOOST_TEST(load_checkpoint(folder.path()).value().record == "record 1");
    write_file(folder.path() / "checkpoint", good);
  }
  BOOST_TEST(load_checkpoint(folder.path()).value().record == "record 2");
}

BOOST_AUTO_TEST_CASE(one_of_another_version_is_named_as_such) {
  const TemporaryFolder folder;
  write_file(folder.path() / "checkpoint", "checkpoint 0\n" + std::string(100, 'x'));
  BOOST_CHECK_EXCEPTION(load_checkpoint(folder.path()), tensors::Failure,
                        [](const tensors::Failure& failure) { return std::string(failure.what()).find("written by another version") != std::string::npos; });
}

BOOST_AUTO_TEST_CASE(what_is_set_aside_takes_no_ones_place) {
  const TemporaryFolder folder;
  for (int i = 1; i <= 3; ++i) {
    save(folder.path(), i);
    set_checkpoint_aside(folder.path());
    BOOST_TEST(!load_checkpoint(folder.path()));
  }
  std::filesystem::rename(folder.path() / "checkpoint.set_aside", folder.path() / "checkpoint");
  BOOST_TEST(load_checkpoint(folder.path()).value().record == "record 1");
  std::filesystem::rename(folder.path() / "checkpoint.set_aside.3", folder.path() / "checkpoint");
  BOOST_TEST(load_checkpoint(folder.path()).value().record == "record 3");
}

BOOST_AUTO_TEST_CASE(a_kill_between_the_two_renames_loses_nothing) {
  const TemporaryFolder folder;
  save(folder.path(), 1);
  std::filesystem::rename(folder.path() / "checkpoint", folder.path() / "checkpoint.previous");
  BOOST_TEST(load_checkpoint(folder.path()).value().record == "record 1");
  save(folder.path(), 2);
  BOOST_TEST(load_checkpoint(folder.path()).value().record == "record 2");
}

BOOST_AUTO_TEST_CASE(two_damaged_checkpoints_are_refused_with_advice) {
  const TemporaryFolder folder;
  save(folder.path(), 1);
  save(folder.path(), 2);
  for (const char* name : {"checkpoint", "checkpoint.previous"}) flip_byte(folder.path() / name, 40);
  BOOST_CHECK_EXCEPTION(load_checkpoint(folder.path()), Failure, [](const Failure& failure) {
    return is_io(failure) && std::string(failure.what()).find("--fresh") != std::string::npos;
  });
}

// A file-size limit stands in for a full disk: the write fails half-way.
BOOST_AUTO_TEST_CASE(a_write_that_fails_leaves_the_last_checkpoint) {
  const TemporaryFolder folder;
  save(folder.path(), 1);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  rlimit tight = before;
  tight.rlim_cur = 64;
  setrlimit(RLIMIT_FSIZE, &tight);
  bool refused = false;
  try {
    save(folder.path(), 2);
  } catch (const Failure& failure) {
    refused = is_io(failure);
  }
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  BOOST_TEST(refused);
  BOOST_TEST(load_checkpoint(folder.path()).value().record == "record 1");
  BOOST_TEST(!std::filesystem::exists(folder.path() / "checkpoint.new"));
}
