// The idx reader takes exactly the file that was expected, and refuses everything else at the cost of a few buffers.
#include "common/datasets/idx.hpp"
#include "tests/datasets/refusals.hpp"
#include "tests/temporary_folder.hpp"

#include <boost/test/unit_test.hpp>
#include <zlib.h>

namespace {

using namespace datasets;

std::string big_endian(std::uint32_t value) {
  return {static_cast<char>(value >> 24), static_cast<char>(value >> 16), static_cast<char>(value >> 8), static_cast<char>(value)};
}

std::string header(char type, std::initializer_list<std::uint32_t> extents) {
  std::string text = {0, 0, type, static_cast<char>(extents.size())};
  for (std::uint32_t extent : extents) text += big_endian(extent);
  return text;
}

std::string gzip(const std::string& content) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string packed(deflateBound(&stream, content.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

// 50 images of 28 x 28 whose bytes follow no short pattern.
std::string good_content() {
  std::string content = header(8, {50, 28, 28});
  std::uint32_t state = 1;
  for (int i = 0; i < 50 * 28 * 28; ++i) content += static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
  return content;
}

struct Fixture {
  TemporaryFolder folder;
  std::string content = good_content();
  Expected expected{content};

  auto read(const std::string& bytes) { return read_idx<std::uint8_t>(folder.write("a file.gz", bytes), expected); }

  void check_refused(const std::string& bytes, const std::string& what) {
    const auto file = folder.write("a file.gz", bytes);
    ::check_refused(file, what, [&] { read_idx<std::uint8_t>(file, expected); });
  }
};

BOOST_FIXTURE_TEST_SUITE(idx_reader, Fixture)

BOOST_AUTO_TEST_CASE(reads_gzip_and_plain_files) {
  for (const std::string& bytes : {gzip(content), content}) {
    const auto idx = read(bytes);
    BOOST_TEST(idx.extents == (std::vector<std::int64_t>{50, 28, 28}), boost::test_tools::per_element());
    BOOST_TEST(std::string(idx.values.begin(), idx.values.end()) == content.substr(16));
    BOOST_TEST(idx.sha256 == expected.digest);
  }
}

BOOST_AUTO_TEST_CASE(reads_a_gzip_file_of_several_members) {
  const auto idx = read(gzip(content.substr(0, 1000)) + gzip(content.substr(1000)));
  BOOST_TEST(std::string(idx.values.begin(), idx.values.end()) == content.substr(16));
}

BOOST_AUTO_TEST_CASE(shorts_come_in_the_machines_byte_order) {
  const std::string shorts = header(0x0B, {2, 2}) + std::string{0, 1, 1, 0, '\x7f', '\xff', '\xff', '\xfe'};
  const auto idx = read_idx<std::int16_t>(folder.write("shorts", shorts), Expected(shorts));
  BOOST_TEST(idx.values == (std::vector<std::int16_t>{1, 256, 32767, -2}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(refuses_every_truncation) {
  const std::string packed = gzip(content);
  for (std::size_t size = 0; size < packed.size(); size += size < 40 || size + 40 > packed.size() ? 1 : 997)
    check_refused(packed.substr(0, size), size < 2 ? "ends within its idx header" : "ends in the middle of its gzip stream");
  for (std::size_t size : {0, 1, 3, 4, 15}) check_refused(content.substr(0, size), "ends within its idx header");
  for (std::size_t size : {std::size_t{16}, content.size() / 2, content.size() - 1})
    check_refused(content.substr(0, size), "bytes that its header promises");
}

BOOST_AUTO_TEST_CASE(refuses_trailing_bytes) {
  check_refused(content + '\0', "has bytes after");
  check_refused(gzip(content + '\0'), "has bytes after");
  check_refused(gzip(content) + "x", "gzip stream");
  check_refused(gzip(content) + std::string(100, '\0'), "gzip stream");
  check_refused(gzip(content) + gzip("more"), "has bytes after");
}

BOOST_AUTO_TEST_CASE(refuses_wrong_magic_numbers) {
  const auto with = [&](std::size_t at, char byte) {
    std::string changed = content;
    changed[at] = byte;
    return gzip(changed);
  };
  check_refused(with(0, 'P'), "is no idx file");
  check_refused(with(1, 1), "is no idx file");
  check_refused(with(2, 0x0D), "idx type 0x0d, not 0x08");
  check_refused(with(3, 0), "promises 0 axes");
  check_refused(with(3, '\xff'), "promises 255 axes");
  check_refused("<!DOCTYPE html><html><body>Sign in</body></html>", "is no idx file");
}

BOOST_AUTO_TEST_CASE(refuses_a_header_that_promises_too_much_before_it_allocates) {
  for (const std::string& promise : {header(8, {4194304, 32, 32}), header(8, {0xffffffff, 0xffffffff, 0xffffffff}),
                                     header(8, {0x80000000, 2, 0x80000000, 2}), header(8, {51, 28, 28}), header(8, {50, 28, 29})}) {
    check_refused(promise + std::string(1000, '\0'), "header promises");
    check_refused(gzip(promise + std::string(1000, '\0')), "header promises");
  }
  check_refused(gzip(header(8, {49, 28, 28})), "promises 38432 bytes, it should have 39216");
  check_refused(gzip(header(8, {0, 0xffffffff, 0xffffffff})), "should have 39216");
}

BOOST_AUTO_TEST_CASE(a_gzip_bomb_costs_no_more_than_another_damaged_file) {
  check_refused(gzip(content + std::string(std::size_t{64} << 20, '\0')), "has bytes after");
}

BOOST_AUTO_TEST_CASE(refuses_flipped_bits) {
  for (std::size_t at : {std::size_t{16}, std::size_t{20'000}, content.size() - 1}) {
    std::string changed = content;
    changed[at] ^= 1;
    check_refused(gzip(changed), "its content has SHA-256");
    check_refused(changed, "its content has SHA-256");
  }
  const std::string packed = gzip(content);
  for (std::size_t at = 15; at < packed.size(); at += 499) {  // behind the headers of gzip and of its (stored) block
    std::string changed = packed;
    changed[at] ^= 0x10;
    check_refused(changed, "");
  }
  for (std::size_t from_end : {1, 5}) {  // the stream's own size and checksum
    std::string changed = packed;
    changed[packed.size() - from_end] ^= 1;
    check_refused(changed, "gzip stream is damaged");
  }
}

BOOST_AUTO_TEST_CASE(refuses_what_is_no_file) {
  const auto refused = [](const tensors::Failure& failure) { return failure.status() == tensors::Exit::data; };
  BOOST_CHECK_EXCEPTION(read_idx<std::uint8_t>(folder.path() / "not there", expected), tensors::Failure, refused);
  BOOST_CHECK_EXCEPTION(read_idx<std::uint8_t>(folder.path(), expected), tensors::Failure, refused);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
