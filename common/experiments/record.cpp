#include "common/experiments/record.hpp"

#include "common/tensors/errors.hpp"

namespace experiments {

using tensors::Exit;
using tensors::fail;
using tensors::require;

namespace {

const Value& value_of(const std::map<std::string, Value>& values, const std::string& name) {
  const auto found = values.find(name);
  require(found != values.end(), "settings: there is no '{}'", name);
  return found->second;
}

template <class T>
const T& typed(const std::map<std::string, Value>& values, const std::string& name, const char* type) {
  const T* value = std::get_if<T>(&value_of(values, name));
  require(value != nullptr, "settings: '{}' is not a {}", name, type);
  return *value;
}

}  // namespace

std::string to_string(Profile profile) {
  switch (profile) {
    case Profile::smoke: return "smoke";
    case Profile::quick: return "quick";
    case Profile::paper: return "paper";
  }
  throw std::invalid_argument("profile: not one of smoke, quick, paper");
}

std::optional<Profile> profile_named(const std::string& name) {
  for (Profile profile : {Profile::smoke, Profile::quick, Profile::paper})
    if (to_string(profile) == name) return profile;
  return std::nullopt;
}

Profile profile_from(const std::string& name) {
  if (const auto profile = profile_named(name)) return *profile;
  fail(Exit::usage, "unknown profile '{}': it is one of smoke, quick, paper", name);
}

bool Settings::flag(const std::string& name) const { return typed<bool>(values_, name, "flag"); }
std::int64_t Settings::count(const std::string& name) const { return typed<std::int64_t>(values_, name, "count"); }
const std::string& Settings::text(const std::string& name) const { return typed<std::string>(values_, name, "text"); }

double Settings::number(const std::string& name) const {
  if (const auto* count = std::get_if<std::int64_t>(&value_of(values_, name))) return static_cast<double>(*count);
  return typed<double>(values_, name, "number");
}

}  // namespace experiments
