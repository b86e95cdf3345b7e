#include "common/tensors/shape.hpp"

namespace tensors {

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
