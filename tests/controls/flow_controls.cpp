// Controls of the Hamiltonian flow, of the flows that it is compared with, and of their estimators.
#include "common/autodiff/check_gradients.hpp"
#include "paper_hvae/gaussian_methods.hpp"
#include "paper_hvae/normalised_networks.hpp"
#include "tests/controls/control.hpp"
#include "tests/hvae/laws.hpp"

using namespace hvae;
using V = Var<double>;

namespace {

constexpr int K = 3;
const V step_size(0.4);

V normal(const Shape& shape, const char* purpose) { return V(tensors::Stream(17, purpose).normal<double>(shape)); }

auto grad_U() { return potential_gradient(laws::vague_data(), laws::vague_parameters()); }

// One draw of log p-hat as paper_hvae makes it, in parts that a defect can be planted in.
struct Estimator {
  std::function<V(const Tempering<double>&, const V& gamma)> initial_momentum = &Tempering<double>::initial_momentum;
  std::function<V(const V& log_joint, const V& rho_K, const V& log_q)> log_ratio = flow_log_ratio<double>;

  V operator()(const V& z_0, const V& gamma) const {
    const auto tempering = fixed_tempering(V(1.5), K, Schedule::root_inverse_beta);
    const auto end = hamiltonian_flow<double>({z_0, initial_momentum(tempering, gamma)}, K, {step_size}, tempering, grad_U());
    const V log_p = log_joint(laws::vague_data(), laws::vague_parameters(), end.z);
    return log_p_hat(log_ratio(log_p, end.rho, distributions::standard_normal_log_prob(z_0)), gamma);
  }
};

// The weights of a planar flow on the same model.
auto planar_weights(Objective objective) {
  return [objective](const V& z_0, const V&) {
    const Planar<double> flow{laws::number(0.4), laws::number(0.7), laws::number(-0.3)};
    return flow_elbo(laws::vague_data(), laws::vague_parameters(), z_0, flow(z_0, 1), objective);
  };
}

}  // namespace

BOOST_AUTO_TEST_CASE(detached_inner_gradient) {
  // U has third derivatives, so the gradient of a step depends on where it is taken.
  const auto U = [](const V& z) { return sum(square(z)) * 0.5 + sum(softplus(z * 3.0)); };
  const auto law = [&](const auto& gradient) {
    const auto end_energy = [&](const std::vector<V>& x) {
      const auto end = hamiltonian_flow<double>({normal({1, 3}, "z"), normal({1, 3}, "gamma")}, 2, {x[0]}, no_tempering<double>(), gradient);
      return sum(square(end.z)) + sum(square(end.rho));
    };
    const auto check = autodiff::check_gradients(end_energy, {V(Array<double>({1, 3}, {0.1, 0.2, 0.15}))}, 2);
    return laws::Finding{check.passed(), check.where};
  };
  const auto dU = autodiff::grad<double>(U);
  control(law(dU), law([&](const V& z) { return autodiff::stop_gradient(dU(z)); }));
}

BOOST_AUTO_TEST_CASE(momentum_term_missing) {
  const Estimator planted{.log_ratio = [](const V& log_joint, const V&, const V& log_q) { return log_joint - log_q; }};
  control(laws::estimates_p_without_bias(Estimator{}), laws::estimates_p_without_bias(planted));
}

BOOST_AUTO_TEST_CASE(momentum_starts_untempered) {
  const Estimator planted{.initial_momentum = [](const Tempering<double>&, const V& gamma) { return gamma; }};
  control(laws::estimates_p_without_bias(Estimator{}), laws::estimates_p_without_bias(planted));
}

BOOST_AUTO_TEST_CASE(half_of_l_missing) {
  const V ratio = normal({1000}, "log ratio"), gamma = normal({1000, 1}, "gamma");
  const V estimate = log_p_hat(ratio, gamma);
  const auto law = [&](const V& bound) { return laws::have_one_mean(bound.value().elements(), estimate.value().elements()); };
  control(law(elbo_draw(ratio, 1)), law(ratio));
}

BOOST_AUTO_TEST_CASE(second_half_step_left_out) {
  const auto right = [](const PhaseState<double>& start) {
    return hamiltonian_flow<double>(start, K, {step_size}, no_tempering<double>(), grad_U());
  };
  const auto planted = [](PhaseState<double> state) {
    for (int k = 0; k < K; ++k) {
      state.rho = state.rho - step_size * grad_U()(state.z);
      state.z = state.z + step_size * state.rho;
    }
    return state;
  };
  const PhaseState<double> start{laws::number(0.3), laws::number(-0.8)};
  control(laws::reverses(right, start), laws::reverses(planted, start));
}

BOOST_AUTO_TEST_CASE(log_determinant_dropped) {
  const Planar<double> flow{normal({1, 1, 3}, "u"), normal({1, 1, 3}, "w"), normal({1, 1, 1}, "b")};
  const auto right = [&](const V& z) { return flow(z, 2); };
  const auto planted = [&](const V& z) { return Moved<double>{right(z).z, V(Array<double>::zeros({1, 1}))}; };
  const V z_0 = normal({1, 1, 3}, "z");
  control(laws::log_determinant_is_the_jacobians(right, z_0), laws::log_determinant_is_the_jacobians(planted, z_0));
}

BOOST_AUTO_TEST_CASE(mask_of_the_output_forgotten) {
  const Made<double> right(1, 4, 9, tensors::Stream(17, "made"));
  Made<double> planted = right;
  planted.mask_out = Array<double>::full(right.mask_out.shape(), 1);
  const V z_0 = normal({1, 1, 4}, "z");
  control(laws::log_determinant_is_the_jacobians(right, z_0), laws::log_determinant_is_the_jacobians(planted, z_0));
}

// As in the authors' code: paper_hvae has it as an objective of its own.
BOOST_AUTO_TEST_CASE(data_term_doubled) {
  control(laws::estimates_p_without_bias(planar_weights(Objective::right)), laws::estimates_p_without_bias(planar_weights(Objective::as_coded)));
}

// As in the authors' code for images: the decoder normalises by the codes of the moment wherever U is evaluated.
BOOST_AUTO_TEST_CASE(statistics_of_the_moment) {
  NormalisedSizes sizes;
  sizes.extent = 7;
  sizes.decoder_channels = {2, 2, 2, 2, 1};
  sizes.encoder_channels = {1, 2, 2, 2};
  sizes.hidden = 4;
  sizes.latent = 2;
  tensors::Stream stream(17, "decoder");
  const NormalisedDecoder<double> decoder(sizes, stream);
  const V x(tensors::Stream(17, "x").bernoulli(Array<double>::full({3, 49}, 0.4))), z_0 = normal({3, 2}, "z"), gamma = normal({3, 2}, "gamma");
  const auto training = Pass<double>::training();
  const FixedDecoder<double> fixed = decoder.fixed(z_0, training);
  const auto law = [&](const auto& gradient) {
    return laws::keeps_rows_apart(
        [&](const V& z) { return hamiltonian_flow<double>({z, gamma}, K, {step_size}, no_tempering<double>(), gradient).z; }, z_0);
  };
  const auto coupled = autodiff::grad<double>([&](const V& z) {
    return -sum(bernoulli_log_prob(x, decoder.logits(z, training)) + distributions::standard_normal_log_prob(z));
  });
  control(law(fixed.potential_gradient(x)), law(coupled));
}
