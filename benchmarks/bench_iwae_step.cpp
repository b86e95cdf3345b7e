// One training step of paper_vae_extensions/iwae.hpp, two stochastic layers with 50 draws of each of 100 images, beside the
// same step in LibTorch, which tests/parity shows to compute the same.
#include "benchmarks/contest.hpp"
#include "benchmarks/torch_extensions.hpp"
#include "benchmarks/torch_vae.hpp"
#include "common/datasets/binarisation.hpp"
#include "common/datasets/stand_in.hpp"
#include "common/nn/training.hpp"
#include "paper_vae_extensions/iwae.hpp"

#include <fmt/format.h>

namespace {

using namespace vae_extensions;
using tensors::Array;
using tensors::Stream;

constexpr std::int64_t n_latent = 20, k = 50, batch = 100, n_images = 10'000;
constexpr int n_turns = 12;
constexpr contest::Turn turn{.warm_up_steps = 2, .steps = 6};

class OurStep {
 public:
  void operator()() {
    const Var<float> x(datasets::gather(images_, order_.rows(step_++), pixels_));
    const IwaeNoise<float> noise{noise_.normal<float>({k, batch, model_.h_1_size()}), noise_.normal<float>({k, batch, n_latent})};
    nn::train_step<float>(model_, optimiser_, [&](const Iwae<float>& m) { return iwae_loss(m, x, noise, Prior::right); });
  }

  // All images as the model sees them.
  Array<float> images() const { return datasets::gather_all(images_, pixels_); }

 private:
  datasets::ImageSet images_ = datasets::stand_in_digits("train", n_images);
  datasets::PixelMap pixels_ = datasets::threshold(datasets::Ink::zero);
  datasets::BatchOrder order_{n_images, batch, 0};
  std::int64_t step_ = 0;
  Iwae<float> model_{IwaeSizes{}, n_latent, Stream(0, "initialisation")};
  nn::Parameters<float> parameters_{model_};
  nn::Adam<float> optimiser_{parameters_, {.learning_rate = 1e-3}};
  Stream noise_{0, "training noise"};
};

class TorchStep {
 public:
  explicit TorchStep(const Array<float>& images) { model_.set_images(images.elements()); }
  void operator()() { model_.train_step(order_.rows(step_++)); }

 private:
  torch_extensions::Model model_{torch_extensions::Kind::iwae, n_latent, k};
  datasets::BatchOrder order_{n_images, batch, 0};
  std::int64_t step_ = 0;
};

}  // namespace

int main(int, char** argv) {
  contest::settle_environment(argv);

  OurStep our_step;
  std::vector<contest::Contender> contenders{{"this suite", std::ref(our_step)}};
  if constexpr (SUITE_LIBTORCH)
    contenders.push_back({torch_vae::description(), [step = std::make_shared<TorchStep>(our_step.images())] { (*step)(); }});
  for (int i = 0; i < n_turns; ++i)
    for (contest::Contender& contender : contenders) take_turn(contender, turn);

  fmt::print("{}\n", contest::machine());
  fmt::print("IWAE, code of {}, k = {}, batch {}, Adam; {} turns of {} steps\n\n", n_latent, k, batch, n_turns, turn.steps);
  contest::print_times(contenders);
  fmt::print("\n");
  if constexpr (SUITE_LIBTORCH) contest::print_ratio(contenders.front(), contenders.back());
  else fmt::print("LibTorch is missing (Debian: libtorch-dev): no comparison\n");
}
