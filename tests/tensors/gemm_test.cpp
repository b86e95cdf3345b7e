// Products of matrices against three loops. A product of k terms, in any order and with or without fused additions, is
// off by at most (k + 1) epsilon of the same product of absolute values (Higham, 2002, section 3.5); two of them differ
// by at most twice that.
#include "common/tensors/kernels.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/tensors/naive.hpp"

#include <cmath>
#include <limits>

using namespace naive;
using tensors::Trans;
namespace kernels = tensors::kernels;

namespace {

constexpr Trans both[] = {Trans::no, Trans::yes};

template <class T>
Array<T> absolute(const Array<T>& x) {
  return tabulate<T>(x.shape(), [&](const Index& index) { return std::abs(at(x, index)); });
}

template <class T>
void check_close(const Array<T>& y, const Array<T>& expected, const Array<T>& scale, std::int64_t k) {
  BOOST_REQUIRE(y.shape() == expected.shape());
  const double tolerance = 2.0 * static_cast<double>(k + 2) * std::numeric_limits<T>::epsilon();
  std::int64_t n_wrong = 0;
  for (std::int64_t i = 0; i < y.size(); ++i)
    if (!(std::abs(double(y[i]) - expected[i]) <= tolerance * scale[i])) ++n_wrong;
  BOOST_TEST(n_wrong == 0);
}

template <class T>
Array<T> reference(Trans ta, Trans tb, std::int64_t m, std::int64_t n, std::int64_t k, const Array<T>& a, const Array<T>& b, T beta,
                   const Array<T>& c) {
  Array<T> y = c.copy();
  tensors::gemm_reference(ta, tb, m, n, k, a.data(), b.data(), beta, y.mutable_data());
  return y;
}

template <class T>
void check_gemm(std::int64_t m, std::int64_t n, std::int64_t k) {
  for (const Trans ta : both)
    for (const Trans tb : both)
      for (const T beta : {T(0), T(1), T(-0.5)})
        BOOST_TEST_CONTEXT(m << " x " << n << " x " << k << ", transposed " << bool(ta) << bool(tb) << ", beta " << beta) {
          const Array<T> a = normals<T>({m * k}, 1), b = normals<T>({k * n}, 2);
          // With beta = 0 what stood in c must not matter.
          const Array<T> c = beta == 0 ? Array<T>::full({m, n}, std::numeric_limits<T>::quiet_NaN()) : normals<T>({m, n}, 3);
          Array<T> y = c.copy();
          tensors::gemm(ta, tb, m, n, k, a.data(), b.data(), beta, y.mutable_data());
          check_close(y, reference(ta, tb, m, n, k, a, b, beta, c),
                      reference(ta, tb, m, n, k, absolute(a), absolute(b), std::abs(beta), absolute(c)), k);
        }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(products)

// The reference itself, by hand.
BOOST_AUTO_TEST_CASE_TEMPLATE(three_loops, T, Scalars) {
  const Array<T> a({2, 3}, {1, 2, 3, 4, 5, 6}), b({3, 2}, {7, 8, 9, 10, 11, 12}), none = Array<T>::full({2, 2}, 100);
  BOOST_TEST(same(reference<T>(Trans::no, Trans::no, 2, 2, 3, a, b, 0, none), Array<T>({2, 2}, {58, 64, 139, 154})));
  BOOST_TEST(same(reference<T>(Trans::no, Trans::no, 2, 2, 3, a, b, 1, none), Array<T>({2, 2}, {158, 164, 239, 254})));
  BOOST_TEST(same(reference<T>(Trans::no, Trans::yes, 2, 2, 3, a, b, 0, none), Array<T>({2, 2}, {50, 68, 122, 167})));
  BOOST_TEST(same(reference<T>(Trans::yes, Trans::no, 2, 2, 3, a, b, 0, none), Array<T>({2, 2}, {89, 98, 116, 128})));
  BOOST_TEST(same(reference<T>(Trans::yes, Trans::yes, 2, 2, 3, a, b, 0, none), Array<T>({2, 2}, {76, 103, 100, 136})));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(ragged_sizes, T, Scalars) {
  for (const std::int64_t m : {1, 2, 7, 33, 64})
    for (const std::int64_t n : {1, 3, 16, 49})
      for (const std::int64_t k : {1, 2, 15, 64, 65}) check_gemm<T>(m, n, k);
  check_gemm<T>(100, 50, 784);
  check_gemm<T>(201, 203, 97);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(empty_sizes, T, Scalars) {
  for (const std::int64_t m : {0, 3})
    for (const std::int64_t n : {0, 2})
      for (const std::int64_t k : {0, 5}) check_gemm<T>(m, n, k);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(stacks_of_matrices, T, Scalars) {
  constexpr std::int64_t count = 4, m = 5, n = 7, k = 3;
  for (const Trans ta : both)
    for (const Trans tb : both) {
      const Array<T> a = normals<T>(ta == Trans::yes ? Shape{count, k, m} : Shape{count, m, k}, 1);
      const Array<T> b = normals<T>(tb == Trans::yes ? Shape{count, n, k} : Shape{count, k, n}, 2);
      const Array<T> y = kernels::matmul(a, b, ta, tb);
      BOOST_REQUIRE((y.shape() == Shape{count, m, n}));
      for (std::int64_t i = 0; i < count; ++i) {
        const Array<T> p = a.window(i * m * k, {a.shape()[1], a.shape()[2]}), q = b.window(i * k * n, {b.shape()[1], b.shape()[2]});
        const Array<T> none = Array<T>::zeros({m, n});
        const Array<T> expected = reference(ta, tb, m, n, k, p, q, T(0), none);
        const Array<T> scale = reference(ta, tb, m, n, k, absolute(p), absolute(q), T(0), none);
        check_close(y.window(i * m * n, {m, n}), expected, scale, k);
        check_close(kernels::matmul(p, q, ta, tb), expected, scale, k);
      }
    }
  const Array<T> a = normals<T>({2, 3}, 1), stack = normals<T>({2, 3, 3}, 1);
  BOOST_CHECK_THROW(kernels::matmul(a, a, Trans::no, Trans::no), std::invalid_argument);
  BOOST_CHECK_THROW(kernels::matmul(a, stack, Trans::no, Trans::no), std::invalid_argument);
  BOOST_CHECK_THROW(kernels::matmul(stack, normals<T>({3, 3, 3}, 1), Trans::no, Trans::no), std::invalid_argument);
  BOOST_CHECK_THROW(kernels::matmul(Array<T>::scalar(1), Array<T>::scalar(1), Trans::no, Trans::no), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(affine_maps, T, Scalars) {
  for (const Shape& shape : {Shape{17}, Shape{1, 17}, Shape{33, 17}, Shape{2, 3, 17}, Shape{0, 17}, Shape{5, 0}})
    for (const std::int64_t n_out : {0, 1, 9}) {
      const std::int64_t n_in = shape[shape.rank() - 1];
      Shape result = shape;
      result[shape.rank() - 1] = n_out;
      const Array<T> x = normals<T>(shape, 1), w = normals<T>({n_in, n_out}, 2), b = normals<T>({n_out}, 3);
      const auto define = [&](const Array<T>& x, const Array<T>& w, const Array<T>& b) {
        return tabulate<T>(result, [&](const Index& index) {
          const std::int64_t j = index.back();
          T sum = b[j];
          Index from = index;
          for (std::int64_t l = 0; l < n_in; ++l) from.back() = l, sum += at(x, from) * w[l * n_out + j];
          return sum;
        });
      };
      check_close(kernels::affine(x, w, b), define(x, w, b), define(absolute(x), absolute(w), absolute(b)), n_in);
    }
  const Array<T> x = normals<T>({4, 3}, 1), w = normals<T>({3, 2}, 2);
  BOOST_CHECK_THROW(kernels::affine(x, w, normals<T>({3}, 3)), std::invalid_argument);
  BOOST_CHECK_THROW(kernels::affine(x, normals<T>({2, 3}, 2), normals<T>({3}, 3)), std::invalid_argument);
  BOOST_CHECK_THROW(kernels::affine(Array<T>::scalar(1), w, normals<T>({2}, 3)), std::invalid_argument);
}

BOOST_AUTO_TEST_SUITE_END()
