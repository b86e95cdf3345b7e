// Controls of equilibrium propagation's gradients.
#include "tests/controls/control.hpp"
#include "tests/ep_hopfield/laws.hpp"

using namespace ep_hopfield;
using laws::Array;

namespace {

// A dense network with its image clamped, a loss on its code, and the phases that a contrast needs.
struct Contrast {
  Hopfield<double> network = laws::small_network(Connections::dense, 1.5);
  Array<double> input = laws::units(image, "input");
  laws::Target target{laws::units(code, "target")};
  Settling<double> settling{network, image, input, laws::to_rest};
  Equilibrium<double> free = settling.free();

  Equilibrium<double> nudged(double beta) const { return settling.weakly_clamped(free, target.nudge(beta, code)); }
  Array<double> input_gradient(double beta) const { return settling.input_gradient(nudged(beta), nudged(-beta), 2 * beta); }
  Array<double> input_gradient_from_one_side(double beta) const { return settling.input_gradient(nudged(beta), free, beta); }
};

}  // namespace

BOOST_AUTO_TEST_CASE(one_side_taken_for_two) {
  const Contrast contrast;
  const Array<double> exact = laws::input_gradient_by_differences(contrast.network, image, contrast.input, contrast.target);
  const auto law = [&](Array<double> (Contrast::*gradient)(double) const) {
    const auto error = [&](double beta) { return laws::relative_error({(contrast.*gradient)(beta)}, {exact}); };
    return laws::falls_with_order(2, error(0.01), error(0.005));
  };
  control(law(&Contrast::input_gradient), law(&Contrast::input_gradient_from_one_side));
}

BOOST_AUTO_TEST_CASE(slope_missing_from_the_input_gradient) {
  const Contrast contrast;
  const Array<double> exact = laws::input_gradient_by_differences(contrast.network, image, contrast.input, contrast.target);
  const Array<double> right = contrast.input_gradient(0.005);
  Array<double> planted = right.copy();
  for (std::int64_t i = 0; i < planted.size(); ++i) {
    const double r = 1 / (1 + std::exp(-3 * contrast.input[i]));
    planted.mutable_data()[i] /= 3 * r * (1 - r);
  }
  control(laws::agrees({right}, {exact}, 0.01), laws::agrees({planted}, {exact}, 0.01));
}

BOOST_AUTO_TEST_CASE(units_joined_to_themselves) {
  const Contrast contrast;
  const Equilibrium<double> plus = contrast.nudged(0.1), minus = contrast.nudged(-0.1);
  for (std::size_t k = 0; k < contrast.network.blocks.size(); ++k) {
    const auto& [a, b, W] = contrast.network.blocks[k];
    if (a != hidden || b != hidden) continue;
    const Array<double> right = contrast.settling.weight_gradient(plus, minus, 0.2)[k];
    Array<double> planted = right.copy();
    const std::int64_t n = planted.shape()[0];
    for (std::int64_t i = 0; i < n; ++i) planted.mutable_data()[i * n + i] = plus.r[hidden][i] * plus.r[hidden][i] - minus.r[hidden][i] * minus.r[hidden][i];
    control(laws::is_symmetric_without_diagonal(right), laws::is_symmetric_without_diagonal(planted));
  }
}
