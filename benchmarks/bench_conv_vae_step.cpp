// One training step of the HVAE authors' convolutional VAE (batch 100, Adam) beside the same step in LibTorch, which
// tests/parity shows to compute the same. A third contender is our step's convolutions alone: what remains is the rest of
// the step.
#include "benchmarks/contest.hpp"
#include "benchmarks/conv_vae.hpp"
#include "benchmarks/torch_conv_vae.hpp"
#include "benchmarks/torch_vae.hpp"
#include "common/datasets/binarisation.hpp"
#include "common/datasets/stand_in.hpp"
#include "common/nn/training.hpp"

#include <fmt/format.h>

namespace {

using conv_vae::ConvVae;
using tensors::Array;
using tensors::Stream;

constexpr std::int64_t batch = 100, n_images = 10'000;
constexpr int n_turns = 12;
constexpr contest::Turn turn{.warm_up_steps = 5, .steps = 30};

class OurStep {
 public:
  void operator()() {
    const autodiff::Var<float> x(datasets::gather(images_, order_.rows(step_), pixels_));
    const autodiff::Var<float> epsilon(noise_.at(static_cast<std::uint64_t>(step_)).normal<float>({batch, conv_vae::n_latent}));
    nn::train_step<float>(model_, optimiser_, [&](const ConvVae<float>& m) { return loss(m, x, epsilon); });
    ++step_;
  }

  // All images as the model sees them.
  Array<float> images() const { return datasets::gather_all(images_, pixels_); }

 private:
  datasets::ImageSet images_ = datasets::stand_in_digits("train", n_images);
  datasets::PixelMap pixels_ = datasets::threshold();
  ConvVae<float> model_{Stream(0, "initialisation")};
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
  torch_conv_vae::Model model_;
  datasets::BatchOrder order_{n_images, batch, 0};
  std::int64_t step_ = 0;
};

// Each layer and its mirror image need conv, conv_data and conv_weight, but for conv_data of the first layer.
class Convolutions {
 public:
  void operator()() {
    for (const Layer& l : layers_)
      for (const bool mirrored : {false, true}) {
        tensors::kernels::conv(l.x, l.w, l.geometry);
        tensors::kernels::conv_weight(l.x, l.y, l.geometry, {5, 5});
        if (mirrored || l.x.shape()[1] > 1) tensors::kernels::conv_data(l.y, l.w, l.geometry, {l.x.shape()[2], l.x.shape()[3]});
      }
  }

 private:
  struct Layer {
    Array<float> x, w, y;
    tensors::ConvGeometry geometry;
  };
  static Layer layer(std::int64_t n_in, std::int64_t n_out, std::int64_t extent) {
    const std::int64_t half = (extent + 1) / 2;
    return {Array<float>::full({batch, n_in, extent, extent}, 0.1f), Array<float>::full({n_out, n_in, 5, 5}, 0.1f),
            Array<float>::full({batch, n_out, half, half}, 0.1f), tensors::same_padding({extent, extent}, {5, 5}, 2)};
  }
  std::vector<Layer> layers_{layer(1, 16, 28), layer(16, 32, 14), layer(32, 32, 7)};
};

}  // namespace

int main(int, char** argv) {
  contest::settle_environment(argv);

  OurStep our_step;
  Convolutions convolutions;
  std::vector<contest::Contender> contenders{{"this suite", std::ref(our_step)}, {"its convolutions alone", std::ref(convolutions)}};
  if constexpr (SUITE_LIBTORCH)
    contenders.push_back({torch_vae::description(), [step = std::make_shared<TorchStep>(our_step.images())] { (*step)(); }});
  for (int i = 0; i < n_turns; ++i)
    for (contest::Contender& contender : contenders) take_turn(contender, turn);

  fmt::print("{}\n", contest::machine());
  fmt::print("convolutional VAE 28-14-7-4, 5 x 5, 1-16-32-32 channels, code of 64, softplus, batch {}, Adam; {} turns of {} steps\n\n", batch,
             n_turns, turn.steps);
  contest::print_times(contenders);
  fmt::print("\n");
  if constexpr (SUITE_LIBTORCH) contest::print_ratio(contenders.front(), contenders.back());
  else fmt::print("LibTorch is missing (Debian: libtorch-dev): no comparison\n");
}
