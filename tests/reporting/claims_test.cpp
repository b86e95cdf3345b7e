// The verdict of every kind of rule, what a perturbed number does, and what a file of claims may not hold.
#include "common/reporting/attach.hpp"
#include "common/reporting/claims.hpp"
#include "common/reporting/scoreboard.hpp"
#include "tests/reporting/sample.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <cmath>

using namespace sample;

namespace {

const std::string reproduced = "expect = \"reproduced\"\n";

std::vector<Claim> parsed(const std::string& text) { return parse_claims(text, "published_toy.toml"); }

Judgement judged(const std::string& text, const Ledger& records, std::optional<Profile> profile = {}) {
  static std::vector<Claim> claims;  // a judgement points to its claim
  claims = parsed(text);
  return judge(claims.front(), claims, results(records), profile);
}

// True when the first claim of the text is reproduced by the sample ledger.
bool holds(const std::string& text) { return judged(text, ledger()).verdict == Verdict::reproduced; }

std::string refusal(const std::string& text) {
  try {
    parsed(text);
  } catch (const tensors::Failure& failure) {
    BOOST_CHECK(failure.status() == tensors::Exit::io);
    return failure.what();
  }
  return "accepted";
}

std::string absolute(double tolerance, const std::string& rest = reproduced) {
  return fmt::format("rule.paper = {{ kind = \"absolute\", tolerance = {}, because = \"x\" }}\n{}", tolerance, rest);
}

}  // namespace

BOOST_AUTO_TEST_CASE(absolute_and_relative_add_half_a_printed_unit) {
  BOOST_CHECK(holds(claim("a", "n3", -137.5, absolute(0.5))));
  BOOST_CHECK(holds(claim("a", "n3", -137.505, absolute(0.5))));
  BOOST_CHECK(!holds(claim("a", "n3", -137.506, absolute(0.5))));
  BOOST_CHECK(holds(claim("a", "n3", -136.495, absolute(0.5))));
  BOOST_CHECK(!holds(claim("a", "n3", -136.494, absolute(0.5))));
  const auto relative = [](double published) {
    return claim("a", "n3", published, "rule.paper = { kind = \"relative\", tolerance = 0.1, because = \"x\" }\n" + reproduced);
  };
  BOOST_CHECK(holds(relative(-152.22)));  // 137 = 152.22 - 15.222 + 0.002
  BOOST_CHECK(!holds(relative(-152.23)));
  BOOST_CHECK(holds(relative(-124.545)));
  BOOST_CHECK(!holds(relative(-124.54)));
}

BOOST_AUTO_TEST_CASE(a_number_read_off_a_plot_has_the_readers_error_in_place_of_half_a_unit) {
  BOOST_CHECK(holds(claim("a", "n3", -139.5, absolute(0.5, "reading_error = 2.0\n" + reproduced))));
  BOOST_CHECK(!holds(claim("a", "n3", -139.51, absolute(0.5, "reading_error = 2.0\n" + reproduced))));
  BOOST_CHECK_EQUAL(refusal(claim("a", "n3", -139, absolute(0.5, "reading_error = 0.0\n" + reproduced))),
                    "published_toy.toml: claim a: 'reading_error' = 0 must be above 0 and stand beside 'published'");
}

BOOST_AUTO_TEST_CASE(interval_is_the_t_interval_of_one_more_draw) {
  // Own seeds: n = 3, s = 1, t(0.975; 2) = 4.302653, half width = 4.302653 * sqrt(1/3 + 1) = 4.968275, and 0.005 for rounding.
  const auto own = [](double published) {
    return claim("a", "n3", published, "rule.paper = { kind = \"interval\", false_alarm = 0.05, because = \"x\" }\n" + reproduced);
  };
  BOOST_CHECK(holds(own(-137 - 4.9732)));
  BOOST_CHECK(!holds(own(-137 - 4.9734)));
  BOOST_CHECK(holds(own(-137 + 4.9732)));
  BOOST_CHECK(!holds(own(-137 + 4.9734)));

  // One seed of its own, borrowed spread: (2 * 1 + 1 * 2) / 3 = 4/3 with 3 d.o.f., t(0.975; 3) = 3.182446,
  // half width against a mean of 4 runs = 3.182446 * sqrt(4/3) * sqrt(1 + 1/4) = 4.108520.
  const auto borrowed = [](double published) {
    return claim("a", "n5", published,
                 "rule.paper = { kind = \"interval\", false_alarm = 0.05, published_runs = 4, pool = [\"vae/n3\", \"vae/n20\"], because = "
                 "\"x\" }\n" +
                     reproduced);
  };
  BOOST_CHECK(holds(borrowed(-117 - 4.1135)));
  BOOST_CHECK(!holds(borrowed(-117 - 4.1136)));

  // The first half width, and what it is allowed to be.
  const auto narrow = [](double at_most) {
    return judged(claim("a", "n3", -137, fmt::format("rule.paper = {{ kind = \"interval\", false_alarm = 0.05, at_most = {}, because = \"x\" }}\n", at_most) + reproduced), ledger());
  };
  BOOST_CHECK_EQUAL(verdict_text(narrow(4.969)), "reproduced (± 4.97 allowed)");
  BOOST_CHECK_EQUAL(verdict_text(narrow(4.968)), "run, undecided: too few seeds for an interval of ± 4.97 or less: theirs is ± 4.97");
  BOOST_CHECK(narrow(4.968).undecided);

  const std::string alone = "rule.paper = { kind = \"interval\", false_alarm = 0.05, because = \"x\" }\n" + reproduced;
  const Judgement j = judged(claim("a", "n5", -117, alone), ledger());
  BOOST_CHECK(j.verdict == Verdict::not_run && j.undecided);
  BOOST_CHECK(j.skipped());
}

