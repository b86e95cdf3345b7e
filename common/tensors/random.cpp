#include "common/tensors/random.hpp"

#include "common/tensors/vector_math.hpp"

#include <Random123/philox.h>

#include <numbers>
#include <numeric>

namespace tensors {
namespace {

std::uint64_t fnv1a(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return hash;
}

// SplitMix64's finaliser: every input bit reaches every output bit.
std::uint64_t mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

__extension__ using Wide = unsigned __int128;

constexpr int lanes = 16;
using Lanes = std::uint32_t[lanes];

// Philox4x32-10 of `lanes` consecutive blocks, round by round, so that the compiler keeps the lanes in vectors.
// Equal to Random123's philox4x32 block by block (tested).
void philox_lanes(std::uint64_t first_block, std::uint64_t step, std::array<std::uint32_t, 2> key, Lanes& c0, Lanes& c1, Lanes& c2, Lanes& c3) {
  for (int i = 0; i < lanes; ++i) {
    const std::uint64_t block = first_block + static_cast<std::uint64_t>(i);
    c0[i] = static_cast<std::uint32_t>(block);
    c1[i] = static_cast<std::uint32_t>(block >> 32);
    c2[i] = static_cast<std::uint32_t>(step);
    c3[i] = static_cast<std::uint32_t>(step >> 32);
  }
  std::uint32_t k0 = key[0], k1 = key[1];
  for (int round = 0; round < 10; ++round) {
#pragma omp simd
    for (int i = 0; i < lanes; ++i) {
      const std::uint64_t p0 = std::uint64_t{0xD2511F53u} * c0[i];
      const std::uint64_t p1 = std::uint64_t{0xCD9E8D57u} * c2[i];
      c0[i] = static_cast<std::uint32_t>(p1 >> 32) ^ c1[i] ^ k0;
      c2[i] = static_cast<std::uint32_t>(p0 >> 32) ^ c3[i] ^ k1;
      c1[i] = static_cast<std::uint32_t>(p1);
      c3[i] = static_cast<std::uint32_t>(p0);
    }
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
}

// Uniforms in the open interval: the middle of one of 2^23 (float) or 2^52 (double) equal cells. One bit more, and the
// half would round the last cell's middle to 1.
inline float open_unit(std::uint32_t w) { return (static_cast<float>(static_cast<std::int32_t>(w >> 9)) + 0.5f) * 0x1p-23f; }
inline double open_unit(std::uint32_t high, std::uint32_t low) {
  const std::uint64_t bits = (static_cast<std::uint64_t>(high) << 20) | (low >> 12);
  return (static_cast<double>(static_cast<std::int64_t>(bits)) + 0.5) * 0x1p-52;
}

// Numbers per block: four floats or two doubles.
template <class T> constexpr int per_block = sizeof(T) == 4 ? 4 : 2;

// One group: `lanes` blocks to lanes * per_block numbers, number j of block i at [per_block * i + j].
void uniform_group(std::uint64_t block, std::uint64_t step, std::array<std::uint32_t, 2> key, float* out) {
  Lanes w[4];
  philox_lanes(block, step, key, w[0], w[1], w[2], w[3]);
  for (int i = 0; i < lanes; ++i)
    for (int j = 0; j < 4; ++j) out[4 * i + j] = open_unit(w[j][i]);
}
void uniform_group(std::uint64_t block, std::uint64_t step, std::array<std::uint32_t, 2> key, double* out) {
  Lanes w[4];
  philox_lanes(block, step, key, w[0], w[1], w[2], w[3]);
  for (int i = 0; i < lanes; ++i)
    for (int j = 0; j < 2; ++j) out[2 * i + j] = open_unit(w[2 * j][i], w[2 * j + 1][i]);
}

// cos and sin of 2 pi u for u in (0, 1): reduced to an eighth of a turn about the nearest quarter, then the Taylor
// series (remainder below one unit in the last place). The compiler merges the library's pair into a scalar sincos.
template <class T>
inline void cos_sin_of_turn(T u, T& cosine, T& sine) {
  const int quarter = static_cast<int>(T(4) * u + T(0.5));
  const T x = T(2) * std::numbers::pi_v<T> * (u - T(0.25) * static_cast<T>(quarter));
  constexpr int last = sizeof(T) == 4 ? 9 : 17;
  T s = T(1), c = T(1);
#pragma GCC unroll 16
  for (int k = last; k >= 3; k -= 2) {
    s = T(1) - x * x / static_cast<T>(k * (k - 1)) * s;
    c = T(1) - x * x / static_cast<T>((k - 1) * (k - 2)) * c;
  }
  s *= x;
  const bool swap = (quarter & 1) != 0;
  const T a = swap ? s : c, b = swap ? c : s;
  cosine = ((quarter + 1) & 2) != 0 ? -a : a;
  sine = (quarter & 2) != 0 ? -b : b;
}

// Box and Muller, on neighbouring pairs of uniforms, in place.
template <class T>
void box_muller(T* group, int n) {
  T first[2 * lanes], second[2 * lanes];
  const int n_pairs = n / 2;
  for (int i = 0; i < n_pairs; ++i) {
    first[i] = group[2 * i];
    second[i] = group[2 * i + 1];
  }
#pragma omp simd
  for (int i = 0; i < n_pairs; ++i) {
    const T radius = std::sqrt(T(-2) * scalar::log(first[i]));
    T cosine, sine;
    cos_sin_of_turn(second[i], cosine, sine);
    first[i] = radius * cosine;
    second[i] = radius * sine;
  }
  for (int i = 0; i < n_pairs; ++i) {
    group[2 * i] = first[i];
    group[2 * i + 1] = second[i];
  }
}

// Fills `out` group by group; whole groups always go through the same vector code, so that the numbers do not depend
// on how many are asked for, nor on the number of threads.
template <class T, bool normal>
void fill(T* out, std::int64_t n, std::uint64_t first_block, std::uint64_t step, std::array<std::uint32_t, 2> key) {
  constexpr int group = lanes * per_block<T>;
  const std::int64_t n_groups = (n + group - 1) / group;
#pragma omp parallel for schedule(static) if (n_groups >= 64)
  for (std::int64_t g = 0; g < n_groups; ++g) {
    T numbers[group];
    uniform_group(first_block + static_cast<std::uint64_t>(g) * lanes, step, key, numbers);
    if constexpr (normal) box_muller(numbers, group);
    std::copy_n(numbers, std::min<std::int64_t>(group, n - g * group), out + g * group);
  }
}

}  // namespace

std::array<std::uint32_t, 4> philox4x32_10(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key) {
  const r123::Philox4x32 philox;
  const auto out = philox({{counter[0], counter[1], counter[2], counter[3]}}, {{key[0], key[1]}});
  return {out[0], out[1], out[2], out[3]};
}

Stream::Stream(std::uint64_t seed, std::string_view purpose, std::uint64_t step) : step_(step) {
  const std::uint64_t key = mix(mix(seed) ^ fnv1a(purpose));
  key_ = {static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32)};
}

Stream Stream::at(std::uint64_t step) const {
  Stream other = *this;
  other.step_ = step;
  other.next_block_ = 0;
  return other;
}

std::array<std::uint32_t, 4> Stream::block() {
  const std::uint64_t i = next_block_++;
  return philox4x32_10({static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(i >> 32), static_cast<std::uint32_t>(step_),
                     static_cast<std::uint32_t>(step_ >> 32)},
                    key_);
}

std::uint64_t Stream::below(std::uint64_t bound) {
  require(bound > 0, "below: the bound is 0");
  for (;;) {
    const auto words = block();
    const std::uint64_t x = (static_cast<std::uint64_t>(words[0]) << 32) | words[1];
    const auto product = static_cast<Wide>(x) * bound;
    const auto low = static_cast<std::uint64_t>(product);
    if (low >= bound || low >= -bound % bound) return static_cast<std::uint64_t>(product >> 64);
  }
}

template <class T>
Array<T> Stream::uniform(const Shape& shape) {
  Array<T> out(shape);
  fill<T, false>(out.mutable_data(), out.size(), next_block_, step_, key_);
  next_block_ += static_cast<std::uint64_t>((out.size() + per_block<T> - 1) / per_block<T>);
  return out;
}

template <class T>
Array<T> Stream::normal(const Shape& shape) {
  Array<T> out(shape);
  fill<T, true>(out.mutable_data(), out.size(), next_block_, step_, key_);
  next_block_ += static_cast<std::uint64_t>((out.size() + per_block<T> - 1) / per_block<T>);
  return out;
}

template <class T>
Array<T> Stream::bernoulli(const Array<T>& probabilities) {
  Array<T> out = uniform<T>(probabilities.shape());
  T* draws = out.mutable_data();
  const T* p = probabilities.data();
  const std::int64_t n = out.size();
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) draws[i] = draws[i] < p[i] ? T(1) : T(0);
  return out;
}

std::vector<std::int64_t> Stream::permutation(std::int64_t n) {
  require(n >= 0, "permutation: n is {}", n);
  std::vector<std::int64_t> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), 0);
  for (std::int64_t i = n - 1; i > 0; --i)
    std::swap(order[static_cast<std::size_t>(i)], order[below(static_cast<std::uint64_t>(i) + 1)]);
  return order;
}

template Array<float> Stream::uniform(const Shape&);
template Array<double> Stream::uniform(const Shape&);
template Array<float> Stream::normal(const Shape&);
template Array<double> Stream::normal(const Shape&);
template Array<float> Stream::bernoulli(const Array<float>&);
template Array<double> Stream::bernoulli(const Array<double>&);

}  // namespace tensors
