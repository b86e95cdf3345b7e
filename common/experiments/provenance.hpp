// Where a result comes from: code, compiler, machine, libraries.
#pragma once

#include "common/experiments/record.hpp"

namespace experiments {

// Of this build on this machine. The commit is that of the build, "unknown" without git, with "+changes" where sources
// differed from it.
Provenance provenance_now();

// What the code was compiled for: "avx512", "avx2", "sse2", or "generic".
std::string instruction_set();

// The most memory this process has held so far.
double peak_memory_mib();

// Threads per process that OpenMP offers (OMP_NUM_THREADS, else the processors).
int available_threads();

// Sets the threads of OpenMP and BLAS. Before the first parallel region: it also has this thread, and those it starts,
// round subnormal numbers to zero. Optimisers' means of vanished gradients decay through them, and a processor takes a
// hundred times as long for each (the ReLU network under Adam at n = 3: 10 ms a step instead of 3.3).
void use_threads(int n);

}  // namespace experiments
