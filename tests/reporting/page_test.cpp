// The page as a whole: what it holds, that equal records give equal bytes, and the front page over programs.
#include "common/reporting/attach.hpp"
#include "tests/reporting/sample.hpp"
#include "tests/temporary_folder.hpp"

#include <boost/test/unit_test.hpp>

#include <fmt/format.h>

#include <cmath>

using namespace sample;

namespace {

const std::string claims_text =
    claim("first", "n3", -137.64,
          "rule.paper = { kind = \"interval\", false_alarm = 0.01, because = \"spread\" }\nexpect = \"reproduced\"\n") +
    claim("second", "n5", -110,
          "rule.paper = { kind = \"absolute\", tolerance = 1.0, because = \"x\" }\nexpect = \"differs\"\n"
          "instead = { value = -117.0, tolerance = 0.5, because = \"their slip\" }\n") +
    claim("third", "unrun", -1, "rule.paper = { kind = \"absolute\", tolerance = 1.0, because = \"x\" }\nexpect = \"reproduced\"\n") +
    claim("fourth", "n20", -98, "not_comparable = \"quoted from elsewhere\"\n");

// A repository with one source file and one file of claims; reports go below it.
struct Repository {
  TemporaryFolder folder;
  std::filesystem::path path = folder.path();

  Repository() {
    folder.write("paper_toy/published_toy.toml", claims_text);
    folder.write("paper_toy/toy.cpp", "// A toy.\nint main() {}\n");
    folder.write("tests/controls/controls.tsv", "# A comment.\nupside_down\tthe sign is wrong\tpoints_up\ttests/toy_test.cpp\tit_points_up\n");
  }
  experiments::Program attached() const {
    auto p = sample::program(path / "reports");
    attach(
        p,
        {.root = path,
         .published = "paper_toy/published_toy.toml",
         .chapters = {{"The toy", "paper_toy/toy.cpp"}},
         .write = [](Page& page, const Ledger&) {
           page.cite("Somebody, *Something*, 2019.");
           page.finding("It fell to {}, not to {}.", {page.at_paper(*cell_metric_from("vae/n3 : bound"), 1), "{}"});
           page.finding("Nobody knows {}.", {page.at_paper(*cell_metric_from("vae/unrun : bound"))});
           page.finding("It stayed there.");
           page.prose("Prose", "Words.");
           page.figure(
               "Figure 1",
               {.name = "bounds",
                .panels = {{.title = "", .x_label = "x", .y_label = "y [nats]", .curves = {{.label = "ours", .x = {1, 2}, .y = {3, 4}}}}}},
               {.see = "It rises.", .contradicted = "A fall."});
           page.images("Figure 2", "digits", {.images = {.n = 1, .height = 1, .width = 1, .pixels = {0}}}, {"the only one"},
                       {.see = "Black.", .contradicted = "White."});
           page.setting({.name = "optimiser", .paper = "Adagrad", .ours = "Adagrad", .source = "section 4.1", .departure = ""});
           page.setting({.name = "test images", .paper = "all", .ours = "1,000", .source = "section 3", .departure = "time"});
           page.erratum({.where = "section 3", .says = "zero", .should_say = "one", .evidence = "context"});
           page.metric("bound", "The one-sample bound.");
         }});
    return p;
  }
  std::string report(const Ledger& records) const {
    const auto p = attached();
    p.report(p, records);
    return page();
  }
  std::string page() const { return content_of(path / "reports/toy/index.md"); }
};

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

BOOST_AUTO_TEST_CASE(a_page_has_the_published_numbers_of_its_claims) {
  const auto claims = parse_claims(claims_text, "published_toy.toml");
  const Results none = results({});
  const Page page(none, claims);
  BOOST_TEST(page.published("second").value() == -110);
  BOOST_TEST(!page.published("no such claim").has_value());
}

BOOST_AUTO_TEST_CASE(a_page_holds_what_it_must) {
  const Repository repository;
  const std::string page = repository.report(ledger());
  for (const char* part : {"# A toy\n\nSomebody",
                           "## What came out\n\n- It fell to -137.0 ± 0.6, not to {}.\n- It stayed there.\n\n## How this page was made",
                           "./reproduce toy run --profile paper",
                           "abc123",
                           "g++ 12",
                           "oneDNN 2.6",
                           "## Scoreboard",
                           "their slip",
                           "-137.00 ± 0.58 (3 seeds, paper)",
                           "quoted from elsewhere",
                           "![Figure 1](figures/bounds.svg)",
                           "*What would have contradicted it:* A fall.",
                           "![Figure 2](figures/digits.png)",
                           "Row 1: the only one.",
                           "**test images**",
                           "| `epochs` |",
                           "the loss stayed finite",
                           "6 of 6",
                           "Not run at `paper`: `vae/n20` (seed 2), `vae/unrun` (seed 0).",
                           "The one-sample bound.",
                           "at most 0.01"})
    BOOST_CHECK_MESSAGE(has(page, part), "the page lacks: " << part);
  BOOST_CHECK(!has(page, "At quick") && !has(page, "Stand-in") && !has(page, "Quick profile"));
  BOOST_CHECK(!has(page, repository.path.string()));
  BOOST_CHECK(has(content_of(repository.path / "reports/toy/program.md"), "int main() {}"));
}

BOOST_AUTO_TEST_CASE(many_claims_are_counted_by_group) {
  Repository repository;
  std::string text;
  for (int i = 0; i < 31; ++i)
    text += claim(fmt::format("{}.c{}", i < 20 ? "table1" : "table2", i), "n5", i == 25 ? -100 : -117,
                  "rule.paper = { kind = \"absolute\", tolerance = 1.0, because = \"x\" }\nexpect = \"reproduced\"\n");
  repository.folder.write("paper_toy/published_toy.toml", text);
  const std::string page = repository.report(ledger());
  BOOST_CHECK(page.find("| `table1` |         20 |") != std::string::npos);
  BOOST_CHECK(page.find("| `table2` |         10 |       1 |") != std::string::npos);
  BOOST_CHECK(page.find("- `table1.c0`") == std::string::npos);
  BOOST_CHECK(page.find("- `table2.c25`") != std::string::npos);  // what is not as declared is listed all the same
}

BOOST_AUTO_TEST_CASE(equal_records_give_equal_bytes_and_nothing_is_left_over) {
  const Repository a, b;
  a.report(ledger());
  write_file(a.path / "reports/toy/figures/old.svg", "left over");
  Ledger slower = ledger();
  for (auto& [key, r] : slower[Profile::paper]) r.wall_s = 1e6, r.peak_memory_mib = 7;
  a.report(slower);
  b.report(ledger());
  for (const char* file :
       {"toy/index.md", "toy/program.md", "toy/summary.json", "toy/figures/bounds.svg", "toy/figures/digits.png", "index.md"})
    BOOST_CHECK_MESSAGE(content_of(a.path / "reports" / file) == content_of(b.path / "reports" / file), file << " differs");
  BOOST_CHECK(!std::filesystem::exists(a.path / "reports/toy/figures/old.svg"));
}

BOOST_AUTO_TEST_CASE(quick_numbers_stand_beside_the_papers) {
  const Repository repository;
  Ledger records = ledger();
  add(records, record("n3", 0, -150.5, Profile::quick));
  const std::string page = repository.report(records);
  BOOST_CHECK(has(page, "At quick"));
  BOOST_CHECK(has(page, "| -137.00 ± 0.58 (3 seeds, paper) |  -150.50 | reproduced"));
}

BOOST_AUTO_TEST_CASE(smoke_records_change_no_page_of_others) {
  const Repository with, without;
  Ledger records = ledger();
  add(records, record("n3", 0, -500, Profile::smoke));
  BOOST_CHECK_EQUAL(with.report(records), without.report(ledger()));
  Ledger only;
  add(only, record("n3", 0, -500, Profile::smoke));
  BOOST_CHECK(has(with.report(only), "> **Smoke profile.**"));
}

BOOST_AUTO_TEST_CASE(banners_warn) {
  const Repository repository;
  Ledger quick;
  Record r = record("n3", 0, -150, Profile::quick);
  r.stand_in_data = true;
  add(quick, r);
  const std::string page = repository.report(quick);
  BOOST_CHECK(has(page, "> **Quick profile.**"));
  BOOST_CHECK(has(page, "> **Stand-in data.**"));
  BOOST_CHECK(has(repository.report({}), "> **No results yet.**"));

  Ledger stale = ledger();
  stale[Profile::paper].at("vae/n5/seed_0").identity.revision = 7;
  BOOST_CHECK(has(repository.report(stale), "Stale at `paper` (settings or code have changed since; left out above): `vae/n5` (seed 0)."));
}

BOOST_AUTO_TEST_CASE(failures_show) {
  const Repository repository;
  Ledger records = ledger();
  Record& r = records[Profile::paper].at("vae/n5/seed_0");
  r.metrics["bound"].value = -120;
  r.health[0].passed = false;
  r.health[0].detail = "step 12";
  const std::string page = repository.report(records);
  BOOST_CHECK(has(page, "**differs (± 1.01 allowed), NOT as declared**"));
  BOOST_CHECK(has(page, "`paper vae/n5/seed_0` failed “the loss stayed finite”: step 12"));
  BOOST_CHECK(has(page, "5 of 6"));
  const auto p = repository.attached();
  BOOST_CHECK_EQUAL(p.check(p, records, {}, {}), 1);
  BOOST_CHECK_EQUAL(p.check(p, records, "first", {}), 0);
  BOOST_CHECK_EQUAL(p.published_numbers(p).size(), 4u);
}

BOOST_AUTO_TEST_CASE(the_front_page_gathers_all_programs) {
  const Repository repository;
  repository.report(ledger());
  auto summary = content_of(repository.path / "reports/toy/summary.json");
  summary.replace(summary.find("\"toy\""), 5, "\"ape\"");
  write_file(repository.path / "reports/ape/summary.json", summary);
  repository.report(ledger());
  const std::string front = content_of(repository.path / "reports/index.md");
  BOOST_CHECK(front.find("[ape](ape/index.md)") < front.find("[toy](toy/index.md)"));
  BOOST_CHECK(has(front, "at most 0.02"));
  BOOST_CHECK(has(front, "| 1 of 3 reproduced, 1 differ, 1 not run; 1 not comparable | –"));
  BOOST_CHECK(has(front, "plants each of these 1 defects"));
  BOOST_CHECK(has(front, "the sign is wrong"));
  BOOST_CHECK(has(front, "`points_up` in [tests/toy_test.cpp](../tests/toy_test.cpp), `it_points_up`"));

  write_file(repository.path / "reports/ape/summary.json", "{}");
  const auto is_io = [](const tensors::Failure& f) { return f.status() == tensors::Exit::io; };
  BOOST_CHECK_EXCEPTION(repository.report(ledger()), tensors::Failure, is_io);
  write_file(repository.path / "reports/ape/summary.json", summary);
  repository.folder.write("tests/controls/controls.tsv", "a line\tof three\tfields\n");
  BOOST_CHECK_EXCEPTION(repository.report(ledger()), tensors::Failure, is_io);
}
