// The house rules that a compiler does not check: which layer may include which, where heavy headers may stand, how
// long a file may be. The checker is a function on a path and a text, tested on planted violations.
#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace {

// What the files of a component of common/ may include besides their own component.
const std::map<std::string, std::set<std::string>> allowed{
    {"tensors", {}},
    {"autodiff", {"tensors"}},
    {"distributions", {"autodiff", "tensors"}},
    {"nn", {"distributions", "autodiff", "tensors"}},
    {"datasets", {"tensors"}},
    {"metrics", {"distributions", "autodiff", "tensors"}},
    {"experiments", {"tensors"}},
    {"reporting", {"experiments", "tensors"}}};

// Headers that take long to compile: one .cpp each, behind a plain header.
const std::vector<std::string> heavy{"xtensor",   "xtl/",     "xflens/", "oneapi/",   "dnnl",   "cblas.h", "CLI/",   "nlohmann/", "toml++/", "png.h",
                                     "openssl/",  "zip.h",    "zlib.h",  "matio.h", "boost/",    "gnuplot", "torch/"};
// Written by CMake into the build folder, beside its own component's sources.
const std::set<std::string> generated{"registry_rows.hpp", "suite_commit.hpp"};
const std::string array_view = "common/tensors/xtensor_view.hpp";

constexpr std::ptrdiff_t longest_common_file = 450, longest_paper_file = 500;

// "common/nn/layers.hpp" -> {"common", "nn"}; "paper_x/y.hpp" -> {"paper_x", ""}.
std::pair<std::string, std::string> place(const std::string& path) {
  const auto first = path.find('/'), second = path.find('/', first + 1);
  const std::string top = path.substr(0, first);
  return {top, top == "common" && second != std::string::npos ? path.substr(first + 1, second - first - 1) : ""};
}

bool is_header(const std::string& path) { return path.ends_with(".hpp"); }

bool may_include(const std::string& path, const std::string& header) {
  const auto [from_top, from] = place(path);
  const auto [to_top, to] = place(header);
  if (from_top == to_top && from == to) return true;
  if (to_top != "common" || !allowed.contains(to)) return false;
  return from_top.starts_with("paper_") || (allowed.contains(from) && allowed.at(from).contains(to));
}

bool is_heavy(const std::string& header) {
  return header == array_view || std::ranges::any_of(heavy, [&](const std::string& prefix) { return header.starts_with(prefix); });
}

// What is wrong with a file of this path (from the repository root) and text, one line each.
std::vector<std::string> violations(const std::string& path, const std::string& text) {
  std::vector<std::string> found;
  const auto n_lines = std::ranges::count(text, '\n');
  const auto longest = path.starts_with("common/") ? longest_common_file : longest_paper_file;
  if (n_lines > longest) found.push_back(fmt::format("{} has {} lines; {} is the limit", path, n_lines, longest));

  static const std::regex include(R"(^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"])", std::regex::multiline);
  for (std::sregex_iterator match(text.begin(), text.end(), include), end; match != end; ++match) {
    const bool ours = (*match)[1] == "\"";
    const std::string header = (*match)[2];
    if (ours && !generated.contains(header) && !may_include(path, header))
      found.push_back(fmt::format("{} includes \"{}\", which its layer must not", path, header));
    if (is_heavy(header) && is_header(path) && path != array_view)
      found.push_back(fmt::format("{} is a header and includes the heavy {}", path, header));
  }
  return found;
}

std::vector<std::string> source_files() {
  const std::filesystem::path root = SUITE_SOURCE_DIR;
  std::vector<std::string> files;
  for (const auto& top : std::filesystem::directory_iterator(root)) {
    const std::string name = top.path().filename();
    if (name != "common" && !name.starts_with("paper_")) continue;
    for (const auto& file : std::filesystem::recursive_directory_iterator(top))
      if (const std::string extension = file.path().extension(); extension == ".hpp" || extension == ".cpp")
        files.push_back(file.path().lexically_relative(root).generic_string());
  }
  std::ranges::sort(files);
  return files;
}

