// What can go wrong around a program: it ends with the documented status and one clear line, and nothing computed is lost.
#include "common/experiments/checkpoint.hpp"
#include "common/experiments/files.hpp"
#include "common/experiments/ledger.hpp"
#include "common/experiments/record_json.hpp"
#include "common/tensors/digest.hpp"
#include "tests/experiments/toy.hpp"

#include <boost/test/unit_test.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <sstream>
#include <thread>

using namespace experiments;
namespace fs = std::filesystem;

namespace {

const std::string n3 = "walk/tuned/n3/seed_0", n5 = "walk/tuned/n5/seed_0";

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::string last_line(const std::string& text) {
  const std::size_t end = text.empty() ? 0 : text.size() - 1;
  const std::size_t start = end == 0 ? 0 : text.rfind('\n', end - 1) + 1;
  return text.substr(start, end - start);
}

// This status, and nothing to read, progress apart, but one line with these parts.
void check_refused(const Result& result, int status, const std::vector<std::string>& parts) {
  BOOST_TEST(result.status == status);
  BOOST_TEST(result.out.empty());
  const std::string message = last_line(result.err);
  BOOST_TEST(message.starts_with("toy: "), message);
  for (const std::string& part : parts) BOOST_TEST(contains(message, part), message << " does not say: " << part);

  std::istringstream lines(result.err);
  for (std::string line; std::getline(lines, line);)
    BOOST_TEST((line == message || (line.starts_with("walk/") && line.ends_with("started"))), line << " is too much");
}

void wait_for_file(const fs::path& file) {
  for (int i = 0; i < 10000 && !fs::exists(file); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  BOOST_TEST_REQUIRE(fs::exists(file));
}

// Changes a record's or ledger's text behind its digest's back: the result is whole, and another program's.
void replace_sealed(const fs::path& file, const std::string& from, const std::string& to) {
  const std::string text = content_of(file);
  std::string content = text.substr(0, text.find(",\n  \"sha256\""));
  content.replace(content.find(from), from.size(), to);
  write_file(file, content + ",\n  \"sha256\": \"" + tensors::sha256(content) + "\"\n}\n");
}

}  // namespace

BOOST_AUTO_TEST_CASE(wrong_usage_gets_one_line) {
  const Toy toy;
  check_refused(toy.run("walk --no-such-flag"), 2, {"--no-such-flag", "see: toy --help"});
  check_refused(toy.run("walk --profile huge"), 2, {"huge", "smoke, quick, paper"});
  check_refused(toy.run("walk --set skale=1"), 2, {"skale", "near it: scale"});
  check_refused(toy.run("walk --set scale=nan"), 2, {"scale", "not finite"});
  check_refused(toy.run("walk --set scale=1e999"), 2, {"scale", "1e999"});
  check_refused(toy.run("walk --threads 0"), 2, {"--threads"});
  check_refused(toy.call("wlak"), 2, {"wlak"});
  check_refused(toy.call(""), 2, {"a command is missing"});
  check_refused(toy.call("sample walk/tuned/n3" + toy.places()), 2, {"--reports"});
}

BOOST_AUTO_TEST_CASE(an_interruption_says_that_the_same_command_resumes_and_keeps_what_was_finished) {
  const Toy toy;
  const auto messages = toy.folder() / "messages";
  const std::string command = "exec '" TOY_PROGRAM "' run walk --threads 1 --set n_steps=200 --set pause_us=1000" + toy.places();
  const auto folder = toy.runs() / "toy" / "custom" / "quick,n_steps=200,pause_us=1000";
  const pid_t child = start({"/bin/sh", "-c", command + " 2>'" + messages.string() + "'"}, {{"SUITE_CHECKPOINT_EVERY_S", "0"}});
  wait_for_file(folder / n5 / "checkpoint");
  kill(child, SIGINT);
  BOOST_TEST(wait_for(child) == 130);
  const std::string line = last_line(content_of(messages));
  BOOST_TEST(line.starts_with("toy: interrupted at " + n5 + ", "));
  BOOST_TEST(line.ends_with(" of 200; the same command resumes it, without --fresh"));
  BOOST_TEST(load_record(folder / n3 / "record.json").has_value());
  BOOST_TEST(!load_record(folder / n5 / "record.json").has_value());
  BOOST_TEST(load_checkpoint(folder / n5).has_value());
}

BOOST_AUTO_TEST_CASE(two_damaged_generations_are_refused_in_one_line_and_cost_no_other_cell) {
  const Toy toy;
  BOOST_TEST(toy.run("walk/tuned/n3").status == 0);
  const std::string finished = content_of(toy.cell(n3) / "record.json");
  for (const char* name : {"checkpoint", "checkpoint.previous"}) write_file(toy.cell(n5) / name, "checkpoint 1\n" + std::string(100, 'x'));
  const std::string place = toy.cell(n5).string();
  check_refused(toy.run("walk/tuned/n5"), 5, {place, "damaged", "no good one is left", "--fresh"});
  BOOST_TEST(content_of(toy.cell(n3) / "record.json") == finished);
  BOOST_TEST(toy.run("walk/tuned/n5 --fresh").status == 0);
}

// The refusal comes before anything is computed: hours later it would be of no use.
BOOST_AUTO_TEST_CASE(a_ledger_that_cannot_be_read_stops_every_command_and_is_left_alone) {
  const Toy toy;
  BOOST_TEST(toy.run("walk/tuned/n3").status == 0);
  const auto file = toy.reports() / "toy" / "results.json";
  const std::string good = toy.ledger();
  const auto refused = [&](const std::string& why) {
    const std::string bad = toy.ledger();
    for (const std::string command : {"run walk/tuned/n5", "run walk/tuned/n5 --jobs 2", "report", "check"})
      check_refused(toy.call(command + toy.places()), 5, {file.string(), why, "restore it from git"});
    BOOST_TEST(toy.ledger() == bad);
    BOOST_TEST(!fs::exists(toy.cell(n5) / "record.json"));
    write_file(file, good);
  };
  flip_byte(file, good.size() / 2);
  refused("damaged");
  write_file(file, "");
  refused("damaged");
  replace_sealed(file, "\"schema\": 1", "\"schema\": 2");
  refused("another version (schema 2, this program reads 1)");
  replace_sealed(file, "\"schema\": 1", "\"schema\": {}");
  refused("another version (schema {}, this program reads 1)");
  replace_sealed(file, "\"schema\": 1", "\"scheme\": 1");
  refused("not what this program writes");
  replace_sealed(file, "\"quick\": {", "\"huge\": {");
  refused("not what this program writes");

  // A run with --set needs no ledger; and the records make a lost one again.
  write_file(file, "");
  BOOST_TEST(toy.run("walk/tuned/n3 --set d=4").status == 0);
  fs::remove(file);
  BOOST_TEST(toy.run("walk/tuned/n3").status == 0);
  BOOST_TEST(toy.ledger() == good);
}

BOOST_AUTO_TEST_CASE(a_record_that_cannot_be_read_is_refused_in_one_line_and_fresh_mends_it) {
  const Toy toy;
  BOOST_TEST(toy.run("walk/tuned/n3").status == 0);
  const auto file = toy.cell(n3) / "record.json";
  const std::string good = content_of(file);
  const auto refused = [&](const std::string& why) {
    for (const std::string command : {"run walk/tuned/n3", "report", "check"})
      check_refused(toy.call(command + toy.places()), 5, {file.string(), why, "--fresh"});
    check_refused(toy.call("verify '" + file.string() + "'"), 5, {file.string(), why});
    write_file(file, good);
  };
  flip_byte(file, good.size() / 2);
  refused("damaged");
  replace_sealed(file, "\"schema\": 1", "\"schema\": \"one\"");
  refused("another version");
  replace_sealed(file, "\"profile\": \"quick\"", "\"profile\": \"huge\"");
  refused("not what this program writes");
  for (const char* number : {"1.5", "1e300", "4294967297", "true"}) {
    replace_sealed(file, "\"revision\": 1", std::string("\"revision\": ") + number);
    refused("not what this program writes");
  }
  flip_byte(file, 0);
  BOOST_TEST(toy.run("walk/tuned/n3 --fresh").status == 0);
  BOOST_TEST(load_record(file)->weights_sha256 == record_from_json(good, "").weights_sha256);
}

// A limit on the size of files cuts a write short, as a full disk does, here in the middle of a cell.
BOOST_AUTO_TEST_CASE(a_checkpoint_that_can_grow_no_more_ends_the_run_and_is_resumed_with_room) {
  const std::string walk = "walk/tuned/n20 --threads 1 --set n_steps=200";
  const Toy free, limited;
  const auto cell = [](const Toy& toy) { return toy.runs() / "toy" / "custom" / "quick,n_steps=200" / "walk/tuned/n20/seed_0"; };
  BOOST_TEST(free.run(walk).status == 0);

  const Result full = limited.run(walk, "ulimit -f 12; SUITE_CHECKPOINT_EVERY_S=0");
  BOOST_TEST(full.status == 5);
  const std::string line = last_line(full.err);
  BOOST_TEST(line.starts_with("toy: cannot write " + (cell(limited) / "checkpoint").string() + ": File too large; "), line);
  BOOST_TEST(contains(line, "run the same command again"));
  const std::string saved = load_checkpoint(cell(limited)).value().record;
  BOOST_TEST(record_from_json(saved, "").series.at("walk").at("step").size() > 20u);

  BOOST_TEST(limited.run(walk).status == 0);
  const auto result = [&](const Toy& toy) { return load_record(cell(toy) / "record.json").value(); };
  BOOST_TEST(!first_difference(result(free), result(limited)));
}

BOOST_AUTO_TEST_CASE(a_full_standard_output_is_status_5_and_the_record_is_kept) {
  const Toy toy;
  for (const std::string arguments : {"", " --json", " --seeds 300 --profile smoke"}) {
    const Result result = toy.run("walk/tuned/n3" + arguments + " >/dev/full");
    BOOST_TEST(result.status == 5);
    BOOST_TEST(last_line(result.err) == "toy: cannot write to standard output");
    BOOST_TEST(load_record(toy.cell(n3) / "record.json").has_value());
  }
}

BOOST_AUTO_TEST_CASE(messages_that_nobody_takes_stop_nothing) {
  for (const std::string nowhere : {" 2>/dev/full", " 2>&-", " --jobs 2 2>/dev/full"}) {
    const Toy toy;
    BOOST_TEST(toy.run("walk" + nowhere).status == 0);
    BOOST_TEST(load_ledger(toy.reports() / "toy" / "results.json").at(Profile::quick).size() == 3u);
    BOOST_TEST(toy.run("wolk" + nowhere).status == 2);
  }
  const Toy toy;
  toy.call("run walk" + toy.places() + " 2>&1 >/dev/null | true");  // the pipe is closed at the other end
  BOOST_TEST(load_ledger(toy.reports() / "toy" / "results.json").at(Profile::quick).size() == 3u);
}

BOOST_AUTO_TEST_CASE(a_record_that_lies_in_another_profiles_folder_is_named) {
  const Toy toy;
  BOOST_TEST(toy.run("walk").status == 0);
  std::filesystem::rename(toy.runs() / "toy" / "quick", toy.runs() / "toy" / "smoke");
  const Result result = toy.call("check" + toy.places());
  BOOST_TEST(result.status == 5);
  BOOST_TEST(contains(last_line(result.err), "a record of toy at quick, which does not belong there; move it away"));
}

BOOST_AUTO_TEST_CASE(a_pipe_is_written_to_and_stays_a_pipe) {
  const TemporaryFolder folder;
  const auto pipe = folder.path() / "pipe";
  BOOST_TEST(mkfifo(pipe.c_str(), 0600) == 0);
  const int reader = open(pipe.c_str(), O_RDWR | O_NONBLOCK);
  replace_file(pipe, "text");
  char text[8]{};
  BOOST_TEST(read(reader, text, sizeof text) == 4);
  BOOST_TEST(std::string(text) == "text");
  BOOST_TEST(std::filesystem::is_fifo(pipe));
  close(reader);
}
