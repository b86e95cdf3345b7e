#include "common/experiments/ledger.hpp"
#include "tests/experiments/toy.hpp"

#include <boost/test/unit_test.hpp>

using namespace experiments;

namespace {

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

const std::string n3 = "walk/tuned/n3/seed_0";

}  // namespace

BOOST_AUTO_TEST_CASE(a_run_leaves_records_weights_and_a_ledger_and_is_not_repeated) {
  const Toy toy;
  const Result first = toy.run("walk");
  BOOST_TEST(first.status == 0);
  BOOST_TEST(contains(first.out, "distance"));
  const Record record = load_record(toy.cell(n3) / "record.json").value();
  BOOST_TEST(record.weights_sha256.size() == 64u);
  BOOST_TEST(record.series.at("walk").at("first").size() == 40u);
  BOOST_TEST(std::filesystem::exists(toy.cell(n3) / "weights.npz"));
  BOOST_TEST(!std::filesystem::exists(toy.cell(n3) / "checkpoint"));
  BOOST_TEST(load_ledger(toy.reports() / "toy" / "results.json").at(Profile::quick).size() == 3u);

  const std::string ledger = toy.ledger();
  const Result second = toy.run("walk");
  BOOST_TEST(contains(second.err, "finished before"));
  BOOST_TEST(!contains(second.err, "started"));
  BOOST_TEST(second.out == first.out);
  BOOST_TEST(toy.ledger() == ledger);  // timings included: nothing ran

  const Result fresh = toy.run("walk --fresh");
  BOOST_TEST(contains(fresh.err, "started"));
  BOOST_TEST(fresh.out == first.out);
  BOOST_TEST(results_part(toy.ledger()) == results_part(ledger));
}

BOOST_AUTO_TEST_CASE(cells_run_again_when_their_identity_changed) {
  const Toy toy;
  BOOST_TEST(toy.run("walk/tuned/n3 --threads 1").status == 0);
  BOOST_TEST(!contains(toy.run("walk/tuned/n3").err, "started"));
  BOOST_TEST(contains(toy.run("walk/tuned/n3 --threads 2").err, "started"));
  BOOST_TEST(contains(toy.run("walk/tuned/n3", "TOY_REVISION=2").err, "started"));
}

#ifdef __x86_64__
BOOST_AUTO_TEST_CASE(a_run_says_that_blas_fell_back) {
  if (!__builtin_cpu_supports("avx2")) return;
  const Toy toy;
  BOOST_TEST(contains(toy.run("walk/tuned/n3", "OPENBLAS_CORETYPE=Prescott").err, "takes this processor for a Prescott"));
  BOOST_TEST(!contains(toy.run("walk/tuned/n3", "OPENBLAS_CORETYPE=Haswell").err, "OpenBLAS"));
}
#endif

BOOST_AUTO_TEST_CASE(a_lost_ledger_entry_is_made_good_by_the_record) {
  const Toy toy;
  toy.run("walk");
  const std::string ledger = toy.ledger();
  std::filesystem::remove(toy.reports() / "toy" / "results.json");
  BOOST_TEST(toy.run("walk").status == 0);
  BOOST_TEST(toy.ledger() == ledger);
}

BOOST_AUTO_TEST_CASE(filters_name_experiments_cells_and_beginnings_of_cells) {
  const Toy toy;
  const auto n_run = [&](const std::string& filter) {
    const Result result = toy.run(filter + " --fresh --profile smoke");
    BOOST_TEST(result.status == 0);
    std::size_t count = 0;
    for (std::size_t at = result.out.find("weights_sha256"); at != std::string::npos; at = result.out.find("weights_sha256", at + 1)) ++count;
    return count;
  };
  BOOST_TEST(n_run("walk") == 3u);
  BOOST_TEST(n_run("walk/tuned/n20") == 1u);
  BOOST_TEST(n_run("walk/tuned/n2") == 1u);
  BOOST_TEST(n_run("walk/tuned/n20/seed_0") == 1u);
  BOOST_TEST(n_run("walk/tuned walk/tuned/n3") == 3u);
  BOOST_TEST(n_run("walk/tuned/n3 --seeds 4") == 4u);
  BOOST_TEST(n_run("walk/tuned/n3 --seed 9 --seeds 2") == 2u);
  BOOST_TEST(std::filesystem::exists(toy.cell("walk/tuned/n3/seed_10", "smoke") / "record.json"));
}

