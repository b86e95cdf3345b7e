// Where the data come from: --data before PAPER_DATA before the cache; what was named must be right.
#include "common/datasets/binarized_mnist.hpp"
#include "common/datasets/cmu_mocap.hpp"
#include "common/datasets/frey_faces.hpp"
#include "common/datasets/location.hpp"
#include "common/datasets/mnist.hpp"
#include "common/datasets/omniglot.hpp"
#include "common/datasets/registry.hpp"
#include "tests/temporary_folder.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <functional>

namespace {

using namespace datasets;

constexpr DataFile files[] = {{"set/a.gz"}, {"set/b.gz"}};

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
    for (const DataFile& file : files) folder.write(below + std::string(file.path), "x");
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

BOOST_AUTO_TEST_CASE(another_form_of_a_file_serves_as_well) {
  constexpr DataFile either[] = {{"set/a.gz", "set/a.mat"}, {"set/b.gz"}};
  const std::string in_option = "--data: " + option.path().string();
  option.write("set/b.gz", "x");
  BOOST_CHECK_EXCEPTION(locate(option.path(), either), tensors::Failure, refused_with(in_option + " lacks set/a.gz or set/a.mat;"));
  option.write("set/a.mat", "x");
  BOOST_TEST(locate(option.path(), either).value() == option.path());
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

// Shapes and kinds of what each data set's stand-in gives, of the sizes asked for; and that it says what it is.
BOOST_AUTO_TEST_CASE(every_data_set_has_a_stand_in) {
  const auto check = [](const ImageSet& set, std::int64_t n, std::int64_t width, std::size_t n_labels) {
    BOOST_TEST(set.stand_in);
    BOOST_TEST(set.sha256.begin()->first.starts_with("stand_in/"));
    BOOST_TEST(set.n == n);
    BOOST_TEST(set.height == 28);
    BOOST_TEST(set.width == width);
    BOOST_TEST(set.pixels.size() == static_cast<std::size_t>(n * 28 * width));
    BOOST_TEST(set.labels.size() == n_labels);
  };
  const Mnist fashion = fashion_mnist(std::nullopt, {.train = 20, .test = 10});
  check(fashion.train, 20, 28, 20), check(fashion.test, 10, 28, 10);
  const BinarizedMnist binarized = binarized_mnist(std::nullopt, {.train = 20, .validation = 15, .test = 10});
  check(binarized.train, 20, 28, 0), check(binarized.validation, 15, 28, 0), check(binarized.test, 10, 28, 0);
  for (const std::uint8_t pixel : binarized.test.pixels) BOOST_REQUIRE((pixel == 0 || pixel == 255));
  const Omniglot characters = omniglot(std::nullopt, {.train = 20, .validation = 15, .test = 10});
  check(characters.train, 20, 28, 20), check(characters.validation, 15, 28, 15), check(characters.test, 10, 28, 10);
  const ImageSet faces = frey_faces(std::nullopt, 20);
  check(faces, 20, 20, 0);
  const ImageSet digits = stand_in_digits("frey_faces", 20);
  for (std::int64_t row = 0; row < 28; ++row)
    BOOST_TEST(std::ranges::equal(faces.image(19).subspan(20 * row, 20), digits.image(19).subspan(28 * row + 4, 20)));
}

BOOST_AUTO_TEST_CASE(no_stand_in_where_a_folder_was_named) {
  name_variable();
  BOOST_CHECK_EXCEPTION(fashion_mnist(std::nullopt), tensors::Failure, refused_with("lacks fashion_mnist/train-images-idx3-ubyte.gz;"));
  BOOST_CHECK_EXCEPTION(binarized_mnist(std::nullopt), tensors::Failure, refused_with("or binarized_mnist/binarized_mnist_train.amat;"));
  BOOST_CHECK_EXCEPTION(omniglot(std::nullopt), tensors::Failure, refused_with("or omniglot/chardata.mat;"));
  BOOST_CHECK_EXCEPTION(frey_faces(std::nullopt), tensors::Failure, refused_with("or frey_faces/frey_rawface.mat;"));
  BOOST_CHECK_EXCEPTION(cmu_mocap(std::nullopt), tensors::Failure, refused_with("lacks cmu_mocap/02.asf;"));
}

BOOST_AUTO_TEST_CASE(damaged_data_are_refused_and_not_replaced_by_the_stand_in) {
  for (const RegisteredFile& file : registry()) cache.write(in_cache + std::string(file.path), "<html>");
  cache.write(in_cache + std::string("omniglot/chardata.mat"), "<html>");
  BOOST_CHECK_EXCEPTION(binarized_mnist(std::nullopt), tensors::Failure, refused_with("binarized_mnist/binarized_mnist_train.amat"));
  for (const char* part : {"train", "valid", "test"})
    std::filesystem::remove(cache.path() / (in_cache + fmt::format("binarized_mnist/binarized_mnist_{}.amat", part)));
  for (const auto& load : std::vector<std::function<void()>>{[] { mnist(std::nullopt); }, [] { fashion_mnist(std::nullopt); },
                                                             [] { binarized_mnist(std::nullopt); }, [] { frey_faces(std::nullopt); }})
    BOOST_CHECK_EXCEPTION(load(), tensors::Failure, refused_with("is no idx file"));
  BOOST_CHECK_EXCEPTION(omniglot(std::nullopt), tensors::Failure, refused_with("omniglot/chardata.mat: its content has MD5"));
  BOOST_CHECK_EXCEPTION(cmu_mocap(std::nullopt), tensors::Failure, refused_with("cmu_mocap/02.asf:1: the skeleton has no hierarchy"));
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
