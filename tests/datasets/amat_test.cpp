// The .amat reader takes exactly the images that were expected, and names the line of everything else.
#include "common/datasets/amat.hpp"
#include "tests/datasets/refusals.hpp"
#include "tests/temporary_folder.hpp"

namespace {

using namespace datasets;

const std::vector<std::int64_t> extents = {40, 2, 3};

std::vector<std::uint8_t> good_pixels() {
  std::vector<std::uint8_t> pixels;
  std::uint32_t state = 1;
  for (int i = 0; i < 40 * 6; ++i) pixels.push_back((state = state * 1664525 + 1013904223) >> 31);
  return pixels;
}

struct Fixture {
  TemporaryFolder folder;
  std::vector<std::uint8_t> pixels = good_pixels();
  Expected expected{idx_header(extents) + std::string(pixels.begin(), pixels.end())};

  std::string text(const std::string& line_end = "\n") const {
    std::string text;
    for (std::size_t i = 0; i < pixels.size(); ++i) text += std::to_string(pixels[i]) + (i % 6 == 5 ? line_end : " ");
    return text;
  }
  void check_read(const std::string& text) {
    const auto idx = read_amat(folder.write("images.amat", text), extents, expected);
    BOOST_TEST(idx.extents == extents, boost::test_tools::per_element());
    BOOST_TEST(idx.values == pixels, boost::test_tools::per_element());
    BOOST_TEST(idx.sha256 == expected.digest);
  }
  // `where` begins with the line's number.
  void check_refused(const std::string& text, const std::string& where) {
    const auto file = folder.write("images.amat", text);
    ::check_refused(file, file.string() + ":" + where, [&] { read_amat(file, extents, expected); });
  }
  // The text with a line (from 1) replaced.
  std::string with_line(int line, const std::string& replacement) const {
    std::string changed;
    std::istringstream lines(text());
    std::string old;
    for (int at = 1; std::getline(lines, old); ++at) changed += (at == line ? replacement : old) + "\n";
    return changed;
  }
};

BOOST_FIXTURE_TEST_SUITE(amat_reader, Fixture)

BOOST_AUTO_TEST_CASE(reads_lines_however_they_end) {
  for (const char* line_end : {"\n", " \n", "\r\n", "\t\n"}) check_read(text(line_end));
  check_read(text().substr(0, text().size() - 1));
  check_read(text() + "\n\n");
}

BOOST_AUTO_TEST_CASE(names_the_malformed_line) {
  check_refused(with_line(7, "0 1 1 0 1"), "7: has 5 pixels, not 6");
  check_refused(with_line(7, "0 1 1 0 1 1 0"), "7: has more than 6 pixels");
  check_refused(with_line(7, ""), "7: has 0 pixels, not 6");
  check_refused(with_line(1, "0 1 2 0 1 1"), "1: pixel 3 is neither 0 nor 1");
  check_refused(with_line(40, "0 1 1 0 1 0.5"), "40: pixel 6 is neither 0 nor 1");
  check_refused(with_line(2, "0 1 -1 0 1 1"), "2: pixel 3 is neither");
  check_refused("<!DOCTYPE html>\n<html>", "1: pixel 1 is neither");
  check_refused(std::string(std::size_t{4} << 20, '1'), "1: pixel 1 is neither");
}

BOOST_AUTO_TEST_CASE(refuses_missing_and_superfluous_lines) {
  check_refused("", "1: the file ends here, 40 lines should follow");
  check_refused(text().substr(0, 12 * 39), "40: the file ends here, 1 lines should follow");
  check_refused(text().substr(0, 12 * 39 + 5), "40: has 3 pixels, not 6");
  check_refused(text() + "1", "41: there should be 40 lines only");
}

BOOST_AUTO_TEST_CASE(refuses_a_flipped_pixel) {
  std::string changed = text();
  changed[100] ^= 1;
  const auto file = folder.write("images.amat", changed);
  ::check_refused(file, "its images have SHA-256", [&] { read_amat(file, extents, expected); });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
