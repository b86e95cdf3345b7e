#include "common/reporting/attach.hpp"

#include "common/experiments/files.hpp"
#include "common/experiments/ledger.hpp"
#include "common/experiments/messages.hpp"
#include "common/reporting/front_page.hpp"
#include "common/tensors/errors.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <memory>

namespace reporting {
namespace {

using experiments::Ledger;
using experiments::Program;
using tensors::Exit;

std::vector<Claim> claims_of(const Program& program, const Document& document) {
  auto claims = read_claims(document.root / document.published);
  require_declared(claims, program);
  return claims;
}

Results results_of(const Program& program, const Ledger& ledger) {
  return Results(ledger, [&](const experiments::Record& record) { return experiments::stale(record, program); });
}

void report(const Program& program, const Document& document, const Ledger& ledger) {
  const auto claims = claims_of(program, document);
  const Results results = results_of(program, ledger);
  const auto judgements = judge_all(claims, results);
  const auto folder = program.reports / program.name;

  Page page(results, claims);
  document.write(page, ledger);
  page.write(folder, program, judgements);
  experiments::replace_file(folder / "program.md", weave(program.title, document.root, document.chapters));
  write_summary(folder, program, claims, judgements, results);
  write_front_page(program.reports, document.root);
  experiments::say("wrote {}", (folder / "index.md").string());
}

}  // namespace

int check(const std::vector<Claim>& claims, const Results& results, const std::optional<std::string>& id, std::optional<Profile> profile) {
  if (id && std::ranges::find(claims, *id, &Claim::id) == claims.end())
    tensors::fail(Exit::usage, "there is no claim '{}'; `list` shows them all", *id);
  int reached = 0, failed = 0;
  for (const Judgement& judgement : judge_all(claims, results, profile)) {
    if (id && judgement.claim->id != *id) continue;
    fmt::print("{}\n", to_line(judgement));
    reached += !judgement.skipped();
    failed += judgement.failed;
  }
  return static_cast<int>(failed > 0 ? Exit::check_failed : reached == 0 ? Exit::nothing_to_check : Exit::done);
}

void attach(Program& program, Document document) {
  const auto shared = std::make_shared<const Document>(std::move(document));
  program.report = [shared](const Program& p, const Ledger& ledger) { report(p, *shared, ledger); };
  program.check = [shared](const Program& p, const Ledger& ledger, const std::optional<std::string>& id, std::optional<Profile> profile) {
    return check(claims_of(p, *shared), results_of(p, ledger), id, profile);
  };
  program.published_numbers = [shared](const Program& p) {
    std::vector<std::string> lines;
    for (const Claim& c : claims_of(p, *shared)) lines.push_back(fmt::format("{}  {}  {}  ({})", c.id, published_text(c), c.says, c.where));
    return lines;
  };
}

}  // namespace reporting
