#include "common/tensors/array.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>

using tensors::Array;
using tensors::broadcast_shape;
using tensors::Shape;
using namespace std::string_literals;

BOOST_AUTO_TEST_SUITE(shapes)

BOOST_AUTO_TEST_CASE(sizes_and_text) {
  BOOST_TEST(Shape{}.size() == 1);
  BOOST_TEST(Shape{}.rank() == 0);
  BOOST_TEST((Shape{3, 0, 2}).size() == 0);
  BOOST_TEST((Shape{3, 4, 2}).size() == 24);
  BOOST_TEST(to_string(Shape{}) == "[]");
  BOOST_TEST(to_string(Shape{100, 784}) == "[100, 784]");
  BOOST_CHECK((Shape{2, 3} == Shape{2, 3}));
  BOOST_CHECK(!(Shape{2, 3} == Shape{3, 2}));
  BOOST_CHECK(!(Shape{2} == Shape{2, 1}));
}

BOOST_AUTO_TEST_CASE(limits) {
  Shape shape{1, 1, 1, 1, 1, 1};
  BOOST_TEST(shape.rank() == Shape::max_rank);
  BOOST_CHECK_THROW(shape.push_back(1), std::invalid_argument);
  BOOST_CHECK_THROW((Shape{1, 1, 1, 1, 1, 1, 1}), std::invalid_argument);
  BOOST_CHECK_THROW((Shape{2, -1}), std::invalid_argument);
  BOOST_TEST((Shape{5, 7}).extent(1) == 7);
  BOOST_CHECK_THROW((Shape{5, 7}).extent(2), std::invalid_argument);
  BOOST_CHECK_THROW((Shape{5, 7}).extent(-1), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(broadcasting) {
  BOOST_CHECK((broadcast_shape({2, 3}, {3}) == Shape{2, 3}));
  BOOST_CHECK((broadcast_shape({3}, {2, 3}) == Shape{2, 3}));
  BOOST_CHECK((broadcast_shape({4, 1}, {1, 5}) == Shape{4, 5}));
  BOOST_CHECK((broadcast_shape({}, {}) == Shape{}));
  BOOST_CHECK((broadcast_shape({0}, {1}) == Shape{0}));
  BOOST_CHECK((broadcast_shape({7, 1, 0}, {5, 1}) == Shape{7, 5, 0}));
  BOOST_CHECK_THROW(broadcast_shape({2, 3}, {2}), std::invalid_argument);
  BOOST_CHECK_THROW(broadcast_shape({0}, {2}), std::invalid_argument);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE(arrays)

BOOST_AUTO_TEST_CASE(making) {
  BOOST_TEST(Array<float>().size() == 0);
  BOOST_CHECK(Array<float>().shape() == Shape{0});
  BOOST_TEST(Array<float>().copy().size() == 0);
  const Array<int> a({2, 2}, {1, 2, 3, 4});
  BOOST_TEST(std::ranges::equal(a, std::vector{1, 2, 3, 4}));
  BOOST_TEST(a[2] == 3);
  BOOST_TEST(std::ranges::all_of(Array<int>::full({3, 5}, 7), [](int x) { return x == 7; }));
  BOOST_TEST(std::ranges::all_of(Array<double>::zeros({130}), [](double x) { return x == 0; }));
  BOOST_TEST(Array<int>::scalar(5).item() == 5);
  BOOST_TEST(Array<int>::scalar(5).shape().rank() == 0);
  BOOST_CHECK_THROW((Array<int>({2, 2}, {1, 2, 3})), std::invalid_argument);
  BOOST_CHECK_THROW((Array<float>({std::int64_t{1} << 46})), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(copies_share_until_somebody_asks_for_a_copy) {
  Array<int> a({3}, {1, 2, 3});
  BOOST_TEST(a.sole_owner());
  {
    const Array<int> b = a;
    BOOST_TEST(b.data() == a.data());
    BOOST_TEST(!a.sole_owner());
    BOOST_TEST(!b.sole_owner());
    BOOST_CHECK_THROW(a.mutable_data(), std::invalid_argument);
    Array<int> c = a.copy();
    BOOST_TEST(c.data() != a.data());
    c.mutable_data()[0] = 9;
    BOOST_TEST(a[0] == 1);
  }
  BOOST_TEST(a.sole_owner());
  a.mutable_data()[0] = 5;
  BOOST_TEST(a[0] == 5);
}

BOOST_AUTO_TEST_CASE(moving_and_assigning) {
  Array<int> a({2}, {1, 2});
  const int* where = a.data();
  Array<int> b = std::move(a);
  BOOST_TEST(b.data() == where);
  BOOST_TEST(b.sole_owner());
  BOOST_TEST(a.size() == 0);
  BOOST_TEST(!a.sole_owner());
  a = b;
  BOOST_TEST(a.data() == where);
  a = *&a;
  BOOST_TEST(a[1] == 2);
  a = Array<int>({1}, {8});
  BOOST_TEST(a.item() == 8);
  BOOST_TEST(b.sole_owner());
}

BOOST_AUTO_TEST_CASE(reshaped_shares) {
  const Array<int> a({2, 3}, {1, 2, 3, 4, 5, 6});
  const Array<int> b = a.reshaped({3, 1, 2});
  BOOST_TEST(b.data() == a.data());
  BOOST_CHECK((b.shape() == Shape{3, 1, 2}));
  BOOST_CHECK((a.shape() == Shape{2, 3}));
  BOOST_CHECK_THROW(a.reshaped({5}), std::invalid_argument);
  BOOST_CHECK_THROW(Array<int>().reshaped({}), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(a_window_shares_and_outlives_the_whole) {
  Array<int> window;
  {
    const Array<int> whole({6}, {1, 2, 3, 4, 5, 6});
    window = whole.window(2, {2, 2});
    whole.data_for_update()[3] = 40;
    BOOST_CHECK_THROW(whole.window(3, {2, 2}), std::invalid_argument);
    BOOST_CHECK_THROW(whole.window(-1, {2}), std::invalid_argument);
    BOOST_TEST(whole.window(6, {0}).size() == 0);
  }
  BOOST_TEST(std::ranges::equal(window, std::vector{3, 40, 5, 6}));
  BOOST_TEST(window.sole_owner());
}

BOOST_AUTO_TEST_CASE(shapes_that_cannot_be_counted_are_refused) {
  constexpr std::int64_t huge = std::int64_t{1} << 31;
  BOOST_CHECK_EXCEPTION(Array<float>({huge, huge, 4}), std::invalid_argument, [](const std::invalid_argument& error) {
    return error.what() == "array: shape [2147483648, 2147483648, 4] is too large"s;
  });
  BOOST_CHECK_THROW(Array<float>({huge, huge}), std::invalid_argument);
  BOOST_CHECK_THROW(Array<double>({std::int64_t{1} << 62}), std::invalid_argument);
  BOOST_CHECK_THROW(Array<float>({huge, huge / 16}), std::invalid_argument);  // countable, but more than the pool handles
  BOOST_TEST(Array<float>({0, huge, huge, huge}).size() == 0);
}

BOOST_AUTO_TEST_CASE(item_is_for_one_element) {
  BOOST_TEST(Array<int>({1, 1}, {3}).item() == 3);
  BOOST_CHECK_THROW(Array<int>({2}, {3, 4}).item(), std::invalid_argument);
  BOOST_CHECK_THROW(Array<int>().item(), std::invalid_argument);
}

BOOST_AUTO_TEST_SUITE_END()
