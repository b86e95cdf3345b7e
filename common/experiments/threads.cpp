#include "common/experiments/threads.hpp"

#include <fmt/core.h>
#include <oneapi/dnnl/dnnl.h>
#include <omp.h>

#include <algorithm>
#include <array>
#include <string_view>

#ifdef __SSE2__
#include <immintrin.h>
#endif

extern "C" {
void openblas_set_num_threads(int);
char* openblas_get_corename();
}

namespace experiments {

int available_threads() { return omp_get_max_threads(); }

// oneDNN chooses its kernels by the processor. Held to what this program was compiled for, a record's instruction set says which they
// were: a program built for AVX2 computes the same bits on a processor with AVX-512. Only the first call counts.
static void hold_kernels_to_compiled_instructions() {
#if defined(__AVX2__) && !defined(__AVX512F__)
  dnnl_set_max_cpu_isa(dnnl_cpu_isa_avx2);
#elif defined(__SSE2__) && !defined(__AVX2__)
  dnnl_set_max_cpu_isa(dnnl_cpu_isa_sse41);
#endif
}

void use_threads(int n) {
  hold_kernels_to_compiled_instructions();
#ifdef __SSE2__
  _MM_SET_FLUSH_ZERO_MODE(_MM_FLUSH_ZERO_ON);
  _mm_setcsr(_mm_getcsr() | 0x0040);  // and treat those that are read as zero
#endif
  omp_set_num_threads(n);
  openblas_set_num_threads(n);
}

std::string blas_warning() {
#ifdef __x86_64__
  constexpr std::array<std::string_view, 7> with_avx2{"Haswell", "Zen", "Excavator", "SkylakeX", "Cooperlake", "SapphireRapids", "Sapphirerapids"};
  const std::string_view kernels = openblas_get_corename();
  if (__builtin_cpu_supports("avx2") && std::ranges::find(with_avx2, kernels) == with_avx2.end())
    return fmt::format("OpenBLAS takes this processor for a {}: double precision is slow, and its last digits may differ; set OPENBLAS_CORETYPE={} first",
                       kernels, __builtin_cpu_supports("avx512f") ? "SkylakeX" : "Haswell");
#endif
  return "";
}

}  // namespace experiments
