// Laws of the autoencoders: the objective's own gradients, and the whole of eqs. (5) and (8) to (11) against differences.
#include "common/autodiff/check_gradients.hpp"
#include "common/nn/parameters.hpp"
#include "common/tensors/kernels.hpp"
#include "paper_ep_hopfield/clip.hpp"
#include "paper_ep_hopfield/exact.hpp"
#include "paper_ep_hopfield/forward_vae.hpp"
#include "tests/ep_hopfield/laws.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>

using namespace ep_hopfield;
namespace kernels = tensors::kernels;
namespace tt = boost::test_tools;

namespace {

constexpr std::int64_t B = 2, n_pixels = 9, n_hidden = 7, n_latent = 3;
constexpr double beta_KL = 0.7;
constexpr Dynamics fully{.dt = 0.25, .free_steps = 3000, .nudged_steps = 3000, .tolerance = 1e-15};
const Kind kinds[]{Kind::layered, Kind::dense, Kind::tied};

HopfieldVae<double> model(Kind kind) { return {kind, n_pixels, n_hidden, n_latent, 0.6, 2.0, Stream(3, "weights")}; }
Array<double> x() { return kernels::clamp(Stream(3, "x").normal<double>({B, n_pixels}), -1.0, 1.0); }
Array<double> epsilon() { return Stream(3, "epsilon").normal<double>({B, n_latent}); }

double loss(const HopfieldVae<double>& m) {
  const Code<double> q = read_code(m, Var<double>(encode(m, x(), fully)));
  const Var<double> y(decode(m, q.sample(Var<double>(epsilon())).value(), fully));
  return (mean(half_sse(y, Var<double>(x()))) + mean(kl(q)) * beta_KL).item();
}

// Fourth-order differences in every weight; both places of a pair within a group move.
std::vector<Array<double>> finite_differences(const HopfieldVae<double>& m) {
  std::vector<Array<double>> gradients;
  for (std::size_t n = 0; n < m.networks.size(); ++n)
    for (std::size_t k = 0; k < m.networks[n].blocks.size(); ++k) {
      const auto& [a, b, W] = m.networks[n].blocks[k];
      const std::int64_t columns = W.shape()[1];
      Array<double> G = Array<double>::zeros(W.shape());
      for (std::int64_t i = 0; i < W.shape()[0]; ++i)
        for (std::int64_t j = a == b ? i + 1 : 0; j < columns; ++j) {
          const auto at = [&](double h) {
            HopfieldVae<double> moved = m;
            Array<double> w = W.value().copy();
            w.mutable_data()[i * columns + j] += h;
            if (a == b) w.mutable_data()[j * columns + i] += h;
            moved.networks[n].blocks[k].W = Var<double>(w);
            return loss(moved);
          };
          const double d = laws::derivative(at);
          G.mutable_data()[i * columns + j] = d;
          if (a == b) G.mutable_data()[j * columns + i] = d;
        }
      gradients.push_back(G);
    }
  return gradients;
}

}  // namespace

BOOST_AUTO_TEST_CASE(gradients_of_the_divergence_are_those_of_equation_11) {
  for (const Kind kind : {Kind::dense, Kind::tied}) {
    const HopfieldVae<double> m = model(kind);
    const Var<double> y(Stream(9, "code").normal<double>({B, m.encoder().sizes[code]}));
    BOOST_TEST(autodiff::check_gradients([&](const std::vector<Var<double>>& v) { return kl(read_code(m, v[0])); }, {y}).passed());
    const Var<double> gradient = autodiff::grad<double>([&](const Var<double>& v) { return sum(kl(read_code(m, v))); })(y);
    const Code<double> q = read_code(m, y);
    for (std::int64_t i = 0; i < B; ++i)
      for (std::int64_t j = 0; j < n_latent; ++j) {
        const double mu = q.mu.value()[i * n_latent + j], log_variance = q.log_variance.value()[i * n_latent + j];
        const std::int64_t row = i * m.encoder().sizes[code];
        BOOST_TEST(gradient.value()[row + j] == mu, tt::tolerance(1e-12));
        if (kind != Kind::tied) BOOST_TEST(gradient.value()[row + n_latent + j] == 0.5 * (std::exp(log_variance) - 1), tt::tolerance(1e-12));
      }
  }
}