BOOST_AUTO_TEST_CASE(two_processes_give_the_results_of_one) {
  const Toy one, two;
  BOOST_TEST(one.run("walk --threads 1 --seeds 5").status == 0);
  BOOST_TEST(two.run("walk --threads 1 --seeds 5 --jobs 2").status == 0);
  BOOST_TEST(results_part(one.ledger()) == results_part(two.ledger()));
  BOOST_TEST(load_ledger(two.reports() / "toy" / "results.json").at(Profile::quick).size() == 15u);
}

BOOST_AUTO_TEST_CASE(set_changes_a_setting_and_enters_no_ledger) {
  const Toy toy;
  BOOST_TEST(toy.run("walk/tuned/n3").status == 0);
  const std::string ledger = toy.ledger();
  const Result changed = toy.run("walk/tuned/n3 --set d=7 --set scale=2");
  BOOST_TEST(changed.status == 0);
  BOOST_TEST(contains(changed.out, "changed by --set"));
  BOOST_TEST(toy.ledger() == ledger);
  const Record record = load_record(toy.runs() / "toy" / "custom" / "quick,d=7,scale=2" / n3 / "record.json").value();
  BOOST_TEST(record.custom);
  BOOST_TEST(record.identity.settings.count("d") == 7);
  BOOST_TEST(std::get<double>(record.identity.settings.values().at("scale")) == 2.0);  // keeps its type
  BOOST_TEST(toy.run("walk/tuned/n3 --set seed=4").status == 0);
  BOOST_TEST(std::filesystem::exists(toy.runs() / "toy" / "custom" / "quick,seed=4" / "walk/tuned/n3/seed_4" / "record.json"));
  BOOST_TEST(toy.ledger() == ledger);
}

BOOST_AUTO_TEST_CASE(wrong_usage_is_status_2_with_advice) {
  const Toy toy;
  BOOST_TEST(toy.run("walk --no-such-flag").status == 2);
  BOOST_TEST(toy.run("walk --profile huge").status == 2);
  BOOST_TEST(toy.run("walk --jobs 0").status == 2);
  for (const char* number : {"--seed -1", "--seed 18446744073709551616", "--seed one", "--seeds 0", "--seeds 99999999999999999999", "--threads 0"})
    BOOST_TEST(toy.run(std::string("walk ") + number).status == 2, number);
  BOOST_TEST(toy.call("").status == 2);
  const Result experiment = toy.run("wolk");
  BOOST_TEST(experiment.status == 2);
  BOOST_TEST(contains(experiment.err, "near it: walk"));
  const Result setting = toy.run("walk --set skale=1");
  BOOST_TEST(setting.status == 2);
  BOOST_TEST(contains(setting.err, "near it: scale"));
  BOOST_TEST(toy.run("walk --set d=many").status == 2);
  BOOST_TEST(toy.run("walk --set d=3.5").status == 2);
  BOOST_TEST(toy.run("walk --set unhealthy=yes").status == 2);
  BOOST_TEST(toy.run("walk --set d").status == 2);
  BOOST_TEST(!std::filesystem::exists(toy.runs()));
}

BOOST_AUTO_TEST_CASE(a_diverged_cell_is_recorded_and_the_others_go_on) {
  for (const std::string jobs : {"", " --jobs 2"}) {
    const Toy toy;
    BOOST_TEST(toy.run("walk_diverges" + jobs).status == 4);
    const Record diverged = load_record(toy.cell("walk_diverges/tuned/n3/seed_0") / "record.json").value();
    BOOST_TEST(diverged.diverged);
    BOOST_TEST(diverged.divergence == "the loss at step 20 is nan");
    BOOST_TEST(diverged.series.at("walk").at("step").size() == 20u);
    BOOST_TEST(!load_record(toy.cell("walk_diverges/tuned/n20/seed_0") / "record.json").value().diverged);
    BOOST_TEST(toy.run("walk_diverges").status == 4);
  }
}

BOOST_AUTO_TEST_CASE(a_failed_health_check_is_status_1) {
  const Toy toy;
  const Result result = toy.run("walk_unhealthy");
  BOOST_TEST(result.status == 1);
  BOOST_TEST(contains(result.err, "health check failed: finite"));
}

