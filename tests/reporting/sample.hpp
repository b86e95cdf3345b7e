// A small program with records, as the tests of claims and pages use it.
#pragma once

#include "common/experiments/experiment.hpp"
#include "common/reporting/claims.hpp"
#include "common/reporting/results.hpp"
#include "common/tensors/errors.hpp"

#include <filesystem>
#include <string>

namespace sample {

using namespace reporting;
using experiments::Ledger;
using experiments::Record;

inline Record record(const std::string& cell, std::uint64_t seed, double bound, Profile profile = Profile::paper) {
  Record r;
  r.identity = {.program = "toy",
                .experiment = "vae",
                .cell = cell,
                .profile = profile,
                .seed = seed,
                .settings = {{"epochs", std::int64_t{profile == Profile::paper ? 100 : 10}}},
                .revision = 1,
                .threads = 2,
                .instruction_set = "avx2"};
  r.metrics["bound"] = {bound, "nats", "one sample", {}};
  r.health = {{"the loss stayed finite", true, ""}};
  r.provenance = {.commit = "abc123", .compiler = "g++ 12", .flags = "-O3", .cpu = "a CPU", .libraries = {{"oneDNN", "2.6"}}};
  return r;
}

inline void add(Ledger& ledger, Record r) {
  const Profile profile = r.identity.profile;
  const std::string key = r.identity.key();
  ledger[profile].insert_or_assign(key, std::move(r));
}

// n3: three seeds with mean -137, s.d. 1. n5: one seed, -117. n20: two seeds with mean -88, s.d. sqrt(2).
inline Ledger ledger() {
  Ledger all;
  add(all, record("n3", 0, -138));
  add(all, record("n3", 1, -137));
  add(all, record("n3", 2, -136));
  add(all, record("n5", 0, -117));
  add(all, record("n20", 0, -87));
  add(all, record("n20", 1, -89));
  return all;
}

inline experiments::Program program(const std::filesystem::path& reports = {}) {
  experiments::Experiment vae{.name = "vae", .summary = "a VAE", .revision = 1, .cells = {}, .run = {}, .sample = {}};
  vae.cells = [](Profile profile) {
    const experiments::Settings settings{{"epochs", std::int64_t{profile == Profile::paper ? 100 : 10}}};
    std::vector<experiments::Cell> cells;
    for (const auto& [name, n_seeds] : {std::pair{"n3", 3u}, {"n5", 1u}, {"n20", 3u}, {"unrun", 1u}})
      for (std::uint64_t seed = 0; seed < n_seeds; ++seed) cells.push_back({.name = name, .seed = seed, .settings = settings});
    return cells;
  };
  return {.name = "toy", .title = "A toy", .reports = reports, .experiments = {vae}, .report = {}, .check = {}, .published_numbers = {}};
}

inline Results results(const Ledger& ledger) {
  return Results(ledger, [](const Record& r) { return r.identity.revision != 1; });
}

// One claim; `rest` holds its rule and verdict.
inline std::string claim(const std::string& id, const std::string& cell, double published, const std::string& rest) {
  return fmt::format(
      "[[claim]]\nid = \"{}\"\nwhere = \"Table 1\"\nsays = \"a bound\"\nmetric = \"vae/{} : bound\"\npublished = {}\ndigits = 2\n{}\n", id,
      cell, published, rest);
}

}  // namespace sample
