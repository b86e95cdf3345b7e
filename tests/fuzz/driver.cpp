#include "tests/fuzz/fuzz.hpp"
#include "tests/temporary_folder.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>

void fuzz::check(bool holds, const char* law) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", law);
  std::abort();
}

// The last argument is the corpus folder, or an input to run once more. Seeds are written, not stored: so they are always
// what today's writers write.
extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  const std::filesystem::path corpus = (*argv)[*argc - 1];
  const auto seeds = fuzz::seeds();
  if (std::filesystem::is_directory(corpus))
    for (std::size_t i = 0; i < seeds.size(); ++i) write_file(corpus / ("seed_" + std::to_string(i)), seeds[i]);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  fuzz::run({reinterpret_cast<const char*>(bytes), size});
  return 0;
}