BOOST_AUTO_TEST_CASE(stand_in_results_enter_no_ledger_and_give_way_to_data) {
  const Toy toy;
  BOOST_TEST(toy.run("walk_stand_in/tuned/n3").status == 0);
  BOOST_TEST(!std::filesystem::exists(toy.reports() / "toy" / "results.json"));
  BOOST_TEST(contains(toy.run("walk_stand_in/tuned/n3", "env -u PAPER_DATA").err, "finished before"));
  BOOST_TEST(contains(toy.run("walk_stand_in/tuned/n3 --data here").err, "started"));
}

BOOST_AUTO_TEST_CASE(a_place_that_cannot_be_written_is_status_5_in_one_line) {
  const Toy toy;
  write_file(toy.folder() / "file", "");
  for (const std::string jobs : {"", " --jobs 2"}) {
    const Result result = toy.call("run walk --runs file/below --reports reports" + jobs);
    BOOST_TEST(result.status == 5);
    BOOST_TEST(std::count(result.err.begin(), result.err.end(), '\n') == 1);
    BOOST_TEST(contains(result.err, "file/below"));
  }
}

BOOST_AUTO_TEST_CASE(a_ledger_that_cannot_be_written_is_known_before_anything_is_computed) {
  const Toy toy;
  write_file(toy.folder() / "file", "");
  const Result result = toy.call("run walk --runs runs --reports file/below");
  BOOST_TEST(result.status == 5);
  BOOST_TEST(contains(result.err, "file/below"));
  BOOST_TEST(!contains(result.err, "started"));
}

BOOST_AUTO_TEST_CASE(a_damaged_record_is_status_5_and_fresh_mends_it) {
  const Toy toy;
  toy.run("walk/tuned/n3");
  flip_byte(toy.cell(n3) / "record.json", 100);
  const Result damaged = toy.run("walk/tuned/n3");
  BOOST_TEST(damaged.status == 5);
  BOOST_TEST(contains(damaged.err, "record.json: damaged"));
  BOOST_TEST(toy.run("walk/tuned/n3 --fresh").status == 0);
}

BOOST_AUTO_TEST_CASE(verify_repeats_a_record_or_names_what_differs) {
  const Toy toy;
  BOOST_TEST(toy.run("walk/tuned/n3").status == 0);
  BOOST_TEST(toy.run("walk/tuned/n3 --set d=9").status == 0);
  const auto verify = [&](const std::filesystem::path& record) { return toy.call("verify '" + record.string() + "'"); };
  const std::string ledger = toy.ledger();
  BOOST_TEST(verify(toy.cell(n3) / "record.json").out == "IDENTICAL\n");
  BOOST_TEST(verify(toy.runs() / "toy/custom/quick,d=9" / n3).out == "IDENTICAL\n");
  BOOST_TEST(toy.ledger() == ledger);

  Record record = load_record(toy.cell(n3) / "record.json").value();
  record.metrics["distance"].value = 1.5;
  save_record(toy.folder() / "other.json", record);
  const Result differs = verify(toy.folder() / "other.json");
  BOOST_TEST(differs.status == 1);
  BOOST_TEST(differs.out.starts_with("metrics/distance/value: 1.5 in the record, "));
  BOOST_TEST(verify(toy.folder() / "missing.json").status == 5);

  Record of_other_data = record;
  of_other_data.data_sha256 = {{"toy.dat", "4567"}};
  save_record(toy.folder() / "other.json", of_other_data);
  const Result elsewhere = verify(toy.folder() / "other.json");
  BOOST_TEST(elsewhere.status == 3);
  BOOST_TEST(contains(elsewhere.err, "toy.dat: not the data that the record is of"));

  Record of_other_settings = record;
  of_other_settings.identity.settings = {{"d", std::int64_t{3}}};
  save_record(toy.folder() / "other.json", of_other_settings);
  const Result lacks = verify(toy.folder() / "other.json");
  BOOST_TEST(lacks.status == 2);
  BOOST_TEST(contains(lacks.err, "other settings than toy declares"));

  record.identity.revision = 7;
  save_record(toy.folder() / "other.json", record);
  const Result older = verify(toy.folder() / "other.json");
  BOOST_TEST(older.status == 2);
  BOOST_TEST(contains(older.err, "of revision 7 and instruction set " + record.identity.instruction_set + "; this program has 1 and"));
}

