// # The open choices in the small
//
// The paper gives neither the size of a nudge nor the scale of the initial weights, and calls the two-sided estimate "a second order
// approximation". Both are measured on networks that are not trained.
#include "paper_ep_hopfield/laws.hpp"

#include "paper_ep_hopfield/exact.hpp"

#include <fmt/format.h>

namespace ep_hopfield {

using experiments::Run;
using tensors::Exit;
using tensors::fail;

namespace {

constexpr Dynamics to_rest{.dt = 0.25, .free_steps = 4000, .nudged_steps = 4000, .tolerance = 1e-14};

double relative_error(const std::vector<Array<double>>& ours, const std::vector<Array<double>>& exact) {
  return agreement<double>(ours, exact).relative_error;
}

// ## Gradient error against $\beta$
//
// A dense network of 40 units in double, fully settled: the error of the gradients of weights and input falls with $\beta^2$ from two sides and
// with $\beta$ from one. The next term of the expansion in $\beta$ makes the order that two errors show differ from that, less with every halving.
void gradient_error(Run& run) {
  constexpr std::int64_t B = 8;
  const Hopfield<double> network("network", {10, 22, 8}, Connections::dense, 1.5, Stream(run.seed(), "weights"));
  const Array<double> x = Stream(run.seed(), "input").normal<double>({B, 10}), target = Stream(run.seed(), "target").normal<double>({B, 8});
  const Settling<double> settling(network, image, x, to_rest);
  const Equilibrium<double> free = settling.free();
  const auto gradient = [&](const Array<double>& y) { return (Var<double>(y) - Var<double>(target)).value(); };
  const Sensitivity<double> exact = implicit_gradient(network, image, free, code, Var<double>(gradient(free.s[code])));

  constexpr double last_beta = 0.00125;
  std::map<std::string, double> before;
  for (const double beta : {0.32, 0.16, 0.08, 0.04, 0.02, 0.01, 0.005, 0.0025, last_beta}) {
    const Equilibrium<double> plus = settling.weakly_clamped(free, {beta, code, gradient});
    const Equilibrium<double> minus = settling.weakly_clamped(free, {-beta, code, gradient});
    const std::map<std::string, double> row{
        {"beta", beta},
        {"two_sided", relative_error(settling.weight_gradient(plus, minus, 2 * beta), exact.blocks)},
        {"one_sided", relative_error(settling.weight_gradient(plus, free, beta), exact.blocks)},
        {"input_two_sided", relative_error({settling.input_gradient(plus, minus, 2 * beta)}, {exact.input.value()})},
        {"input_one_sided", relative_error({settling.input_gradient(plus, free, beta)}, {exact.input.value()})}};
    run.append("errors", row);
    if (beta == last_beta)
      for (const auto& [name, error] : row)
        if (name != "beta")
          run.metric("order_" + name, {std::log2(before.at(name) / error), "", "log2 of the errors' quotient at beta = 0.0025 and 0.00125", {}});
    before = row;
  }
  run.metric("law_order_two_sided", {2, "", "closed form", {}});
  run.metric("law_order_one_sided", {1, "", "closed form", {}});
}

// ## Settling against the scale of the weights
//
// The decoder of the dense model with its initial weights times a gain: how far from rest it is, for four step sizes (training's is 0.3), after
// times that are equal to the nearest step.
void weight_scale(Run& run) {
  const std::int64_t hidden = run.settings().count("hidden"), latent = run.settings().count("latent");
  const Array<float> z = Stream(run.seed(), "code").normal<float>({16, latent});
  for (const double gain : {0.25, 0.5, 1.0, 2.0, 4.0, 8.0}) {
    const Hopfield<float> decoder("decoder", {784, hidden, latent}, Connections::dense, gain, Stream(run.seed(), "weights"));
    for (const double dt : {0.5, 0.3, 0.25, 0.125}) {
      const auto residuals = Settling<float>(decoder, code, z, {.dt = dt, .tolerance = 0}).residuals(static_cast<int>(std::lround(30 / dt)));
      for (const int time : {5, 10, 20, 30})
        run.append("residuals", {{"gain", gain}, {"dt", dt}, {"time", static_cast<double>(time)},
                                 {"residual", residuals[static_cast<std::size_t>(std::lround(time / dt)) - 1]}});
      run.progress(1, 1, fmt::format("gain {}, dt {}", gain, dt));
    }
  }
}

}  // namespace

void run_laws(Run& run) {
  const std::string& measure = run.settings().text("measure");
  if (measure == "gradient_error") return gradient_error(run);
  if (measure != "weight_scale") fail(Exit::usage, "ep_hopfield: measure \"{}\" is neither gradient_error nor weight_scale", measure);
  weight_scale(run);
}

}  // namespace ep_hopfield
