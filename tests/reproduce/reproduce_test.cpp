// The script ./reproduce, in a copy of its own in a folder with blanks in its name: what it fetches and from where, what it
// says when it cannot go on, and that it hands arguments, output and exit status through. Tools that would change the
// machine (apt-get) or take long (cmake) are replaced by small scripts in front of PATH.
#include "common/tensors/digest.hpp"
#include "tests/reproduce/http_server.hpp"
#include "tests/processes.hpp"
#include "tests/temporary_folder.hpp"

#include <boost/test/unit_test.hpp>

namespace {

namespace fs = std::filesystem;

const std::string content = "the content of the file\n";
const std::string damaged = "something else altogether\n";
const std::string page = "<!DOCTYPE html><html><body>Please sign in</body></html>";

struct Fixture {
  TemporaryFolder folder;
  fs::path root = folder.path() / "the suite", tools = folder.path() / "tools", cache = folder.path() / "the cache";
  fs::path data = cache / "vae-reproducibility-suite" / "data";

  Fixture() {
    fs::create_directories(root / "common/datasets");
    fs::create_directories(tools);
    fs::copy_file(fs::path(SUITE_SOURCE_DIR) / "reproduce", root / "reproduce");
    tool("dpkg-query", "shift 3; for package; do echo \"$package installed\"; done");
    tool("cmake", "echo \"cmake $*\"");
    unsetenv("PAPER_DATA");
    unsetenv("SUITE_MIRRORS");
    setenv("XDG_CACHE_HOME", cache.c_str(), 1);
  }

  // A tool that takes the place of the real one.
  void tool(const std::string& name, const std::string& body) { script(tools / name, body); }
  void program(const std::string& name, const std::string& body) {
    folder.write("the suite/paper_x/published_" + name + ".toml", "");
    script(root / "build/release/bin" / name, body);
  }
  static void script(const fs::path& file, const std::string& body) {
    write_file(file, "#!/bin/bash\n" + body + "\n");
    fs::permissions(file, fs::perms::owner_all);
  }

  // One file "set/file", at these mirrors.
  void registry(const std::string& mirrors) {
    const std::string digest = tensors::sha256(content);
    folder.write("the suite/common/datasets/registry.tsv",
                 "# comment\nset/file\t" + std::to_string(content.size()) + "\t" + digest + "\t" + mirrors + "\n");
  }

