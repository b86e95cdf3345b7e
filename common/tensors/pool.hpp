// The buffer pool. A training step asks for the same sizes again and again: buffers go back to a free list by size
// class, so that after the first step nothing is allocated and no page is touched for the first time.
// Pools, and the arrays made from them, belong to one thread; kernels may use as many threads as they like.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tensors {

// The header of a pooled allocation; the elements start 64 bytes after it, on a cache line.
struct alignas(64) Buffer {
  std::int64_t owners;
  std::int64_t size_class;
  Buffer* next_free;

  void* elements() { return reinterpret_cast<std::byte*>(this) + sizeof(Buffer); }
};

struct PoolStatistics {
  std::int64_t fresh_allocations = 0;  // buffers that had to be taken from the system, ever
  std::int64_t held_bytes = 0;         // bytes taken from the system and not given back
};

Buffer* acquire_buffer(std::size_t bytes);  // owners = 1
void release_buffer(Buffer* buffer);        // call when the last owner has gone

PoolStatistics pool_statistics();
void trim_pool();  // gives the free buffers back to the system

}  // namespace tensors