BOOST_AUTO_TEST_CASE(sample_draws_from_the_weights_of_a_trained_cell) {
  const Toy toy;
  const std::string runs = " --runs '" + toy.runs().string() + "'";
  BOOST_TEST(toy.call("sample walk/tuned/n5" + runs).status == 2);
  BOOST_TEST(toy.run("walk/tuned/n5").status == 0);
  const Result sampled = toy.call("sample walk/tuned/n5 -n 4 -o grid.pgm" + runs);
  BOOST_TEST(sampled.status == 0);
  BOOST_TEST(contains(sampled.out, "weights.npz"));
  // Four pixels of shade 5 (the number of weights) in a 2 x 2 grid between white lines.
  const std::string w = "\xff", line(5, '\xff'), pixels = w + "\5" + w + "\5" + w;
  BOOST_TEST(content_of(toy.folder() / "grid.pgm") == "P5\n5 5\n255\n" + line + pixels + line + pixels + line);

  // A seed that is not declared; weights without the record of their run, or with one that the program has left behind.
  BOOST_TEST(toy.call("sample walk/tuned/n5/seed_7" + runs).status == 2);
  BOOST_TEST(toy.run("walk/tuned/n5 --seed 7").status == 0);
  BOOST_TEST(contains(toy.call("sample walk/tuned/n5/seed_7" + runs).out, "seed_7"));
  BOOST_TEST(toy.call("sample walk/tuned/n5/seed_x" + runs).status == 2);
  BOOST_TEST(toy.call("sample walk/tuned/n5 -o ''" + runs).status == 2);
  BOOST_TEST(toy.call("sample walk/tuned/n5 --runs ''").status == 2);
  BOOST_TEST(contains(toy.run("walk/tuned/n5 --seed 18446744073709551615 --seeds 2").err, "there are not as many"));
  const Result several = toy.call("sample walk/tuned" + runs);
  BOOST_TEST(several.status == 2);
  BOOST_TEST(contains(several.err, "name one"));
  BOOST_TEST(contains(toy.call("sample walk/tuned/n5 --profile smoke" + runs).err, "--profile smoke"));
  BOOST_TEST(toy.call("sample walk/tuned/n5" + runs, "TOY_REVISION=2").status == 2);
  const std::filesystem::path other = toy.cell("walk/tuned/n5/seed_7") / "weights.npz", own = toy.cell("walk/tuned/n5/seed_0") / "weights.npz";
  std::filesystem::rename(own, toy.folder() / "own.npz");
  const Result missing = toy.call("sample walk/tuned/n5/seed_0" + runs);
  BOOST_TEST(missing.status == 5);
  BOOST_TEST(contains(missing.err, "--fresh"));
  std::filesystem::copy(other, own);
  const Result swapped = toy.call("sample walk/tuned/n5/seed_0" + runs);
  BOOST_TEST(swapped.status == 5);
  BOOST_TEST(contains(swapped.err, "of another run than the record's; rerun the cell with --fresh"));
  std::filesystem::rename(toy.folder() / "own.npz", own);
  BOOST_TEST(toy.call("sample walk/tuned/n5/seed_0" + runs).status == 0);
  std::filesystem::remove(toy.cell("walk/tuned/n5/seed_0") / "record.json");
  BOOST_TEST(toy.call("sample walk/tuned/n5/seed_0" + runs).status == 2);
}

BOOST_AUTO_TEST_CASE(report_and_check_read_the_ledger_together_with_the_runs) {
  const Toy toy;
  BOOST_TEST(toy.call("check --claim table1.distance" + toy.places()).status == 77);
  toy.run("walk");
  std::filesystem::remove_all(toy.cell(n3));  // only the ledger has it now
  toy.run("walk_stand_in/tuned/n3");          // only the run has it
  BOOST_TEST(toy.call("report" + toy.places()).status == 0);
  BOOST_TEST(content_of(toy.reports() / "toy" / "index.md") == "4 cells\n");
  BOOST_TEST(toy.call("check" + toy.places()).status == 0);
  BOOST_TEST(toy.call("check --claim other" + toy.places()).status == 1);
}

BOOST_AUTO_TEST_CASE(list_and_help_and_json) {
  const Toy toy;
  const Result list = toy.call("list");
  BOOST_TEST(list.status == 0);
  BOOST_TEST(contains(list.out, "walk/tuned/n20"));
  BOOST_TEST(contains(list.out, "table1.distance: 1.25"));
  const Result help = toy.call("--help");
  BOOST_TEST(help.status == 0);
  BOOST_TEST(contains(help.out, "130  interrupted"));
  const Result json = toy.run("walk/tuned/n3 --json");
  BOOST_TEST(json.out.starts_with("[\n  {\n    \"cell\": \"tuned/n3\""));
  BOOST_TEST(json.out.ends_with("]\n"));
}
