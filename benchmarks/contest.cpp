#include "benchmarks/contest.hpp"

#include <cblas.h>
#include <dlfcn.h>
#include <fmt/format.h>
#include <malloc.h>
#include <omp.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

namespace contest {
namespace {

using Clock = std::chrono::steady_clock;

std::string first_line_of_cpuinfo(std::string_view key) {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with(key)) return line.substr(std::min(line.size(), line.find(':') + 2));
  return "unknown";
}

bool processor_has(std::string_view flag) {
  return fmt::format(" {} ", first_line_of_cpuinfo("flags")).find(fmt::format(" {} ", flag)) != std::string::npos;
}

double milliseconds_a_step(const std::function<void()>& step, int n) {
  const auto begin = Clock::now();
  for (int i = 0; i < n; ++i) step();
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count() / n;
}

// Of the OpenBLAS that computes in OpenMP's threads: Debian keeps each variant in a folder of its own, beside the others'.
std::filesystem::path folder_of_openmp_blas() {
  Dl_info loaded{};
  if (dladdr(reinterpret_cast<void*>(&openblas_get_parallel), &loaded) == 0) return {};
  return std::filesystem::canonical(loaded.dli_fname).parent_path().parent_path() / "openblas-openmp";
}

}  // namespace

void settle_environment(char** argv) {
  bool changed = false;
  const auto set = [&](const char* name, const std::string& value) {
    if (std::getenv(name)) return;
    setenv(name, value.c_str(), 1);
    changed = true;
  };
  set("OMP_NUM_THREADS", "2");
  if (processor_has("avx512f")) {
    set("OPENBLAS_CORETYPE", "SkylakeX");
    set("ATEN_CPU_CAPABILITY", "avx512");
  } else if (processor_has("avx2")) {
    set("OPENBLAS_CORETYPE", "Haswell");
    set("ATEN_CPU_CAPABILITY", "avx2");
  }
  if (const auto folder = folder_of_openmp_blas(); openblas_get_parallel() != OPENBLAS_OPENMP && std::filesystem::exists(folder))
    set("LD_LIBRARY_PATH", folder.string());
  if (changed) execv("/proc/self/exe", argv);
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, -1);
}

std::string machine() {
  return fmt::format("{}, {} cores online, {} threads; OpenBLAS with {} kernels, threaded by {}", first_line_of_cpuinfo("model name"),
                     std::thread::hardware_concurrency(), omp_get_max_threads(), openblas_get_corename(),
                     openblas_get_parallel() == OPENBLAS_OPENMP ? "OpenMP" : "itself, which slows LibTorch (Debian: libopenblas0-openmp)");
}

void take_turn(Contender& contender, const Turn& turn) {
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  for (int i = 0; i < turn.warm_up_steps; ++i) contender.step();
  contender.turns_ms.push_back(milliseconds_a_step(contender.step, turn.steps));
}

double quantile(std::vector<double> values, double q) {
  std::ranges::sort(values);
  return values[static_cast<std::size_t>(q * static_cast<double>(values.size() - 1))];
}

double median(const std::vector<double>& values) { return quantile(values, 0.5); }

void print_times(const std::vector<Contender>& contenders) {
  fmt::print("{:<36}{:>8}{:>16}{:>8}\n", "milliseconds a step", "median", "lower quartile", "least");
  for (const Contender& contender : contenders)
    fmt::print("{:<36}{:>8.3f}{:>16.3f}{:>8.3f}\n", contender.name, median(contender.turns_ms), quantile(contender.turns_ms, 0.25),
               quantile(contender.turns_ms, 0));
}

void print_ratio(const Contender& ours, const Contender& theirs) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < ours.turns_ms.size(); ++i) ratios.push_back(theirs.turns_ms[i] / ours.turns_ms[i]);
  fmt::print("LibTorch's time over ours: {:.2f} (median of {} neighbouring turns; {:.2f} to {:.2f})\n", median(ratios), ratios.size(),
             quantile(ratios, 0), quantile(ratios, 1));
}

double microseconds(const std::function<void()>& call) {
  constexpr int n_turns = 15, calls_a_turn = 5;
  milliseconds_a_step(call, calls_a_turn);
  std::vector<double> turns;
  for (int turn = 0; turn < n_turns; ++turn) turns.push_back(1e3 * milliseconds_a_step(call, calls_a_turn));
  return median(turns);
}

}  // namespace contest
