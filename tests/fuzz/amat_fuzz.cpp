#include "common/datasets/amat.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/temporary_folder.hpp"

std::vector<std::string> fuzz::seeds() { return {"0 1 0\n1 1 0\n", "1\t0 1 \r\n0 0 1", "0 1 0\n1 1 2\n"}; }

// Two images of 1 x 3, held against the digest of all zeros and ones that the text holds.
void fuzz::run(const std::string& input) {
  static const TemporaryFolder folder;
  const auto file = folder.write("images.amat", input);
  const std::vector<std::int64_t> extents{2, 1, 3};
  std::vector<std::uint8_t> pixels;
  for (const char c : input)
    if (c == '0' || c == '1') pixels.push_back(c == '1');
  const std::string sha256 = tensors::Sha256().add(datasets::idx_header(extents)).add(std::as_bytes(std::span(pixels))).hex();

  const auto read = [&](const std::string& digest) {
    return accepted(tensors::Exit::data, [&] { return datasets::read_amat(file, extents, {"x", 22, digest}); });
  };
  check(!read(tensors::sha256("")), "another digest is refused");
  if (const auto idx = read(sha256)) check(idx->values == pixels, "the pixels are the zeros and ones, in order");
}
