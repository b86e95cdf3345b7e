#include "common/experiments/threads.hpp"

#include <omp.h>

#ifdef __SSE2__
#include <immintrin.h>
#endif

extern "C" void openblas_set_num_threads(int);

namespace experiments {

int available_threads() { return omp_get_max_threads(); }

void use_threads(int n) {
#ifdef __SSE2__
  _MM_SET_FLUSH_ZERO_MODE(_MM_FLUSH_ZERO_ON);
  _mm_setcsr(_mm_getcsr() | 0x0040);  // and treat those that are read as zero
#endif
  omp_set_num_threads(n);
  openblas_set_num_threads(n);
}

}  // namespace experiments
