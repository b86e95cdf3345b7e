#include "common/reporting/claims.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <set>

std::vector<std::string> fuzz::seeds() {
  return {R"([[claim]]
id = "table1.a"
where = "Table 1"
says = "bound"
metric = "vae/n3 : bound"
published = -86.1
digits = 1
rule.paper = { kind = "relative", tolerance = 0.05, because = "spread" }
rule.quick = { kind = "ordering", after = "table1.b", margin = 5.0, because = "order" }
expect = "reproduced"

[[claim]]
id = "table1.b"
where = "Table 1"
says = "bound"
metric = "vae/n5 : bound"
published = 3
digits = 0
expect = "differs"
instead = { value = 1, tolerance = 0.5, because = "computed" }
rule.paper = { kind = "interval", false_alarm = 0.01, published_runs = 3, pool = ["vae/n3"], because = "seeds" }
)",
          R"([[claim]]
id = "law"
where = "Eq. 3"
says = "error"
metric = "gaussian/d1 : error"
published = 1.25e1
digits = 2
expect = "reproduced"
[claim.rule.paper]
kind = "law"
law = "gaussian/d1 : exact"
tolerance = 0.1
because = '''closed form'''
[[claim]]
id = "other"
where = "Section 2"
says = "speed"
not_comparable = "another machine"
)"};
}

void fuzz::run(const std::string& input) {
  const auto claims = accepted(tensors::Exit::io, [&] { return reporting::parse_claims(input, "published_x.toml"); });
  if (!claims) return;
  std::set<std::string> ids;
  for (const reporting::Claim& claim : *claims) {
    check(ids.insert(claim.id).second, "no id is given twice");
    check(claim.rules.empty() != claim.not_comparable.empty(), "a claim is judged, or says why not");
  }
}
