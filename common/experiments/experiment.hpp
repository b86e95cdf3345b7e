// What a program declares: experiments made of cells. The runner (runner.hpp) owns everything else.
#pragma once

#include "common/experiments/record.hpp"
#include "common/tensors/array.hpp"

#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace experiments {

// One cell, for one seed: a pure function of its settings.
struct Cell {
  std::string name;  // "tuned/n20"; [a-z0-9_./]
  std::uint64_t seed = 0;
  Settings settings;
  double estimated_s = 0;  // on two cores, for `list` and the ETA
};

// The hands of a running cell: its settings come from here, its results go in here.
//
//   run.keep("weights", flat);  run.keep("step", step);     what a checkpoint holds
//   run.resume();                                           fills them from an unfinished run of the same identity
//   while (step < n_steps) { ...; ++step; run.progress(step, n_steps); }
class Run {
 public:
  virtual ~Run() = default;

  virtual const Settings& settings() const = 0;
  virtual std::uint64_t seed() const = 0;
  virtual Profile profile() const = 0;
  virtual const std::optional<std::filesystem::path>& data_option() const = 0;  // --data, if given

  // Registers memory that a checkpoint holds; it must stay where it is until the cell ends.
  virtual void keep(const std::string& name, std::span<std::byte> bytes) = 0;
  template <class T>
  void keep(const std::string& name, const tensors::Array<T>& array) {
    keep(name, std::span<std::byte>(reinterpret_cast<std::byte*>(array.data_for_update()), static_cast<std::size_t>(array.size()) * sizeof(T)));
  }
  template <class T>
    requires std::is_arithmetic_v<T>
  void keep(const std::string& name, T& counter) {
    keep(name, std::as_writable_bytes(std::span<T>(&counter, 1)));
  }

  // An optimiser's state (nn::Optimiser): "name.0", "name.1", ..., and "name.steps".
  template <class Optimiser>
    requires requires(Optimiser& o) { o.state().size(), o.n_steps(); }
  void keep(const std::string& name, Optimiser& optimiser) {
    for (std::size_t i = 0; i < optimiser.state().size(); ++i) keep(name + "." + std::to_string(i), optimiser.state()[i]);
    keep(name + ".steps", optimiser.n_steps());
  }

  // Fills the kept memory, and the results reported so far, from the last good checkpoint. False: a fresh start.
  virtual bool resume() = 0;

  // To be called between steps: shows progress, writes a checkpoint when one is due, and ends the program with a
  // checkpoint (Failure, status interrupted) when SIGINT or SIGTERM has come. A cell that keeps no memory has no checkpoints.
  virtual void progress(std::int64_t done, std::int64_t of, const std::string& note = "") = 0;

  // Results. A name given twice replaces; `append` adds a row to a series (every row names the same columns).
  virtual void metric(const std::string& name, Metric metric) = 0;
  virtual void append(const std::string& series, const std::map<std::string, double>& row) = 0;
  virtual void series(const std::string& name, Series columns) = 0;
  virtual void images(const std::string& name, Images images) = 0;
  virtual void health(const std::string& name, bool passed, const std::string& detail) = 0;
  // The digests of the data's files, by name. Throws Failure(data) where one is not what this cell began with. Calling it
  // before `resume` lets a checkpoint on other data be set aside instead.
  virtual void used_data(const std::map<std::string, std::string>& sha256, bool stand_in) = 0;

  // The final weights: their digest goes into the record, the arrays into the cell's folder (weights.npz).
  virtual void weights(const std::vector<std::pair<std::string, tensors::Array<float>>>& arrays) = 0;
};

// A cell that throws it is recorded as diverged, and the other cells go on.
using tensors::Divergence;

struct Experiment {
  std::string name;     // [a-z0-9_]
  std::string summary;  // one line, for `list` and the page
  int revision = 1;
  std::function<std::vector<Cell>(Profile)> cells;
  std::function<void(Run&)> run;
  // n images drawn from a trained cell, for `sample`; `weights` are those given to Run::weights.
  using Weights = std::map<std::string, tensors::Array<float>>;
  std::function<Images(const Cell&, const Weights& weights, std::int64_t n)> sample;
  // Metrics that follow from what a record holds already. They are added to every record that the page or its claims read, and
  // stored nowhere: a new look at old runs costs none of them again. Not asked of a diverged or stale record.
  std::function<std::map<std::string, Metric>(const Record&)> derived = {};
};

struct Program {
  std::string name;   // "vae_extensions": also the report's folder and the CMake target
  std::string title;  // for --help and the page
  std::filesystem::path reports;  // the repository's reports/ folder
  std::vector<Experiment> experiments;
  // Given by the layer above: writes reports/<name>/ ; judges claims (all, or one id) and returns the exit status.
  std::function<void(const Program&, const Ledger&)> report;
  std::function<int(const Program&, const Ledger&, const std::optional<std::string>& claim, std::optional<Profile>)> check;
  std::function<std::vector<std::string>(const Program&)> published_numbers;  // one line each, for `list`
};

// Parses the command line and does what it asks; the documented exit status comes back. Catches everything.
int run_command_line(const Program& program, int argc, char** argv);

}  // namespace experiments
