// One training step of VHP + REWO on the pendulum with Table 3's networks (batch 128, K = 16, Adam): the step that
// paper_vhp takes, beside the same step in LibTorch, which tests/parity shows to compute the same.
//
// A third contender is our step's large matrix products alone, those of 256 x 256: the most that could still be gained.
#include "benchmarks/contest.hpp"
#include "benchmarks/torch_vhp.hpp"
#include "common/datasets/batches.hpp"
#include "common/tensors/gemm.hpp"
#include "paper_vhp/networks.hpp"
#include "paper_vhp/training.hpp"

#include <fmt/format.h>

namespace {

using tensors::Array;
using tensors::Stream;
using tensors::Trans;
using vhp::Var;

constexpr std::int64_t n_pixels = 256, d = 2, hidden = 256, n_hidden = 4, batch = 128, K = 16, n_images = 15'000;
constexpr double variance = 0.05;
constexpr int n_turns = 6;
constexpr contest::Turn turn{.warm_up_steps = 5, .steps = 20};

// What the images show does not matter to the time.
datasets::ImageSet images() {
  datasets::ImageSet set;
  set.n = n_images;
  set.height = set.width = 16;
  for (float level : Stream(0, "pixels").uniform<float>({n_images * n_pixels})) set.pixels.push_back(static_cast<std::uint8_t>(255 * level));
  return set;
}

class OurStep {
 public:
  OurStep() {
    for (std::size_t level = 0; level < pixels_.size(); ++level) pixels_[level] = static_cast<float>(level) / 255;
  }

  void operator()() {
    const Var<float> x(datasets::gather(images_, order_.rows(step_), pixels_));
    Stream stream = noise_.at(static_cast<std::uint64_t>(step_++));
    const Var<float> of_z(stream.normal<float>({x.shape()[0], d})), of_zeta(stream.normal<float>({K, x.shape()[0], d}));
    trainer_.step(x, {of_z, of_zeta});
  }

  Array<float> all_images() const { return datasets::gather_all(images_, pixels_); }

 private:
  using First = vhp::FirstLayer<float>;
  using Second = vhp::SecondLayer<float>;
  datasets::ImageSet images_ = images();
  datasets::PixelMap pixels_{};
  vhp::Vhp<First, Second> model_{First(n_pixels, d, vhp::Widths(n_hidden, hidden), variance, Stream(0, "first layer")),
                                 Second(d, vhp::Widths(n_hidden, hidden), 1, Stream(0, "second layer"))};
  // GECO has no initial phase: both layers are trained from the first step on, as in nearly all of a run.
  vhp::Trainer<float, First, Second> trainer_{model_, {.method = vhp::Method::geco, .kappa = 0.02, .nu = 5, .tau = 3, .alpha = 0.99, .beta_0 = 1e-3},
                                              vhp::PriorBound::importance_weighted, 1e-4};
  datasets::BatchOrder order_{n_images, batch, 0, datasets::LastBatch::drop};
  Stream noise_{0, "training noise"};
  std::int64_t step_ = 0;
};

class TorchStep {
 public:
  explicit TorchStep(const Array<float>& images) { model_.set_images(images.elements()); }
  void operator()() { model_.train_step(order_.rows(step_++)); }

 private:
  torch_vhp::Model model_{{n_pixels, d, hidden, n_hidden, batch, K}, variance};
  datasets::BatchOrder order_{n_images, batch, 0, datasets::LastBatch::drop};
  std::int64_t step_ = 0;
};

// The products between hidden layers, of the encoder (with the image), decoder (with its mean), q and p, with both pullbacks.
class MatrixProducts {
 public:
  void operator()() {
    products(batch, 2 * n_hidden + n_hidden - 1);
    products(K * batch, n_hidden - 1);
  }
  static double gflop() { return 2e-9 * 3 * hidden * hidden * static_cast<double>(batch * (3 * n_hidden - 1) + K * batch * (n_hidden - 1)); }

 private:
  void products(std::int64_t rows, std::int64_t n) {
    for (std::int64_t i = 0; i < n; ++i) {
      tensors::gemm(Trans::no, Trans::no, rows, hidden, hidden, x_.data(), w_.data(), 0.0f, y_.data_for_update());
      tensors::gemm(Trans::no, Trans::yes, rows, hidden, hidden, y_.data(), w_.data(), 0.0f, x_.data_for_update());
      tensors::gemm(Trans::yes, Trans::no, hidden, hidden, rows, x_.data(), y_.data(), 0.0f, g_.data_for_update());
    }
  }
  Array<float> x_ = Array<float>::zeros({K * batch, hidden}), y_ = x_.copy(), w_ = Array<float>::zeros({hidden, hidden}), g_ = w_.copy();
};

}  // namespace

int main(int, char** argv) {
  contest::settle_environment(argv);
  OurStep our_step;
  MatrixProducts products;
  std::vector<contest::Contender> contenders{{"this suite", std::ref(our_step)}, {"its large products alone", std::ref(products)}};
  if constexpr (SUITE_LIBTORCH)
    contenders.push_back({"LibTorch", [step = std::make_shared<TorchStep>(our_step.all_images())] { (*step)(); }});
  for (int i = 0; i < n_turns; ++i)
    for (contest::Contender& contender : contenders) take_turn(contender, turn);

  fmt::print("{}\n", contest::machine());
  fmt::print("VHP, pendulum, four layers of {}, batch {}, K = {}, Adam; {} turns of {} steps\n\n", hidden, batch, K, n_turns, turn.steps);
  contest::print_times(contenders);
  fmt::print("\n");
  if constexpr (SUITE_LIBTORCH) contest::print_ratio(contenders[0], contenders.back());
  else fmt::print("LibTorch is missing (Debian: libtorch-dev): no comparison\n");
  const double ours_ms = contest::median(contenders[0].turns_ms), floor_ms = contest::median(contenders[1].turns_ms);
  fmt::print("{:.2f} GFLOP in the large products: {:.0f} GFLOP/s alone, {:.0f} % of the step\n", products.gflop(), products.gflop() / floor_ms * 1e3,
             100 * floor_ms / ours_ms);
}
