// Named, counter-based random streams.
//
// A stream is (seed, purpose, step). Its numbers are a pure function of these three, so a cell's result depends on
// nothing that ran before it, and an interrupted run resumes with the numbers it would have drawn. The generator is
// Philox4x32-10 (Salmon et al., 2011; Random123): the key is derived from seed and purpose, the high half of the
// counter is the step, the low half counts blocks. Distributions are our own: the standard library's differ between
// implementations.
#pragma once

#include "common/tensors/array.hpp"

#include <array>
#include <cstdint>
#include <string_view>

namespace tensors {

class Stream {
 public:
  Stream(std::uint64_t seed, std::string_view purpose, std::uint64_t step = 0);

  // The same purpose at another step.
  Stream at(std::uint64_t step) const;

  // The next 128 bits.
  std::array<std::uint32_t, 4> block();
  // The next integer, uniform in [0, bound), without bias (Lemire's rejection). bound > 0.
  std::uint64_t below(std::uint64_t bound);

  template <class T> Array<T> uniform(const Shape& shape);  // in the open interval (0, 1)
  template <class T> Array<T> normal(const Shape& shape);   // standard normal, by Box and Muller
  // 1 with the probability that stands in the same place of `probabilities` (in [0, 1]), else 0.
  template <class T> Array<T> bernoulli(const Array<T>& probabilities);
  // A uniformly random order of 0 .. n-1 (Fisher and Yates).
  std::vector<std::int64_t> permutation(std::int64_t n);

 private:
  std::array<std::uint32_t, 2> key_;
  std::uint64_t step_;
  std::uint64_t next_block_ = 0;
};

// One application of Philox4x32-10, for the known-answer test.
std::array<std::uint32_t, 4> philox4x32_10(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key);

}  // namespace tensors