std::string text_of(const std::string& path) {
  std::ifstream file(std::filesystem::path(SUITE_SOURCE_DIR) / path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_file_keeps_the_rules) {
  const std::vector<std::string> files = source_files();
  BOOST_REQUIRE(files.size() > 50);
  for (const std::string& path : files)
    for (const std::string& violation : violations(path, text_of(path))) BOOST_ERROR(violation);
}

BOOST_AUTO_TEST_CASE(every_component_has_its_place_among_the_layers) {
  std::set<std::string> seen;
  for (const std::string& path : source_files())
    if (path.starts_with("common/")) seen.insert(place(path).second);
  for (const std::string& component : seen) BOOST_TEST(allowed.contains(component), component << " is not among the layers");
  // No cycles: whatever a component may include may include less than it.
  for (const auto& [component, below] : allowed)
    for (const std::string& other : below) BOOST_TEST(allowed.at(other).size() < below.size(), component << " and " << other);
}

BOOST_AUTO_TEST_CASE(permitted_includes_pass) {
  const auto passes = [](const std::string& path, const std::string& text) { BOOST_TEST(violations(path, text).empty(), path << ": " << text); };
  passes("common/tensors/array.hpp", "#include \"common/tensors/pool.hpp\"\n#include <vector>\n");
  passes("common/nn/layers.hpp", "#include \"common/autodiff/var.hpp\"\n#include \"common/distributions/normal.hpp\"\n");
  passes("common/metrics/a.cpp", "#include \"common/distributions/normal.hpp\"\n#include <boost/math/distributions/students_t.hpp>\n");
  passes("common/reporting/page.cpp", "#include \"common/experiments/record.hpp\"\n#include <nlohmann/json.hpp>\n");
  passes("paper_a/a.cpp", "#include \"paper_a/a.hpp\"\n#include \"common/reporting/page.hpp\"\n#include \"common/tensors/xtensor_view.hpp\"\n");
  passes("common/tensors/xtensor_view.hpp", "#include <xtensor/xadapt.hpp>\n");
  passes("common/datasets/a.cpp", "#include <zlib.h>\n// #include \"common/nn/layers.hpp\" would be wrong\n");
}

BOOST_AUTO_TEST_CASE(planted_violations_are_found) {
  const auto fails = [](const std::string& path, const std::string& text) { BOOST_TEST(violations(path, text).size() == 1u, path << ": " << text); };
  fails("common/tensors/array.hpp", "#pragma once\n#include \"common/autodiff/var.hpp\"\n");
  fails("common/autodiff/var.hpp", "#include \"common/nn/layers.hpp\"\n");
  fails("common/distributions/normal.hpp", "#include \"common/nn/layers.hpp\"\n");
  fails("common/reporting/page.cpp", "  #  include \"common/metrics/importance.hpp\"\n");
  fails("common/experiments/runner.cpp", "#include \"common/reporting/page.hpp\"\n");
  fails("common/datasets/mnist.cpp", "#include \"common/experiments/record.hpp\"\n");
  fails("common/nn/layers.cpp", "#include \"paper_a/a.hpp\"\n");
  fails("paper_a/a.cpp", "#include \"paper_b/b.hpp\"\n");
  fails("paper_a/a.cpp", "#include \"tests/temporary_folder.hpp\"\n");
  fails("paper_a/a.cpp", "#include \"common/novelties/a.hpp\"\n");
  fails("common/nn/layers.hpp", "#include \"initialisers.hpp\"\n");  // paths start at the root of the repository
  fails("common/nn/layers.hpp", "#include \"../tensors/array.hpp\"\n");

  for (const std::string header : {"xtensor/xarray.hpp", "oneapi/dnnl/dnnl.hpp", "dnnl.hpp", "CLI/CLI.hpp", "nlohmann/json.hpp",
                                   "toml++/toml.h", "png.h",
                                   "openssl/evp.h", "zip.h", "zlib.h", "boost/math/distributions/students_t.hpp"}) {
    fails("common/experiments/record.hpp", fmt::format("#include <{}>\n", header));
    fails("paper_a/a.hpp", fmt::format("#include <{}>\n", header));
  }
  fails("common/nn/layers.hpp", "#include \"common/tensors/xtensor_view.hpp\"\n");

  fails("common/nn/layers.cpp", std::string(451, '\n'));
  fails("paper_a/a.cpp", std::string(501, '\n'));
  BOOST_TEST(violations("common/nn/layers.cpp", std::string(450, '\n')).empty());
  BOOST_TEST(violations("paper_a/a.cpp", std::string(500, '\n')).empty());
}