BOOST_AUTO_TEST_CASE(the_composite_gradient_through_z_converges_with_order_two) {
  for (const Kind kind : kinds) {
    const HopfieldVae<double> m = model(kind);
    const std::vector<Array<double>> exact = finite_differences(m);
    const auto error = [&](double beta, bool two_sided) {
      return laws::relative_error(ep_gradients(m, x(), epsilon(), beta_KL, {fully, beta, beta, two_sided}).blocks, exact);
    };
    BOOST_TEST(laws::falls_with_order(2, error(0.005, true), error(0.0025, true)));
    BOOST_TEST(laws::falls_with_order(1, error(0.002, false), error(0.001, false)));
    BOOST_TEST(error(0.0025, true) < 1e-3);
  }
}

BOOST_AUTO_TEST_CASE(the_implicit_gradient_is_exact) {
  for (const Kind kind : kinds) {
    const HopfieldVae<double> m = model(kind);
    const Gradients<double> implicit = exact_gradients(m, x(), epsilon(), beta_KL, fully);
    BOOST_TEST(laws::agrees(implicit.blocks, finite_differences(m), 1e-8));
    BOOST_TEST(implicit.half_sse + beta_KL * implicit.kl_nats == loss(m), tt::tolerance(1e-10));
    const Gradients<double> ep = ep_gradients(m, x(), epsilon(), beta_KL, {fully, 0.01, 0.01, true});
    BOOST_TEST(ep.half_sse == implicit.half_sse, tt::tolerance(1e-10));
    BOOST_TEST(ep.kl_nats == implicit.kl_nats, tt::tolerance(1e-10));
    BOOST_TEST(ep.settlings.n == 6 * B);
    BOOST_TEST(ep.settlings.n_phases == 6);
    BOOST_TEST(implicit.left_out.total() == 0);
    BOOST_TEST(implicit.residual <= 1e-13);
  }
}

// A one-sided contrast has no third phase, and the free one is not counted in its place.
BOOST_AUTO_TEST_CASE(every_phase_is_counted_once) {
  for (const bool two_sided : {true, false}) {
    const HopfieldVae<double> m = model(Kind::dense);
    const Settlings settlings = ep_gradients(m, x(), epsilon(), beta_KL, {Dynamics{}, 0.01, 0.01, two_sided}).settlings;
    BOOST_TEST(settlings.n_phases == (two_sided ? 6 : 4));
    BOOST_TEST(settlings.n == settlings.n_phases * B);
  }
}

// At a saddle, and of a loss that is not finite, there is no gradient to return.
BOOST_AUTO_TEST_CASE(examples_without_a_gradient_are_left_out) {
  const auto solve = [](double gain, double g) {
    const Hopfield<double> network("network", {n_pixels, n_hidden, n_latent}, Connections::dense, gain, Stream(3, "weights"));
    Equilibrium<double> origin;
    for (const Group group : groups) {
      origin.s[group] = Array<double>::zeros({B, network.sizes[group]});
      origin.r[group] = Array<double>::full({B, network.sizes[group]}, 0.5);
    }
    return adjoint(network, image, origin, code, Var<double>(Array<double>::full({B, n_latent}, g)));
  };
  const auto is_zero = [](const Adjoint<double>& a) {
    return std::ranges::all_of(groups, [&](Group group) {
      return group == image || std::ranges::all_of(a.lambda[group].value(), [](double value) { return value == 0; });
    });
  };
  for (const double g : {1.0, 0.0}) BOOST_TEST(solve(0.5, g).left_out.total() == 0);
  const Adjoint<double> saddle = solve(20, 1), no_number = solve(0.5, std::nan(""));
  BOOST_TEST(saddle.left_out.unstable == B);
  BOOST_TEST(no_number.left_out.unsolved == B);
  BOOST_TEST((is_zero(saddle) && is_zero(no_number) && !is_zero(solve(0.5, 1))));
}

