// One training step of the HVAE on images (paper_hvae/image_model.hpp; fixed tempering, batch 100, Adam, exact second order) for
// K = 5 and 15 leapfrog steps beside the same step in LibTorch, which tests/parity shows to compute the same; and the memory that our step
// holds, against K.
#include "benchmarks/contest.hpp"
#include "benchmarks/torch_conv_vae.hpp"
#include "benchmarks/torch_vae.hpp"
#include "common/datasets/binarisation.hpp"
#include "common/datasets/stand_in.hpp"
#include "common/nn/training.hpp"
#include "common/tensors/pool.hpp"
#include "paper_hvae/image_model.hpp"

#include <fmt/format.h>

#include <memory>

namespace {

using hvae::ImageModel;
using tensors::Array;
using tensors::Stream;

constexpr std::int64_t batch = 100, n_images = 10'000;
constexpr int n_turns = 8;

const datasets::ImageSet& images() {
  static const datasets::ImageSet set = datasets::stand_in_digits("train", n_images);
  return set;
}

ImageModel<float> build(int K) {
  const hvae::Sizes sizes;
  Stream stream(0, "initialisation");
  hvae::InferenceNetwork<float> inference(sizes, stream);
  hvae::GenerativeNetwork<float> generative(sizes, stream);
  return {std::move(inference), std::move(generative), hvae::LearnedFlow<float>(K, hvae::TemperingKind::fixed, false, sizes.latent)};
}

class OurStep {
 public:
  explicit OurStep(int K) : model_(build(K)) {}

  void operator()() {
    const autodiff::Var<float> x(datasets::gather(images(), order_.rows(step_), datasets::threshold()));
    Stream stream = noise_.at(static_cast<std::uint64_t>(step_));
    const auto draw = [&] { return autodiff::Var<float>(stream.normal<float>({batch, hvae::Sizes{}.latent})); };
    const autodiff::Var<float> epsilon = draw(), gamma = draw();
    const hvae::FlowNoise<float> drawn{epsilon, gamma};
    nn::train_step<float>(model_, optimiser_, [&](const ImageModel<float>& m) { return -mean(m.elbo(x, drawn)); });
    ++step_;
  }

 private:
  ImageModel<float> model_;
  nn::Parameters<float> parameters_{model_};
  nn::Adam<float> optimiser_{parameters_, {.learning_rate = 1e-3}};
  datasets::BatchOrder order_{n_images, batch, 0};
  Stream noise_{0, "training noise"};
  std::int64_t step_ = 0;
};

class TorchStep {
 public:
  explicit TorchStep(int K) : model_(K) { model_.set_images(datasets::gather_all(images(), datasets::threshold()).elements()); }
  void operator()() { model_.train_step(order_.rows(step_++)); }

 private:
  torch_conv_vae::Model model_;
  datasets::BatchOrder order_{n_images, batch, 0};
  std::int64_t step_ = 0;
};

// What the pool has taken from the system after two steps: every buffer that a step needs at one time.
double held_mib(int K) {
  tensors::trim_pool();
  const std::int64_t before = tensors::pool_statistics().held_bytes;
  OurStep step(K);
  step();
  step();
  return static_cast<double>(tensors::pool_statistics().held_bytes - before) / (1 << 20);
}

}  // namespace

int main(int, char** argv) {
  contest::settle_environment(argv);
  fmt::print("{}\nHVAE on images, batch {}, Adam, fixed tempering\n\nour step holds:", contest::machine(), batch);
  for (const int K : {0, 1, 2, 5, 10, 15, 20}) fmt::print(" K = {}: {:.0f} MiB;", K, held_mib(K));
  fmt::print("\n");
  tensors::trim_pool();

  for (const int K : {5, 15}) {
    const contest::Turn turn{.warm_up_steps = 1, .steps = K == 5 ? 6 : 2};
    std::vector<contest::Contender> contenders{{"this suite", [step = std::make_shared<OurStep>(K)] { (*step)(); }}};
    if constexpr (SUITE_LIBTORCH) contenders.push_back({torch_vae::description(), [step = std::make_shared<TorchStep>(K)] { (*step)(); }});
    for (int i = 0; i < n_turns; ++i)
      for (contest::Contender& contender : contenders) take_turn(contender, turn);
    fmt::print("\nK = {}; {} turns of {} steps\n", K, n_turns, turn.steps);
    contest::print_times(contenders);
    if constexpr (SUITE_LIBTORCH) contest::print_ratio(contenders.front(), contenders.back());
    else fmt::print("LibTorch is missing (Debian: libtorch-dev): no comparison\n");
  }
}
