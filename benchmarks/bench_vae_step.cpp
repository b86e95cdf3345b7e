// One training step of the VAE 784-500-20-500-784 (tanh, batch 100, Adam): the step that paper_vae_extensions takes,
// beside the same step in LibTorch, which tests/parity shows to compute the same.
//
// A third contender is our step's matrix products alone: what remains is the most that could still be gained.
#include "benchmarks/contest.hpp"
#include "benchmarks/torch_vae.hpp"
#include "common/datasets/binarisation.hpp"
#include "common/datasets/stand_in.hpp"
#include "common/nn/training.hpp"
#include "paper_vae_extensions/vae.hpp"

#include <fmt/format.h>

namespace {

using tensors::Array;
using tensors::Stream;
using tensors::Trans;
using vae_extensions::Vae;

constexpr std::int64_t n_pixels = 784, n_hidden = 500, n_latent = 20, batch = 100, n_images = 10'000;
constexpr int n_turns = 20;
constexpr contest::Turn turn{.warm_up_steps = 10, .steps = 50};

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

}  // namespace

int main(int, char** argv) {
  contest::settle_environment(argv);

  OurStep our_step;
  MatrixProducts products;
  std::vector<contest::Contender> contenders{{"this suite", std::ref(our_step)}, {"its matrix products alone", std::ref(products)}};
  if constexpr (SUITE_LIBTORCH)
    contenders.push_back({torch_vae::description(), [step = std::make_shared<TorchStep>(our_step.images())] { (*step)(); }});

  const contest::Contender &ours = contenders[0], &floor = contenders[1];
  std::int64_t fresh_buffers = 0;
  for (int i = 0; i < n_turns; ++i)
    for (contest::Contender& contender : contenders) {
      const std::int64_t before = tensors::pool_statistics().fresh_allocations;
      take_turn(contender, turn);
      if (i > 0) fresh_buffers += tensors::pool_statistics().fresh_allocations - before;
    }

  fmt::print("{}\n", contest::machine());
  fmt::print("VAE {}-{}-{}-{}-{}, tanh, batch {}, Adam; {} turns of {} steps\n\n", n_pixels, n_hidden, n_latent, n_hidden, n_pixels, batch,
             n_turns, turn.steps);
  contest::print_times(contenders);
  fmt::print("\n");
  if constexpr (SUITE_LIBTORCH) contest::print_ratio(ours, contenders.back());
  else fmt::print("LibTorch is missing (Debian: libtorch-dev): no comparison\n");
  const double ours_ms = contest::median(ours.turns_ms), floor_ms = contest::median(floor.turns_ms);
  fmt::print("{:.2f} GFLOP a step: {:.0f} GFLOP/s; the products alone {:.0f} GFLOP/s, {:.0f} % of the step\n", products.gflop(),
             products.gflop() / ours_ms * 1e3, products.gflop() / floor_ms * 1e3, 100 * floor_ms / ours_ms);
  fmt::print("fresh pool buffers a step, after the first turn: {:.3g}\n",
             static_cast<double>(fresh_buffers) / ((n_turns - 1) * (turn.steps + turn.warm_up_steps)));
}
