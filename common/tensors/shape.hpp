#pragma once

#include "common/tensors/errors.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>

namespace tensors {

// The extents of an array, outermost first; rank 0 is a scalar. It lives on the stack.
class Shape {
 public:
  static constexpr int max_rank = 6;

  Shape() = default;
  Shape(std::initializer_list<std::int64_t> extents) {
    for (std::int64_t extent : extents) push_back(extent);
  }

  int rank() const { return rank_; }
  std::int64_t operator[](int axis) const { return extents_[static_cast<std::size_t>(axis)]; }
  std::int64_t& operator[](int axis) { return extents_[static_cast<std::size_t>(axis)]; }
  // The extent of an axis that a caller named.
  std::int64_t extent(int axis) const {
    require(axis >= 0 && axis < rank_, "shape: there is no axis {} among {}", axis, rank_);
    return (*this)[axis];
  }
  const std::int64_t* begin() const { return extents_.data(); }
  const std::int64_t* end() const { return extents_.data() + rank_; }

  void push_back(std::int64_t extent) {
    require(rank_ < max_rank, "shape: more than {} axes", max_rank);
    require(extent >= 0, "shape: negative extent {}", extent);
    extents_[static_cast<std::size_t>(rank_++)] = extent;
  }

  // The number of elements; 1 for a scalar. Of a shape that no array can have it may overflow (see bytes_for).
  std::int64_t size() const {
    std::int64_t product = 1;
    for (std::int64_t extent : *this) product *= extent;
    return product;
  }

  friend bool operator==(const Shape& a, const Shape& b) {
    if (a.rank_ != b.rank_) return false;
    for (int axis = 0; axis < a.rank_; ++axis)
      if (a[axis] != b[axis]) return false;
    return true;
  }

 private:
  std::array<std::int64_t, max_rank> extents_{};
  int rank_ = 0;
};

// The bytes of so many elements; throws where they are more than 2^62, which size() could not count.
std::size_t bytes_for(const Shape& shape, std::size_t element_bytes);

// "[100, 784]", for messages.
std::string to_string(const Shape& shape);

// The shape that two operands broadcast to under NumPy's rule; throws where they do not match.
Shape broadcast_shape(const Shape& a, const Shape& b);

}  // namespace tensors

// Shapes in messages: fmt::format("{}", shape) gives "[100, 784]".
template <>
struct fmt::formatter<tensors::Shape> {
  constexpr auto parse(format_parse_context& context) { return context.begin(); }
  template <class Context>
  auto format(const tensors::Shape& shape, Context& context) const {
    const std::string text = tensors::to_string(shape);
    return std::copy(text.begin(), text.end(), context.out());
  }
};
