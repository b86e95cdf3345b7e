#include "common/experiments/commands.hpp"

#include "common/experiments/files.hpp"
#include "common/experiments/ledger.hpp"
#include "common/experiments/npz.hpp"
#include "common/experiments/progress.hpp"
#include "common/experiments/provenance.hpp"
#include "common/experiments/record_json.hpp"

#include <stdlib.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string_view>

namespace experiments {

using tensors::Exit;
using tensors::fail;
namespace fs = std::filesystem;

namespace {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::error_code none;
    const fs::path place = fs::temp_directory_path(none);
    std::string name = (place / "verify.XXXXXX").string();
    if (none || !mkdtemp(name.data())) fail(Exit::io, "cannot make a folder for temporary files: {}; name another with TMPDIR", none ? none.message() : std::strerror(errno));
    path_ = name;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

const Experiment& experiment_named(const Program& program, const std::string& name) {
  const auto found = std::ranges::find(program.experiments, name, &Experiment::name);
  if (found == program.experiments.end()) fail(Exit::usage, "{} has no experiment '{}'; see: {} list", program.name, name, program.name);
  return *found;
}

// Whether the program declares the record's cell with the settings it was run with; a custom one has others, by the same names.
bool declared(const Record& record, const Experiment& experiment) {
  const auto& settings = record.identity.settings;
  const auto same_name_and_type = [](const auto& a, const auto& b) { return a.first == b.first && a.second.index() == b.second.index(); };
  return std::ranges::any_of(experiment.cells(record.identity.profile), [&](const Cell& cell) {
    if (cell.name != record.identity.cell) return false;
    return record.custom ? std::ranges::equal(cell.settings.values(), settings.values(), same_name_and_type) : cell.settings == settings;
  });
}

void print_record(const Record& record) {
  fmt::print("{} ({}){}{}{}\n", record.identity.key(), to_string(record.identity.profile), record.custom ? ", changed by --set" : "",
             record.stand_in_data ? ", on stand-in data" : "", record.diverged ? ", diverged: " + record.divergence : "");
  for (const auto& [name, metric] : record.metrics) {
    const std::string error = metric.standard_error ? fmt::format(" +- {:.3g}", *metric.standard_error) : "";
    fmt::print("  {:32} {:12.6g}{} {}\n", name, metric.value, error, metric.unit);
  }
  if (!record.weights_sha256.empty()) fmt::print("  weights_sha256 {}\n", record.weights_sha256);
}

// The images side by side in a grid as square as can be, one white pixel between them, as binary PGM.
std::string grid_pgm(const Images& images) {
  const auto columns = std::max<std::int64_t>(1, static_cast<std::int64_t>(std::ceil(std::sqrt(static_cast<double>(images.n)))));
  const std::int64_t rows = (images.n + columns - 1) / columns;
  const std::int64_t width = columns * (images.width + 1) + 1, height = rows * (images.height + 1) + 1;
  std::string pixels(static_cast<std::size_t>(width * height), '\xff');
  for (std::int64_t image = 0; image < images.n; ++image) {
    const std::int64_t top = image / columns * (images.height + 1) + 1, left = image % columns * (images.width + 1) + 1;
    for (std::int64_t y = 0; y < images.height; ++y)
      std::copy_n(images.pixels.begin() + (image * images.height + y) * images.width, images.width, pixels.begin() + (top + y) * width + left);
  }
  return fmt::format("P5\n{} {}\n255\n", width, height) + pixels;
}

}  // namespace

Exit list_command(const Program& program) {
  fmt::print("{}: {}\n", program.name, program.title);
  for (const Experiment& experiment : program.experiments) {
    fmt::print("\n{} (revision {}): {}\n", experiment.name, experiment.revision, experiment.summary);
    for (Profile profile : {Profile::smoke, Profile::quick, Profile::paper}) {
      double estimate_s = 0;
      const std::vector<Cell> cells = experiment.cells(profile);
      for (const Cell& cell : cells) estimate_s += cell.estimated_s;
      fmt::print("  --profile {}: {} cells, about {} on two cores\n", to_string(profile), cells.size(), duration_text(estimate_s));
      for (const Cell& cell : cells)
        fmt::print("    {:40} seed {:4} about {}\n", experiment.name + "/" + cell.name, cell.seed, duration_text(cell.estimated_s));
    }
  }
  const auto numbers = program.published_numbers ? program.published_numbers(program) : std::vector<std::string>{};
  if (!numbers.empty()) fmt::print("\npublished numbers:\n");
  for (const std::string& number : numbers) fmt::print("  {}\n", number);
  return Exit::done;
}

Exit run_command(const Program& program, const Selection& selection, const RunOptions& options, bool as_json) {
  const Outcome outcome = run_tasks(program, select_tasks(program, options.profile, selection), options);
  if (as_json)
    fmt::print("{}", summary_json(outcome.records));
  else
    std::ranges::for_each(outcome.records, print_record);
  return outcome.status;
}

Exit verify_command(const Program& program, const fs::path& path, const std::optional<fs::path>& data) {
  const fs::path file = fs::is_directory(path) ? path / "record.json" : path;
  const auto recorded = load_record(file);
  if (!recorded) fail(Exit::io, "{}: there is no such record", file.string());
  const Identity& identity = recorded->identity;
  if (identity.program != program.name) fail(Exit::usage, "{}: a record of {}, not of {}", file.string(), identity.program, program.name);

  const TemporaryFolder folder;
  RunOptions options;
  options.profile = identity.profile;
  options.runs = folder.path();
  options.data = data;
  options.threads = identity.threads;
  options.custom = recorded->custom ? "verify" : "";
  options.into_ledger = false;
  options.data_sha256 = recorded->data_sha256;
  const Task task{&experiment_named(program, identity.experiment), {identity.cell, identity.seed, identity.settings, recorded->wall_s}};
  const Identity now = identity_of(program, task, identity.profile, identity.threads);
  if (now != identity)
    fail(Exit::usage, "{}: of revision {} and instruction set {}; this program has {} and {}, and would compute something else", file.string(),
         identity.revision, identity.instruction_set, now.revision, now.instruction_set);
  if (!declared(*recorded, *task.experiment))
    fail(Exit::usage, "{}: of a cell with other settings than {} declares for it, and would compute something else", file.string(), program.name);
  const Outcome outcome = [&] {
    try {
      return run_tasks(program, {task}, options);
    } catch (const tensors::Failure& failure) {
      if (failure.status() != Exit::interrupted) throw;
      fail(Exit::interrupted, "interrupted; verify keeps no checkpoint and begins again");
    }
  }();

  const auto difference = first_difference(*recorded, outcome.records.at(0));
  fmt::print("{}\n", difference.value_or("IDENTICAL"));
  return difference ? Exit::check_failed : Exit::done;
}

Exit sample_command(const Program& program, const SampleOptions& options) {
  Selection selection;
  const std::size_t seed_at = options.cell.rfind("/seed_");
  selection.filters = {options.cell.substr(0, seed_at)};
  if (seed_at != std::string::npos) {
    selection.seed = seed_from(std::string_view(options.cell).substr(seed_at + std::string_view("/seed_").size()));
    if (!selection.seed) fail(Exit::usage, "{}: what follows seed_ is no number", options.cell);
  }
  std::optional<tensors::Failure> undeclared;  // a profile need not have the cell, as long as another has
  bool declared = false;
  for (Profile profile : {Profile::paper, Profile::quick, Profile::smoke}) {
    if (options.profile && profile != *options.profile) continue;
    std::vector<Task> tasks;
    try {
      tasks = select_tasks(program, profile, selection);
      declared = true;
    } catch (const tensors::Failure& failure) {
      undeclared = failure;
      continue;
    }
    if (!tasks.front().experiment->sample) fail(Exit::usage, "the cells of {} generate nothing to sample", tasks.front().experiment->name);
    if (const auto another = std::ranges::find_if(tasks, [&](const Task& task) { return task.cell.name != tasks.front().cell.name; }); another != tasks.end())
      fail(Exit::usage, "'{}' is several cells, '{}' and '{}' among them: name one", options.cell, tasks.front().cell.name, another->cell.name);
    for (const Task& task : tasks) {
      const Identity identity = identity_of(program, task, profile, 0);
      const fs::path folder = cell_folder(options.runs, identity), weights = folder / "weights.npz";
      const auto record = load_record(folder / "record.json");
      if (!record || record->diverged || stale(*record, program)) continue;
      const NamedArrays arrays = load_npz(weights);
      if (weights_digest(arrays) != record->weights_sha256) fail(Exit::io, "{}: the weights of another run than the record's; rerun the cell with --fresh", weights.string());
      replace_file(options.image, grid_pgm(task.experiment->sample(task.cell, {arrays.begin(), arrays.end()}, options.n)));
      fmt::print("{} samples of {} ({}): {}\nweights: {}\n", options.n, identity.key(), to_string(profile), options.image.string(), weights.string());
      return Exit::done;
    }
  }
  if (!declared) throw *undeclared;
  fail(Exit::usage, "no trained cell '{}' under {} with the settings of this program; first: {} run {}{}", options.cell, options.runs.string(), program.name,
       selection.filters[0], options.profile ? " --profile " + to_string(*options.profile) : "");
}

}  // namespace experiments
