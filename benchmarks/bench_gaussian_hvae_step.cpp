// One training step of the Gaussian model's HVAE (d = 400, K = 10, 10 draws, sufficient statistics, RMSProp): the step that
// paper_hvae takes, beside the same in LibTorch, which tests/parity shows to compute the same. Times are for one data set;
// both sides can carry several as a leading axis.
//
// A third contender walks over as many elements as the leapfrog steps and their pullback must read and write if every
// array were touched once: the floor of a step that is not fused.
#include "benchmarks/contest.hpp"
#include "benchmarks/torch_gaussian_hvae.hpp"
#include "common/nn/training.hpp"
#include "paper_hvae/gaussian_methods.hpp"

#include <fmt/format.h>

#include <cmath>
#include <memory>

namespace {

using hvae::HamiltonianMethod;
using hvae::TemperingKind;
using hvae::Var;
using tensors::Array;
using tensors::Shape;
using tensors::Stream;

constexpr std::int64_t n_draws = 10, d = 400;
constexpr double N = 256;
constexpr int K = 10, n_turns = 20;

Array<float> x_bar(std::int64_t n_sets) { return Stream(0, "x_bar").normal<float>({n_sets, 1, d}); }
Array<float> scatter(std::int64_t n_sets) { return Array<float>::full({n_sets, 1, d}, static_cast<float>(N)); }

class OurStep {
 public:
  explicit OurStep(std::int64_t n_sets) : n_sets_(n_sets), data_{static_cast<float>(N), Var<float>(x_bar(n_sets)), Var<float>(scatter(n_sets))} {}

  void operator()() {
    Stream stream = noise_.at(step_++);
    const Shape shape{n_sets_, n_draws, d};
    const Var<float> z_0(stream.normal<float>(shape)), gamma(stream.normal<float>(shape));
    nn::train_step<float>(method_, optimiser_, [&](const HamiltonianMethod<float>& m) { return -sum(m.elbo(data_, z_0, gamma)); });
  }

 private:
  Var<float> constant(std::int64_t extent, double value) const { return Var<float>(Array<float>::full({n_sets_, 1, extent}, static_cast<float>(value))); }

  std::int64_t n_sets_;
  hvae::SufficientStatistics<float> data_;
  HamiltonianMethod<float> method_{{constant(d, 0), constant(d, 3)}, constant(d, std::log(0.01 / 0.99)), constant(1, std::log(4.0)), {}, K,
                                   TemperingKind::fixed};
  nn::Parameters<float> parameters_{method_};
  nn::RmsPropPyTorch<float> optimiser_{parameters_, {1e-3, 0.99, 1e-8}};
  Stream noise_{0, "draws"};
  std::uint64_t step_ = 0;
};

// Per step and draw: forward reads and writes rho twice and z once (three arrays each), the gradient (two in, one out),
// tempering; the pullback three times that.
class Traffic {
 public:
  explicit Traffic(std::int64_t n_sets) : from_(Array<float>::zeros({n_sets * n_draws * d})), to_(from_.copy()) {}

  void operator()() {
    for (int pass = 0; pass < passes; ++pass) {
      float* __restrict to = to_.data_for_update();
      const float* __restrict from = from_.data();
#pragma omp simd
      for (std::int64_t i = 0; i < from_.size(); ++i) to[i] += from[i];
    }
  }

 private:
  static constexpr int passes = K * 6 * 3;
  Array<float> from_, to_;
};

}  // namespace

int main(int, char** argv) {
  contest::settle_environment(argv);
  const auto per_set = [](const std::string& name, std::int64_t n_sets) { return fmt::format("{}, {} data set{}", name, n_sets, n_sets == 1 ? "" : "s"); };
  std::vector<contest::Contender> ours, theirs;
  std::vector<std::int64_t> set_counts{1, 3, 10};
  for (const std::int64_t n : set_counts) ours.push_back({per_set("this suite", n), [step = std::make_shared<OurStep>(n)] { (*step)(); }});
  contest::Contender traffic{per_set("its memory traffic alone", 3), [step = std::make_shared<Traffic>(3)] { (*step)(); }};
  if constexpr (SUITE_LIBTORCH)
    for (const std::int64_t n : set_counts) {
      auto model = std::make_shared<torch_gaussian_hvae::Model>(torch_gaussian_hvae::Sizes{n, n_draws, d, K}, N, x_bar(n).elements(), scatter(n).elements());
      theirs.push_back({per_set("LibTorch", n), [model] { model->train_step(); }});
    }

  const contest::Turn turn{.warm_up_steps = 20, .steps = 100};
  for (int i = 0; i < n_turns; ++i) {
    for (contest::Contender& contender : ours) take_turn(contender, turn);
    take_turn(traffic, turn);
    for (contest::Contender& contender : theirs) take_turn(contender, turn);
  }

  fmt::print("{}\n", contest::machine());
  fmt::print("Gaussian HVAE, d = {}, K = {}, {} draws; {} turns of {} steps\n\n", d, K, n_draws, n_turns, turn.steps);
  std::vector<contest::Contender> all = ours;
  all.push_back(traffic);
  all.insert(all.end(), theirs.begin(), theirs.end());
  contest::print_times(all);
  fmt::print("\nmicroseconds a data set: ");
  const auto print_per_set = [&](const contest::Contender& contender, std::int64_t n) {
    fmt::print("{} {:.0f}; ", contender.name, 1e3 * contest::median(contender.turns_ms) / static_cast<double>(n));
  };
  for (std::size_t i = 0; i < ours.size(); ++i) print_per_set(ours[i], set_counts[i]);
  print_per_set(traffic, 3);
  for (std::size_t i = 0; i < theirs.size(); ++i) print_per_set(theirs[i], set_counts[i]);
  fmt::print("\n");
  if constexpr (SUITE_LIBTORCH)
    for (std::size_t i = 0; i < ours.size(); ++i) contest::print_ratio(ours[i], theirs[i]);
  else fmt::print("LibTorch is missing (Debian: libtorch-dev): no comparison\n");
}
