#include "tests/datasets/refusals.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<std::size_t> bytes = 0;

}  // namespace

std::size_t allocated_bytes() { return bytes; }

// Not inlined, or the compiler takes new and free for a mismatched pair.
[[gnu::noinline]] void* operator new(std::size_t size) {
  bytes += size;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
