// published_<program>.toml -> claims. Every refusal names the file, the claim and the key.
#include "common/reporting/claims.hpp"

#include "common/experiments/files.hpp"
#include "common/tensors/errors.hpp"

#include <stdexcept>

// Some malformed text ("[[ = 1") the parser meets only with an assertion: let it throw, not end the program.
namespace {
[[noreturn]] void assertion_failed(const char* condition) { throw std::logic_error(condition); }
}  // namespace
#undef NDEBUG
#define TOML_ASSERT(condition) ((condition) ? void() : assertion_failed(#condition))
#define TOML_HEADER_ONLY 1
#include <toml++/toml.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string_view>

namespace reporting {
namespace {

using tensors::Exit;
using tensors::fail;

// A table of the file together with its place, "published_x.toml: claim a.b: rule.paper". Remembers which keys were asked
// for, so that finish() can refuse the others.
class Section {
 public:
  Section(const toml::table& table, std::string place) : table_(table), place_(std::move(place)) {}

  const std::string& place() const { return place_; }
  bool has(const std::string& key) const { return table_.contains(key); }

  std::optional<std::string> text_if(const std::string& key) {
    const auto value = get<std::string>(key, "a string");
    if (value && value->empty()) fail(Exit::io, "{}: '{}' is empty", place_, key);
    return value;
  }
  std::string text(const std::string& key) { return needed(key, text_if(key)); }

  std::optional<double> number_if(const std::string& key) {
    const auto value = get<double>(key, "a number");
    if (value && !std::isfinite(*value)) fail(Exit::io, "{}: '{}' is not finite", place_, key);
    return value;
  }
  double number(const std::string& key) { return needed(key, number_if(key)); }
  double not_negative(const std::string& key) {
    const double value = number(key);
    if (value < 0) fail(Exit::io, "{}: '{}' = {} is negative", place_, key, value);
    return value;
  }

  std::optional<int> count_if(const std::string& key, int least, int greatest) {
    const auto value = get<std::int64_t>(key, "a whole number");
    if (!value) return {};
    if (*value < least || *value > greatest) fail(Exit::io, "{}: '{}' = {} is outside {}..{}", place_, key, *value, least, greatest);
    return static_cast<int>(*value);
  }

  // True where the key stands; it stands only for true.
  bool flag(const std::string& key) {
    const toml::node* node = find(key);
    if (node && !(node->is_boolean() && node->as_boolean()->get())) fail(Exit::io, "{}: '{}' must be true, or not stand there", place_, key);
    return node;
  }

  std::vector<std::string> texts_if(const std::string& key) {
    std::vector<std::string> values;
    const toml::node* node = find(key);
    if (!node) return values;
    if (!node->is_array()) fail(Exit::io, "{}: '{}' must be a list of strings", place_, key);
    for (const toml::node& item : *node->as_array()) {
      if (!item.is_string()) fail(Exit::io, "{}: '{}' must be a list of strings", place_, key);
      values.push_back(item.as_string()->get());
    }
    return values;
  }

  // All that stands in it, for a table of numbers.
  std::map<std::string, double> numbers() {
    std::map<std::string, double> values;
    for (const auto& [key, _] : table_) values.emplace(key.str(), number(std::string(key.str())));
    return values;
  }

  std::optional<Section> table_if(const std::string& key) {
    const toml::node* node = find(key);
    if (!node) return {};
    if (!node->is_table()) fail(Exit::io, "{}: '{}' must be a table", place_, key);
    return Section(*node->as_table(), place_ + ": " + key);
  }

  CellMetric cell_metric(const std::string& key) {
    const std::string value = text(key);
    const auto metric = cell_metric_from(value);
    if (!metric) fail(Exit::io, "{}: '{}' = \"{}\" must read \"experiment/cell : metric\"", place_, key, value);
    return *metric;
  }

  void finish() const {
    for (const auto& [key, value] : table_)
      if (!known_.contains(std::string(key.str()))) fail(Exit::io, "{}: unknown key '{}'", place_, key.str());
  }

