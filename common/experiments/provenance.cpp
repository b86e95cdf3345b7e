#include "common/experiments/provenance.hpp"

#include "suite_commit.hpp"

#include <boost/version.hpp>
#include <fmt/core.h>
#include <oneapi/dnnl/dnnl.h>
#include <openblas_config.h>
#include <sys/resource.h>
#include <xtensor/xtensor_config.hpp>

#include <algorithm>
#include <fstream>

extern "C" {
char* openblas_get_config(void);
}

namespace experiments {
namespace {

std::string cpu_name() {
  std::ifstream cpuinfo("/proc/cpuinfo");
  for (std::string line; std::getline(cpuinfo, line);)
    if (line.starts_with("model name")) return line.substr(std::min(line.size(), line.find(':') + 2));
  return "unknown";
}

}  // namespace

Provenance provenance_now() {
  const dnnl_version_t* dnnl = dnnl_version();
  return {
      .commit = SUITE_COMMIT,
#ifdef __clang__
      .compiler = "Clang " __clang_version__,
#else
      .compiler = "GCC " __VERSION__,
#endif
      .flags = SUITE_FLAGS,
      .cpu = cpu_name(),
      .libraries =
          {
              {"boost", fmt::format("{}.{}.{}", BOOST_VERSION / 100000, BOOST_VERSION / 100 % 1000, BOOST_VERSION % 100)},
              {"onednn", fmt::format("{}.{}.{}", dnnl->major, dnnl->minor, dnnl->patch)},
              {"openblas", openblas_get_config()},
              {"xtensor", fmt::format("{}.{}.{}", XTENSOR_VERSION_MAJOR, XTENSOR_VERSION_MINOR, XTENSOR_VERSION_PATCH)},
          },
  };
}

std::string instruction_set() {
#if defined(__AVX512F__)
  return "avx512";
#elif defined(__AVX2__)
  return "avx2";
#elif defined(__SSE2__)
  return "sse2";
#else
  return "generic";
#endif
}

double peak_memory_mib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024.0;
}

}  // namespace experiments
