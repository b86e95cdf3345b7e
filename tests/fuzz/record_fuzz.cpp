#include "common/experiments/record_json.hpp"
#include "common/tensors/digest.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <cmath>

namespace {

using namespace experiments;

constexpr const char* seal = ",\n  \"sha256\": \"";

std::string unsealed(const std::string& text) { return text.substr(0, text.rfind(seal)); }
std::string sealed(const std::string& content) { return content + seal + tensors::sha256(content) + "\"\n}\n"; }

Record small_record() {
  Record record;
  record.identity = {"toy", "walk", "n3", Profile::quick, 7, {{"d", std::int64_t{3}}, {"rate", 0.5}, {"on", true}, {"text", std::string("t")}},
                     1,     2,      "avx2"};
  return record;
}

Record full_record() {
  Record record = small_record();
  record.metrics["bound"] = {-1.5, "nats", "exact", 0.1};
  record.metrics["nan"] = {std::nan(""), "nats", "none", std::nullopt};
  record.series["curve"] = {{"x", {0, 1e300}}, {"y", {INFINITY, -0.0}}};
  record.images["grid"] = {2, 1, 3, {0, 1, 2, 253, 254, 255}};
  record.health = {{"finite", true, "the loss"}};
  record.data_sha256["mnist"] = "ef01";
  record.provenance = {"0123", "GCC", "-O3", "a CPU", {{"boost", "1.74.0"}}};
  return record;
}

}  // namespace

std::vector<std::string> fuzz::seeds() {
  const Ledger ledger{{Profile::quick, {{"a", small_record()}}}, {Profile::paper, {}}};
  return {unsealed(to_json(small_record())), unsealed(to_json(full_record())), unsealed(to_json(ledger)), unsealed(to_json(Ledger{}))};
}

// What is accepted as a record, or as a ledger, is written in a way that gives the same back.
void fuzz::run(const std::string& input) {
  const auto read = [](auto from_json, const std::string& text) {
    const auto first = accepted(tensors::Exit::io, [&] { return from_json(text, "file"); });
    if (first) check(to_json(from_json(to_json(*first), "file")) == to_json(*first), "what was read survives its text");
  };
  for (const std::string& text : {sealed(input), input}) {
    read(record_from_json, text);
    read(ledger_from_json, text);
  }
}
