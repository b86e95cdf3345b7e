// The kernels that move and sum elements, against their definitions by index.
#include "common/tensors/kernels.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/tensors/naive.hpp"

using namespace naive;
namespace kernels = tensors::kernels;

namespace {

template <class T>
Array<T> naive_sum_to(const Array<T>& x, const Shape& shape) {
  Array<T> y = Array<T>::zeros(shape);
  T* to = y.mutable_data();
  tabulate<T>(x.shape(), [&](const Index& index) { return to[position(shape, index)] += at(x, index); });
  return y;
}

const std::vector<Shape> shapes{{6}, {1}, {0}, {3, 5}, {4, 0, 2}, {2, 3, 4}, {5, 1, 7}, {2, 3, 2, 5}, {65, 64}};

}  // namespace

BOOST_AUTO_TEST_SUITE(layout)

BOOST_AUTO_TEST_CASE_TEMPLATE(sums_and_repetitions_in_all_patterns, T, Scalars) {
  for (const Shape& full : {Shape{3, 2, 5, 4}, Shape{130, 3, 65}, Shape{1, 7, 1}, Shape{2, 0, 3}, Shape{0}, Shape{}})
    for (const Shape& part : broadcasting_to(full)) {
      BOOST_TEST_CONTEXT(to_string(full) << " and " << to_string(part)) {
        const Array<T> x = whole_numbers<T>(full, 1), y = whole_numbers<T>(part, 2);
        BOOST_TEST(same(kernels::sum_to(x, part), naive_sum_to(x, part)));
        const Array<T> factor = whole_numbers<T>(full, 5);
        BOOST_TEST(same(kernels::sum_of_product(x, factor, part), naive_sum_to(kernels::mul(x, factor), part)));
        BOOST_TEST(same(kernels::broadcast_to(y, full), tabulate<T>(full, [&](const Index& index) { return at(y, index); })));
      }
    }
  BOOST_CHECK_THROW(kernels::sum_to(normals<T>({2, 3}, 1), {2}), std::invalid_argument);
  BOOST_CHECK_THROW(kernels::sum_to(normals<T>({3}, 1), {2, 3}), std::invalid_argument);
  BOOST_CHECK_THROW(kernels::sum_of_product(normals<T>({2, 3}, 1), normals<T>({3}, 1), {3}), std::invalid_argument);
  BOOST_CHECK_THROW(kernels::broadcast_to(normals<T>({2}, 1), {2, 3}), std::invalid_argument);
  BOOST_CHECK_THROW(kernels::broadcast_to(normals<T>({2, 3}, 1), {3}), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(large_sums_on_any_number_of_threads, T, Scalars) {
  const std::vector<std::pair<Shape, Shape>> pairs{{{1 << 17}, {}},           {{(1 << 17) + 1}, {1}},        {{257, 1000}, {1000}},
                                                   {{257, 1000}, {257, 1}},   {{257, 1000}, {}},             {{70, 257, 9}, {1, 257, 1}},
                                                   {{70, 257, 9}, {70, 1, 9}}, {{3, 40000}, {3, 1}},         {{3, 40001}, {40001}}};
  for (const auto& [from, to] : pairs)
    BOOST_TEST_CONTEXT(to_string(from) << " to " << to_string(to)) {
      const Array<T> whole = whole_numbers<T>(from, 3), rounded = normals<T>(from, 4);
      BOOST_TEST(same(with_any_number_of_threads([&] { return kernels::sum_to(whole, to); }), naive_sum_to(whole, to)));
      with_any_number_of_threads([&] { return kernels::sum_to(rounded, to); });
    }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(slices_and_paddings, T, Scalars) {
  for (const Shape& shape : shapes) {
    const Array<T> x = normals<T>(shape, 1);
    for (int axis = 0; axis < shape.rank(); ++axis) {
      const auto which = static_cast<std::size_t>(axis);
      const std::int64_t extent = shape[axis];
      for (std::int64_t start = 0; start <= extent; start += std::max<std::int64_t>(1, extent / 3))
        for (std::int64_t length = 0; start + length <= extent; length += std::max<std::int64_t>(1, extent / 3)) {
          Shape part = shape;
          part[axis] = length;
          const Array<T> slice = kernels::slice(x, axis, start, length);
          BOOST_TEST(same(slice, tabulate<T>(part, [&](Index index) { return index[which] += start, at(x, index); })));
          BOOST_TEST(same(kernels::pad(slice, axis, start, extent), tabulate<T>(shape, [&](const Index& index) {
            return index[which] >= start && index[which] < start + length ? at(x, index) : T(0);
          })));
        }
      BOOST_CHECK_THROW(kernels::slice(x, axis, 1, extent), std::invalid_argument);
      BOOST_CHECK_THROW(kernels::slice(x, axis, -1, 1), std::invalid_argument);
      BOOST_CHECK_THROW(kernels::slice(x, axis, 0, -1), std::invalid_argument);
      BOOST_CHECK_THROW(kernels::pad(x, axis, 1, extent), std::invalid_argument);
      BOOST_CHECK_THROW(kernels::pad(x, axis, -1, extent + 1), std::invalid_argument);
    }
    BOOST_CHECK_THROW(kernels::slice(x, shape.rank(), 0, 0), std::invalid_argument);
    BOOST_CHECK_THROW(kernels::pad(x, -1, 0, 9), std::invalid_argument);
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(gathering_and_scattering_rows, T, Scalars) {
  const std::vector<std::int64_t> rows{4, 0, 0, 2, 4, 4};
  for (const Shape& inner : {Shape{}, Shape{1}, Shape{7}, Shape{3, 65}, Shape{0}}) {
    Shape shape{5}, gathered{static_cast<std::int64_t>(rows.size())};
    for (const std::int64_t extent : inner) shape.push_back(extent), gathered.push_back(extent);
    const Array<T> x = whole_numbers<T>(shape, 1), y = whole_numbers<T>(gathered, 2);
    const auto row = [&](const Index& index) { return rows[static_cast<std::size_t>(index[0])]; };
    BOOST_TEST(same(kernels::gather(x, rows), tabulate<T>(gathered, [&](Index index) { return index[0] = row(index), at(x, index); })));
    Array<T> sums = Array<T>::zeros(shape);
    T* to = sums.mutable_data();
    tabulate<T>(gathered, [&](const Index& index) {
      Index target = index;
      target[0] = row(index);
      return to[position(shape, target)] += at(y, index);
    });
    BOOST_TEST(same(kernels::scatter_add(y, rows, 5), sums));
  }
  const Array<T> x = normals<T>({6, 2}, 1);
  BOOST_CHECK((kernels::gather(x, {}).shape() == Shape{0, 2}));
  BOOST_CHECK_THROW(kernels::gather(x, std::vector<std::int64_t>{6}), std::invalid_argument);
  BOOST_CHECK_THROW(kernels::gather(x, std::vector<std::int64_t>{-1}), std::invalid_argument);
  BOOST_CHECK_THROW(kernels::gather(Array<T>::scalar(1), rows), std::invalid_argument);
  BOOST_CHECK_THROW(kernels::scatter_add(x, rows, 4), std::invalid_argument);
  BOOST_CHECK_THROW(kernels::scatter_add(normals<T>({5, 2}, 1), rows, 5), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(all_orders_of_axes, T, Scalars) {
  for (const Shape& shape : shapes) {
    const Array<T> x = normals<T>(shape, 1);
    std::vector<int> axes;
    for (int axis = 0; axis < shape.rank(); ++axis) axes.push_back(axis);
    do {
      Shape permuted;
      for (const int axis : axes) permuted.push_back(shape[axis]);
      BOOST_TEST(same(kernels::permute(x, axes), tabulate<T>(permuted, [&](const Index& index) {
        Index source(index.size());
        for (std::size_t i = 0; i < axes.size(); ++i) source[static_cast<std::size_t>(axes[i])] = index[i];
        return at(x, source);
      })));
    } while (std::ranges::next_permutation(axes).found);
  }
  const Array<T> x = normals<T>({2, 3}, 1);
  for (const std::vector<int>& axes : {std::vector{0}, {0, 0}, {0, 2}, {-1, 0}, {0, 1, 2}})
    BOOST_CHECK_THROW(kernels::permute(x, axes), std::invalid_argument);
  BOOST_TEST(kernels::permute(Array<T>::scalar(3), {}).item() == 3);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(concatenations, T, Scalars) {
  for (const Shape& shape : shapes)
    for (int axis = 0; axis < shape.rank(); ++axis)
      for (const std::int64_t extra : {0, 1, 3}) {
        Shape second = shape, both = shape;
        second[axis] = extra;
        both[axis] += extra;
        const Array<T> a = normals<T>(shape, 1), b = normals<T>(second, 2);
        BOOST_TEST(same(kernels::concat(a, b, axis), tabulate<T>(both, [&](Index index) {
          std::int64_t& i = index[static_cast<std::size_t>(axis)];
          if (i < shape[axis]) return at(a, index);
          i -= shape[axis];
          return at(b, index);
        })));
      }
  const Array<T> x = normals<T>({2, 3}, 1);
  BOOST_CHECK_THROW(kernels::concat(x, normals<T>({3, 2}, 1), 0), std::invalid_argument);
  BOOST_CHECK_THROW(kernels::concat(x, normals<T>({3}, 1), 0), std::invalid_argument);
  BOOST_CHECK_THROW(kernels::concat(x, x, 2), std::invalid_argument);
}

BOOST_AUTO_TEST_SUITE_END()
