#include "common/experiments/encoding.hpp"
#include "common/experiments/ledger.hpp"
#include "common/experiments/npz.hpp"
#include "common/experiments/pictures.hpp"
#include "common/experiments/record_json.hpp"
#include "common/tensors/digest.hpp"
#include "common/tensors/errors.hpp"
#include "tests/temporary_folder.hpp"

#include <boost/test/unit_test.hpp>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

using namespace experiments;
using tensors::Array;
using tensors::Exit;
using tensors::Failure;
using tensors::Shape;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

Record example() {
  Record record;
  record.identity = {"toy",
                     "walk",
                     "tuned/n20",
                     Profile::quick,
                     18446744073709551615u,
                     {{"d", std::int64_t{20}}, {"rate", 1.0}, {"tiny", 5e-324}, {"flag", true}, {"text", std::string("a \"quoted\" word")}},
                     3,
                     2,
                     "avx2"};
  record.metrics["third"] = {1.0 / 3.0, "nats", "exact", 0.1};
  record.metrics["nan"] = {std::nan(""), "nats", "none", infinity};
  record.series["curve"] = {{"x", {0.0, -0.0, 0.1, 1e300}}, {"y", {std::nan(""), -infinity, 5e-324, -1.0}}};
  record.images["grid"] = {2, 2, 3, {0, 1, 2, 3, 4, 5, 250, 251, 252, 253, 254, 255}};
  record.health = {{"finite", true, "the loss"}, {"bound", false, "above"}};
  record.weights_sha256 = "abcd";
  record.data_sha256["mnist"] = "ef01";
  record.provenance = {"0123456789ab+changes", "GCC", "-O3", "a CPU", {{"boost", "1.74.0"}}};
  record.wall_s = 12.345678901234567;
  record.peak_memory_mib = 77.5;
  return record;
}

const auto is_io = [](const Failure& failure) { return failure.status() == Exit::io; };

// A program that declares the example's cell with these settings and this revision.
Program declaring(const Record& record, const std::filesystem::path& reports) {
  Program program;
  program.name = "toy";
  program.reports = reports;
  const Identity& identity = record.identity;
  const auto cells = [identity](Profile) { return std::vector<Cell>{{identity.cell, 0, identity.settings, 1}}; };
  program.experiments.push_back({"walk", "", identity.revision, cells, {}, {}});
  return program;
}

void save_run(const std::filesystem::path& runs, const Record& record) {
  save_record(runs / "toy" / to_string(record.identity.profile) / record.identity.key() / "record.json", record);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_record_survives_its_text_to_the_last_bit) {
  const Record record = example();
  const Record back = record_from_json(to_json(record), "here");
  BOOST_TEST((back.identity == record.identity));
  BOOST_TEST(std::holds_alternative<double>(back.identity.settings.values().at("rate")));
  BOOST_TEST(std::isnan(back.metrics.at("nan").value));
  BOOST_TEST(back.metrics.at("nan").standard_error.value() == infinity);
  BOOST_TEST(!first_difference(record, back));
  for (const char* column : {"x", "y"}) {
    for (std::size_t i = 0; i < 4; ++i) {
      const double was = record.series.at("curve").at(column)[i], is = back.series.at("curve").at(column)[i];
      BOOST_TEST((std::isnan(was) ? std::isnan(is) : std::bit_cast<std::uint64_t>(was) == std::bit_cast<std::uint64_t>(is)));
    }
  }
  BOOST_TEST(back.images.at("grid").pixels == record.images.at("grid").pixels, boost::test_tools::per_element());
  BOOST_TEST(back.wall_s == record.wall_s);
  BOOST_TEST(back.provenance.libraries.at("boost") == "1.74.0");
  BOOST_TEST(to_json(back) == to_json(record));
}

BOOST_AUTO_TEST_CASE(a_long_series_stands_on_one_line) {
  Record record = example();
  record.series["long"] = {{"x", std::vector<double>(1000, 0.5)}};
  const auto lines = [](const Record& r) { const std::string text = to_json(r); return std::count(text.begin(), text.end(), '\n'); };
  BOOST_TEST(lines(record) - lines(example()) == 3);  // the series, its column, the closing brace
}

