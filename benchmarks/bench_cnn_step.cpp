// One training step of paper_vae_extensions/cnn.hpp (batch 100, Adam) beside the same step in LibTorch, which tests/parity
// shows to compute the same.
#include "benchmarks/contest.hpp"
#include "benchmarks/torch_extensions.hpp"
#include "benchmarks/torch_vae.hpp"
#include "common/datasets/binarisation.hpp"
#include "common/datasets/stand_in.hpp"
#include "common/nn/training.hpp"
#include "paper_vae_extensions/cnn.hpp"

#include <fmt/format.h>

namespace {

using namespace vae_extensions;
using tensors::Array;
using tensors::Stream;

constexpr std::int64_t n_latent = 20, batch = 100, n_images = 10'000;
constexpr int n_turns = 12;
constexpr contest::Turn turn{.warm_up_steps = 5, .steps = 20};

class OurStep {
 public:
  void operator()() {
    const Var<float> x(datasets::gather(images_, order_.rows(step_++), pixels_)), epsilon(noise_.normal<float>({batch, n_latent}));
    nn::train_step<float>(model_, optimiser_, [&](const CnnVae<float>& m) { return -mean(elbo(m, x, epsilon, Pass<float>::training(met_))); });
    met_.update_running();
  }

  // All images as the model sees them.
  Array<float> images() const { return datasets::gather_all(images_, pixels_); }

 private:
  datasets::ImageSet images_ = datasets::stand_in_digits("train", n_images);
  datasets::PixelMap pixels_ = datasets::threshold(datasets::Ink::zero);
  datasets::BatchOrder order_{n_images, batch, 0};
  std::int64_t step_ = 0;
  CnnVae<float> model_{CnnSizes{}, n_latent, Stream(0, "initialisation")};
  nn::Parameters<float> parameters_{model_};
  nn::Adam<float> optimiser_{parameters_, {.learning_rate = 1e-3}};
  nn::BatchStatistics<float> met_;
  Stream noise_{0, "training noise"};
};

class TorchStep {
 public:
  explicit TorchStep(const Array<float>& images) { model_.set_images(images.elements()); }
  void operator()() { model_.train_step(order_.rows(step_++)); }

 private:
  torch_extensions::Model model_{torch_extensions::Kind::cnn, n_latent, 1};
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
  fmt::print("convolutional model 28-16-8-code of {}, batch {}, Adam; {} turns of {} steps\n\n", n_latent, batch, n_turns, turn.steps);
  contest::print_times(contenders);
  fmt::print("\n");
  if constexpr (SUITE_LIBTORCH) contest::print_ratio(contenders.front(), contenders.back());
  else fmt::print("LibTorch is missing (Debian: libtorch-dev): no comparison\n");
}
