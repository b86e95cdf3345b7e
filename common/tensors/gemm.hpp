#pragma once

#include "common/tensors/array.hpp"

namespace tensors {

enum class Trans : bool { no, yes };

// c = op(a) op(b) + beta c, row-major, where op(a) is m x k and op(b) is k x n. A transposed operand is stored as
// k x m or n x k. Float runs on oneDNN (Debian's OpenBLAS does not know newer processors), double on BLAS.
void gemm(Trans trans_a, Trans trans_b, std::int64_t m, std::int64_t n, std::int64_t k, const float* a, const float* b, float beta, float* c);
void gemm(Trans trans_a, Trans trans_b, std::int64_t m, std::int64_t n, std::int64_t k, const double* a, const double* b, double beta,
          double* c);

// The same by three loops: the test of the fast one.
template <class T>
void gemm_reference(Trans trans_a, Trans trans_b, std::int64_t m, std::int64_t n, std::int64_t k, const T* a, const T* b, T beta, T* c);

}  // namespace tensors
