// What `--set` may have made impossible is refused in one line, before anything is drawn.
#pragma once

#include "common/experiments/experiment.hpp"
#include "common/tensors/errors.hpp"
#include "paper_hvae/hvae.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace hvae {

// The checks of one experiment's settings. A setting that the experiment does not have is not checked.
class SettingsCheck {
 public:
  SettingsCheck(std::string experiment, const experiments::Settings& settings) : experiment_(std::move(experiment)), settings_(settings) {}

  void within(const std::string& name, std::int64_t least, std::int64_t most) const {
    if (!has(name)) return;
    const std::int64_t value = settings_.count(name);
    if (value < least || value > most) fail_with(fmt::format("{} = {} is outside {}..{}", name, value, least, most));
  }
  void above_zero(const std::string& name) const {
    if (has(name) && !(settings_.number(name) > 0)) fail_with(fmt::format("{} = {} is not above 0", name, settings_.number(name)));
  }
  void below(const std::string& name, double limit) const {
    if (has(name) && !(settings_.number(name) < limit)) fail_with(fmt::format("{} = {} is not below {}", name, settings_.number(name), limit));
  }
  void one_of(const std::string& name, const std::vector<std::string>& known) const {
    if (has(name) && std::ranges::find(known, settings_.text(name)) == known.end())
      fail_with(fmt::format("{} \"{}\" is none of {}", name, settings_.text(name), fmt::join(known, ", ")));
  }

 private:
  bool has(const std::string& name) const { return settings_.values().contains(name); }
  [[noreturn]] void fail_with(const std::string& what) const { tensors::fail(tensors::Exit::usage, "{}: {}", experiment_, what); }

  std::string experiment_;
  const experiments::Settings& settings_;
};

inline TemperingKind tempering_from(const std::string& name) {
  return name == "none" ? TemperingKind::none : name == "fixed" ? TemperingKind::fixed : TemperingKind::free;
}

}  // namespace hvae
