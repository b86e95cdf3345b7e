// Laws of the Hopfield network and of equilibrium propagation, on small networks in double.
#include "common/autodiff/check_gradients.hpp"
#include "tests/ep_hopfield/laws.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>

using namespace ep_hopfield;
namespace tt = boost::test_tools;

namespace {

constexpr std::int64_t B = laws::n_examples;
const auto& sizes = laws::small_sizes;
constexpr Dynamics fully = laws::to_rest;
using laws::derivative, laws::loss_at_equilibrium, laws::relative_error, laws::Target;

Hopfield<double> network(Connections connections, double gain = 1.0) { return laws::small_network(connections, gain); }

const Connections both[]{Connections::layered, Connections::dense};

double distance(const Array<double>& a, const Array<double>& b) {
  double d = 0;
  for (std::int64_t i = 0; i < a.size(); ++i) d += (a[i] - b[i]) * (a[i] - b[i]);
  return std::sqrt(d);
}

// In one weight, both of its places moved.
std::vector<Array<double>> finite_difference_gradient(const Hopfield<double>& net, Group clamped, const Array<double>& input, const Target& target) {
  std::vector<Array<double>> gradients;
  for (std::size_t k = 0; k < net.blocks.size(); ++k) {
    const auto& [a, b, W] = net.blocks[k];
    Array<double> G = Array<double>::zeros(W.shape());
    for (std::int64_t i = 0; i < sizes[a]; ++i)
      for (std::int64_t j = a == b ? i + 1 : 0; j < sizes[b]; ++j) {
        const double d = derivative([&](double h) {
          Hopfield<double> moved = net;
          Array<double> w = W.value().copy();
          w.mutable_data()[i * sizes[b] + j] += h;
          if (a == b) w.mutable_data()[j * sizes[b] + i] += h;
          moved.blocks[k].W = Var<double>(w);
          return loss_at_equilibrium(moved, clamped, input, target);
        });
        G.mutable_data()[i * sizes[b] + j] = d;
        if (a == b) G.mutable_data()[j * sizes[b] + i] = d;
      }
    gradients.push_back(G);
  }
  return gradients;
}

}  // namespace

BOOST_AUTO_TEST_CASE(an_euler_step_goes_down_the_gradient_of_the_energy) {
  for (const Connections connections : both)
    for (const Group clamped : {image, code}) {
      const Hopfield<double> net = network(connections);
      const Array<double> input = laws::units(clamped, "input");
      for (const int n : {0, 1, 7}) {
        const States<double> s = unrolled_equilibrium(net, clamped, Var<double>(input), 0.1, n);
        const States<double> next = unrolled_equilibrium(net, clamped, Var<double>(input), 0.1, n + 1);
        const auto gradient = autodiff::grad<double>([&](const States<double>& at) { return sum(energy(net, at)); })(s);
        const Equilibrium<double> fast = Settling<double>(net, clamped, input, {.dt = 0.1, .free_steps = n + 1, .tolerance = 0}).free();
        for (const Group g : groups) {
          if (g == clamped) continue;
          const Array<double> expected = (s[g] - gradient[g] * 0.1).value();
          BOOST_TEST(distance(next[g].value(), expected) < 1e-13);
          BOOST_TEST(distance(fast.s[g], expected) < 1e-13);
        }
        BOOST_TEST(distance(fast.s[clamped], input) == 0.0);
      }
    }
}

BOOST_AUTO_TEST_CASE(energy_never_rises_along_small_steps) {
  for (const Connections connections : both) {
    const Hopfield<double> net = network(connections, 4.0);
    const Array<double> input = laws::units(image, "input");
    Array<double> before;
    for (int n = 0; n < 200; n += 3) {
      const Equilibrium<double> at = Settling<double>(net, image, input, {.dt = 0.05, .free_steps = n, .tolerance = 0}).free();
      const Array<double> now = energy(net, {Var<double>(at.s[image]), Var<double>(at.s[hidden]), Var<double>(at.s[code])}).value();
      if (n > 0)
        for (std::int64_t i = 0; i < B; ++i) BOOST_TEST(now[i] <= before[i] + 1e-12);
      before = now;
    }
  }
}

// One free unit u behind a clamped one: u = rho'(u) w rho(x), a falling function minus a rising one for u > 0.
BOOST_AUTO_TEST_CASE(one_unit_settles_where_bisection_says) {
  for (const double w : {0.3, 2.0, 8.0, -3.0}) {
    Hopfield<double> net("network", {1, 1, 1}, Connections::layered, 1.0, Stream(1, "weights"));
    net.blocks[0].W = Var<double>(Array<double>({1, 1}, {w}));
    net.blocks[1].W = Var<double>(Array<double>({1, 1}, {0.0}));
    const double x = 0.7, drive = w / (1 + std::exp(-3 * x));
    const auto excess = [&](double u) {
      const double r = 1 / (1 + std::exp(-3 * u));
      return 3 * r * (1 - r) * drive - u;
    };
    double lo = std::min(0.0, drive), hi = std::max(0.0, drive);
    for (int i = 0; i < 200; ++i) (excess((lo + hi) / 2) > 0 ? lo : hi) = (lo + hi) / 2;
    const Equilibrium<double> at = Settling<double>(net, image, Array<double>({1, 1}, {x}), fully).free();
    BOOST_TEST(at.s[hidden].item() == lo, tt::tolerance(1e-12));
    BOOST_TEST(at.s[code].item() == 0.0);
    BOOST_TEST(at.n_unsettled(1e-12) == 0);
  }
}