// Ours is one seed at -117, the other three at -137 with s = 1: a lead of 20, which chance alone moves by t(0.975; 2) * sqrt(1 + 1/3) =
// 4.968275; with the two seeds of n20 in the pool by t(0.975; 3) * sqrt(4/3) * sqrt(4/3) = 4.243261.
BOOST_AUTO_TEST_CASE(an_ordering_of_noisy_means_is_left_unjudged_where_chance_could_turn_it) {
  const auto ordering = [](double margin, const std::string& pool = "") {
    return judged(claim("right.a", "n5", -117,
                        fmt::format("rule.paper = {{ kind = \"ordering\", after = \"vae/n3 : bound\", margin = {}, false_alarm = 0.05,{} because = "
                                    "\"x\" }}\n{}",
                                    margin, pool, reproduced)),
                  ledger());
  };
  const auto undecided = [](const Judgement& j) { return j.undecided && j.verdict == Verdict::not_run && j.skipped(); };
  const std::string pool = " pool = [\"vae/n20\"],";
  BOOST_CHECK(ordering(15.03).verdict == Verdict::reproduced);
  BOOST_CHECK(undecided(ordering(15.04)));
  BOOST_CHECK(undecided(ordering(24.96)));
  BOOST_CHECK(ordering(24.97).verdict == Verdict::differs);
  BOOST_CHECK(ordering(15.75, pool).verdict == Verdict::reproduced);
  BOOST_CHECK(undecided(ordering(15.76, pool)));
  const std::string with_the_other = " pool = [\"vae/n20\", \"vae/n3\"],";  // which is no second sample of n3
  BOOST_CHECK(ordering(15.75, with_the_other).verdict == Verdict::reproduced);
  BOOST_CHECK(undecided(ordering(15.76, with_the_other)));
  BOOST_CHECK_EQUAL(verdict_text(ordering(16)), "run, undecided: too few seeds to tell a lead of 20 from the 16 asked for, as chance makes up to 4.97");
  BOOST_CHECK(!ordering(15).undecided);
}

BOOST_AUTO_TEST_CASE(a_claim_is_of_a_printed_number_of_a_sentence_or_our_own) {
  const auto source = [](const std::string& text) { return parsed(text).front().source(); };
  const std::string order = "rule.paper = { kind = \"ordering\", before = \"vae/n5 : bound\", margin = 5.0, because = \"x\" }\n" + reproduced;
  BOOST_CHECK(source(claim("table1.a", "n3", -137, absolute(1))) == Source::printed_number);
  BOOST_CHECK(source("[[claim]]\nid = \"a\"\nwhere = \"w\"\nsays = \"s\"\nmetric = \"vae/n3 : bound\"\n" + order) == Source::sentence);
  BOOST_CHECK(source(claim("right.a", "n3", -137, absolute(1))) == Source::own);
  BOOST_CHECK(source(claim("oracle.a", "n3", -137, absolute(1))) == Source::own);
  BOOST_CHECK(source(claim("righteous.a", "n3", -137, absolute(1))) == Source::printed_number);
  BOOST_CHECK(source(claim("figure1.a", "n3", -137, absolute(1, "reading_error = 2.0\n" + reproduced))) == Source::unprinted_number);
  BOOST_CHECK(source(claim("figure1.a", "n3", -137, absolute(1, "unprinted = true\n" + reproduced))) == Source::unprinted_number);

  const auto variant = [&](const std::string& of) {
    return claim("table1.a", "n3", -137, absolute(1)) + claim("right.a", "n3", -137, absolute(1)) +
           claim("table1.a.here", "n3", -137, absolute(1, fmt::format("variant_of = \"{}\"\n", of) + reproduced));
  };
  BOOST_CHECK(parsed(variant("table1.a")).back().source() == Source::variant);
  for (const std::string of : {"table1.b", "right.a", "table1.a.here"})
    BOOST_CHECK_EQUAL(refusal(variant(of)), fmt::format("published_toy.toml: claim table1.a.here: 'variant_of' = \"{}\" is not the id of a claim of the paper's", of));
}

