#include "common/experiments/selection.hpp"

#include "common/tensors/errors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

namespace experiments {

using tensors::Exit;
using tensors::fail;

namespace {

// The number of letters to insert, delete or replace to turn one name into the other (Levenshtein).
std::size_t edits(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t above = row[j + 1];
      row[j + 1] = std::min({above + 1, row[j] + 1, diagonal + (a[i] == b[j] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row.back();
}

std::string nearest(const std::string& name, std::vector<std::string> known) {
  constexpr std::size_t shown = 6;
  std::ranges::stable_sort(known, {}, [&](const std::string& candidate) { return edits(name, candidate); });
  if (known.size() > shown) known.resize(shown);
  return known.empty() ? "(none)" : fmt::format("{}", fmt::join(known, ", "));
}

template <class Number>
Number parse_number(const std::string& key, const std::string& text, const char* kind) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) fail(Exit::usage, "--set {}: '{}' is not a {}", key, text, kind);
  return number;
}

// `text` as a value of the type that the setting has.
Value parse_like(const Value& present, const std::string& key, const std::string& text) {
  if (std::holds_alternative<std::int64_t>(present)) return parse_number<std::int64_t>(key, text, "whole number");
  if (std::holds_alternative<double>(present)) {
    const auto number = parse_number<double>(key, text, "number");
    if (!std::isfinite(number)) fail(Exit::usage, "--set {}: '{}' is not finite", key, text);
    return number;
  }
  if (!std::holds_alternative<bool>(present)) return text;
  if (text != "true" && text != "false") fail(Exit::usage, "--set {}: '{}' is neither true nor false", key, text);
  return text == "true";
}

void change(Task& task, const std::string& assignment) {
  const std::size_t equals = assignment.find('=');
  if (equals == std::string::npos || equals == 0) fail(Exit::usage, "--set '{}': it has the form KEY=VALUE", assignment);
  const std::string key = assignment.substr(0, equals), text = assignment.substr(equals + 1);
  const auto& values = task.cell.settings.values();
  if (const auto present = values.find(key); present != values.end()) {
    task.cell.settings.set(key, parse_like(present->second, key, text));
  } else if (key == "seed") {
    task.cell.seed = parse_number<std::uint64_t>(key, text, "whole number");
  } else {
    std::vector<std::string> known{"seed"};
    for (const auto& [name, value] : values) known.push_back(name);
    fail(Exit::usage, "--set {}: {}/{} has no such setting; near it: {}", key, task.experiment->name, task.cell.name, nearest(key, known));
  }
}

void choose(std::vector<Task>& chosen, const std::vector<Task>& all, const std::string& filter) {
  const auto name = [](const Task& task) { return task.experiment->name + "/" + task.cell.name; };
  const auto add = [&](auto fits) {
    const std::size_t before = chosen.size();
    std::ranges::copy_if(all, std::back_inserter(chosen), fits);
    return chosen.size() > before;
  };
  const auto with_seed = [&](const Task& task) { return fmt::format("{}/seed_{}", name(task), task.cell.seed); };
  if (add([&](const Task& task) { return task.experiment->name == filter || name(task) == filter || with_seed(task) == filter; })) return;
  const bool names_cell = filter.find('/') != std::string::npos;
  if (names_cell && add([&](const Task& task) { return name(task).starts_with(filter); })) return;
  std::set<std::string> known;
  for (const Task& task : all) known.insert(names_cell ? name(task) : task.experiment->name);
  fail(Exit::usage, "there is no experiment or cell '{}'; near it: {}", filter, nearest(filter, {known.begin(), known.end()}));
}

}  // namespace

std::vector<Task> select_tasks(const Program& program, Profile profile, const Selection& selection) {
  std::vector<Task> all;
  for (const Experiment& experiment : program.experiments)
    for (Cell& cell : experiment.cells(profile)) all.push_back({&experiment, std::move(cell)});

  std::vector<Task> chosen;
  for (const std::string& filter : selection.filters) choose(chosen, all, filter);
  if (selection.filters.empty()) chosen = all;

  std::vector<Task> tasks;
  std::set<std::string> keys;
  for (Task task : chosen) {
    for (const std::string& assignment : selection.changes) change(task, assignment);
    if (selection.seed) task.cell.seed = *selection.seed;
    const std::uint64_t first = task.cell.seed, n_more = static_cast<std::uint64_t>(selection.n_seeds.value_or(1) - 1);
    if (n_more > std::numeric_limits<std::uint64_t>::max() - first)
      fail(Exit::usage, "--seeds {} from --seed {} on: there are not as many; the largest seed is {}", n_more + 1, first, std::numeric_limits<std::uint64_t>::max());
    for (std::int64_t i = 0; i < selection.n_seeds.value_or(1); ++i) {
      task.cell.seed = first + static_cast<std::uint64_t>(i);
      if (keys.insert(fmt::format("{}/{}/{}", task.experiment->name, task.cell.name, task.cell.seed)).second) tasks.push_back(task);
    }
  }
  return tasks;
}

std::optional<std::uint64_t> seed_from(std::string_view text) {
  std::uint64_t seed = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seed);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(seed) : std::nullopt;
}

std::string custom_label(const Selection& selection) {
  std::string label = fmt::format("{}", fmt::join(selection.changes, ","));
  std::ranges::replace(label, '/', '_');
  return label;
}

}  // namespace experiments