BOOST_AUTO_TEST_CASE(every_flipped_byte_of_a_record_is_noticed) {
  const std::string text = to_json(example());
  for (std::size_t at = 0; at < text.size(); ++at) {
    std::string damaged = text;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    BOOST_CHECK_EXCEPTION(record_from_json(damaged, "here"), Failure, is_io);
  }
  for (std::size_t size : {std::size_t{0}, std::size_t{1}, text.size() / 2, text.size() - 1})
    BOOST_CHECK_EXCEPTION(record_from_json(text.substr(0, size), "here"), Failure, is_io);
}

BOOST_AUTO_TEST_CASE(a_record_of_another_version_is_refused_with_advice) {
  std::string text = to_json(example());
  const std::size_t end = text.find(",\n  \"sha256\"");
  std::string content = text.substr(0, end);
  content.replace(content.find("\"schema\": 1"), 11, "\"schema\": 2");
  text = content + ",\n  \"sha256\": \"" + tensors::sha256(content) + "\"\n}\n";
  BOOST_CHECK_EXCEPTION(record_from_json(text, "a/record.json"), Failure, [](const Failure& failure) {
    const std::string message = failure.what();
    return is_io(failure) && message.starts_with("a/record.json: written by another version") && message.find("--fresh") != std::string::npos;
  });
}

BOOST_AUTO_TEST_CASE(equal_results_give_equal_bytes_whatever_the_machine) {
  Record other = example();
  other.wall_s = 1;
  other.provenance.commit = "fedc";
  const auto results = [](const Record& record) {
    const std::string text = to_json(Ledger{{Profile::quick, {{record.identity.key(), record}}}});
    return text.substr(text.find("\"results\""), text.find("\"schema\"") - text.find("\"results\""));
  };
  BOOST_TEST(results(other) == results(example()));
  other.metrics["third"].value = std::nextafter(1.0 / 3.0, 1.0);
  BOOST_TEST(results(other) != results(example()));
}

BOOST_AUTO_TEST_CASE(the_first_difference_is_named_with_both_values) {
  Record now = example();
  BOOST_TEST(!first_difference(example(), now));
  now.series["curve"]["x"][1] = 0.0;
  BOOST_TEST(first_difference(example(), now).value() == "series/curve/x[1]: -0.0 in the record, 0.0 now");
  now.metrics.erase("third");
  BOOST_TEST(first_difference(example(), now)->starts_with("metrics/third: {"));
  BOOST_TEST(first_difference(example(), now)->ends_with(" in the record, nothing now"));
}

BOOST_AUTO_TEST_CASE(settings_name_what_is_missing_or_of_another_type) {
  const Settings settings = example().identity.settings;
  BOOST_TEST(settings.count("d") == 20);
  BOOST_TEST(settings.number("d") == 20.0);
  const auto names = [](const std::string& name) {
    return [name](const std::invalid_argument& error) { return std::string(error.what()).find(name) != std::string::npos; };
  };
  BOOST_CHECK_EXCEPTION(settings.count("rate"), std::invalid_argument, names("'rate'"));
  BOOST_CHECK_EXCEPTION(settings.flag("depth"), std::invalid_argument, names("'depth'"));
  BOOST_CHECK_EXCEPTION(profile_from("huge"), Failure, [](const Failure& failure) { return failure.status() == Exit::usage; });
}

BOOST_AUTO_TEST_CASE(a_ledger_grows_cell_by_cell_and_a_lower_profile_replaces_nothing) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "toy" / "results.json";
  BOOST_TEST(load_ledger(file).empty());
  Record paper = example();
  paper.identity.profile = Profile::paper;
  merge_into_ledger(file, paper);
  merge_into_ledger(file, example());
  Record again = example();
  again.metrics["third"].value = 7;
  merge_into_ledger(file, again);
  const Ledger ledger = load_ledger(file);
  BOOST_TEST(ledger.size() == 2u);
  BOOST_TEST(ledger.at(Profile::paper).begin()->second.metrics.at("third").value == 1.0 / 3.0);
  BOOST_TEST(ledger.at(Profile::quick).begin()->second.metrics.at("third").value == 7.0);
}

