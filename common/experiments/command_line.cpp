// The command line, the same for every program (README, "Commands").
#include "common/experiments/commands.hpp"
#include "common/experiments/experiment.hpp"
#include "common/experiments/ledger.hpp"
#include "common/experiments/messages.hpp"

#include <CLI/CLI.hpp>

#include <csignal>
#include <cstdio>

namespace experiments {

using tensors::Exit;
using tensors::fail;
using tensors::Failure;
namespace fs = std::filesystem;

namespace {

constexpr const char* exit_statuses = R"(
Exit status:
  0    done
  1    a claim or a health check failed, or a verified cell differs; an error inside the program
  2    wrong usage; a record that this version would not compute again (verify)
  3    data missing or corrupt, or other than a record's (verify)
  4    a cell diverged; it is recorded as diverged, the others went on
  5    something cannot be written, a record cannot be read, another process is running a cell, or memory is out
  77   nothing to check: what the claim needs was not run
  130  interrupted; a checkpoint is written where a cell keeps one, and the same command goes on
)";

struct Options {
  Selection selection;
  RunOptions run;
  SampleOptions sample;
  std::string profile;
  fs::path record;
  bool as_json = false, forget_stale = false;
  std::optional<std::string> claim;
};

Exit execute(const Program& declared, int argc, char** argv) {
  Program program = declared;
  Options options;
  options.run.runs = program.reports.parent_path() / "runs";
  options.sample.image = "samples.pgm";

  CLI::App app(program.title, program.name);
  app.footer(exit_statuses);
  app.require_subcommand(0, 1);

  const CLI::Validator is_name([](std::string& text) { return text.empty() ? "is empty (an unset variable?)" : ""; }, "");
  const auto places = [&](CLI::App* command, bool runs) {
    if (runs) command->add_option("--runs", options.run.runs, "folder of the runs (default: runs/ in the repository)")->type_name("DIR")->check(is_name);
    command->add_option("--reports", program.reports, "folder of the reports (default: reports/ in the repository)")->type_name("DIR")->check(is_name);
  };
  const auto profile = [&](CLI::App* command, const char* help) {
    command->add_option("--profile", options.profile, help)->type_name("smoke|quick|paper");
  };
  const auto data = [&](CLI::App* command) {
    command->add_option("--data", options.run.data, "folder of the data sets (default: $PAPER_DATA, else the cache)")->type_name("DIR");
  };

  CLI::App* list = app.add_subcommand("list", "Shows experiments, cells, published numbers and the estimated time per profile.");

  CLI::App* run = app.add_subcommand("run", "Runs the chosen cells, or all. Finished ones are skipped, interrupted ones resumed.");
  run->add_option("EXPERIMENT", options.selection.filters, "EXPERIMENT, EXPERIMENT/CELL, EXPERIMENT/CELL/seed_N, or EXPERIMENT/beginning of cells");
  profile(run, "scale of the run (default: quick)");
  const CLI::Validator is_seed(
      [](std::string& text) { return seed_from(text) ? "" : fmt::format("'{}' is no seed: 0 to {}", text, ~std::uint64_t{0}); }, "");
  run->add_option("--seed", options.selection.seed, "this seed in place of the declared ones")->type_name("N")->check(is_seed);
  run->add_option("--seeds", options.selection.n_seeds, "so many seeds for each cell, counted from its own")
      ->type_name("N")
      ->check(CLI::Range(1, 10'000));
  run->add_option("--threads", options.run.threads, "threads in each process (default: the processors divided by the jobs)")
      ->type_name("N")
      ->check(CLI::Range(1, 1024));
  run->add_option("--jobs", options.run.jobs, "spread the cells over so many processes")->type_name("N")->check(CLI::Range(1, 1024));
  run->add_option("--set", options.selection.changes, "change a setting of the chosen cells; such runs enter no ledger and no claim")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  run->add_flag("--fresh", options.run.fresh, "run again what is finished, and from its beginning what is interrupted; what was there is put aside until then");
  run->add_flag("--json", options.as_json, "print the results as JSON");
  data(run);
  places(run, true);

  CLI::App* report = app.add_subcommand("report", "Redraws the report from ledger and records, training nothing.");
  report->add_flag("--forget-stale", options.forget_stale, "first take the records of settings or code that are no longer declared out of the ledger");
  places(report, true);

  CLI::App* check = app.add_subcommand("check", "Holds the published numbers against the results.");
  check->add_option("--claim", options.claim, "this claim only")->type_name("ID");
  profile(check, "the results of this profile only");
  places(check, true);

  CLI::App* verify = app.add_subcommand("verify", "Runs a cell again from its record and compares every result.");
  verify->add_option("RECORD", options.record, "a record.json, or its folder")->required();
  data(verify);

  CLI::App* sample = app.add_subcommand("sample", "Draws images from a trained cell and writes them as a grid (PGM).");
  sample->add_option("CELL", options.sample.cell, "EXPERIMENT/CELL or EXPERIMENT/CELL/seed_N")->required();
  sample->add_option("-n", options.sample.n, "number of images (default: 16)")->type_name("N")->check(CLI::Range(1, 1 << 16));
  sample->add_option("-o", options.sample.image, "the image to write (default: samples.pgm)")->type_name("FILE")->check(is_name);
  profile(sample, "of this profile (default: the highest that was run)");
  sample->add_option("--runs", options.run.runs, "folder of the runs")->type_name("DIR")->check(is_name);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return static_cast<Exit>(app.exit(error));
    fail(Exit::usage, "{}; see: {} --help", error.what(), program.name);
  }
  if (app.get_subcommands().empty()) fail(Exit::usage, "a command is missing; see: {} --help", program.name);
  const auto chosen_profile = options.profile.empty() ? std::nullopt : std::optional(profile_from(options.profile));

  if (*list) return list_command(program);
  if (*run) {
    options.run.profile = chosen_profile.value_or(Profile::quick);
    options.run.custom = custom_label(options.selection);
    return run_command(program, options.selection, options.run, options.as_json);
  }
  if (*report) {
    if (!program.report) fail(Exit::usage, "{} has no report", program.name);
    if (options.forget_stale) say("{} stale records taken out of the ledger", forget_stale(program));
    program.report(program, all_records(program, options.run.runs));
    return Exit::done;
  }
  if (*check) {
    if (!program.check) fail(Exit::usage, "{} has no claims", program.name);
    return static_cast<Exit>(program.check(program, all_records(program, options.run.runs), options.claim, chosen_profile));
  }
  if (*verify) return verify_command(program, options.record, options.run.data);
  options.sample.profile = chosen_profile;
  options.sample.runs = options.run.runs;
  return sample_command(program, options.sample);
}

}  // namespace

int run_command_line(const Program& program, int argc, char** argv) {
  const auto failed = [&](Exit status, const char* message) {
    std::fflush(stdout);
    say("{}: {}", program.name, message);
    return static_cast<int>(status);
  };
  constexpr const char* full_output = "cannot write to standard output";
  std::signal(SIGXFSZ, SIG_IGN);  // a limit on file sizes is met as a full disk is: the write fails
  try {
    const Exit status = execute(program, argc, argv);
    if (std::fflush(stdout) != 0) return failed(Exit::io, full_output);
    return static_cast<int>(status);
  } catch (const std::exception&) {
    const Failure failure = failure_in_flight();
    return failed(failure.status(), failure.status() == Exit::io && std::ferror(stdout) ? full_output : failure.what());
  }
}

}  // namespace experiments