// One example at a saddle: the others' gradient is what it is without it.
BOOST_AUTO_TEST_CASE(an_example_that_is_left_out_does_not_touch_the_others) {
  const Hopfield<double> network("network", {n_pixels, n_hidden, n_latent}, Connections::dense, 20.0, Stream(3, "weights"));
  Equilibrium<double> mixed;
  for (const Group group : groups) {
    // Far out on the sigmoid's flat part the couplings vanish and H is the identity; at zero it is a saddle.
    Array<double> s = Array<double>::full({2, network.sizes[group]}, 10.0), r = Array<double>::full({2, network.sizes[group]}, 1.0);
    std::fill_n(s.data_for_update(), network.sizes[group], 0.0);
    std::fill_n(r.data_for_update(), network.sizes[group], 0.5);
    mixed.s[group] = s;
    mixed.r[group] = r;
  }
  const Adjoint<double> a = adjoint(network, image, mixed, code, Var<double>(Array<double>::full({2, n_latent}, 1.0)));
  BOOST_TEST(a.left_out.unstable == 1);
  BOOST_TEST((a.kept.value()[0] == 0 && a.kept.value()[1] == 1));
  for (std::int64_t i = 0; i < n_latent; ++i) {
    BOOST_TEST(a.lambda[code].value()[i] == 0);
    BOOST_TEST(a.lambda[code].value()[n_latent + i] == 1.0, tt::tolerance(1e-10));
  }
}

// Autodiff through every Euler step of a settling that has converged gives the same.
BOOST_AUTO_TEST_CASE(the_implicit_gradient_is_that_of_the_unrolled_settling) {
  for (const Kind kind : kinds) {
    const HopfieldVae<double> m = model(kind);
    auto [_, gradient] = autodiff::value_and_grad<double>(
        [&](const HopfieldVae<double>& at) {
          const Code<double> q = read_code(at, unrolled_equilibrium(at.encoder(), image, Var<double>(x()), 0.25, 600)[code]);
          const States<double> decoded = unrolled_equilibrium(at.decoder(), code, q.sample(Var<double>(epsilon())), 0.25, 600);
          return mean(half_sse(decoded[image], Var<double>(x()))) + mean(kl(q)) * beta_KL;
        },
        m);
    std::vector<Array<double>> unrolled;
    for (const auto& network : gradient.networks)
      for (const auto& [a, b, G] : network.blocks)  // a pair within a group has both triangles' part
        unrolled.push_back(a == b ? kernels::mul(symmetrised(G.value()), Array<double>::scalar(2)) : G.value());
    BOOST_TEST(laws::agrees(exact_gradients(m, x(), epsilon(), beta_KL, fully).blocks, unrolled, 1e-9));
  }
}

BOOST_AUTO_TEST_CASE(weights_are_counted_as_pairs) {
  const auto count = [](Kind kind, std::int64_t h, std::int64_t L) {
    return HopfieldVae<float>(kind, 784, h, L, 0.5f, 1.0, Stream(0, "w")).n_weights();
  };
  BOOST_TEST(count(Kind::layered, 1842, 25) == 3'026'406);
  BOOST_TEST(count(Kind::dense, 1696, 25) == 3'199'185 + 3'136'260);
  BOOST_TEST(count(Kind::tied, 833, 69) == 1'420'455);
  // 784-1820-20 and 10-1820-784 with biases.
  ForwardVae<float> baseline(784, 1820, 10, Stream(0, "w"));
  BOOST_TEST(nn::Parameters<float>(baseline).count() == 1'465'120 + 1'447'684);
}

BOOST_AUTO_TEST_CASE(the_baselines_gradient_agrees_with_differences) {
  const ForwardVae<double> m(n_pixels, n_hidden, n_latent, Stream(3, "weights"));
  const auto objective = [](const ForwardVae<double>& f) {
    const Losses<double> of_batch = losses(f, Var<double>(x()), Var<double>(epsilon()));
    return sum(of_batch.half_sse + of_batch.kl * beta_KL);
  };
  BOOST_TEST(autodiff::check_gradients(objective, m, 1).passed());
}

// ## Clipping

BOOST_AUTO_TEST_CASE(gradients_far_above_their_typical_length_are_scaled_down_to_its_multiple) {
  const auto of_length = [](float length) { return std::vector{Array<float>({1}, {0.6f * length}), Array<float>({2}, {0.8f * length, 0})}; };
  Clip clip{.factor = 2};
  for (const float length : {3.0f, 3.0f, 5.9f, 1.0f}) BOOST_TEST(clip.scale(of_length(length)) == 1);
  const double typical = 0.99 * (0.99 * (0.99 * 3 + 0.01 * 3) + 0.01 * 5.9) + 0.01 * 1;
  BOOST_TEST(clip.typical_length == typical, tt::tolerance(1e-6));
  BOOST_TEST(clip.scale(of_length(1000)) == 2 * typical / 1000, tt::tolerance(1e-6));
  BOOST_TEST(clip.typical_length == (0.99 + 0.01 * 2) * typical, tt::tolerance(1e-6));
  BOOST_TEST(clip.n_clipped == 1);
}
