// What a finished cell leaves behind. A record is the only thing that a run writes its results into; the ledger
// (reports/<program>/results.json) is the committed union of all records.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace experiments {

inline constexpr int record_schema = 1;

enum class Profile { smoke, quick, paper };  // in ascending rank

std::string to_string(Profile profile);
std::optional<Profile> profile_named(const std::string& name);  // nothing: there is none of this name
Profile profile_from(const std::string& name);                 // throws Failure(usage)

using Value = std::variant<bool, std::int64_t, double, std::string>;

// A cell's settings by name. Getters name the setting in their error when it is missing or of another type.
class Settings {
 public:
  Settings() = default;
  Settings(std::initializer_list<std::pair<const std::string, Value>> values) : values_(values) {}

  bool flag(const std::string& name) const;
  std::int64_t count(const std::string& name) const;
  double number(const std::string& name) const;  // accepts a count too
  const std::string& text(const std::string& name) const;

  void set(const std::string& name, Value value) { values_[name] = std::move(value); }
  const std::map<std::string, Value>& values() const { return values_; }
  friend bool operator==(const Settings&, const Settings&) = default;

 private:
  std::map<std::string, Value> values_;
};

struct Metric {
  double value = 0;
  std::string unit;       // "nats", "count", ...
  std::string estimator;  // how it was estimated, in words
  std::optional<double> standard_error;  // of this estimate within the cell (not over seeds)
};

// Columns of equal length, by name: a learning curve, a table, a point cloud.
using Series = std::map<std::string, std::vector<double>>;

// n grey images, 0 black to 255 white, row by row, one image after the other. A record holds n * height <= most_rows.
struct Images {
  static constexpr std::int64_t most_rows = 1 << 20;
  std::int64_t n = 0, height = 0, width = 0;
  std::vector<std::uint8_t> pixels;
};

// A check that the run makes on itself ("the loss stayed finite", "the bound is below the likelihood").
struct HealthCheck {
  std::string name;
  bool passed = false;
  std::string detail;
};

// Everything that decides a cell's result.
struct Identity {
  std::string program, experiment, cell;
  Profile profile = Profile::quick;
  std::uint64_t seed = 0;
  Settings settings;
  int revision = 0;  // of the experiment's code, raised by hand when a change alters results
  int threads = 0;
  std::string instruction_set;  // "avx512", "avx2", ...

  // "experiment/cell/seed_0": the key in the ledger and the folder under runs/<program>/<profile>/
  std::string key() const { return experiment + "/" + cell + "/seed_" + std::to_string(seed); }

  // Another number of threads is as good unless it was asked for: the machine, or --jobs, must not make finished hours run again.
  bool answers(Identity wanted, bool threads_asked_for) const {
    if (!threads_asked_for) wanted.threads = threads;
    return *this == wanted;
  }

  friend bool operator==(const Identity&, const Identity&) = default;
};

struct Provenance {
  std::string commit;  // with "+changes" where the tree was dirty; of a cell that another build went on with: "A, then B"
  std::string compiler, flags, cpu;
  std::map<std::string, std::string> libraries;
};

struct Record {
  Identity identity;
  bool diverged = false;
  std::string divergence;  // step and array, where it diverged
  bool custom = false;     // some setting was given with --set: no claim reads it
  bool stand_in_data = false;
  std::map<std::string, Metric> metrics;
  std::map<std::string, Series> series;
  std::map<std::string, Images> images;
  std::vector<HealthCheck> health;
  std::string weights_sha256;
  std::map<std::string, std::string> data_sha256;  // of the uncompressed content, by data set file
  // Facts of the machine and the day; kept apart, so that equal results give equal bytes.
  Provenance provenance;
  double wall_s = 0;
  double peak_memory_mib = 0;  // of the process so far, which may have run other cells before
};

// A ledger: profile -> key -> record.
using Ledger = std::map<Profile, std::map<std::string, Record>>;

}  // namespace experiments