 private:
  const toml::node* find(const std::string& key) {
    known_.insert(key);
    return table_.get(key);
  }
  template <class T>
  std::optional<T> get(const std::string& key, const char* kind) {
    const toml::node* node = find(key);
    if (!node) return {};
    const auto value = node->value<T>();
    const bool is_right = std::is_same_v<T, double>         ? node->is_number()
                          : std::is_same_v<T, std::int64_t> ? node->is_integer()
                                                            : node->is_string();
    if (!value || !is_right) fail(Exit::io, "{}: '{}' must be {}", place_, key, kind);
    return value;
  }
  template <class T>
  T needed(const std::string& key, std::optional<T> value) const {
    if (!value) fail(Exit::io, "{}: '{}' is missing", place_, key);
    return *std::move(value);
  }

  const toml::table& table_;
  std::string place_;
  std::set<std::string> known_;
};

Verdict verdict_from(const std::string& text, const std::string& place) {
  if (text == "reproduced") return Verdict::reproduced;
  if (text == "differs") return Verdict::differs;
  if (text == "not_comparable") return Verdict::not_comparable;
  fail(Exit::io, "{}: 'expect' = \"{}\" must be reproduced, differs or not_comparable", place, text);
}

std::optional<Instead> instead_from(Section& of) {
  auto section = of.table_if("instead");
  if (!section) return {};
  Instead instead;
  instead.diverges = section->flag("diverges");
  if (!instead.diverges) {
    instead.value = section->number("value");
    instead.tolerance = section->not_negative("tolerance");
  }
  instead.because = section->text("because");
  section->finish();
  return instead;
}

std::optional<double> false_alarm_from(Section& section) {
  const auto rate = section.number_if("false_alarm");
  if (rate && (*rate <= 0 || *rate >= 0.5)) fail(Exit::io, "{}: 'false_alarm' = {} must lie between 0 and 0.5", section.place(), *rate);
  return rate;
}

std::vector<std::string> pool_from(Section& section) {
  std::vector<std::string> pool = section.texts_if("pool");
  for (const std::string& cell : pool)
    if (cell.find('/') == std::string::npos)
      fail(Exit::io, "{}: 'pool' names \"{}\", which must read \"experiment/cell\"", section.place(), cell);
  return pool;
}

decltype(Rule::kind) rule_kind_from(Section& section) {
  const std::string kind = section.text("kind");
  if (kind == "relative" || kind == "absolute") return Near{kind == "relative", section.not_negative("tolerance")};
  if (kind == "interval") {
    const auto false_alarm = false_alarm_from(section);
    if (!false_alarm) fail(Exit::io, "{}: 'false_alarm' is missing", section.place());
    const auto at_most = section.number_if("at_most");
    if (at_most && *at_most <= 0) fail(Exit::io, "{}: 'at_most' = {} must be above 0", section.place(), *at_most);
    return Interval{*false_alarm, section.count_if("published_runs", 1, 1000).value_or(1), pool_from(section), at_most};
  }
  if (kind == "ordering") {
    const bool after = section.has("after");
    if (after == section.has("before")) fail(Exit::io, "{}: an ordering needs either 'after' or 'before'", section.place());
    Ordering ordering{after, section.text(after ? "after" : "before"), section.number("margin"), false_alarm_from(section).value_or(0),
                      pool_from(section), section.flag("paired")};
    if (ordering.paired && ordering.false_alarm == 0) fail(Exit::io, "{}: a paired ordering needs 'false_alarm'", section.place());
    return ordering;
  }
  if (kind == "law") return Law{section.cell_metric("law"), section.not_negative("tolerance"), false_alarm_from(section).value_or(0)};
  fail(Exit::io, "{}: 'kind' = \"{}\" must be relative, absolute, interval, ordering or law", section.place(), kind);
}

// A rule takes the claim's `expect` and `instead` unless it has its own.
Rule rule_from(Section section, const std::optional<std::string>& claim_expect, const std::optional<Instead>& claim_instead) {
  Rule rule{.kind = rule_kind_from(section), .because = section.text("because")};
  const auto own = section.text_if("expect");
  const auto expect = own ? own : claim_expect;
  if (!expect) fail(Exit::io, "{}: 'expect' is missing, here and in the claim", section.place());
  rule.expect = verdict_from(*expect, section.place());
  rule.instead = instead_from(section);
  if (!rule.instead && !own) rule.instead = claim_instead;
  if (rule.expect == Verdict::not_comparable) fail(Exit::io, "{}: not_comparable stands against a rule", section.place());
  if (rule.expect == Verdict::differs && !rule.instead)
    fail(Exit::io, "{}: expect = \"differs\" needs 'instead' = {{ value, tolerance, because }} or {{ diverges = true, because }}", section.place());
  if (rule.expect == Verdict::reproduced && rule.instead) fail(Exit::io, "{}: 'instead' needs expect = \"differs\"", section.place());
  section.finish();
  return rule;
}

Claim claim_from(const toml::table& table, std::size_t number, const std::string& file) {
  const auto id = table["id"].value<std::string>();
  Section section(table, id ? file + ": claim " + *id : file + ": claim number " + std::to_string(number));
  Claim claim{.id = section.text("id"), .where = section.text("where"), .says = section.text("says")};
  if (claim.id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_.") != std::string::npos)
    fail(Exit::io, "{}: 'id' may hold only a-z, 0-9, _ and .", section.place());
  if (section.has("metric")) claim.metric = section.cell_metric("metric");
  claim.published = section.number_if("published");
  const auto digits = section.count_if("digits", 0, 12);
  if (claim.published && !digits) fail(Exit::io, "{}: 'digits' is missing beside 'published'", section.place());
  claim.digits = digits.value_or(2);
  claim.reading_error = section.number_if("reading_error");
  if (claim.reading_error && (!claim.published || *claim.reading_error <= 0))
    fail(Exit::io, "{}: 'reading_error' = {} must be above 0 and stand beside 'published'", section.place(), *claim.reading_error);
  claim.unprinted = section.flag("unprinted");
  if (claim.unprinted && !claim.published) fail(Exit::io, "{}: 'published' is missing beside 'unprinted'", section.place());
  if (auto beside = section.table_if("beside")) claim.beside = beside->numbers();
  claim.variant_of = section.text_if("variant_of").value_or("");
  claim.not_comparable = section.text_if("not_comparable").value_or("");
  const auto expect = section.text_if("expect");
  const auto instead = instead_from(section);

  if (auto rules = section.table_if("rule")) {
    for (Profile profile : {Profile::quick, Profile::paper})
      if (auto rule = rules->table_if(experiments::to_string(profile)))
        claim.rules.emplace(profile, rule_from(*std::move(rule), expect, instead));
    rules->finish();
  }
  section.finish();

  const bool is_judged = !claim.rules.empty();
  if (is_judged == !claim.not_comparable.empty())
    fail(Exit::io, "{}: needs either a rule or 'not_comparable' = \"the reason\"", section.place());
  if (!is_judged && expect && *expect != "not_comparable") fail(Exit::io, "{}: 'expect' = \"{}\" without a rule", section.place(), *expect);
  if (!is_judged && instead) fail(Exit::io, "{}: 'instead' without a rule", section.place());
  if (is_judged && !claim.metric) fail(Exit::io, "{}: 'metric' is missing", section.place());
  for (const auto& [profile, rule] : claim.rules)
    if (!claim.published && !std::holds_alternative<Ordering>(rule.kind) && !std::holds_alternative<Law>(rule.kind))
      fail(Exit::io, "{}: 'published' is missing: only an ordering or a law does without it", section.place());
  return claim;
}

bool is_control(unsigned char c) { return c < ' ' || c == 0x7f; }

// Texts and keys become cells of tables and parts of messages, so each is one line.
void check_lines(const toml::node& node, const std::string& file) {
  const auto check = [&](std::string_view text, const toml::node& at) {
    if (std::ranges::any_of(text, is_control))
      fail(Exit::io, "{}: line {}: a key or text holds a line break or another control character", file, at.source().begin.line);
  };
  if (const auto* text = node.as_string()) check(text->get(), node);
  if (const auto* list = node.as_array())
    for (const toml::node& item : *list) check_lines(item, file);
  if (const auto* table = node.as_table())
    for (const auto& [key, value] : *table) {
      check(key.str(), value);
      check_lines(value, file);
    }
}

// What can only be seen with all claims at hand: ids are unique, variants name a claim of the paper, and orderings a claim with a
// metric, or a metric.
void check_together(const std::vector<Claim>& claims, const std::string& file) {
  std::set<std::string> ids;
  for (const Claim& claim : claims)
    if (!ids.insert(claim.id).second) fail(Exit::io, "{}: claim {}: the 'id' is given twice", file, claim.id);
  for (const Claim& claim : claims) {
    if (claim.variant_of.empty()) continue;
    const auto of = std::ranges::find(claims, claim.variant_of, &Claim::id);
    if (of == claims.end() || of->source() == Source::variant || of->source() == Source::own)
      fail(Exit::io, "{}: claim {}: 'variant_of' = \"{}\" is not the id of a claim of the paper's", file, claim.id, claim.variant_of);
  }
  for (const Claim& claim : claims)
    for (const auto& [profile, rule] : claim.rules) {
      const auto* ordering = std::get_if<Ordering>(&rule.kind);
      if (!ordering || cell_metric_from(ordering->other)) continue;
      const auto other = std::ranges::find(claims, ordering->other, &Claim::id);
      if (other == claims.end() || !other->metric)
        fail(Exit::io, "{}: claim {}: rule: {}: '{}' = \"{}\" is neither the id of a claim with a metric nor \"experiment/cell : metric\"",
             file, claim.id, experiments::to_string(profile), ordering->after ? "after" : "before", ordering->other);
    }
}

}  // namespace

Source Claim::source() const {
  if (id.starts_with("right.") || id.starts_with("oracle.")) return Source::own;
  if (!variant_of.empty()) return Source::variant;
  if (unprinted || reading_error) return Source::unprinted_number;
  return published ? Source::printed_number : Source::sentence;
}

std::vector<Claim> parse_claims(const std::string& text, const std::string& file) {
  // The parser's behaviour is undefined where some other characters stand outside strings.
  const auto foreign = std::ranges::find_if(text, [](char c) { return static_cast<unsigned char>(c) > 0x7f; });
  if (foreign != text.end())
    fail(Exit::io, "{}: line {}: holds a character that is not ASCII; in a string, write \\uXXXX", file, 1 + std::count(text.begin(), foreign, '\n'));
  toml::table root;
  try {
    root = toml::parse(text);
  } catch (const toml::parse_error& error) {
    std::string description(error.description());
    std::ranges::replace_if(description, is_control, ' ');
    fail(Exit::io, "{}: line {}: {}", file, error.source().begin.line, description);
  } catch (const std::logic_error& error) {
    fail(Exit::io, "{}: malformed TOML: {} does not hold", file, error.what());
  }
  check_lines(root, file);
  for (const auto& [key, value] : root)
    if (key.str() != "claim") fail(Exit::io, "{}: unknown key '{}'; a file of claims holds only [[claim]]", file, key.str());
  const toml::array* tables = root["claim"].as_array();
  if (!tables) fail(Exit::io, "{}: holds no [[claim]]", file);

  std::vector<Claim> claims;
  for (const toml::node& node : *tables) {
    if (!node.is_table()) fail(Exit::io, "{}: claim must be written [[claim]]", file);
    claims.push_back(claim_from(*node.as_table(), claims.size() + 1, file));
  }
  check_together(claims, file);
  return claims;
}

std::vector<Claim> read_claims(const std::filesystem::path& path) {
  return parse_claims(experiments::read_existing_file(path), path.filename().string());
}

}  // namespace reporting
