// Vector versions of the elementary functions. glibc's libmvec has them (a few units in the last place), but offers
// them to the compiler only under -ffast-math; these declarations offer them to loops marked `omp simd`.
// Include it only in kernels.
#pragma once

#include <cmath>

#if defined(__x86_64__) && defined(__GLIBC__)
extern "C" {
#define SUITE_VECTORISED(type, name) __attribute__((simd("notinbranch"), const, nothrow)) type name(type);
SUITE_VECTORISED(float, expf)
SUITE_VECTORISED(float, logf)
SUITE_VECTORISED(float, log1pf)
SUITE_VECTORISED(float, tanhf)
SUITE_VECTORISED(float, sinf)
SUITE_VECTORISED(float, cosf)
SUITE_VECTORISED(double, exp)
SUITE_VECTORISED(double, log)
SUITE_VECTORISED(double, log1p)
SUITE_VECTORISED(double, tanh)
SUITE_VECTORISED(double, sin)
SUITE_VECTORISED(double, cos)
#undef SUITE_VECTORISED
}
#endif

namespace tensors::scalar {

inline float exp(float x) { return ::expf(x); }
inline float log(float x) { return ::logf(x); }
inline float log1p(float x) { return ::log1pf(x); }
inline float tanh(float x) { return ::tanhf(x); }
inline float sin(float x) { return ::sinf(x); }
inline float cos(float x) { return ::cosf(x); }
inline double exp(double x) { return ::exp(x); }
inline double log(double x) { return ::log(x); }
inline double log1p(double x) { return ::log1p(x); }
inline double tanh(double x) { return ::tanh(x); }
inline double sin(double x) { return ::sin(x); }
inline double cos(double x) { return ::cos(x); }

// log(1 + e^x), without overflow and exact in both tails.
template <class T> inline T softplus(T x) { return (x > T(0) ? x : T(0)) + log1p(exp(x > T(0) ? -x : x)); }
template <class T> inline T sigmoid(T x) { return T(1) / (T(1) + exp(-x)); }

}  // namespace tensors::scalar
