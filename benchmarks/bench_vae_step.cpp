// One training step of the VAE 784-500-20-500-784 (tanh, batch 100, Adam): the step that paper_vae_extensions takes,
// beside the same step in LibTorch, which tests/parity shows to compute the same.
//
// The contenders take turns of some fifty steps, so that what else the machine does meets all of them; what counts is
// the ratio of two neighbouring turns. LibTorch is given what makes it fast: the kernels for this processor in OpenBLAS,
// as many threads as we have, and a malloc that keeps its pages. A third contender is our step's matrix products alone:
// what remains is the most that could still be gained.
#include "benchmarks/torch_vae.hpp"
#include "common/datasets/binarisation.hpp"
#include "common/datasets/stand_in.hpp"
#include "common/nn/training.hpp"
#include "paper_vae_extensions/vae.hpp"

#include <cblas.h>
#include <malloc.h>
#include <omp.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <thread>

namespace {

using tensors::Array;
using tensors::Stream;
using tensors::Trans;
using vae_extensions::Vae;

constexpr std::int64_t n_pixels = 784, n_hidden = 500, n_latent = 20, batch = 100, n_images = 10'000;
constexpr int n_turns = 20, steps_a_turn = 50, warm_up_steps = 10;

// ## The machine

std::string first_line_of_cpuinfo(std::string_view key) {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with(key)) return line.substr(std::min(line.size(), line.find(':') + 2));
  return "unknown";
}

bool processor_has(std::string_view flag) {
  return fmt::format(" {} ", first_line_of_cpuinfo("flags")).find(fmt::format(" {} ", flag)) != std::string::npos;
}

// Libraries read these variables when they are loaded: where one is not set, sets it and starts the program afresh.
// OpenBLAS takes newer processors for very old ones, hence its core type.
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
  if (changed) execv("/proc/self/exe", argv);
}

// ## The contenders

class OurStep {
 public:
  void operator()() {
    const vae_extensions::Var<float> x(datasets::gather(images_, order_.rows(step_), pixels_));
    const vae_extensions::Var<float> epsilon(noise_.at(static_cast<std::uint64_t>(step_)).normal<float>({batch, n_latent}));
    nn::train_step<float>(model_, optimiser_, [&](const Vae<float>& m) { return loss(m, x, epsilon); });
    ++step_;
  }

  // All images as the model sees them.
  Array<float> images() const { return datasets::gather_all(images_, pixels_); }

 private:
  datasets::ImageSet images_ = datasets::stand_in_digits("train", n_images);
  datasets::PixelMap pixels_ = datasets::threshold(datasets::Ink::zero);
  Vae<float> model_{n_pixels, n_hidden, n_latent, nn::Activation::tanh, Stream(0, "initialisation")};
  nn::Parameters<float> parameters_{model_};
  nn::Adam<float> optimiser_{parameters_, {.learning_rate = 1e-3}};
  datasets::BatchOrder order_{n_images, batch, 0};
  Stream noise_{0, "training noise"};
  std::int64_t step_ = 0;
};

class TorchStep {
 public:
  explicit TorchStep(const Array<float>& images) { model_.set_images(images.elements()); }
  void operator()() { model_.train_step(order_.rows(step_++)); }

 private:
  torch_vae::Model model_{{n_pixels, n_hidden, n_latent}, torch_vae::Activation::tanh, {torch_vae::Rule::Kind::adam, 1e-3}};
  datasets::BatchOrder order_{n_images, batch, 0};
  std::int64_t step_ = 0;
};

// Our step's matrix products: y = x w for each layer, its pullback to w, and for all but the first layer to x.
class MatrixProducts {
 public:
  void operator()() {
    for (Layer& l : layers_) {
      tensors::gemm(Trans::no, Trans::no, batch, l.n_out, l.n_in, l.x.data(), l.w.data(), 1.0f, l.y.data_for_update());
      tensors::gemm(Trans::yes, Trans::no, l.n_in, l.n_out, batch, l.x.data(), l.y.data(), 0.0f, l.w_gradient.data_for_update());
      if (l.n_in != n_pixels)
        tensors::gemm(Trans::no, Trans::yes, batch, l.n_in, l.n_out, l.y.data(), l.w.data(), 0.0f, l.x_gradient.data_for_update());
    }
  }

  double gflop() const {
    double products = 0;
    for (const Layer& l : layers_) products += (l.n_in == n_pixels ? 2.0 : 3.0) * static_cast<double>(l.n_in * l.n_out);
    return 2e-9 * batch * products;
  }