// n20 less n3, seed by seed: 51 and 48; a lead of 49.5 with a standard error of 1.5, which chance takes 19.0593 away (t(0.975; 1)).
// The third seed of n3 has no partner.
BOOST_AUTO_TEST_CASE(a_paired_ordering_is_judged_by_the_differences_of_equal_seeds) {
  const auto paired = [](double margin, const std::string& rest) {
    return claim("right.a", "n20", -88,
                 fmt::format("rule.paper = {{ kind = \"ordering\", after = \"vae/n3 : bound\", margin = {}, paired = true, {}because = \"x\" }}\n", margin, rest));
  };
  const std::string alarm = "false_alarm = 0.05, ";
  const auto verdict = [&](double margin) { return judged(paired(margin, alarm) + reproduced, ledger()); };
  BOOST_CHECK(verdict(30.44).verdict == Verdict::reproduced);
  BOOST_CHECK(verdict(30.45).undecided);
  BOOST_CHECK(verdict(68.55).undecided);
  BOOST_CHECK(verdict(68.56).verdict == Verdict::differs);
  BOOST_CHECK_EQUAL(verdict_text(verdict(30.44)), "reproduced, as an ordering (lead 49.5)");
  BOOST_CHECK_EQUAL(verdict(50).note, "too few seeds to tell a lead of 49.5 from the 50 asked for, as chance makes up to 19.1");

  // With a pool: from seed to seed n3, n20 and n5 move by d, d - 3 and d - 3. Less their mean that is 2, -1 and -1, so
  // s^2 = (4 + 1 + 1) / 2 / 2 with 2 d.o.f., and t(0.975; 2) s sqrt(2 / 2) = 5.2697. A cell named twice counts once.
  Ledger two_of_n5 = ledger();
  add(two_of_n5, record("n5", 1, -119));
  const auto pooled = [&](double margin) { return judged(paired(margin, alarm + "pool = [\"vae/n3\", \"vae/n5\"], ") + reproduced, two_of_n5); };
  BOOST_CHECK(pooled(44.23).verdict == Verdict::reproduced);
  BOOST_CHECK(pooled(44.24).undecided);

  Ledger one_in_common = ledger();
  one_in_common.at(Profile::paper).erase("vae/n3/seed_1");
  BOOST_CHECK_EQUAL(judged(paired(0, alarm) + reproduced, one_in_common).note, "there are no two seeds in common");

  // `instead` is about the lead.
  const auto instead = [](double value) {
    return fmt::format("expect = \"differs\"\ninstead = {{ value = {}, tolerance = 1, because = \"x\" }}\n", value);
  };
  BOOST_CHECK(!judged(paired(80, alarm) + instead(49), ledger()).failed);
  BOOST_CHECK(judged(paired(80, alarm) + instead(-88), ledger()).failed);
  BOOST_CHECK(refusal(paired(0, "") + reproduced).ends_with("rule: paper: a paired ordering needs 'false_alarm'"));
}

BOOST_AUTO_TEST_CASE(what_is_printed_beside_a_number_is_kept_by_name) {
  const Claim claim_of_two = parsed(claim("a", "n3", -137, absolute(1) + "[claim.beside]\nepochs = 12\ndeviation = 0.5\n")).front();
  BOOST_CHECK((claim_of_two.beside == std::map<std::string, double>{{"epochs", 12}, {"deviation", 0.5}}));
  BOOST_CHECK_EQUAL(refusal(claim("a", "n3", -137, absolute(1) + "[claim.beside]\nepochs = \"12\"\n")),
                    "published_toy.toml: claim a: beside: 'epochs' must be a number");
}

