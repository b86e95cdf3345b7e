// MATLAB files: the matrices that are looked for, in every class that they may have, and refusals of everything else.
#include "common/datasets/mat.hpp"
#include "common/datasets/omniglot.hpp"
#include "tests/datasets/mat_file.hpp"
#include "tests/datasets/refusals.hpp"
#include "tests/temporary_folder.hpp"

#include <zlib.h>

#include <limits>
#include <numeric>

namespace {

using namespace datasets;

struct Fixture {
  TemporaryFolder folder;
  std::filesystem::path file = folder.path() / "a file.mat";
  std::vector<double> values = {0, 1, 2, 3, 250, 255};  // [2, 3]

  void check_refused(const std::string& what, const std::string& name = "m") {
    ::check_refused(file, what, [&] { read_mat(file, name, 2, 3); });
  }
};

BOOST_FIXTURE_TEST_SUITE(mat_reader, Fixture)

BOOST_AUTO_TEST_CASE(reads_doubles_singles_and_bytes_compressed_or_not) {
  for (const matio_compression compression : {MAT_COMPRESSION_NONE, MAT_COMPRESSION_ZLIB}) {
    write_mat(file, {matrix("before", 3, 1, std::vector<double>{7, 8, 9}), matrix("m", 2, 3, values),
                     matrix("single", 2, 3, std::vector<float>(values.begin(), values.end())),
                     matrix("bytes", 2, 3, std::vector<std::uint8_t>(values.begin(), values.end()))},
              compression);
    for (const char* name : {"m", "single", "bytes"}) {
      const Matrix read = read_mat(file, name, 2, 3);
      BOOST_TEST(read.rows == 2);
      BOOST_TEST(read.columns == 3);
      BOOST_TEST(read.values == std::vector<float>(values.begin(), values.end()), boost::test_tools::per_element());
    }
    BOOST_TEST(read_mat(file, "m", 2, 100).columns == 3);
  }
}

BOOST_AUTO_TEST_CASE(refuses_what_is_not_the_matrix_that_was_looked_for) {
  write_mat(file, {matrix("m", 2, 4, std::vector<double>(8, 1.0)), matrix("flat", 3, 2, values), matrix("text", 2, 3, std::vector<char>(6, 'x')),
                   matrix("endless", 2, 3, std::vector<double>(6, std::numeric_limits<double>::infinity()))});
  check_refused("holds no variable ff", "ff");
  check_refused("m is 2 x 4, not 2 x 1 to 3");
  check_refused("flat is 3 x 2, not 2 x 1 to 3", "flat");
  check_refused("text holds neither doubles nor singles nor bytes", "text");
  check_refused("the values of endless cannot be read", "endless");
}

BOOST_AUTO_TEST_CASE(refuses_a_header_that_promises_too_much) {
  write_mat(file, {matrix("m", 2, 3, values)});
  std::string content = content_of(file);
  constexpr std::size_t columns_at = 128 + 8 + 16 + 8 + 4;  // header; tags of the matrix, its flags, its extents; rows
  BOOST_REQUIRE(content[columns_at] == 3);
  content[columns_at + 3] = 0x70;
  write_file(file, content);
  check_refused("not 2 x 1 to 3");
}

// Of what libmatio would take on trust: 4 GiB for a name, and for extents; a count of fields to repeat 268 million times.
BOOST_AUTO_TEST_CASE(refuses_what_libmatio_would_trust) {
  write_mat(file, {matrix("m", 2, 3, values)});
  const std::string content = content_of(file);
  constexpr std::size_t class_at = 128 + 8 + 8, extents_size_at = class_at + 12, name_tag_at = extents_size_at + 12, size_at = 128 + 4;
  const auto changed = [&](std::size_t at, const std::string& bytes) {
    write_file(file, std::string(content).replace(at, bytes.size(), bytes));
  };
  for (const char kind : {1, 2, 3, 5, 16}) {  // cells, structures, objects, sparse matrices, functions
    changed(class_at, std::string(1, kind));
    check_refused("holds a variable that is no matrix of numbers");
  }
  for (const std::string size : {"\x04", "\x28", "\xf0\xff\xff\xff"}) {
    changed(extents_size_at, size);
    check_refused("holds a variable that is no matrix of numbers");
  }
  for (const std::string& tag : {std::string("\1\0\0\0\xf0\xff\xff\xff", 8), std::string("\1\0\x41", 3), std::string("\2\0", 2)}) {
    changed(name_tag_at, tag);
    check_refused("holds a variable that is no matrix of numbers");
  }
  changed(size_at + 3, "\x7f");
  check_refused("promises more than it holds");
}

BOOST_AUTO_TEST_CASE(refuses_what_libmatio_would_trust_when_it_is_compressed) {
  std::string variable("\x0e\0\0\0\0\0\0\x10"      // a matrix,
                       "\6\0\0\0\x08\0\0\0\2\0\0\0\0\0\0\0"  // a structure
                       "\5\0\0\0\x08\0\0\0\0\0\0\x10\1\0\0\0"  // of 2^28 elements
                       "\1\0\1\0m\0\0\0", 48);
  const auto refused_when_packed = [&] {
    std::string packed(200, '\0');
    uLongf size = packed.size();
    BOOST_REQUIRE(compress(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(variable.data()), variable.size()) == Z_OK);
    write_mat(file, {matrix("m", 2, 3, values)});
    const char tag[] = {15, 0, 0, 0, static_cast<char>(size), 0, 0, 0};
    write_file(file, content_of(file).substr(0, 128) + std::string(tag, 8) + packed.substr(0, size));
    check_refused("holds a variable that is no matrix of numbers");
  };
  refused_when_packed();
  variable.resize(20);  // ends within its flags
  refused_when_packed();
}

// A MATLAB 4 file begins with the length of a name; libmatio looks for one in whatever has neither version.
BOOST_AUTO_TEST_CASE(refuses_other_versions) {
  write_mat(file, {matrix("m", 2, 3, values)});
  const std::string content = content_of(file);
  for (const std::string& version : {std::string("\xf5\1IM"), std::string("\0\2IM", 4), std::string("\0\1MI", 4)}) {
    write_file(file, std::string(content).replace(124, 4, version));
    check_refused("is no MATLAB 5 file");
  }
}

BOOST_AUTO_TEST_CASE(refuses_truncated_files_and_other_formats) {
  write_mat(file, {matrix("m", 2, 3, values)});
  const std::string content = content_of(file);
  for (std::size_t size : {std::size_t{0}, std::size_t{100}, std::size_t{127}, std::size_t{128}, std::size_t{150}, content.size() - 9}) {
    write_file(file, content.substr(0, size));
    check_refused("");
  }
  write_file(file, "<!DOCTYPE html>" + std::string(1000, ' '));
  check_refused("is no MATLAB 5 file");
  std::filesystem::remove(file);
  check_refused("is no MATLAB 5 file");
}

BOOST_AUTO_TEST_CASE(characters_are_turned_upright_rounded_and_labelled) {
  std::vector<double> ink(784 * 2), targets(50 * 2);
  ink[28 * 5 + 3] = 1;                // first character: row 3, column 5
  ink[784 + 28 * 27 + 0] = 0.5;       // second: top right
  targets[17] = targets[50 + 49] = 1;
  write_mat(file, {matrix("data", 784, 2, ink), matrix("target", 50, 2, targets), matrix("one", 50, 1, std::vector<double>(50)),
                   matrix("dark", 784, 1, std::vector<double>(784, 1.5))});
  const ImageSet set = read_characters(file, "data", "target");
  BOOST_TEST(set.n == 2);
  BOOST_TEST(set.image(0)[3 * 28 + 5] == 255);
  BOOST_TEST(set.image(1)[27] == 128);
  BOOST_TEST(std::accumulate(set.pixels.begin(), set.pixels.end(), 0) == 255 + 128);
  BOOST_TEST(set.labels == (std::vector<std::uint8_t>{17, 49}), boost::test_tools::per_element());
  ::check_refused(file, "data has 2 columns, one has 1", [&] { read_characters(file, "data", "one"); });
  ::check_refused(file, "dark has ink 1.5 in column 1, not 0 to 1", [&] { read_characters(file, "dark", "one"); });
  ::check_refused(file, "holds no variable testdata", [&] { read_characters(file, "testdata", "testtarget"); });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
