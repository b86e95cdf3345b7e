// What `--set` may have made impossible is refused in one line, before anything is drawn.
#pragma once

#include "common/experiments/record.hpp"
#include "common/tensors/errors.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace experiments {

// The checks of one experiment's settings: each throws Failure(usage), naming `where`, if given, and the setting. A setting that
// the experiment does not have is not checked.
class SettingsCheck {
 public:
  SettingsCheck(std::string where, const Settings& settings) : where_(std::move(where)), settings_(settings) {}

  void within(const std::string& name, double least, double most) const {
    refuse_unless(name, [&](double value) { return value >= least && value <= most; }, fmt::format("outside {}..{}", least, most));
  }
  void above_zero(const std::string& name) const {
    refuse_unless(name, [](double value) { return value > 0; }, "not above 0");
  }
  void at_least(const std::string& name, double least) const {
    refuse_unless(name, [&](double value) { return value >= least; }, fmt::format("below {}", least));
  }
  void below(const std::string& name, double limit) const {
    refuse_unless(name, [&](double value) { return value < limit; }, fmt::format("not below {}", limit));
  }
  // `fault` ends the sentence "NAME = VALUE is ...".
  template <class Holds>
  void refuse_unless(const std::string& name, Holds holds, const std::string& fault) const {
    if (!has(name)) return;
    if (const double value = settings_.number(name); !holds(value)) fail_with(fmt::format("{} = {} is {}", name, value, fault));
  }
  void one_of(const std::string& name, const std::vector<std::string>& known) const {
    if (has(name) && std::ranges::find(known, settings_.text(name)) == known.end())
      fail_with(fmt::format("{} \"{}\" is none of {}", name, settings_.text(name), fmt::join(known, ", ")));
  }

 private:
  bool has(const std::string& name) const { return settings_.values().contains(name); }
  [[noreturn]] void fail_with(const std::string& what) const {
    tensors::fail(tensors::Exit::usage, "{}{}{}", where_, where_.empty() ? "" : ": ", what);
  }

  std::string where_;
  const Settings& settings_;
};

}  // namespace experiments
