#include "common/experiments/record_json.hpp"

#include "common/experiments/encoding.hpp"
#include "common/tensors/digest.hpp"
#include "common/tensors/errors.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace experiments {

using nlohmann::json;
using tensors::Exit;
using tensors::fail;
using tensors::require;

namespace {

// --- text --------------------------------------------------------------------------------------------------------

std::string compact(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

bool only_scalars(const json& container) {
  return std::all_of(container.begin(), container.end(), [](const json& item) { return !item.is_structured(); });
}

// One line for a scalar, an array of scalars, or a small object of scalars; else one line for each member.
void print(const json& value, std::string& out, std::size_t indent) {
  constexpr std::size_t widest_object = 140;
  const std::string line = value.is_structured() && !only_scalars(value) ? "" : compact(value);
  if (!line.empty() && (!value.is_object() || line.size() <= widest_object)) {
    out += line;
    return;
  }
  out += value.is_object() ? "{\n" : "[\n";
  for (auto item = value.begin(); item != value.end(); ++item) {
    if (item != value.begin()) out += ",\n";
    out.append(indent + 2, ' ');
    if (value.is_object()) out += compact(item.key()) + ": ";
    print(*item, out, indent + 2);
  }
  out.append("\n").append(indent, ' ').append(value.is_object() ? "}" : "]");
}

constexpr std::string_view seal_start = ",\n  \"sha256\": \"";
constexpr std::string_view seal_end = "\"\n}\n";
constexpr std::size_t seal_size = seal_start.size() + 64 + seal_end.size();

std::string sealed(const json& object) {
  std::string text;
  print(object, text, 0);
  text.resize(text.size() - std::string_view("\n}").size());
  const std::string digest = tensors::sha256(text);
  return text.append(seal_start).append(digest).append(seal_end);
}

constexpr const char* mend_record = "rerun its cell with --fresh";
constexpr const char* mend_ledger = "restore it from git";

json unsealed(const std::string& text, const std::string& where, const char* mend) {
  const std::size_t content = text.size() - std::min(text.size(), seal_size);
  std::string seal(seal_start);
  seal.append(tensors::sha256(std::string_view(text).substr(0, content))).append(seal_end);
  if (text.compare(content, std::string::npos, seal) != 0)
    fail(Exit::io, "{}: damaged, its digest does not fit its content; {}", where, mend);
  json object = json::parse(text);
  if (object.at("schema") != record_schema)
    fail(Exit::io, "{}: written by another version (schema {}, this program reads {}); {}", where, compact(object["schema"]), record_schema,
         mend);
  return object;
}

template <class Reader>
auto reading(const std::string& text, const std::string& where, const char* mend, Reader read) {
  std::string why;
  try {
    return read(unsealed(text, where, mend));
  } catch (const json::exception& error) {
    why = error.what();
  } catch (const std::invalid_argument& error) {
    why = error.what();
  }
  fail(Exit::io, "{}: not what this program writes ({}); {}", where, why, mend);
}

// --- values ------------------------------------------------------------------------------------------------------

// JSON knows no such numbers: they stand as text.
json from_number(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  return value;
}

double to_number(const json& value) {
  if (!value.is_string()) return value.get<double>();
  const auto& text = value.get_ref<const std::string&>();
  if (text == "nan") return std::numeric_limits<double>::quiet_NaN();
  require(text == "inf" || text == "-inf", "'{}' is not a number", text);
  return text == "inf" ? std::numeric_limits<double>::infinity() : -std::numeric_limits<double>::infinity();
}

// The JSON library would cut a fraction off, and let an overflow pass.
template <class T>
T to_integer(const json& value) {
  require(value.is_number_integer(), "{} is not a whole number", compact(value));
  const bool fits = value.is_number_unsigned() ? std::in_range<T>(value.get<std::uint64_t>()) : std::in_range<T>(value.get<std::int64_t>());
  require(fits, "{} is out of range", compact(value));
  return value.get<T>();
}

Profile to_profile(const std::string& name) {
  const auto profile = profile_named(name);
  require(profile.has_value(), "'{}' is not a profile", name);
  return *profile;
}

json from_settings(const Settings& settings) {
  json object = json::object();
  for (const auto& [name, value] : settings.values()) {
    const double* number = std::get_if<double>(&value);
    require(!number || std::isfinite(*number), "settings: '{}' is not finite", name);
    std::visit([&, &key = name](const auto& content) { object[key] = content; }, value);
  }
  return object;
}

Settings to_settings(const json& object) {
  Settings settings;
  for (const auto& [name, value] : object.items()) {
    if (value.is_boolean()) settings.set(name, value.get<bool>());
    else if (value.is_number_integer()) settings.set(name, to_integer<std::int64_t>(value));
    else if (value.is_number()) settings.set(name, value.get<double>());
    else settings.set(name, value.get<std::string>());
  }
  return settings;
}

json from_metric(const Metric& metric) {
  json object = {{"value", from_number(metric.value)}, {"unit", metric.unit}, {"estimator", metric.estimator}};
  if (metric.standard_error) object["standard_error"] = from_number(*metric.standard_error);
  return object;
}

Metric to_metric(const json& object) {
  Metric metric{to_number(object.at("value")), object.at("unit"), object.at("estimator"), std::nullopt};
  if (object.contains("standard_error")) metric.standard_error = to_number(object.at("standard_error"));
  return metric;
}

json from_series(const Series& series) {
  json object = json::object();
  for (const auto& [column, values] : series) {
    json& list = object[column] = json::array();
    for (double value : values) list.push_back(from_number(value));
  }
  return object;
}

Series to_series(const json& object) {
  Series series;
  for (const auto& [column, values] : object.items()) {
    auto& list = series[column];
    for (const json& value : values) list.push_back(to_number(value));
  }
  return series;
}

json from_images(const Images& images) {
  return {{"n", images.n}, {"height", images.height}, {"width", images.width}, {"deflate_base64", pack(images.pixels)}};
}

Images to_images(const json& object) {
  constexpr std::int64_t most = Images::most_rows;
  const auto extent_of = [&](const char* name) { return to_integer<std::int64_t>(object.at(name)); };
  Images images{extent_of("n"), extent_of("height"), extent_of("width"), {}};
  for (std::int64_t extent : {images.n, images.height, images.width})
    require(extent >= 0 && extent <= most, "images: an extent of {}", extent);
  require(images.n * images.height <= most, "images: {} rows of pixels", images.n * images.height);
  images.pixels = unpack(object.at("deflate_base64").get_ref<const std::string&>(),
                         static_cast<std::size_t>(images.n * images.height * images.width));
  return images;
}

template <class T, class Convert>
json from_map(const std::map<std::string, T>& map, Convert convert) {
  json object = json::object();
  for (const auto& [name, value] : map) object[name] = convert(value);
  return object;
}

template <class T, class Convert>
std::map<std::string, T> to_map(const json& object, Convert convert) {
  std::map<std::string, T> map;
  for (const auto& [name, value] : object.items()) map.emplace(name, convert(value));
  return map;
}

// --- records: results, and the facts of the machine apart ----------------------------------------------------------

json results_of(const Record& record) {
  const Identity& identity = record.identity;
  json health = json::array();
  for (const HealthCheck& check : record.health) health.push_back({{"name", check.name}, {"passed", check.passed}, {"detail", check.detail}});
  return {
      {"program", identity.program},
      {"experiment", identity.experiment},
      {"cell", identity.cell},
      {"profile", to_string(identity.profile)},
      {"seed", identity.seed},
      {"settings", from_settings(identity.settings)},
      {"revision", identity.revision},
      {"threads", identity.threads},
      {"instruction_set", identity.instruction_set},
      {"diverged", record.diverged},
      {"divergence", record.divergence},
      {"custom", record.custom},
      {"stand_in_data", record.stand_in_data},
      {"metrics", from_map(record.metrics, from_metric)},
      {"series", from_map(record.series, from_series)},
      {"images", from_map(record.images, from_images)},
      {"health", health},
      {"weights_sha256", record.weights_sha256},
      {"data_sha256", record.data_sha256},
  };
}

json machine_of(const Record& record) {
  const Provenance& provenance = record.provenance;
  return {
      {"commit", provenance.commit},
      {"compiler", provenance.compiler},
      {"flags", provenance.flags},
      {"cpu", provenance.cpu},
      {"libraries", provenance.libraries},
      {"wall_s", record.wall_s},
      {"peak_memory_mib", record.peak_memory_mib},
  };
}

Record record_of(const json& results, const json& machine) {
  Record record;
  record.identity = {results.at("program"),
                     results.at("experiment"),
                     results.at("cell"),
                     to_profile(results.at("profile")),
                     to_integer<std::uint64_t>(results.at("seed")),
                     to_settings(results.at("settings")),
                     to_integer<int>(results.at("revision")),
                     to_integer<int>(results.at("threads")),
                     results.at("instruction_set")};
  record.diverged = results.at("diverged");
  record.divergence = results.at("divergence");
  record.custom = results.at("custom");
  record.stand_in_data = results.at("stand_in_data");
  record.metrics = to_map<Metric>(results.at("metrics"), to_metric);
  record.series = to_map<Series>(results.at("series"), to_series);
  record.images = to_map<Images>(results.at("images"), to_images);
  for (const json& check : results.at("health")) record.health.push_back({check.at("name"), check.at("passed"), check.at("detail")});
  record.weights_sha256 = results.at("weights_sha256");
  record.data_sha256 = results.at("data_sha256");
  record.provenance = {machine.at("commit"), machine.at("compiler"), machine.at("flags"), machine.at("cpu"), machine.at("libraries")};
  record.wall_s = machine.at("wall_s");
  record.peak_memory_mib = machine.at("peak_memory_mib");
  return record;
}

// --- differences -------------------------------------------------------------------------------------------------

std::string shown(const json* value) {
  if (!value) return "nothing";
  const std::string text = compact(*value);
  return text.size() <= 80 ? text : text.substr(0, 77) + "...";
}

std::optional<std::string> difference(const json* recorded, const json* now, const std::string& path) {
  const auto member = [](const json& object, const std::string& name) {
    const auto found = object.find(name);
    return found == object.end() ? nullptr : &*found;
  };
  if (recorded && now && recorded->is_object() && now->is_object()) {
    json names = *recorded;
    names.update(*now);
    for (const auto& item : names.items())
      if (auto found = difference(member(*recorded, item.key()), member(*now, item.key()), path.empty() ? item.key() : path + "/" + item.key()))
        return found;
    return std::nullopt;
  }
  if (recorded && now && recorded->is_array() && now->is_array() && recorded->size() == now->size()) {
    for (std::size_t i = 0; i < now->size(); ++i)
      if (auto found = difference(&(*recorded)[i], &(*now)[i], fmt::format("{}[{}]", path, i))) return found;
    return std::nullopt;
  }
  // The text decides: unlike ==, it tells -0.0 from 0.0.
  if (recorded && now && compact(*recorded) == compact(*now)) return std::nullopt;
  return fmt::format("{}: {} in the record, {} now", path, shown(recorded), shown(now));
}

}  // namespace

std::string to_json(const Record& record) {
  return sealed({{"schema", record_schema}, {"results", results_of(record)}, {"machine", machine_of(record)}});
}

Record record_from_json(const std::string& text, const std::string& where) {
  return reading(text, where, mend_record, [](const json& object) { return record_of(object.at("results"), object.at("machine")); });
}

std::string to_json(const Ledger& ledger) {
  json results = json::object(), machine = json::object();
  for (const auto& [profile, records] : ledger) {
    for (const auto& [key, record] : records) {
      results[to_string(profile)][key] = results_of(record);
      machine[to_string(profile)][key] = machine_of(record);
    }
  }
  return sealed({{"schema", record_schema}, {"results", results}, {"machine", machine}});
}

Ledger ledger_from_json(const std::string& text, const std::string& where) {
  return reading(text, where, mend_ledger, [](const json& object) {
    Ledger ledger;
    for (const auto& [profile, records] : object.at("results").items())
      for (const auto& [key, results] : records.items())
        ledger[to_profile(profile)][key] = record_of(results, object.at("machine").at(profile).at(key));
    return ledger;
  });
}

std::string summary_json(const std::vector<Record>& records) {
  json list = json::array();
  for (const Record& record : records) {
    json summary = results_of(record);
    summary.erase("series");
    summary.erase("images");
    summary["key"] = record.identity.key();
    summary["wall_s"] = record.wall_s;
    list.push_back(summary);
  }
  std::string text;
  print(list, text, 0);
  return text + "\n";
}

std::optional<std::string> first_difference(const Record& recorded, const Record& now) {
  const json a = results_of(recorded), b = results_of(now);
  return difference(&a, &b, "");
}

}  // namespace experiments
