// Where the data come from: --data before PAPER_DATA before the cache; what was named must be right.
#include "common/datasets/location.hpp"
#include "common/datasets/mnist.hpp"
#include "common/datasets/registry.hpp"
#include "tests/temporary_folder.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace datasets;

constexpr std::string_view files[] = {"set/a.gz", "set/b.gz"};

struct Fixture {
  TemporaryFolder option, variable, cache, home;
  std::filesystem::path cache_data = cache.path() / "vae-reproducibility-suite" / "data";

  Fixture() {
    unsetenv("PAPER_DATA");
    setenv("XDG_CACHE_HOME", cache.path().c_str(), 1);
    setenv("HOME", home.path().c_str(), 1);
  }

  void name_variable() { setenv("PAPER_DATA", variable.path().c_str(), 1); }
  static void fill(const TemporaryFolder& folder, const std::string& below = "") {
    for (std::string_view file : files) folder.write(below + std::string(file), "x");
  }
  static constexpr const char* in_cache = "vae-reproducibility-suite/data/";
};

auto refused_with(const std::string& text) {
  return [text](const tensors::Failure& failure) {
    BOOST_TEST_MESSAGE(failure.what());
    const std::string message = failure.what();
    return failure.status() == tensors::Exit::data && message.find(text) != std::string::npos && message.find('\n') == std::string::npos;
  };
}

BOOST_FIXTURE_TEST_SUITE(location, Fixture)

BOOST_AUTO_TEST_CASE(the_option_comes_before_the_variable_before_the_cache) {
  fill(option), fill(variable), fill(cache, in_cache);
  BOOST_TEST(locate(std::nullopt, files).value() == cache_data);
  name_variable();
  BOOST_TEST(locate(std::nullopt, files).value() == variable.path());
  BOOST_TEST(locate(option.path(), files).value() == option.path());
}

BOOST_AUTO_TEST_CASE(an_empty_variable_names_nothing) {
  fill(cache, in_cache);
  setenv("PAPER_DATA", "", 1);
  BOOST_TEST(locate(std::nullopt, files).value() == cache_data);
}

BOOST_AUTO_TEST_CASE(the_cache_is_below_home_where_xdg_says_nothing_usable) {
  fill(home, ".cache/" + std::string(in_cache));
  for (const char* unusable : {"", "relative/path"}) {
    setenv("XDG_CACHE_HOME", unusable, 1);
    BOOST_TEST(locate(std::nullopt, files).value() == home.path() / ".cache" / "vae-reproducibility-suite" / "data");
  }
}

BOOST_AUTO_TEST_CASE(a_named_folder_that_lacks_the_data_is_refused_whatever_else_has_them) {
  fill(cache, in_cache);
  name_variable();
  const std::string in_variable = "PAPER_DATA: " + variable.path().string(), in_option = "--data: " + option.path().string();
  BOOST_CHECK_EXCEPTION(locate(std::nullopt, files), tensors::Failure, refused_with(in_variable + " lacks set/a.gz"));
  fill(variable);
  BOOST_CHECK_EXCEPTION(locate(option.path(), files), tensors::Failure, refused_with(in_option + " lacks set/a.gz"));
  option.write("set/a.gz", "x");
  BOOST_CHECK_EXCEPTION(locate(option.path(), files), tensors::Failure, refused_with("lacks set/b.gz"));
  BOOST_CHECK_EXCEPTION(locate(option.path() / "nowhere", files), tensors::Failure, refused_with("is no folder"));
}

BOOST_AUTO_TEST_CASE(nothing_is_found_only_where_nothing_was_named_and_the_cache_is_empty) {
  BOOST_TEST(!locate(std::nullopt, files).has_value());
  cache.write(std::string(in_cache) + "set/a.gz", "x");
  BOOST_CHECK_EXCEPTION(locate(std::nullopt, files), tensors::Failure, refused_with("the cache: "));
}

BOOST_AUTO_TEST_CASE(an_uncompressed_file_serves_as_well) {
  option.write("set/a", "x"), option.write("set/b.gz", "x");
  BOOST_TEST(locate(option.path(), files).value() == option.path());
  BOOST_TEST(find_file(option.path(), "set/a.gz").value() == option.path() / "set/a");
}

BOOST_AUTO_TEST_CASE(mnist_runs_on_the_stand_in_only_where_nothing_was_named) {
  const Mnist generated = mnist(std::nullopt, {.train = 20, .test = 10});
  BOOST_TEST(generated.train.stand_in);
  BOOST_TEST(generated.test.stand_in);
  BOOST_TEST(generated.train.n == 20);
  BOOST_TEST(generated.test.n == 10);
  name_variable();
  BOOST_CHECK_EXCEPTION(mnist(std::nullopt), tensors::Failure, refused_with("lacks mnist/train-images-idx3-ubyte.gz"));
}

BOOST_AUTO_TEST_CASE(damaged_data_are_refused_and_not_replaced_by_the_stand_in) {
  for (const RegisteredFile& file : registry()) cache.write(in_cache + std::string(file.path), "<html>");
  BOOST_CHECK_EXCEPTION(mnist(std::nullopt), tensors::Failure, refused_with("is no idx file"));
}

BOOST_AUTO_TEST_CASE(the_registry_is_well_formed) {
  BOOST_TEST(registry().size() >= 4u);
  for (const RegisteredFile& file : registry()) {
    BOOST_TEST(file.bytes > 0);
    BOOST_TEST(file.sha256.size() == 64u);
    BOOST_TEST(file.sha256.find_first_not_of("0123456789abcdef") == std::string_view::npos);
    BOOST_TEST(registered(file.path).sha256 == file.sha256);
  }
  BOOST_CHECK_THROW(registered("mnist/none"), std::invalid_argument);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