// What a seed does to all cells alike is no scatter of their differences, however many cells there are.
BOOST_AUTO_TEST_CASE(a_residual_has_no_part_of_the_means_of_cells_and_seeds) {
  using Rows = std::vector<std::vector<double>>;
  const Spread additive = reporting::residual(Rows{{1, 2, 4}, {3, 4, 6}, {-5, -4, -2}});
  BOOST_CHECK_SMALL(additive.sd, 1e-15);
  BOOST_CHECK_EQUAL(additive.dof, 4);
  const Spread two = reporting::residual(Rows{{0, 0, 0}, {3, 5, 4}});  // two cells: that of a paired t-test, over sqrt(2)
  BOOST_CHECK_CLOSE(two.sd, std::sqrt(0.5), 1e-12);
  BOOST_CHECK_EQUAL(two.dof, 2);
  BOOST_CHECK_EQUAL(reporting::residual(Rows{{1}, {2}}).dof, 0);
  BOOST_CHECK_EQUAL(reporting::residual(Rows{{1, 2}}).dof, 0);
  BOOST_CHECK_THROW(reporting::residual(Rows{{1, 2}, {1, 2, 3}}), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(ordering_needs_more_than_the_margin) {
  const auto ordering = [](const std::string& kind, double margin) {
    return claim("a", "n5", -117,
                 fmt::format("rule.paper = {{ kind = \"ordering\", {}, margin = {}, because = \"x\" }}\n{}", kind, margin, reproduced)) +
           claim("b", "n3", -137, absolute(5));
  };
  BOOST_CHECK(holds(ordering("after = \"b\"", 19.99)));
  BOOST_CHECK(!holds(ordering("after = \"b\"", 20)));
  BOOST_CHECK(!holds(ordering("before = \"b\"", 0)));
  BOOST_CHECK(holds(ordering("before = \"vae/n20 : bound\"", 28.9)));
  BOOST_CHECK(!holds(ordering("before = \"vae/n20 : bound\"", 29)));
  BOOST_CHECK(judged(ordering("before = \"vae/unrun : bound\"", 0), ledger()).verdict == Verdict::not_run);

  const auto reference = [](const std::string& rule) {
    return reference_text(judged("[[claim]]\nid = \"a\"\nwhere = \"w\"\nsays = \"s\"\nmetric = \"vae/n3 : bound\"\nrule.paper = { kind = \"ordering\", " +
                                     rule + ", because = \"x\" }\n" + reproduced, ledger()));
  };
  const std::string other = fmt::format("{:.2f}", results(ledger()).accepted(Profile::paper, {"vae", "n20", "bound"})->mean);
  BOOST_CHECK_EQUAL(reference("before = \"vae/n20 : bound\", margin = 0"), "< " + other);
  BOOST_CHECK_EQUAL(reference("before = \"vae/n20 : bound\", margin = 1.5"), "< " + other + " − 1.5");
  BOOST_CHECK_EQUAL(reference("after = \"vae/n20 : bound\", margin = 1.5"), "> " + other + " + 1.5");
  BOOST_CHECK_EQUAL(reference("after = \"vae/n20 : bound\", margin = -60"), "> " + other + " − 60");
}

BOOST_AUTO_TEST_CASE(law_binds_ours_and_the_published_number) {
  const auto judged_law = [](double published, double exact) {
    Ledger records = ledger();
    for (auto& [key, r] : records[Profile::paper]) r.metrics["exact"] = {exact, "nats", "closed form", {}};
    return judged(claim("a", "n3", published,
                        "rule.paper = { kind = \"law\", law = \"vae/n3 : exact\", tolerance = 0.5, because = \"x\" }\n" + reproduced),
                  records)
        .verdict;
  };
  BOOST_CHECK(judged_law(-137.5, -137.4) == Verdict::reproduced);
  BOOST_CHECK(judged_law(-137.5, -137.6) == Verdict::differs);    // ours is too far from the law
  BOOST_CHECK(judged_law(-137.906, -137.4) == Verdict::differs);  // the published number is

  const std::string oracle =
      "[[claim]]\nid = \"a\"\nwhere = \"w\"\nsays = \"s\"\nmetric = \"vae/n3 : bound\"\n"
      "rule.paper = { kind = \"law\", law = \"vae/n20 : bound\", tolerance = TOLERANCE, false_alarm = 0.01, because = \"x\" }\n" + reproduced;
  const auto within = [&](const std::string& tolerance) { return std::string(oracle).replace(oracle.find("TOLERANCE"), 9, tolerance); };
  const double distance = std::abs(results(ledger()).accepted(Profile::paper, {"vae", "n3", "bound"})->mean -
                                   results(ledger()).accepted(Profile::paper, {"vae", "n20", "bound"})->mean);
  BOOST_CHECK_EQUAL(reference_text(judged(within("1000"), ledger())),
                    fmt::format("= {:.2f}", results(ledger()).accepted(Profile::paper, {"vae", "n20", "bound"})->mean));
  BOOST_CHECK(holds(within(fmt::format("{}", distance + 0.01))));  // without a published number only ours is bound
  BOOST_CHECK(!holds(within(fmt::format("{}", distance - 0.01))));
  BOOST_CHECK_CLOSE(false_alarm_budget(parsed(within("1.0"))), 0.01, 1e-9);
}

BOOST_AUTO_TEST_CASE(a_perturbed_number_fails_exactly_its_own_claim) {
  const std::string differs = "expect = \"differs\"\ninstead = { value = -88.0, tolerance = 0.1, because = \"a slip\" }\n";
  const auto failures = [&](double first, double second, double law, const std::string& third) {
    Ledger records = ledger();
    for (auto& [key, r] : records[Profile::paper]) r.metrics["exact"] = {-117, "nats", "closed form", {}};
    const auto claims =
        parsed(claim("first", "n3", first, absolute(1)) +
               claim("second", "n5", second, "rule.paper = { kind = \"relative\", tolerance = 0.01, because = \"x\" }\n" + reproduced) +
               claim("law", "n5", law,
                     "rule.paper = { kind = \"law\", law = \"vae/n5 : exact\", tolerance = 0.1, because = \"x\" }\n" + reproduced) +
               claim("third", "n20", -95, absolute(1, third)));
    std::string ids;
    for (const auto& j : judge_all(claims, results(records))) ids += j.failed ? j.claim->id + " " : "";
    return ids;
  };
  BOOST_CHECK_EQUAL(failures(-137, -117, -117, differs), "");
  BOOST_CHECK_EQUAL(failures(-139, -117, -117, differs), "first ");
  BOOST_CHECK_EQUAL(failures(-137, -119, -117, differs), "second ");
  BOOST_CHECK_EQUAL(failures(-137, -117, -118, differs), "law ");
  BOOST_CHECK_EQUAL(
      failures(-137, -117, -117, "expect = \"differs\"\ninstead = { value = -88.2, tolerance = 0.1, because = \"a slip\" }\n"), "third ");
  BOOST_CHECK_EQUAL(failures(-137, -117, -117, reproduced), "third ");
}

BOOST_AUTO_TEST_CASE(records_that_do_not_count) {
  const std::string text = claim("a", "n5", -117, absolute(1));
  const auto with = [&](const std::function<void(Record&)>& change) {
    Ledger records;
    Record r = record("n5", 0, -117);
    change(r);
    add(records, r);
    return judged(text, records);
  };
  BOOST_CHECK(with([](Record&) {}).verdict == Verdict::reproduced);
  BOOST_CHECK(with([](Record& r) { r.custom = true; }).skipped());
  BOOST_CHECK(with([](Record& r) { r.stand_in_data = true; }).skipped());
  BOOST_CHECK(with([](Record& r) { r.identity.revision = 2; }).skipped());

  const Judgement diverged = with([](Record& r) {
    r.diverged = true;
    r.metrics.clear();
  });
  BOOST_CHECK(diverged.verdict == Verdict::differs);
  BOOST_CHECK(diverged.failed);
  BOOST_CHECK(to_line(diverged).find("ours diverged") != std::string::npos);

  const Judgement unrecorded = with([](Record& r) { r.metrics.erase("bound"); });
  BOOST_CHECK(unrecorded.failed);
  BOOST_CHECK(unrecorded.note.find("no metric 'bound'") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(diverged_cells_do_not_enter_the_spread_over_seeds) {
  Ledger records = ledger();
  for (auto& [key, r] : records[Profile::paper])
    if (r.identity.cell == "n20") r.diverged = true, r.metrics.clear();
  const auto claims = parsed(claim("a", "n3", -137, absolute(1)) + claim("b", "n20", -88, absolute(1)));
  const Results held = results(records);
  const std::string section = scoreboard_section(judge_all(claims, held), held);
  BOOST_TEST(section.find("| `vae : bound` | paper   |              1 (2) |                      1 to 1 |     3 |") != std::string::npos, section);
}

BOOST_AUTO_TEST_CASE(the_scoreboard_names_what_was_judged_at_quick_beside_claims_judged_at_paper) {
  Ledger records = ledger();
  for (auto [key, r] : records.at(Profile::paper)) {
    r.identity.profile = Profile::quick;
    records[Profile::quick].emplace(key, r);
  }
  const std::string quick = "rule.quick = { kind = \"absolute\", tolerance = 1.0, because = \"x\" }\n" + reproduced;
  const auto section = [&](const std::string& toml) {
    const auto claims = parsed(toml);
    const Results held = results(records);
    return scoreboard_section(judge_all(claims, held), held);
  };
  const std::string both = section(claim("a", "n3", -137, absolute(1)) + claim("b", "n3", -137, quick)), only = section(claim("b", "n3", -137, quick));
  BOOST_TEST(both.find("Judged at `quick`, not at the paper's scale: `b`.\n") != std::string::npos, both);
  BOOST_TEST(only.find("Judged at") == std::string::npos, only);
}

BOOST_AUTO_TEST_CASE(claims_of_which_the_same_is_said_share_a_line) {
  const auto quoted = [](const char* id, const char* from) { return claim(id, "n3", -137, fmt::format("not_comparable = \"quoted from {}\"\n", from)); };
  const auto claims = parsed(quoted("a", "one") + quoted("b", "another") + quoted("c", "one"));
  const Ledger records = ledger();
  const Results held = results(records);
  const std::string section = scoreboard_section(judge_all(claims, held), held);
  const std::string where = claims.front().where;
  const std::string lines = fmt::format("- `a` ({0}), `c` ({0}): quoted from one\n- `b` ({0}): quoted from another\n", where);
  BOOST_TEST(section.find(lines) != std::string::npos, section);
}

BOOST_AUTO_TEST_CASE(no_value_holds_instead_for_a_diverged_seed) {
  Ledger records = ledger();
  records[Profile::paper].at("vae/n3/seed_1").diverged = true;
  BOOST_CHECK(
      judged(claim("a", "n3", -100, absolute(1, "expect = \"differs\"\ninstead = { value = -137.0, tolerance = 50.0, because = \"x\" }\n")),
             records)
          .failed);
}

BOOST_AUTO_TEST_CASE(a_declared_divergence_must_happen) {
  const std::string diverges = "expect = \"differs\"\ninstead = { diverges = true, because = \"the rate is too high\" }\n";
  const std::string ordering = "rule.paper = { kind = \"ordering\", after = \"vae/n20 : bound\", margin = 0.0, because = \"x\" }\n" + diverges;
  Ledger records = ledger();
  BOOST_CHECK(judged(claim("a", "n3", -100, absolute(1, diverges)), records).failed);
  BOOST_CHECK_EQUAL(judged(claim("a", "n3", -100, absolute(1, diverges)), records).note,
                    "instead of the published value a divergence was declared");
  records[Profile::paper].at("vae/n3/seed_1").diverged = true;
  const std::string interval = "rule.paper = { kind = \"interval\", false_alarm = 0.01, because = \"x\" }\n" + diverges;
  for (const std::string& rule : {absolute(1, diverges), ordering, interval}) {
    const Judgement judgement = judged(claim("a", "n3", -100, rule), records);
    BOOST_CHECK(judgement.verdict == Verdict::differs);
    BOOST_CHECK(!judgement.failed);
  }
}

BOOST_AUTO_TEST_CASE(the_highest_profile_with_a_rule_and_records_judges) {
  const std::string both =
      "rule.paper = { kind = \"absolute\", tolerance = 1.0, because = \"x\" }\n"
      "rule.quick = { kind = \"absolute\", tolerance = 30.0, because = \"x\" }\n" +
      reproduced;
  Ledger records = ledger();
  add(records, record("n3", 0, -150, Profile::quick));
  add(records, record("unrun", 0, -150, Profile::quick));
  BOOST_CHECK(judged(claim("a", "n3", -137, both), records).profile == Profile::paper);
  BOOST_CHECK(judged(claim("a", "n3", -137, both), records, Profile::quick).profile == Profile::quick);
  BOOST_CHECK(judged(claim("a", "unrun", -137, both), records).profile == Profile::quick);
  BOOST_CHECK(judged(claim("a", "unrun", -137, both), records, Profile::paper).skipped());

  const Judgement no_rule = judged(claim("a", "unrun", -137, absolute(1)), records);
  BOOST_CHECK(no_rule.skipped());
  BOOST_CHECK_EQUAL(ours_text(no_rule), "-150.00 (1 seed, quick)");
}

BOOST_AUTO_TEST_CASE(exit_statuses_of_check) {
  const auto claims =
      parsed(claim("good", "n3", -137, absolute(1)) + claim("bad", "n5", -100, absolute(1)) + claim("unrun", "unrun", -100, absolute(1)) +
             claim("quoted", "n5", -99, "not_comparable = \"quoted from another paper\"\n"));
  const Ledger records = ledger();
  const Results view = results(records);
  BOOST_CHECK_EQUAL(check(claims, view, "good", {}), 0);
  BOOST_CHECK_EQUAL(check(claims, view, "bad", {}), 1);
  BOOST_CHECK_EQUAL(check(claims, view, "unrun", {}), 77);
  BOOST_CHECK_EQUAL(check(claims, view, "quoted", {}), 77);
  BOOST_CHECK_EQUAL(check(claims, view, {}, {}), 1);
  BOOST_CHECK_EQUAL(check(claims, view, {}, Profile::quick), 77);
  BOOST_CHECK_EXCEPTION(check(claims, view, "none", {}), tensors::Failure,
                        [](const tensors::Failure& f) { return f.status() == tensors::Exit::usage; });
}

BOOST_AUTO_TEST_CASE(a_line_says_all) {
  BOOST_CHECK_EQUAL(to_line(judged(claim("a.b", "n3", -137.64, absolute(1)), ledger())),
                    "a.b  published -137.64  ours -137.00 ± 0.58 (3 seeds, paper)  reproduced (± 1.01 allowed)  as declared");
  BOOST_CHECK_EQUAL(to_line(judged(claim("a.b", "n5", -100, absolute(1)), ledger())),
                    "a.b  published -100.00  ours -117.00 (1 seed, paper)  differs (± 1.01 allowed)  NOT as declared  (expected: reproduced)");
  const std::string order = "rule.paper = { kind = \"ordering\", before = \"vae/n5 : bound\", margin = 5.0, because = \"x\" }\n" + reproduced;
  BOOST_CHECK_EQUAL(to_line(judged(claim("a.b", "n3", -150, order), ledger())),
                    "a.b  published -150.00  ours -137.00 ± 0.58 (3 seeds, paper)  reproduced, as an ordering  as declared");
}

BOOST_AUTO_TEST_CASE(a_rule_may_expect_something_of_its_own) {
  const std::string text = claim("a", "n3", -100,
                                 "rule.paper = { kind = \"absolute\", tolerance = 1.0, because = \"x\", expect = \"differs\", "
                                 "instead = { value = -137.0, tolerance = 0.1, because = \"y\" } }\n"
                                 "rule.quick = { kind = \"absolute\", tolerance = 1.0, because = \"x\" }\n" +
                                     reproduced);
  const auto claims = parsed(text);
  BOOST_CHECK(claims[0].rules.at(Profile::paper).expect == Verdict::differs);
  BOOST_CHECK(claims[0].rules.at(Profile::quick).expect == Verdict::reproduced);
  BOOST_CHECK(!judged(text, ledger()).failed);
}

BOOST_AUTO_TEST_CASE(refusals_name_file_claim_and_key) {
  const std::string at = "published_toy.toml: claim a: ";
  BOOST_CHECK_EQUAL(refusal(claim("a", "n3", -137, absolute(1) + "tolerence = 1\n")), at + "unknown key 'tolerence'");
  BOOST_CHECK_EQUAL(
      refusal(claim("a", "n3", -137, "rule.paper = { kind = \"absolute\", tolerance = 1, pool = [], because = \"x\" }\n" + reproduced)),
      at + "rule: paper: unknown key 'pool'");
  BOOST_CHECK_EQUAL(refusal(claim("a", "n3", -137, "rule.smoke = { kind = \"absolute\", tolerance = 1, because = \"x\" }\n" + reproduced)),
                    at + "rule: unknown key 'smoke'");
  BOOST_CHECK_EQUAL(refusal(claim("a", "n3", -137, "rule.paper = { kind = \"absolute\", tolerance = 1 }\n" + reproduced)),
                    at + "rule: paper: 'because' is missing");
  BOOST_CHECK_EQUAL(refusal(claim("a", "n3", -137, absolute(-1))), at + "rule: paper: 'tolerance' = -1 is negative");
  BOOST_CHECK_EQUAL(refusal(claim("a", "n3", -137, "rule.paper = { kind = \"near\", tolerance = 1, because = \"x\" }\n" + reproduced)),
                    at + "rule: paper: 'kind' = \"near\" must be relative, absolute, interval, ordering or law");
  BOOST_CHECK_EQUAL(refusal(claim("a", "n3", -137, absolute(1, "expect = \"differs\"\n"))),
                    at + "rule: paper: expect = \"differs\" needs 'instead' = { value, tolerance, because } or { diverges = true, because }");
  BOOST_CHECK_EQUAL(refusal(claim("a", "n3", -137, absolute(1, reproduced + "instead = { value = 1, tolerance = 1, because = \"x\" }\n"))),
                    at + "rule: paper: 'instead' needs expect = \"differs\"");
  BOOST_CHECK_EQUAL(
      refusal(claim("a", "n3", -137, absolute(1, "expect = \"differs\"\ninstead = { diverges = false, because = \"x\" }\n"))),
      at + "instead: 'diverges' must be true, or not stand there");
  BOOST_CHECK_EQUAL(refusal(claim("a", "n3", -137, absolute(1, ""))), at + "rule: paper: 'expect' is missing, here and in the claim");
  BOOST_CHECK_EQUAL(refusal(claim("a", "n3", -137, absolute(1)) + claim("a", "n3", -137, absolute(1))), at + "the 'id' is given twice");
  BOOST_CHECK_EQUAL(refusal(claim("A", "n3", -137, absolute(1))), "published_toy.toml: claim A: 'id' may hold only a-z, 0-9, _ and .");
  BOOST_CHECK_EQUAL(refusal(claim("a", "n3", -137, "")), at + "needs either a rule or 'not_comparable' = \"the reason\"");
  BOOST_CHECK_EQUAL(
      refusal(claim("a", "n3", -137, "rule.paper = { kind = \"ordering\", after = \"b\", margin = 0, because = \"x\" }\n" + reproduced)),
      at + "rule: paper: 'after' = \"b\" is neither the id of a claim with a metric nor \"experiment/cell : metric\"");
  BOOST_CHECK_EQUAL(refusal("[[claim]]\nid = \"a\"\nwhere = \"b\"\n"), at + "'says' is missing");
  BOOST_CHECK_EQUAL(refusal("[[claim]]\nwhere = \"b\"\n"), "published_toy.toml: claim number 1: 'id' is missing");
  BOOST_CHECK_EQUAL(refusal("[[claim]]\nid = 3\n"), "published_toy.toml: claim number 1: 'id' must be a string");
  BOOST_CHECK_EQUAL(refusal("x = 1\n"), "published_toy.toml: unknown key 'x'; a file of claims holds only [[claim]]");
  BOOST_CHECK_EQUAL(refusal("[[claim]]\nid = \"a\"\nwhere = \"w\"\nsays = \"s\"\nmetric = \"vae/n3 : bound\"\n" + absolute(1)),
                    at + "'published' is missing: only an ordering or a law does without it");
  BOOST_CHECK_EQUAL(refusal(claim("a", "n3", -137, "rule.paper = { kind = \"interval\", because = \"x\" }\n" + reproduced)),
                    at + "rule: paper: 'false_alarm' is missing");
  BOOST_CHECK(refusal("[[claim]\n").starts_with("published_toy.toml: line 1: "));
  for (const char* text : {"\n\"x\\ny\" = 1\n", "\n[[claim]]\nid = [\"a\", \"\\u001b\"]\n", "\n[claim.x]\ny = { z = \"\"\"\n\n\"\"\" }"})
    BOOST_CHECK(refusal(text).ends_with("a key or text holds a line break or another control character"));
  BOOST_CHECK(refusal("[[claim]]\nid = t\n").find('\n') == std::string::npos);
  BOOST_CHECK(refusal("[[ = 1\n").starts_with("published_toy.toml: malformed TOML: "));
  BOOST_CHECK_EQUAL(refusal("# one\n\u039c = 2\n"), "published_toy.toml: line 2: holds a character that is not ASCII; in a string, write \\uXXXX");
}

BOOST_AUTO_TEST_CASE(claims_about_undeclared_cells_are_refused) {
  require_declared(parsed(claim("a", "n3", -137, absolute(1))), program());
  BOOST_CHECK_EXCEPTION(require_declared(parsed(claim("a", "n7", -137, absolute(1))), program()), tensors::Failure,
                        [](const tensors::Failure& f) {
                          return std::string(f.what()) == "published_toy.toml: claim a: no profile declares the cell 'vae/n7'";
                        });
}

BOOST_AUTO_TEST_CASE(the_false_alarm_budget_adds_each_claim_once) {
  const std::string order = "rule.paper = { kind = \"ordering\", before = \"vae/n5 : bound\", margin = 5.0, false_alarm = 0.05, because = \"x\" }\n" + reproduced;
  BOOST_CHECK_CLOSE(false_alarm_budget(parsed(claim("a", "n3", -1, order))), 0.025, 1e-9);  // wrong on one side only
  const std::string two =
      "rule.paper = { kind = \"interval\", false_alarm = 0.02, because = \"x\" }\n"
      "rule.quick = { kind = \"interval\", false_alarm = 0.01, because = \"x\" }\n" +
      reproduced;
  BOOST_CHECK_CLOSE(false_alarm_budget(parsed(claim("a", "n3", -1, two) + claim("b", "n3", -1, two) + claim("c", "n3", -1, absolute(1)))),
                    0.04, 1e-9);
}
