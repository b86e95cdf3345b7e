#include "common/tensors/shape.hpp"

namespace tensors {

std::size_t bytes_for(const Shape& shape, std::size_t element_bytes) {
  constexpr std::int64_t most = std::int64_t{1} << 62;
  auto bytes = static_cast<std::int64_t>(element_bytes);
  for (std::int64_t extent : shape)
    require(!__builtin_mul_overflow(bytes, extent, &bytes) && bytes <= most, "array: shape {} is too large", shape);
  return static_cast<std::size_t>(bytes);
}

std::string to_string(const Shape& shape) {
  std::string text = "[";
  for (int axis = 0; axis < shape.rank(); ++axis) text += (axis ? ", " : "") + std::to_string(shape[axis]);
  return text + "]";
}

Shape broadcast_shape(const Shape& a, const Shape& b) {
  const Shape& longer = a.rank() >= b.rank() ? a : b;
  const Shape& shorter = a.rank() >= b.rank() ? b : a;
  Shape result = longer;
  const int lead = longer.rank() - shorter.rank();
  for (int axis = 0; axis < shorter.rank(); ++axis) {
    const std::int64_t p = longer[lead + axis], q = shorter[axis];
    require(p == q || p == 1 || q == 1, "broadcast: {} and {} do not match", a, b);
    result[lead + axis] = p == 1 ? q : p;
  }
  return result;
}

}  // namespace tensors
