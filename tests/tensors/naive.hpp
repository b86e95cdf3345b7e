// Arrays by definition: element after element, addressed by a full index. What the kernels are held against.
#pragma once

#include "common/tensors/random.hpp"

#include <boost/test/unit_test.hpp>
#include <omp.h>

#include <cmath>
#include <cstring>
#include <tuple>
#include <vector>

namespace naive {

using tensors::Array;
using tensors::Shape;
using tensors::Stream;
using Index = std::vector<std::int64_t>;
using Scalars = std::tuple<float, double>;

// y[index] = element(index) for every index of the shape.
template <class T, class F>
Array<T> tabulate(const Shape& shape, const F& element) {
  Array<T> y(shape);
  T* to = y.mutable_data();
  for (std::int64_t i = 0; i < shape.size(); ++i) {
    Index index(static_cast<std::size_t>(shape.rank()));
    std::int64_t rest = i;
    for (int axis = shape.rank() - 1; axis >= 0; --axis) {
      index[static_cast<std::size_t>(axis)] = rest % shape[axis];
      rest /= shape[axis];
    }
    to[i] = element(index);
  }
  return y;
}

// Where x, broadcast to the shape that `index` walks, keeps its element: axes count from the last, unit axes repeat.
inline std::int64_t position(const Shape& x, const Index& index) {
  std::int64_t at = 0;
  const std::size_t lead = index.size() - static_cast<std::size_t>(x.rank());
  for (int axis = 0; axis < x.rank(); ++axis)
    at = at * x[axis] + (x[axis] == 1 ? 0 : index[lead + static_cast<std::size_t>(axis)]);
  return at;
}

template <class T>
T at(const Array<T>& x, const Index& index) {
  return x[position(x.shape(), index)];
}

// Small whole numbers, so that sums of them are exact.
template <class T>
Array<T> whole_numbers(const Shape& shape, std::uint64_t seed) {
  Array<T> x = Stream(seed, "whole numbers").uniform<T>(shape);
  T* values = x.mutable_data();
  for (std::int64_t i = 0; i < x.size(); ++i) values[i] = std::floor(values[i] * 17) - 8;
  return x;
}

template <class T>
Array<T> normals(const Shape& shape, std::uint64_t seed) {
  return Stream(seed, "normals").normal<T>(shape);
}

// Equal shapes and bytes.
template <class T>
bool same(const Array<T>& a, const Array<T>& b) {
  return a.shape() == b.shape() && (a.size() == 0 || std::memcmp(a.data(), b.data(), static_cast<std::size_t>(a.size()) * sizeof(T)) == 0);
}

// Every shape of up to `full.rank()` axes that broadcasts to `full`: its last axes, some of them 1.
inline std::vector<Shape> broadcasting_to(const Shape& full) {
  std::vector<Shape> shapes;
  for (int rank = 0; rank <= full.rank(); ++rank)
    for (unsigned units = 0; units < 1u << rank; ++units) {
      Shape shape;
      for (int axis = 0; axis < rank; ++axis) shape.push_back(units >> axis & 1 ? 1 : full[full.rank() - rank + axis]);
      shapes.push_back(shape);
    }
  return shapes;
}

// What compute() returns with 1 thread, after checking that 2 and 3 threads return the same bytes.
template <class F>
auto with_any_number_of_threads(const F& compute) {
  const int before = omp_get_max_threads();
  omp_set_num_threads(1);
  const auto alone = compute();
  for (const int n_threads : {2, 3}) {
    omp_set_num_threads(n_threads);
    BOOST_TEST(same(compute(), alone), "with " << n_threads << " threads");
  }
  omp_set_num_threads(before);
  return alone;
}

}  // namespace naive