BOOST_AUTO_TEST_CASE(custom_and_stand_in_records_stay_out_of_the_ledger) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "results.json";
  Record custom = example(), stand_in = example();
  custom.custom = true;
  stand_in.stand_in_data = true;
  merge_into_ledger(file, custom);
  merge_into_ledger(file, stand_in);
  BOOST_TEST(load_ledger(file).empty());
}

BOOST_AUTO_TEST_CASE(a_damaged_ledger_is_refused) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "results.json";
  merge_into_ledger(file, example());
  flip_byte(file, content_of(file).size() / 2);
  BOOST_CHECK_EXCEPTION(load_ledger(file), Failure, is_io);
  BOOST_CHECK_EXCEPTION(merge_into_ledger(file, example()), Failure, is_io);
}

BOOST_AUTO_TEST_CASE(the_union_prefers_the_run_unless_it_is_worth_less) {
  const TemporaryFolder folder;
  const Program program = declaring(example(), folder.path() / "reports");
  const auto runs = folder.path() / "runs";
  const auto third = [&] { return all_records(program, runs).at(Profile::quick).at(example().identity.key()).metrics.at("third").value; };
  merge_into_ledger(ledger_file(program), example());
  BOOST_TEST(third() == 1.0 / 3.0);

  Record run = example();
  run.metrics["third"].value = 7;
  save_run(runs, run);
  BOOST_TEST(third() == 7.0);
  run.stand_in_data = true;
  save_run(runs, run);
  BOOST_TEST(third() == 1.0 / 3.0);
  run.stand_in_data = false;
  run.identity.revision = 2;
  save_run(runs, run);
  BOOST_TEST(third() == 1.0 / 3.0);
}

BOOST_AUTO_TEST_CASE(derived_metrics_are_read_and_not_stored) {
  const TemporaryFolder folder;
  Program program = declaring(example(), folder.path() / "reports");
  program.experiments.front().derived = [](const Record& record) {
    return std::map<std::string, Metric>{{"thrice", {3 * record.metrics.at("third").value, "nats", "three times", {}}}};
  };
  Record diverged = example();
  diverged.identity.seed = 5;
  diverged.diverged = true;
  diverged.metrics.clear();
  Record run = example();
  run.identity.seed = 6;
  Record old = example();  // of a revision that did not have the metric
  old.identity.seed = 7;
  old.identity.revision -= 1;
  old.metrics.clear();
  for (const Record& record : {example(), diverged, old}) merge_into_ledger(ledger_file(program), record);
  save_run(folder.path() / "runs", run);
  const Ledger ledger = all_records(program, folder.path() / "runs");
  for (const Record& record : {example(), run})
    BOOST_TEST(ledger.at(Profile::quick).at(record.identity.key()).metrics.at("thrice").value == 1.0);
  BOOST_TEST(ledger.at(Profile::quick).at(diverged.identity.key()).metrics.empty());
  BOOST_TEST(!load_ledger(ledger_file(program)).at(Profile::quick).at(example().identity.key()).metrics.contains("thrice"));
}

BOOST_AUTO_TEST_CASE(a_record_is_stale_when_the_declaration_moved_on) {
  const Program program = declaring(example(), "reports");
  BOOST_TEST(!stale(example(), program));
  Record other = example();
  other.identity.seed = 5;  // another seed of a declared cell is as current as the declared one
  other.identity.threads = 9;
  BOOST_TEST(!stale(other, program));
  other.identity.revision = 2;
  BOOST_TEST(stale(other, program));
  other = example();
  other.identity.settings.set("rate", 2.0);
  BOOST_TEST(stale(other, program));
  other = example();
  other.identity.experiment = "gone";
  BOOST_TEST(stale(other, program));
}

BOOST_AUTO_TEST_CASE(stale_records_leave_the_ledger_only_when_told_to) {
  const TemporaryFolder folder;
  const Program program = declaring(example(), folder.path());
  BOOST_TEST(forget_stale(program) == 0u);
  Record other = example();
  other.identity.cell = "withdrawn";
  merge_into_ledger(ledger_file(program), example());
  merge_into_ledger(ledger_file(program), other);
  BOOST_TEST(load_ledger(ledger_file(program)).at(Profile::quick).size() == 2u);
  BOOST_TEST(forget_stale(program) == 1u);
  BOOST_TEST(forget_stale(program) == 0u);
  const Ledger left = load_ledger(ledger_file(program));
  BOOST_TEST(left.at(Profile::quick).size() == 1u);
  BOOST_TEST(left.at(Profile::quick).contains(example().identity.key()));
}

