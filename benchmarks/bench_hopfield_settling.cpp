// The settling that dominates the dense Hopfield autoencoder's training: 60 Euler steps of its decoder (25 clamped units, 2480 free ones,
// 100 examples) and the contrastive weight gradient, as the program runs them, beside the same in LibTorch. tests/parity shows
// that both settle alike.
#include "benchmarks/contest.hpp"
#include "benchmarks/torch_hopfield.hpp"
#include "paper_ep_hopfield/settling.hpp"

#include <fmt/format.h>

#include <memory>
#include <optional>

namespace {

using namespace ep_hopfield;

constexpr std::int64_t B = 100, n_image = 784, n_hidden = 1696, n_code = 25, n = n_image + n_hidden + n_code;
constexpr int n_steps = 60, n_turns = 5;
constexpr float dt = 0.3f;

class OurStep {
 public:
  void operator()() {
    const Settling<float> settling(network_, code, z_, {.dt = dt, .free_steps = n_steps, .tolerance = 0});
    const Equilibrium<float> now = settling.free();
    if (before_) settling.weight_gradient(now, *before_, 1);
    before_ = now;
  }

 private:
  Hopfield<float> network_{"decoder", {n_image, n_hidden, n_code}, Connections::dense, 1.0, Stream(0, "weights")};
  Array<float> z_ = Stream(0, "code").normal<float>({B, n_code});
  std::optional<Equilibrium<float>> before_;
};

}  // namespace

int main(int, char** argv) {
  contest::settle_environment(argv);
  contest::Contender ours{"this suite", [step = std::make_shared<OurStep>()] { (*step)(); }};
  std::optional<contest::Contender> theirs;
  if constexpr (SUITE_LIBTORCH) {
    const Array<float> W = Stream(0, "all weights").normal<float>({n, n}), z = Stream(0, "code").normal<float>({B, n_code});
    std::vector<float> small(W.begin(), W.end());
    for (float& w : small) w *= 0.02f;
    auto network = std::make_shared<torch_hopfield::Network>(n, n_code, small);
    theirs = contest::Contender{"LibTorch", [network, z] { network->settle_and_contrast(z.elements(), B, dt, n_steps); }};
  }
  const contest::Turn turn{.warm_up_steps = 1, .steps = 3};
  for (int i = 0; i < n_turns; ++i) {
    take_turn(ours, turn);
    if (theirs) take_turn(*theirs, turn);
  }
  fmt::print("{}\n", contest::machine());
  fmt::print("dense Hopfield decoder, {} units, {} examples, {} Euler steps and the weight gradient; {} turns of {} steps\n\n", n, B, n_steps,
             n_turns, turn.steps);
  std::vector<contest::Contender> all{ours};
  if (theirs) all.push_back(*theirs);
  contest::print_times(all);
  const double flop = 2.0 * B * n_steps * (n - n_code) * (n - n_code);
  fmt::print("\n{:.0f} GFLOP/s in the products alone\n", flop / (1e6 * contest::median(ours.turns_ms)));
  if (theirs) contest::print_ratio(ours, *theirs);
  else fmt::print("LibTorch is missing (Debian: libtorch-dev): no comparison\n");
}
