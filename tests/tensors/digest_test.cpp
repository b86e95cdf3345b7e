#include "common/tensors/digest.hpp"

#include <boost/test/unit_test.hpp>

using tensors::Sha256;
using tensors::sha256;

// FIPS 180-4 and its published examples.
BOOST_AUTO_TEST_CASE(sha256_gives_the_published_digests) {
  BOOST_TEST(sha256("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  BOOST_TEST(sha256("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  BOOST_TEST(sha256(std::string(1'000'000, 'a')) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

BOOST_AUTO_TEST_CASE(sha256_does_not_see_how_the_bytes_were_cut) {
  const std::string text = "neither pieces nor kinds matter";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    Sha256 digest;
    digest.add(text.substr(0, cut)).add(std::as_bytes(std::span(text).subspan(cut)));
    BOOST_TEST(digest.hex() == sha256(text));
  }
  BOOST_TEST(sha256(std::as_bytes(std::span(text))) == sha256(text));
}

// RFC 1321's examples.
BOOST_AUTO_TEST_CASE(md5_gives_the_published_digests) {
  BOOST_TEST(tensors::Md5().hex() == "d41d8cd98f00b204e9800998ecf8427e");
  BOOST_TEST(tensors::Md5().add("message ").add("digest").hex() == "f96b697d7cb7938d525a2f31aaf161d0");
}

BOOST_AUTO_TEST_CASE(the_raw_digest_is_the_same_in_bytes) {
  BOOST_CHECK(Sha256().add("abc").raw() == std::string("\xba\x78\x16\xbf\x8f\x01\xcf\xea\x41\x41\x40\xde\x5d\xae\x22\x23"
                                                       "\xb0\x03\x61\xa3\x96\x17\x7a\x9c\xb4\x10\xff\x61\xf2\x00\x15\xad", 32));
}