BOOST_AUTO_TEST_CASE(packed_bytes_come_back) {
  for (std::size_t size : {0u, 1u, 2u, 3u, 1000u}) {
    const std::vector<std::uint8_t> bytes(size, 200);
    BOOST_TEST(unpack(pack(bytes), size) == bytes, boost::test_tools::per_element());
    BOOST_CHECK_THROW(unpack(pack(bytes), size + 1), std::invalid_argument);
    if (size > 0) BOOST_CHECK_THROW(unpack(pack(bytes), size - 1), std::invalid_argument);
  }
  BOOST_CHECK_THROW(unpack("not base64!", 3), std::invalid_argument);
  BOOST_CHECK_THROW(unpack(pack({1, 2, 3}), std::size_t{1} << 50), std::invalid_argument);  // no memory is taken for it
}

BOOST_AUTO_TEST_CASE(weights_survive_the_archive_and_their_digest_sees_names_shapes_and_values) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "weights.npz";
  const NamedArrays arrays{{"w", Array<float>(Shape{2, 3}, {1, 2, 3, 4, 5, -0.0f})}, {"b", Array<float>::scalar(0.1f)},
                           {"none", Array<float>(Shape{0, 4})}};
  save_npz(file, arrays);
  const auto back = load_npz(file);
  BOOST_TEST(back.size() == 3u);
  for (std::size_t i = 0; i < arrays.size(); ++i) {
    BOOST_TEST(back[i].first == arrays[i].first);
    BOOST_TEST((back[i].second.shape() == arrays[i].second.shape()));
    BOOST_TEST(back[i].second.elements() == arrays[i].second.elements(), boost::test_tools::per_element());
  }
  BOOST_TEST(weights_digest(back) == weights_digest(arrays));
  const std::string bytes = content_of(file);
  save_npz(file, arrays);
  BOOST_TEST(content_of(file) == bytes);

  const std::string digest = weights_digest({arrays[0]});
  BOOST_TEST(weights_digest({{"v", arrays[0].second}}) != digest);
  BOOST_TEST(weights_digest({{"w", arrays[0].second.reshaped(Shape{3, 2})}}) != digest);
  BOOST_TEST(weights_digest({{"w", Array<float>(Shape{2, 3}, {1, 2, 3, 4, 5, 0.0f})}}) != digest);
  BOOST_CHECK_THROW(save_npz(file, {arrays[0], arrays[0]}), std::invalid_argument);

  for (std::size_t at : {std::size_t{0}, bytes.size() / 3, bytes.size() - 1}) {
    write_file(file, bytes.substr(0, at));
    BOOST_CHECK_EXCEPTION(load_npz(file), Failure, is_io);
  }
  std::string flipped = bytes;
  const std::size_t data = flipped.find("NUMPY") + 128;  // the array's first number comes after 128 bytes of header
  flipped[data] = static_cast<char>(flipped[data] ^ 1);
  write_file(file, flipped);
  BOOST_CHECK_EXCEPTION(load_npz(file), Failure, is_io);
}

BOOST_AUTO_TEST_CASE(levels_become_bytes_and_what_lies_outside_is_cut_off) {
  const tensors::Array<float> levels({2, 4}, {0, 0.5f, 1, 2, -1, 0.25f, 0.75f, 1});
  const experiments::Images images = experiments::as_images(levels, 2, 2);
  BOOST_TEST(images.n == 2);
  BOOST_TEST(images.pixels == (std::vector<std::uint8_t>{0, 128, 255, 255, 0, 64, 191, 255}), boost::test_tools::per_element());
  BOOST_TEST(experiments::as_images(levels, 2, 2, -1).pixels == (std::vector<std::uint8_t>{128, 191, 255, 255, 0, 159, 223, 255}),
             boost::test_tools::per_element());
  BOOST_CHECK_THROW(experiments::as_images(levels, 2, 3), std::invalid_argument);
}
