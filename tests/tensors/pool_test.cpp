#include "common/tensors/array.hpp"

#include <boost/test/unit_test.hpp>
#include <malloc.h>

#include <cstring>
#include <vector>

using namespace tensors;

namespace {

// Sizes about every class boundary up to 4 MiB: classes end at 4/4, 5/4, 6/4, 7/4 of a power of two.
std::vector<std::size_t> sizes_about_boundaries() {
  std::vector<std::size_t> sizes{0, 1, 4, 64, 255};
  for (std::size_t octave = 256; octave <= 1 << 22; octave *= 2)
    for (std::size_t quarters = 4; quarters < 8; ++quarters)
      for (std::size_t off : {0, 1, 2}) sizes.push_back(octave / 4 * quarters - 1 + off);
  return sizes;
}

std::byte* bytes_of(Buffer* buffer) { return static_cast<std::byte*>(buffer->elements()); }

}  // namespace

BOOST_AUTO_TEST_SUITE(pool)

BOOST_AUTO_TEST_CASE(a_buffer_is_as_large_as_asked_for_and_hardly_larger) {
  for (const std::size_t bytes : sizes_about_boundaries()) {
    trim_pool();
    const std::int64_t held = pool_statistics().held_bytes;
    Buffer* buffer = acquire_buffer(bytes);
    const auto taken = static_cast<std::size_t>(pool_statistics().held_bytes - held) - sizeof(Buffer);
    BOOST_TEST(taken >= bytes);
    BOOST_TEST(taken <= std::max<std::size_t>(256, bytes + bytes / 4));
    BOOST_TEST(malloc_usable_size(buffer) >= sizeof(Buffer) + bytes);
    BOOST_TEST(reinterpret_cast<std::uintptr_t>(buffer->elements()) % 64 == 0u);
    release_buffer(buffer);
  }
}

BOOST_AUTO_TEST_CASE(buffers_do_not_overlap) {
  const std::vector<std::size_t> sizes = sizes_about_boundaries();
  std::vector<Buffer*> buffers;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    buffers.push_back(acquire_buffer(sizes[i]));
    std::memset(bytes_of(buffers[i]), static_cast<int>(i % 251), sizes[i]);
  }
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const auto mark = static_cast<std::byte>(i % 251);
    BOOST_TEST(std::all_of(bytes_of(buffers[i]), bytes_of(buffers[i]) + sizes[i], [&](std::byte b) { return b == mark; }));
    BOOST_TEST(buffers[i]->owners == 1);
    release_buffer(buffers[i]);
  }
  trim_pool();
}

BOOST_AUTO_TEST_CASE(released_buffers_are_used_again) {
  Buffer* first = acquire_buffer(1000);
  const PoolStatistics before = pool_statistics();
  release_buffer(first);
  Buffer* again = acquire_buffer(1024);  // of the same class
  BOOST_TEST(again == first);
  Buffer* other = acquire_buffer(1024);
  BOOST_TEST(other != first);
  BOOST_TEST(pool_statistics().fresh_allocations - before.fresh_allocations <= 1);
  release_buffer(again);
  release_buffer(other);
  const std::int64_t fresh = pool_statistics().fresh_allocations;
  for (int i = 0; i < 100; ++i) const Array<float> a({16, 16}), b({250});
  BOOST_TEST(pool_statistics().fresh_allocations == fresh);
}

BOOST_AUTO_TEST_CASE(trimming_gives_back_what_is_free_and_only_that) {
  trim_pool();
  const std::int64_t held = pool_statistics().held_bytes;
  Array<double> kept({1000}, std::vector<double>(1000, 3.5));
  const std::int64_t with_kept = pool_statistics().held_bytes;
  BOOST_TEST(with_kept - held >= 8000);
  { const Array<double> gone({1 << 16}); }
  BOOST_TEST(pool_statistics().held_bytes >= with_kept + (8 << 16));
  trim_pool();
  BOOST_TEST(pool_statistics().held_bytes == with_kept);
  BOOST_TEST(std::ranges::all_of(kept, [](double x) { return x == 3.5; }));
  const std::int64_t fresh = pool_statistics().fresh_allocations;
  const Array<double> anew({1 << 16});
  BOOST_TEST(pool_statistics().fresh_allocations == fresh + 1);
}

BOOST_AUTO_TEST_CASE(more_than_the_machine_could_have_is_refused) {
  BOOST_CHECK_THROW(acquire_buffer(std::size_t{1} << 48), std::invalid_argument);
}

BOOST_AUTO_TEST_SUITE_END()