// Around its fixed point u a single unit's energy has the curvature 1 + 3 u tanh(3 u / 2), whatever drives it there; Euler steps
// of more than twice its inverse do not settle.
BOOST_AUTO_TEST_CASE(a_single_unit_settles_up_to_the_step_that_its_curvature_allows) {
  const double u = 1.2, x = 0.7, r = 1 / (1 + std::exp(-3 * u)), w = u / (3 * r * (1 - r)) * (1 + std::exp(-3 * x));
  Hopfield<double> net("network", {1, 1, 1}, Connections::layered, 1.0, Stream(1, "weights"));
  net.blocks[0].W = Var<double>(Array<double>({1, 1}, {w}));
  net.blocks[1].W = Var<double>(Array<double>({1, 1}, {0.0}));
  const double largest_dt = 2 / (1 + 3 * u * std::tanh(1.5 * u));
  const auto residual = [&](double dt) {
    return Settling<double>(net, image, Array<double>({1, 1}, {x}), {.dt = dt, .free_steps = 3000, .tolerance = 1e-13}).free().worst_residual();
  };
  BOOST_TEST(residual(0.98 * largest_dt) < 1e-12);
  BOOST_TEST(residual(1.02 * largest_dt) > 0.1);
}

BOOST_AUTO_TEST_CASE(the_gradient_converges_with_order_two_from_both_sides_and_one_from_one) {
  for (const Connections connections : both)
    for (const Group clamped : {image, code}) {
      const Hopfield<double> net = network(connections, 1.5);
      const Group output = clamped == image ? code : image;
      const Array<double> input = laws::units(clamped, "input");
      const Target target{laws::units(output, "target")};
      const Settling<double> settling(net, clamped, input, fully);
      const Equilibrium<double> free = settling.free();

      const std::vector<Array<double>> exact = finite_difference_gradient(net, clamped, input, target);
      const Array<double> exact_input = laws::input_gradient_by_differences(net, clamped, input, target);

      struct Errors { double two_sided, one_sided, input_two_sided, input_one_sided; };
      const auto nudged = [&](double beta) { return settling.weakly_clamped(free, target.nudge(beta, output)); };
      const auto errors = [&](double beta) {
        const Equilibrium<double> plus = nudged(beta), minus = nudged(-beta);
        return Errors{relative_error(settling.weight_gradient(plus, minus, 2 * beta), exact),
                      relative_error(settling.weight_gradient(plus, free, beta), exact),
                      relative_error({settling.input_gradient(plus, minus, 2 * beta)}, {exact_input}),
                      relative_error({settling.input_gradient(plus, free, beta)}, {exact_input})};
      };
      const Errors coarse = errors(0.01), fine = errors(0.005);
      BOOST_TEST(laws::falls_with_order(2, coarse.two_sided, fine.two_sided));
      BOOST_TEST(laws::falls_with_order(1, coarse.one_sided, fine.one_sided));
      BOOST_TEST(laws::falls_with_order(2, coarse.input_two_sided, fine.input_two_sided));
      BOOST_TEST(laws::falls_with_order(1, coarse.input_one_sided, fine.input_one_sided));
      BOOST_TEST(laws::agrees(fine.two_sided, 0.01));
      BOOST_TEST(laws::agrees(fine.input_two_sided, 0.01));
    }
}

BOOST_AUTO_TEST_CASE(gradients_keep_the_weights_symmetric_and_spare_pairs_of_clamped_units) {
  const Hopfield<float> net("network", {10, 14, 8}, Connections::dense, 1.0, Stream(5, "weights"));
  for (const Group clamped : {image, code}) {
    const Group output = clamped == image ? code : image;
    const Array<float> input = Stream(7, "input").normal<float>({B, sizes[clamped]});
    const Settling<float> settling(net, clamped, input, {});
    const Equilibrium<float> free = settling.free();
    const auto nudged = [&](float beta) { return settling.weakly_clamped(free, {beta, output, [](const Array<float>& y) { return y; }}); };
    const auto gradients = settling.weight_gradient(nudged(0.1f), nudged(-0.1f), 0.2f);
    for (std::size_t k = 0; k < gradients.size(); ++k) {
      const auto& [a, b, W] = net.blocks[k];
      const Array<float>& G = gradients[k];
      const bool inert = a == clamped && b == clamped;
      double size = 0;
      for (float g : G) size += std::abs(g);
      BOOST_TEST((size == 0.0) == inert, net.blocks[k].name());
      if (a != b) continue;
      BOOST_TEST(laws::is_symmetric_without_diagonal(W.value()));
      BOOST_TEST(laws::is_symmetric_without_diagonal(G));
    }
  }
}

BOOST_AUTO_TEST_CASE(what_does_not_settle_is_counted_and_what_diverges_stops) {
  const Hopfield<double> net = network(Connections::dense, 1.0), strong = network(Connections::dense, 12.0);
  const Array<double> input = laws::units(image, "input");
  BOOST_TEST(Settling<double>(net, image, input, {}).free().n_unsettled(Dynamics{}.tolerance) == 0);
  BOOST_TEST(Settling<double>(strong, image, input, {.dt = 0.9}).free().n_unsettled(Dynamics{}.tolerance) > 0);

  Hopfield<double> broken = net;
  Array<double> W = broken.blocks.back().W.value().copy();
  W.mutable_data()[1] = std::nan("");
  broken.blocks.back().W = Var<double>(W);
  BOOST_CHECK_EXCEPTION(Settling<double>(broken, image, input, {}).free(), tensors::Divergence, [](const tensors::Divergence& e) {
    const std::string what = e.what();
    return what.find("units of the network are not finite after") != std::string::npos && what.find(" steps") != std::string::npos &&
           (what.find("code") != std::string::npos || what.find("hidden") != std::string::npos);
  });
  BOOST_CHECK_THROW(Settling<double>(net, code, input, {}), std::invalid_argument);
}
