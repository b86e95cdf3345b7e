#include "common/tensors/gemm.hpp"

#include <oneapi/dnnl/dnnl.h>
#include <complex>

#include <xflens/cxxblas/cxxblas.cxx>

namespace tensors {

void gemm(Trans trans_a, Trans trans_b, std::int64_t m, std::int64_t n, std::int64_t k, const float* a, const float* b, float beta,
          float* c) {
  if (m == 0 || n == 0) return;
  if (k == 0) return gemm_reference(trans_a, trans_b, m, n, k, a, b, beta, c);  // no leading dimension that the library would take
  const bool ta = trans_a == Trans::yes, tb = trans_b == Trans::yes;
  const dnnl_status_t status =
      dnnl_sgemm(ta ? 'T' : 'N', tb ? 'T' : 'N', m, n, k, 1.0f, a, ta ? m : k, b, tb ? k : n, beta, c, n);
  require(status == dnnl_success, "gemm: oneDNN refused {} x {} x {}", m, n, k);
}

void gemm(Trans trans_a, Trans trans_b, std::int64_t m, std::int64_t n, std::int64_t k, const double* a, const double* b, double beta,
          double* c) {
  if (m == 0 || n == 0) return;
  if (k == 0) return gemm_reference(trans_a, trans_b, m, n, k, a, b, beta, c);  // no leading dimension that the library would take
  const bool ta = trans_a == Trans::yes, tb = trans_b == Trans::yes;
  cxxblas::gemm<int>(cxxblas::RowMajor, ta ? cxxblas::Trans : cxxblas::NoTrans, tb ? cxxblas::Trans : cxxblas::NoTrans,
                     static_cast<int>(m), static_cast<int>(n), static_cast<int>(k), 1.0, a, static_cast<int>(ta ? m : k), b,
                     static_cast<int>(tb ? k : n), beta, c, static_cast<int>(n));
}

template <class T>
void gemm_reference(Trans trans_a, Trans trans_b, std::int64_t m, std::int64_t n, std::int64_t k, const T* a, const T* b, T beta, T* c) {
  for (std::int64_t i = 0; i < m; ++i) {
    for (std::int64_t j = 0; j < n; ++j) {
      T sum = beta == T(0) ? T(0) : beta * c[i * n + j];
      for (std::int64_t l = 0; l < k; ++l)
        sum += (trans_a == Trans::yes ? a[l * m + i] : a[i * k + l]) * (trans_b == Trans::yes ? b[j * k + l] : b[l * n + j]);
      c[i * n + j] = sum;
    }
  }
}

template void gemm_reference(Trans, Trans, std::int64_t, std::int64_t, std::int64_t, const float*, const float*, float, float*);
template void gemm_reference(Trans, Trans, std::int64_t, std::int64_t, std::int64_t, const double*, const double*, double, double*);

}  // namespace tensors