 private:
  struct Layer {
    std::int64_t n_in, n_out;
    Array<float> x = Array<float>::zeros({batch, n_in}), y = Array<float>::zeros({batch, n_out}), w = Array<float>::zeros({n_in, n_out});
    Array<float> x_gradient = x.copy(), w_gradient = w.copy();
  };
  std::vector<Layer> layers_ = [] {
    std::vector<Layer> layers;
    for (const auto& [n_in, n_out] :
         {std::pair{n_pixels, n_hidden}, {n_hidden, n_latent}, {n_hidden, n_latent}, {n_latent, n_hidden}, {n_hidden, n_pixels}})
      layers.push_back({.n_in = n_in, .n_out = n_out});
    return layers;
  }();
};

// ## Timing

struct Contender {
  std::string name;
  std::function<void()> step;
  std::vector<double> turns_ms = {};  // milliseconds a step, one for each turn
};

// The pause and the first steps are not counted: the other contender's threads go to sleep, and the caches fill.
void take_turn(Contender& contender) {
  using Clock = std::chrono::steady_clock;
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  for (int i = 0; i < warm_up_steps; ++i) contender.step();
  const auto begin = Clock::now();
  for (int i = 0; i < steps_a_turn; ++i) contender.step();
  contender.turns_ms.push_back(std::chrono::duration<double, std::milli>(Clock::now() - begin).count() / steps_a_turn);
}

double quantile(std::vector<double> values, double q) {
  std::ranges::sort(values);
  return values[static_cast<std::size_t>(q * static_cast<double>(values.size() - 1))];
}
double median(const std::vector<double>& values) { return quantile(values, 0.5); }

void print_times(const Contender& contender) {
  fmt::print("{:<36}{:>8.3f}{:>16.3f}{:>8.3f}\n", contender.name, median(contender.turns_ms), quantile(contender.turns_ms, 0.25),
             quantile(contender.turns_ms, 0));
}

}  // namespace

int main(int, char** argv) {
  settle_environment(argv);
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, -1);

  OurStep our_step;
  MatrixProducts products;
  Contender ours{"this suite", std::ref(our_step)};
  Contender floor{"its matrix products alone", std::ref(products)};
  std::vector<Contender> others;
  if constexpr (SUITE_LIBTORCH)
    others.push_back({torch_vae::description(), [step = std::make_shared<TorchStep>(our_step.images())] { (*step)(); }});

  std::int64_t fresh_buffers = 0;
  for (int turn = 0; turn < n_turns; ++turn) {
    const std::int64_t before = tensors::pool_statistics().fresh_allocations;
    take_turn(ours);
    if (turn > 0) fresh_buffers += tensors::pool_statistics().fresh_allocations - before;
    for (Contender& other : others) take_turn(other);
    take_turn(floor);
  }

  fmt::print("{}, {} cores online, {} threads; OpenBLAS with {} kernels, threaded by {}\n", first_line_of_cpuinfo("model name"),
             std::thread::hardware_concurrency(), omp_get_max_threads(), openblas_get_corename(),
             openblas_get_parallel() == OPENBLAS_OPENMP ? "OpenMP" : "itself");
  fmt::print("VAE {}-{}-{}-{}-{}, tanh, batch {}, Adam; {} turns of {} steps\n\n", n_pixels, n_hidden, n_latent, n_hidden, n_pixels, batch,
             n_turns, steps_a_turn);
  fmt::print("{:<36}{:>8}{:>16}{:>8}\n", "milliseconds a step", "median", "lower quartile", "least");
  print_times(ours);
  for (const Contender& other : others) print_times(other);
  print_times(floor);

  fmt::print("\n");
  for (const Contender& other : others) {
    std::vector<double> ratios;
    for (std::size_t i = 0; i < ours.turns_ms.size(); ++i) ratios.push_back(other.turns_ms[i] / ours.turns_ms[i]);
    fmt::print("LibTorch's time over ours: {:.2f} (median of {} neighbouring turns; {:.2f} to {:.2f})\n", median(ratios), ratios.size(),
               quantile(ratios, 0), quantile(ratios, 1));
  }
  if (others.empty()) fmt::print("LibTorch is missing (Debian: libtorch-dev): no comparison\n");
  const double ours_ms = median(ours.turns_ms), floor_ms = median(floor.turns_ms);
  fmt::print("{:.2f} GFLOP a step: {:.0f} GFLOP/s; the products alone {:.0f} GFLOP/s, {:.0f} % of the step\n", products.gflop(),
             products.gflop() / ours_ms * 1e3, products.gflop() / floor_ms * 1e3, 100 * floor_ms / ours_ms);
  fmt::print("fresh pool buffers a step, after the first turn: {:.3g}\n",
             static_cast<double>(fresh_buffers) / ((n_turns - 1) * (steps_a_turn + warm_up_steps)));
}
