#include "common/tensors/xtensor_view.hpp"

#include <boost/test/unit_test.hpp>
#include <xtensor/xarray.hpp>
#include <xtensor/xmath.hpp>

#include "tests/tensors/naive.hpp"

using namespace naive;

BOOST_AUTO_TEST_SUITE(xtensor_views)

BOOST_AUTO_TEST_CASE_TEMPLATE(there_and_back, T, Scalars) {
  for (const Shape& shape : {Shape{}, Shape{0}, Shape{7}, Shape{2, 3}, Shape{2, 1, 3, 4}, Shape{3, 0, 2}}) {
    const Array<T> x = normals<T>(shape, 1);
    const auto view = tensors::view(x);
    BOOST_TEST(view.dimension() == static_cast<std::size_t>(shape.rank()));
    BOOST_TEST(view.size() == static_cast<std::size_t>(x.size()));
    BOOST_TEST(same(tensors::from_expression<T>(view), x));
  }
}

BOOST_AUTO_TEST_CASE(a_view_shares_and_expressions_see_its_axes) {
  const Array<double> x({2, 3}, {1, 2, 3, 4, 5, 6});
  const auto view = tensors::view(x);
  BOOST_TEST(&view(0, 0) == x.data());
  BOOST_TEST(view(1, 2) == 6);
  BOOST_TEST(same(tensors::from_expression<double>(xt::sum(view, {0})), Array<double>({3}, {5, 7, 9})));
  BOOST_TEST(same(tensors::from_expression<double>(2 * view), Array<double>({2, 3}, {2, 4, 6, 8, 10, 12})));
}

BOOST_AUTO_TEST_SUITE_END()
