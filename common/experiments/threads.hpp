// The threads that cells compute with.
#pragma once

#include <string>

namespace experiments {

// Threads per process that OpenMP offers (OMP_NUM_THREADS, else the processors).
int available_threads();

// Sets the threads of OpenMP and BLAS. Before the first parallel region: it also has this thread, and those it starts,
// round subnormal numbers to zero. Optimisers' means of vanished gradients decay through them, and a processor takes a
// hundred times as long for each (the ReLU network under Adam at n = 3: 10 ms a step instead of 3.3).
void use_threads(int n);

// Empty, or what to say where OpenBLAS does not know a processor with AVX2 and took the kernels of one without.
std::string blas_warning();

}  // namespace experiments
