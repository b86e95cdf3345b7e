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

}  // namespace experiments
