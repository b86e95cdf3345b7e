#include "common/tensors/pool.hpp"

#include "common/tensors/errors.hpp"

#include <array>
#include <bit>
#include <cstdlib>
#include <new>

namespace tensors {
namespace {

// Size classes: four to every power of two, from 256 bytes on, so that at most a fifth of a buffer is unused.
constexpr std::size_t smallest = 256;
constexpr int n_classes = 160;

int size_class(std::size_t bytes) {
  if (bytes <= smallest) return 0;
  const std::size_t quarters = (bytes - 1) / (smallest / 4);  // >= 4
  const int octave = std::bit_width(quarters) - 3;
  const std::size_t quarter = (quarters >> octave) & 3;
  return 4 * octave + static_cast<int>(quarter) + 1;
}

std::size_t class_bytes(int size_class) {
  if (size_class == 0) return smallest;
  const int octave = (size_class - 1) / 4, quarter = (size_class - 1) % 4;
  return (smallest << octave) + ((smallest << octave) / 4) * static_cast<std::size_t>(quarter + 1);
}

struct Pool {
  std::array<Buffer*, n_classes> free{};
  PoolStatistics statistics;

  void trim() {
    for (int c = 0; c < n_classes; ++c) {
      while (Buffer* buffer = free[static_cast<std::size_t>(c)]) {
        free[static_cast<std::size_t>(c)] = buffer->next_free;
        statistics.held_bytes -= static_cast<std::int64_t>(class_bytes(c) + sizeof(Buffer));
        std::free(buffer);
      }
    }
  }
};

// Never destroyed: arrays with static storage may release their buffers after a thread-local pool would be gone.
Pool& pool() {
  thread_local Pool* instance = new Pool;
  return *instance;
}

}  // namespace

Buffer* acquire_buffer(std::size_t bytes) {
  Pool& p = pool();
  const int c = size_class(bytes);
  require(c < n_classes, "array: {} bytes is more than the pool handles", bytes);
  Buffer*& head = p.free[static_cast<std::size_t>(c)];
  Buffer* buffer = head;
  if (buffer) {
    head = buffer->next_free;
  } else {
    const std::size_t total = class_bytes(c) + sizeof(Buffer);
    buffer = static_cast<Buffer*>(std::aligned_alloc(alignof(Buffer), (total + 63) / 64 * 64));
    if (!buffer) throw std::bad_alloc();
    ++p.statistics.fresh_allocations;
    p.statistics.held_bytes += static_cast<std::int64_t>(total);
  }
  buffer->owners = 1;
  buffer->size_class = c;
  buffer->next_free = nullptr;
  return buffer;
}

void release_buffer(Buffer* buffer) {
  Buffer*& head = pool().free[static_cast<std::size_t>(buffer->size_class)];
  buffer->next_free = head;
  head = buffer;
}

PoolStatistics pool_statistics() { return pool().statistics; }

void trim_pool() { pool().trim(); }

}  // namespace tensors
