// How a reader of data files refuses a damaged one.
#pragma once

#include "common/datasets/registry.hpp"
#include "common/tensors/digest.hpp"
#include "common/tensors/errors.hpp"

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <string>

// Everything that went through `new` in this program so far, in bytes.
std::size_t allocated_bytes();

// A registry row made of the content that it expects.
struct Expected : datasets::RegisteredFile {
  explicit Expected(const std::string& content) : digest(tensors::sha256(content)) {
    bytes = static_cast<std::int64_t>(content.size());
    RegisteredFile::sha256 = digest;
  }
  std::string digest;
};

// `read` ends in a Failure of status data, on one line that begins with the file, says `what`, and what to do; and it is cheap.
template <class Read>
void check_refused(const std::filesystem::path& file, const std::string& what, const Read& read) {
  const std::size_t before = allocated_bytes();
  try {
    read();
    BOOST_ERROR("not refused: " << what);
  } catch (const tensors::Failure& failure) {
    BOOST_TEST(allocated_bytes() - before < std::size_t{1} << 20);
    const std::string message = failure.what();
    BOOST_TEST((failure.status() == tensors::Exit::data));
    BOOST_TEST(message.find(file.string()) == 0u);
    BOOST_TEST(message.find(what) != std::string::npos, message << " does not say: " << what);
    BOOST_TEST(message.find("run ./reproduce data") != std::string::npos);
    BOOST_TEST(message.find('\n') == std::string::npos);
  }
}
