// What is stopped in the middle and resumed ends in the same bytes as what was never stopped.
#include "common/experiments/checkpoint.hpp"
#include "common/experiments/ledger.hpp"
#include "common/experiments/record_json.hpp"
#include "tests/experiments/toy.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <csignal>
#include <random>
#include <thread>

using namespace experiments;

namespace {

const std::string key = "walk/tuned/n20/seed_0";

// 20 numbers, 300 steps, each followed by a checkpoint, whose writing takes about as long as the step.
const std::vector<std::string> long_walk{"walk/tuned/n20", "--set", "n_steps=300", "--set", "pause_us=2000", "--threads", "1"};

std::filesystem::path folder(const Toy& toy) { return toy.runs() / "toy" / "custom" / "quick,n_steps=300,pause_us=2000" / key; }
std::optional<Record> record(const Toy& toy) { return load_record(folder(toy) / "record.json"); }

const Record& uninterrupted() {
  static const Record result = [] {
    const Toy toy;
    BOOST_TEST_REQUIRE(wait_for(toy.start(long_walk)) == 0);
    return record(toy).value();
  }();
  return result;
}

void same_results(const Record& a, const Record& b) {
  BOOST_TEST(a.weights_sha256 == b.weights_sha256);
  BOOST_TEST(a.metrics.at("distance").value == b.metrics.at("distance").value);
  BOOST_TEST(a.series.at("walk").at("step") == b.series.at("walk").at("step"), boost::test_tools::per_element());
  BOOST_TEST(a.series.at("walk").at("first") == b.series.at("walk").at("first"), boost::test_tools::per_element());
}

void wait_for_file(const std::filesystem::path& file) {
  for (int i = 0; i < 5000 && !std::filesystem::exists(file); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  BOOST_TEST_REQUIRE(std::filesystem::exists(file));
}

// Of a file that is not there: the earliest time.
std::filesystem::file_time_type change_time(const std::filesystem::path& file) {
  std::error_code missing;
  return std::filesystem::last_write_time(file, missing);
}

void wait_for_change(const std::filesystem::path& file, std::filesystem::file_time_type before) {
  for (int i = 0; i < 5000 && change_time(file) <= before; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  BOOST_TEST_REQUIRE((change_time(file) > before));
}

void interrupt_walk(const Toy& toy) {
  const pid_t child = toy.start(long_walk);
  wait_for_file(folder(toy) / "checkpoint");
  kill(child, SIGINT);
  BOOST_TEST(wait_for(child) == 130);
}

}  // namespace

BOOST_AUTO_TEST_CASE(killed_at_twenty_random_moments) {
  const Record& expected = uninterrupted();
  const Toy toy;
  std::mt19937 random(20240229);
  int n_kills = 0;
  for (; n_kills < 20 && !record(toy); ++n_kills) {
    const auto last_change = change_time(folder(toy) / "checkpoint");
    const pid_t child = toy.start(long_walk);
    // Every other kill waits for this process' first checkpoint, so that the walk gets on however slowly programs start.
    if (n_kills % 2 == 0) wait_for_change(folder(toy) / "checkpoint", last_change);
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 20'000));
    kill(child, SIGKILL);
    wait_for(child);
  }
  BOOST_TEST(n_kills == 20);
  BOOST_TEST((std::filesystem::exists(folder(toy) / "checkpoint") || std::filesystem::exists(folder(toy) / "checkpoint.previous")));
  BOOST_TEST(wait_for(toy.start(long_walk)) == 0);
  same_results(record(toy).value(), expected);
}

BOOST_AUTO_TEST_CASE(interrupted_by_signal_and_resumed) {
  const Record& expected = uninterrupted();
  for (const int signal : {SIGINT, SIGTERM}) {
    const Toy toy;
    const pid_t child = toy.start(long_walk);
    wait_for_file(folder(toy) / "checkpoint");
    kill(child, signal);
    BOOST_TEST(wait_for(child) == 130);
    BOOST_TEST(!record(toy).has_value());
    BOOST_TEST(std::filesystem::exists(folder(toy) / "checkpoint"));
    BOOST_TEST(wait_for(toy.start(long_walk)) == 0);
    same_results(record(toy).value(), expected);
    BOOST_TEST(!std::filesystem::exists(folder(toy) / "checkpoint"));
    BOOST_TEST(!std::filesystem::exists(folder(toy) / "checkpoint.previous"));
  }
}

BOOST_AUTO_TEST_CASE(an_interruption_reaches_every_process) {
  const Toy toy;
  const pid_t child = toy.start({"walk", "--jobs", "2", "--set", "n_steps=100000", "--set", "pause_us=500"});
  const auto folder = toy.runs() / "toy" / "custom" / "quick,n_steps=100000,pause_us=500" / "walk/tuned";
  wait_for_file(folder / "n3/seed_0/checkpoint");
  wait_for_file(folder / "n5/seed_0/checkpoint");
  kill(child, SIGINT);
  BOOST_TEST(wait_for(child) == 130);
}

BOOST_AUTO_TEST_CASE(a_damaged_checkpoint_costs_a_step_and_not_the_result) {
  const Record& expected = uninterrupted();
  const Toy toy;
  const pid_t child = toy.start(long_walk);
  wait_for_file(folder(toy) / "checkpoint.previous");
  kill(child, SIGINT);
  BOOST_TEST(wait_for(child) == 130);
  flip_byte(folder(toy) / "checkpoint", 50);
  const Result resumed = toy.run("walk/tuned/n20 --set n_steps=300 --set pause_us=2000 --threads 1");
  BOOST_TEST(resumed.status == 0);
  BOOST_TEST(resumed.err.find("checkpoint: damaged") != std::string::npos);
  same_results(record(toy).value(), expected);
}

// Interrupts the walk, and runs it again in an environment whose results its checkpoint cannot be of.
void interrupt_and_start_afresh(const Toy& toy, const std::string& environment) {
  interrupt_walk(toy);
  const Result other = toy.run("walk/tuned/n20 --set n_steps=300 --set pause_us=2000 --threads 1", environment);
  BOOST_TEST(other.status == 0);
  BOOST_TEST(other.err.find("starting afresh") != std::string::npos);
  BOOST_TEST(std::filesystem::exists(folder(toy) / "checkpoint.set_aside"));
}

// Hours under other settings are not lost: the checkpoint that was set aside, moved back, is gone on with.
BOOST_AUTO_TEST_CASE(a_checkpoint_that_was_set_aside_can_be_moved_back) {
  const Toy toy;
  interrupt_and_start_afresh(toy, "TOY_REVISION=2");
  std::filesystem::rename(folder(toy) / "checkpoint.set_aside", folder(toy) / "checkpoint");
  std::filesystem::remove(folder(toy) / "record.json");
  const Result resumed = toy.run("walk/tuned/n20 --set n_steps=300 --set pause_us=2000 --threads 1");
  BOOST_TEST(resumed.err.find("starting afresh") == std::string::npos);
  same_results(record(toy).value(), uninterrupted());
}

BOOST_AUTO_TEST_CASE(a_checkpoint_on_other_data_is_not_used) {
  const Toy toy;
  interrupt_and_start_afresh(toy, "TOY_DATA=other.dat");
  BOOST_TEST(record(toy).value().data_sha256.contains("other.dat"));
  BOOST_TEST(record(toy).value().data_sha256.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_checkpoint_of_another_identity_is_not_used) {
  const Toy toy;
  interrupt_and_start_afresh(toy, "TOY_REVISION=2");
  BOOST_TEST(record(toy).value().series.at("walk").at("step").size() == 300u);
}

// A machine with other processors, or another --jobs, must not make computed hours run again.
BOOST_AUTO_TEST_CASE(a_checkpoint_goes_on_with_its_own_number_of_threads) {
  const Toy toy;
  interrupt_walk(toy);
  const Result resumed = toy.run("walk/tuned/n20 --set n_steps=300 --set pause_us=2000", "OMP_NUM_THREADS=3");
  BOOST_TEST(resumed.status == 0);
  BOOST_TEST(resumed.err.find("starting afresh") == std::string::npos);
  BOOST_TEST(record(toy).value().identity.threads == 1);
  same_results(record(toy).value(), uninterrupted());
}

BOOST_AUTO_TEST_CASE(a_checkpoint_of_other_threads_than_asked_for_is_not_used) {
  const Toy toy;
  interrupt_walk(toy);
  const Result other = toy.run("walk/tuned/n20 --set n_steps=300 --set pause_us=2000 --threads 2");
  BOOST_TEST(other.err.find("starting afresh") != std::string::npos);
  BOOST_TEST(record(toy).value().identity.threads == 2);
}

// Where a version writes a checkpoint and another one continues it, the record names both.
BOOST_AUTO_TEST_CASE(a_resumed_record_names_every_version_that_computed_it) {
  const Toy toy;
  interrupt_walk(toy);
  const auto checkpoint = load_checkpoint(folder(toy)).value();
  Record saved = record_from_json(checkpoint.record, "checkpoint");
  const std::string now = saved.provenance.commit;
  saved.provenance.commit = "an earlier one";
  KeptMemory kept;
  auto blobs = checkpoint.blobs;
  for (auto& [name, bytes] : blobs) kept.emplace(name, std::as_writable_bytes(std::span(bytes)));
  save_checkpoint(folder(toy), to_json(saved), kept);
  BOOST_TEST(toy.run("walk/tuned/n20 --set n_steps=300 --set pause_us=2000 --threads 1").status == 0);
  BOOST_TEST(record(toy).value().provenance.commit == "an earlier one, then " + now);
}

BOOST_AUTO_TEST_CASE(one_cell_is_never_run_by_two_processes) {
  const Toy toy;
  const pid_t child = toy.start(long_walk);
  wait_for_file(folder(toy) / "checkpoint");
  const Result second = toy.run("walk/tuned/n20 --set n_steps=300 --set pause_us=2000 --threads 1");
  BOOST_TEST(second.status == 5);
  BOOST_TEST(second.err.find("another process is running it") != std::string::npos);
  BOOST_TEST(second.out.empty());
  BOOST_TEST(wait_for(child) == 0);
}

// A wrong --data or a Ctrl-C after --fresh: what was there can be moved back.
BOOST_AUTO_TEST_CASE(fresh_keeps_what_was_there_until_the_cell_has_run_again) {
  const Toy toy;
  const std::string quick = "walk/tuned/n20 --set n_steps=300 --set pause_us=2000 --threads 1";
  BOOST_TEST(toy.run(quick).status == 0);
  const std::string before = content_of(folder(toy) / "record.json");
  std::vector<std::string> afresh = long_walk;
  afresh.push_back("--fresh");
  const pid_t child = toy.start(afresh);
  wait_for_file(folder(toy) / "checkpoint");
  kill(child, SIGINT);
  BOOST_TEST(wait_for(child) == 130);
  BOOST_TEST(!std::filesystem::exists(folder(toy) / "record.json"));
  BOOST_TEST(content_of(folder(toy) / "record.json.before_fresh") == before);
  BOOST_TEST(toy.run(quick).status == 0);
  for (const auto& entry : std::filesystem::directory_iterator(folder(toy))) BOOST_TEST(entry.path().extension() != ".before_fresh");
}

BOOST_AUTO_TEST_CASE(fresh_takes_all_files_away_or_none) {
  const Toy toy;
  const std::string changed = " --set n_steps=300 --set pause_us=2000 --threads 1";
  BOOST_TEST(toy.run("walk/tuned/n3" + changed).status == 0);
  const pid_t child = toy.start(long_walk);
  wait_for_file(folder(toy) / "checkpoint");
  BOOST_TEST(toy.run("walk" + changed + " --fresh").status == 5);
  for (const char* file : {"record.json", "weights.npz"}) BOOST_TEST(std::filesystem::exists(folder(toy).parent_path().parent_path() / "n3/seed_0" / file));
  BOOST_TEST(wait_for(child) == 0);
}