  Result reproduce(const std::string& arguments) {
    return shell("cd / && PATH=\"" + tools.string() + ":$PATH\" \"" + (root / "reproduce").string() + "\" " + arguments);
  }
};

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

BOOST_FIXTURE_TEST_SUITE(reproduce, Fixture)

BOOST_AUTO_TEST_CASE(data_fall_through_every_kind_of_bad_mirror) {
  const HttpServer server({{"/forbidden/file", HttpServer::response("403 Forbidden", "no")},
                           {"/page/file", HttpServer::response("200 OK", page)},
                           {"/cut/file", HttpServer::response("200 OK", content.substr(0, 9), content.size())},
                           {"/short/file", HttpServer::response("200 OK", content.substr(0, 9))},
                           {"/long/file", HttpServer::response("200 OK", content + content)},
                           {"/other/file", HttpServer::response("200 OK", damaged)},
                           {"/good/file", HttpServer::response("200 OK", content)}});
  std::string mirrors = "http://127.0.0.1:1/ ";
  for (const char* mirror : {"forbidden", "page", "cut", "short", "long", "other", "good"}) mirrors += server.address(mirror) + " ";
  registry(mirrors);

  const Result outcome = reproduce("data");
  BOOST_TEST(outcome.status == 0, outcome.err);
  BOOST_TEST(content_of(data / "set/file") == content);
  BOOST_TEST(contains(outcome.out, "all 1 data files are in " + data.string()));
  BOOST_TEST(contains(outcome.err, "http://127.0.0.1:1/file: curl"));
  BOOST_TEST(contains(outcome.err, server.address("forbidden") + "file: curl: (22) The requested URL returned error: 403"));
  BOOST_TEST(contains(outcome.err, server.address("page") + "file: sent a web page"));
  BOOST_TEST(contains(outcome.err, server.address("cut") + "file: curl: (18)"));
  for (const char* mirror : {"short", "long", "other"})
    BOOST_TEST(contains(outcome.err, server.address(mirror) + "file: sent something else"));
  BOOST_TEST(std::ranges::count(outcome.err, '\n') == 8);  // "fetching", and one line for each bad mirror
  BOOST_TEST(std::distance(fs::directory_iterator(data / "set"), {}) == 1, "something is left beside the file");

  registry("");  // what is there and valid is not fetched again
  BOOST_TEST(reproduce("data").status == 0);
}

BOOST_AUTO_TEST_CASE(data_say_what_is_missing) {
  const HttpServer server({{"/other/file", HttpServer::response("200 OK", damaged)}});
  registry(server.address("other"));
  const Result outcome = reproduce("data");
  BOOST_TEST(outcome.status == 3);
  BOOST_TEST(outcome.out == "");
  BOOST_TEST(contains(outcome.err, "missing: " + (data / "set/file").string()));
  BOOST_TEST(contains(outcome.err, "1 of 1 data files are missing or damaged"));
  BOOST_TEST(fs::is_empty(data / "set"));
}

BOOST_AUTO_TEST_CASE(a_damaged_file_is_replaced_only_by_a_valid_one) {
  const fs::path file = folder.write("the cache/vae-reproducibility-suite/data/set/file", damaged);
  const HttpServer server({{"/page/file", HttpServer::response("200 OK", page)}, {"/good/file", HttpServer::response("200 OK", content)}});
  registry(server.address("page"));
  const Result bad = reproduce("data");
  BOOST_TEST(bad.status == 3);
  BOOST_TEST(contains(bad.err, "damaged: " + file.string()));
  BOOST_TEST(content_of(file) == damaged);
  registry(server.address("good"));
  BOOST_TEST(reproduce("data").status == 0);
  BOOST_TEST(content_of(file) == content);
}

BOOST_AUTO_TEST_CASE(a_damaged_packed_file_is_not_made_good_by_an_unpacked_one) {
  const HttpServer server({});
  folder.write("the suite/common/datasets/registry.tsv",
               "set/file.gz\t" + std::to_string(content.size()) + "\t" + tensors::sha256(content) + "\t" + server.address("good") + "\n");
  folder.write("the cache/vae-reproducibility-suite/data/set/file", content);
  BOOST_TEST(reproduce("data --offline").status == 0);
  const fs::path packed = folder.write("the cache/vae-reproducibility-suite/data/set/file.gz", damaged);
  const Result outcome = reproduce("data --offline");
  BOOST_TEST(outcome.status == 3);
  BOOST_TEST(contains(outcome.err, "damaged: " + packed.string()));
}

BOOST_AUTO_TEST_CASE(offline_nothing_is_fetched) {
  const HttpServer server({{"/good/file", HttpServer::response("200 OK", content)}});
  registry(server.address("good"));
  const Result missing = reproduce("data --offline");
  BOOST_TEST(missing.status == 3);
  BOOST_TEST(!fs::exists(data / "set/file"));
  folder.write("the cache/vae-reproducibility-suite/data/set/file", content);
  BOOST_TEST(reproduce("data --offline").status == 0);
}

BOOST_AUTO_TEST_CASE(paper_data_and_suite_mirrors_have_precedence) {
  const HttpServer server({{"/mine/set/file", HttpServer::response("200 OK", content)}});
  registry("http://127.0.0.1:1/");
  const fs::path named = folder.path() / "named folder";
  setenv("PAPER_DATA", named.c_str(), 1);
  setenv("SUITE_MIRRORS", server.address("mine").c_str(), 1);
  BOOST_TEST(reproduce("data").status == 0);
  BOOST_TEST(content_of(named / "set/file") == content);
  BOOST_TEST(!fs::exists(data));
}

// Three files: one from its mirror, two that a file of another format stands for.
BOOST_AUTO_TEST_CASE(an_original_in_another_format_stands_in_the_place_of_files) {
  const HttpServer server({{"/good/file", HttpServer::response("200 OK", content)}, {"/good/both.mat", HttpServer::response("200 OK", "abc")}});
  const auto row = [](const std::string& path, const std::string& text, const std::string& rest) {
    return path + "\t" + std::to_string(text.size()) + "\t" + tensors::sha256(text) + "\t" + rest + "\n";
  };
  const auto original = [&](const std::string& digest) {
    folder.write("the suite/common/datasets/registry.tsv",
                 row("set/file", content, server.address("good")) + row("set/a", "a", "-") + row("set/b", "b", "-") +
                     "set/both.mat\t100\t" + digest + "\t" + server.address("good") + "\tset/a set/b\n");
  };
  const fs::path mat = data / "set/both.mat";

  original("md5:00000000000000000000000000000000");
  const Result wrong = reproduce("data");
  BOOST_TEST(wrong.status == 3);
  BOOST_TEST(contains(wrong.err, "both.mat: sent something else"));
  BOOST_TEST(contains(wrong.err, "2 of 3 data files are missing"));

  for (const char* digest : {"md5:900150983cd24fb0d6963f7d28e17f72", "-"}) {
    original(digest);
    fs::remove(mat);
    const Result fetched = reproduce("data");
    BOOST_TEST(fetched.status == 0);
    BOOST_TEST(contains(fetched.out, "all 3 data files are in"));
    BOOST_TEST(content_of(mat) == "abc");
    BOOST_TEST(reproduce("data --offline").status == 0);
  }

  // Where all that it stands for is there, it is not fetched.
  fs::remove(mat);
  write_file(data / "set/a", "a");
  write_file(data / "set/b", "b");
  BOOST_TEST(reproduce("data").status == 0);
  BOOST_TEST(!fs::exists(mat));
  // A damaged one would be opened all the same, so it is not in order, and is fetched anew.
  write_file(mat, "<html>");
  const Result damaged_original = reproduce("data --offline");
  BOOST_TEST(damaged_original.status == 3);
  BOOST_TEST(contains(damaged_original.err, "damaged: " + mat.string()));
  BOOST_TEST(reproduce("data").status == 0);
  BOOST_TEST(content_of(mat) == "abc");
  fs::remove(mat);
  // One of the two, damaged, is as good as none.
  write_file(data / "set/b", "x");
  const Result damaged_part = reproduce("data --offline");
  BOOST_TEST(damaged_part.status == 3);
  BOOST_TEST(contains(damaged_part.err, "damaged: " + (data / "set/b").string()));
  BOOST_TEST(contains(damaged_part.err, "1 of 3 data files"));
}

BOOST_AUTO_TEST_CASE(a_folder_that_cannot_be_made_leaves_the_data_missing) {
  const HttpServer server({{"/good/file", HttpServer::response("200 OK", content)}});
  registry(server.address("good"));
  setenv("PAPER_DATA", folder.write("a file", "").c_str(), 1);
  const Result outcome = reproduce("data");
  BOOST_TEST(outcome.status == 3);
  BOOST_TEST(outcome.out == "");
}

BOOST_AUTO_TEST_CASE(the_real_registry_is_what_the_script_reads) {
  fs::copy_file(fs::path(SUITE_SOURCE_DIR) / "common/datasets/registry.tsv", root / "common/datasets/registry.tsv");
  const Result outcome = reproduce("data --offline");
  BOOST_TEST(outcome.status == 3);
  BOOST_TEST(contains(outcome.err, "missing: " + (data / "mnist/train-images-idx3-ubyte.gz").string()));
}

BOOST_AUTO_TEST_CASE(without_root_a_missing_package_gets_one_line_with_the_command_to_type) {
  program("toy", "echo never");
  tool("id", "echo 1000");
  tool("sudo", "exit 1");
  tool("apt-get", "echo apt-get ran >&2");
  tool("dpkg-query", "shift 3; for package; do [[ $package == libpng-dev ]] || echo \"$package installed\"; done; exit 1");
  for (const char* command : {"", "test", "toy run"}) {
    const Result outcome = reproduce(command);
    BOOST_TEST(outcome.status == 5);
    BOOST_TEST(outcome.out == "");
    BOOST_TEST(outcome.err == "reproduce: packages are missing; type: sudo apt-get install --no-install-recommends libpng-dev\n");
  }
}

BOOST_AUTO_TEST_CASE(with_root_only_the_missing_packages_are_installed_with_new_lists_where_the_old_fail) {
  program("toy", "echo done");
  const std::string log = (folder.path() / "log").string();
  tool("id", "echo 0");
  tool("apt-get", "echo \"$*\" >>\"" + log + "\"; grep -q update \"" + log + "\"");
  tool("dpkg-query", "shift 3; for package; do [[ $package == libpng-dev ]] || echo \"$package installed\"; done; exit 1");
  const Result outcome = reproduce("toy");
  BOOST_TEST(outcome.status == 0, outcome.err);
  BOOST_TEST(outcome.out == "done\n");
  const std::string install = "-qq install -y --no-install-recommends libpng-dev\n";
  BOOST_TEST(content_of(log) == install + "-qq update\n" + install);
}

BOOST_AUTO_TEST_CASE(a_program_gets_its_arguments_and_gives_output_and_status) {
  program("toy", "printf '<%s>' \"$@\"; pwd; exit 4");
  const Result outcome = reproduce("toy run 'a b' --set \"k=*\" ''");
  BOOST_TEST(outcome.status == 4);
  BOOST_TEST(outcome.out == "<run><a b><--set><k=*><>/\n");
  BOOST_TEST(contains(outcome.err, "cmake --build --preset release --target toy"));
}

BOOST_AUTO_TEST_CASE(a_failed_build_ends_with_status_1) {
  program("toy", "echo never");
  tool("cmake", "echo broken >&2; [[ $1 != --build ]]");
  const Result outcome = reproduce("toy");
  BOOST_TEST(outcome.status == 1);
  BOOST_TEST(outcome.out == "");
  BOOST_TEST(contains(outcome.err, "the build failed"));
}

BOOST_AUTO_TEST_CASE(without_arguments_every_program_runs_at_quick_and_reports_with_or_without_data) {
  registry("http://127.0.0.1:1/");
  program("one", "echo \"one $*\"; [[ $1 != run ]] || exit 4");
  program("two", "echo \"two $*\"");
  const Result outcome = reproduce("");
  BOOST_TEST(outcome.status == 4);  // the first that was not 0
  BOOST_TEST(outcome.out == "one run --profile quick\none report\ntwo run --profile quick\ntwo report\n");
  BOOST_TEST(contains(outcome.err, "missing: "));
  BOOST_TEST(contains(outcome.err, "stand-in"));

  program("one", "exit 130");
  const Result interrupted = reproduce("");
  BOOST_TEST(interrupted.status == 130);
  BOOST_TEST(interrupted.out == "");
}

BOOST_AUTO_TEST_CASE(test_gives_the_status_of_ctest) {
  tool("ctest", "echo \"ctest $* $OMP_WAIT_POLICY $PWD\"; exit 8");
  const Result outcome = reproduce("test");
  BOOST_TEST(outcome.status == 8);
  BOOST_TEST(outcome.out == "ctest --preset release passive " + root.string() + "\n");
}

BOOST_AUTO_TEST_CASE(wrong_usage_is_status_2) {
  for (const char* command : {"no_such_program", "data --online", "data --offline more", "--unknown"})
    BOOST_TEST(reproduce(command).status == 2, command);
  BOOST_TEST(reproduce("help").status == 0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
