// Laws of the report's image model: exact gradients of the whole bound in every block, batch statistics that keep rows
// apart, estimates of p(x) without bias, and what is wrong with the objective as coded.
#include "common/autodiff/check_gradients.hpp"
#include "common/distributions/importance_bound.hpp"
#include "common/nn/parameters.hpp"
#include "paper_hvae/normalised_model.hpp"
#include "tests/hvae/laws.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <map>

using namespace hvae;
namespace tt = boost::test_tools;

namespace {

using V = Var<double>;
using Model = NormalisedModel<double>;
using DoublePass = Pass<double>;

constexpr std::int64_t B = 3;

NormalisedSizes small(std::int64_t latent = 2) {
  NormalisedSizes sizes;
  sizes.extent = 7;  // 7, 4, 2, 1: the decoder doubles twice, and enlarges 4 to 7
  sizes.encoder_channels = {1, 2, 2, 2};
  sizes.decoder_channels = {2, 2, 2, 2, 1};
  sizes.hidden = 4;
  sizes.latent = latent;
  return sizes;
}

// Steps large enough for the decoder's curvature to matter, temperatures below one, and running statistics that have run.
template <class T = double>
NormalisedModel<T> model(const NormalisedSizes& sizes, int K, int n_autoregressive = 0) {
  Stream stream(23, "model");
  NormalisedModel<T> m(sizes, {K, 0.005}, stream, {n_autoregressive, 5});
  m.flow.logit_epsilon = Var<T>(Array<T>::full({sizes.latent}, T(0.4)));
  for (int k = 0; k < K; ++k) m.flow.log_alpha[static_cast<std::size_t>(k)] = Var<T>(T(-0.1 * (k + 1)));
  nn::detail::visit_named("", m, [&](const std::string& name, auto& part) {
    if constexpr (std::is_same_v<std::decay_t<decltype(part)>, nn::Buffer<T>>) {
      const Array<T> drawn = Stream(23, name).template uniform<T>(part.value.shape());
      part.value = name.ends_with("variance") ? (Var<T>(drawn) + T(0.5)).value() : drawn;
    }
  });
  return m;
}

template <class T = double>
Var<T> images(const NormalisedSizes& sizes, std::int64_t n = B) {
  Stream stream(23, "images");
  return Var<T>(stream.bernoulli(Array<T>::full({n, sizes.pixels()}, T(0.4))));
}
template <class T = double>
ReportNoise<T> noise(const NormalisedSizes& sizes, std::int64_t n = B) {
  return {Var<T>(Stream(23, "epsilon").normal<T>({n, sizes.latent})), Var<T>(Stream(23, "gamma").normal<T>({n, sizes.latent}))};
}

double furthest(const V& a, const V& b) {
  double largest = 0;
  for (std::int64_t i = 0; i < a.shape().size(); ++i) largest = std::max(largest, std::abs(a.value()[i] - b.value()[i]));
  return largest;
}

// The potential's gradient with the statistics of the moment's batch, as PyTorch's layers take them in training.
auto coupled_gradient(const Model& m, const V& x) {
  return autodiff::grad<double>([&m, x](const V& z) {
    return -sum(bernoulli_log_prob(x, m.decoder.logits(z, DoublePass::training())) + distributions::standard_normal_log_prob(z));
  });
}

// The flow of the whole batch under a given gradient: z_0 -> z_K, rho_K, [B, 2 l].
template <class Gradient>
V flow_of(const Model& m, const V& z_0, const V& rho_0, const Gradient& gradient) {
  const auto end = hamiltonian_flow<double>({z_0, rho_0}, m.flow.K, {m.flow.epsilon()}, no_tempering<double>(), gradient);
  return concat(end.z, end.rho, 1);
}

// The Jacobian of the first row's (z_K, rho_K) in its own (z_0, rho_0).
template <class Gradient>
double determinant_of_first_row(const Model& m, const V& z_0, const V& rho_0, const Gradient& gradient) {
  const std::int64_t l = m.decoder.sizes.latent;
  std::vector<std::vector<double>> rows;
  for (std::int64_t i = 0; i < 2 * l; ++i) {
    const auto g = autodiff::grad<double>([&](const std::vector<V>& at) {
      return sum(slice(slice(flow_of(m, at[0], at[1], gradient), 0, 0, 1), 1, i, 1));
    })(std::vector<V>{z_0, rho_0});
    std::vector<double> row;
    for (const V& part : g) row.insert(row.end(), part.value().begin(), part.value().begin() + l);
    rows.push_back(std::move(row));
  }
  return determinant(rows);
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_gradient_of_the_whole_bound_is_exact_in_every_block) {
  const NormalisedSizes sizes = small();
  const V x = images(sizes);
  const auto drawn = noise(sizes);
  for (const int K : {0, 1, 2})
    for (const int n_autoregressive : {0, 2}) {
      const auto in_training = autodiff::check_gradients([&](const Model& m) { return m.elbo(x, drawn, DoublePass::training()); },
                                                         model(sizes, K, n_autoregressive), 1);
      BOOST_TEST(in_training.passed(), "K " << K << ", " << n_autoregressive << " autoregressive layers: " << in_training.where);
      const auto held = autodiff::check_gradients([&](const Model& m) { return m.elbo(x, drawn, DoublePass::evaluation()); },
                                                  model(sizes, K, n_autoregressive), 1);
      BOOST_TEST(held.passed(), "in evaluation, K " << K << ": " << held.where);
    }
}

BOOST_AUTO_TEST_CASE(the_gradient_of_the_importance_bound_is_exact) {
  const NormalisedSizes sizes = small();
  const V x = images(sizes), epsilon(Stream(23, "importance").normal<double>({4, B, sizes.latent}));
  const auto bound = [&](const Model& m) { return distributions::importance_bound(m.log_weights(x, epsilon, DoublePass::training())); };
  const auto check = autodiff::check_gradients(bound, model(sizes, 0), 1);
  BOOST_TEST(check.passed(), check.where);
}

// The defect of the authors' code: for this test's step sizes it is far from small.
BOOST_AUTO_TEST_CASE(the_objective_as_coded_fails_the_same_check) {
  const NormalisedSizes sizes = small();
  const V x = images(sizes), epsilon = noise(sizes).epsilon;
  const auto check = autodiff::check_gradients([&](const Model& m) { return m.as_coded(x, epsilon, DoublePass::training()); }, model(sizes, 2), 1);
  BOOST_TEST(!check.passed(1e-2), "as coded, the worst is only " << check.worst);
  // Without steps there is nothing to detach.
  const auto none = autodiff::check_gradients([&](const Model& m) { return m.as_coded(x, epsilon, DoublePass::training()); }, model(sizes, 0), 1);
  BOOST_TEST(none.passed(), none.where);
}

BOOST_AUTO_TEST_CASE(no_steps_are_the_vae_in_value_and_gradient) {
  const NormalisedSizes sizes = small();
  const V x = images(sizes);
  const auto drawn = noise(sizes);
  // The VAE with the batch normalisation of nn, and what the bound has replaced by its mean, draw by draw.
  const auto vae = [&](const Model& m) {
    const Normal<double> q = m.encoder(x, DoublePass::training());
    const V z = q.sample(drawn.epsilon);
    return bernoulli_log_prob(x, m.decoder.logits(z, DoublePass::training())) + distributions::standard_normal_log_prob(z) -
           q.log_prob_of_sample(drawn.epsilon);
  };
  const auto l = static_cast<double>(sizes.latent);
  const V replaced = (l - sum(square(drawn.gamma), -1)) * 0.5 + (l - sum(square(drawn.epsilon), -1)) * 0.5;
  const Model m = model(sizes, 0);
  const auto [value, gradient] = autodiff::value_and_grad<double>([&](const Model& at) { return sum(at.elbo(x, drawn, DoublePass::training())); }, m);
  const auto [expected, expected_gradient] = autodiff::value_and_grad<double>([&](const Model& at) { return sum(vae(at) + replaced); }, m);
  BOOST_TEST(value.item() == expected.item(), tt::tolerance(1e-12));
  const auto a = autodiff::variables(gradient), b = autodiff::variables(expected_gradient);
  for (std::size_t i = 0; i < a.size(); ++i) BOOST_TEST(furthest(a[i], b[i]) < 1e-10, "array " << i << ": " << furthest(a[i], b[i]));
}

BOOST_AUTO_TEST_CASE(a_fixed_decoder_is_the_decoder_under_the_same_statistics) {
  const NormalisedSizes sizes = small();
  const Model m = model(sizes, 0);
  const V z = noise(sizes).epsilon;
  BOOST_TEST(furthest(m.decoder.fixed(z, DoublePass::training()).logits(z), m.decoder.logits(z, DoublePass::training())) < 1e-12);
  BOOST_TEST(furthest(m.decoder.fixed().logits(z), m.decoder.logits(z, DoublePass::evaluation())) < 1e-12);
}

// Also the running statistics that a pass leaves behind; but the variance of doubled pixels, whose unbiased estimate knows
// of four times as many values.
BOOST_AUTO_TEST_CASE(a_fixed_decoder_notes_what_the_layers_note) {
  const NormalisedSizes sizes = small();
  const V z = noise(sizes).epsilon;
  const auto after = [&](const auto& pass_through) {
    Model m = model(sizes, 0);
    const nn::Parameters<double> parameters(m);
    nn::BatchStatistics<double> met;
    pass_through(m, DoublePass::training(met));
    met.update_running();
    std::map<std::string, V> buffers;
    for (const auto& buffer : parameters.buffers()) buffers[buffer.name] = V(buffer.window.copy());
    return buffers;
  };
  const auto before = after([](const Model&, const DoublePass&) {});
  const auto fixed = after([&](const Model& m, const DoublePass& pass) { m.decoder.fixed(z, pass); });
  for (const auto& [name, layers] : after([&](const Model& m, const DoublePass& pass) { m.decoder.logits(z, pass); })) {
    const bool is_mean = name.ends_with("mean"), is_decoder = name.starts_with("decoder");
    if (is_mean) BOOST_TEST(furthest(fixed.at(name), layers) < 1e-12, name);
    BOOST_TEST((furthest(fixed.at(name), before.at(name)) > 0) == is_decoder, name);
  }
}

// What the batch-coupled potential does to a row: the others move it, and its volume is not kept.
BOOST_AUTO_TEST_CASE(fixed_statistics_keep_rows_apart_and_coupled_ones_do_not) {
  const NormalisedSizes sizes = small();
  const Model m = model(sizes, 3);
  const V x = images(sizes);
  const auto drawn = noise(sizes);
  const FixedDecoder<double> p = m.decoder.fixed(drawn.epsilon, DoublePass::training());
  const auto goes_to = [&](const auto& gradient) { return [&](const V& z_0) { return flow_of(m, z_0, drawn.gamma, gradient); }; };
  const auto apart = m.gradient(p, x);
  const auto coupled = coupled_gradient(m, x);
  BOOST_TEST(laws::keeps_rows_apart(goes_to(apart), drawn.epsilon));
  BOOST_TEST(!laws::keeps_rows_apart(goes_to(coupled), drawn.epsilon));
  BOOST_TEST(determinant_of_first_row(m, drawn.epsilon, drawn.gamma, apart) == 1.0, tt::tolerance(1e-10));
  BOOST_TEST(std::abs(determinant_of_first_row(m, drawn.epsilon, drawn.gamma, coupled) - 1) > 1e-5);  // five orders above rounding
}

// Started without momentum, z_0 -> z_K alone: the volume that the code does not charge for.
BOOST_AUTO_TEST_CASE(without_momentum_the_steps_change_the_volume_of_z) {
  const NormalisedSizes sizes = small();
  const Model m = model(sizes, 2);
  const V x = images(sizes), z_0 = noise(sizes).epsilon;
  const FixedDecoder<double> p = m.decoder.fixed(z_0, DoublePass::training());
  std::vector<std::vector<double>> rows;
  for (std::int64_t i = 0; i < sizes.latent; ++i) {
    const auto g = autodiff::grad<double>([&](const V& z) {
      return sum(slice(slice(flow_of(m, z, V(Array<double>::zeros(z.shape())), m.gradient(p, x)), 0, 0, 1), 1, i, 1));
    })(z_0);
    rows.emplace_back(g.value().begin(), g.value().begin() + sizes.latent);
  }
  BOOST_TEST(std::abs(determinant(rows)) < 0.9);
}

BOOST_AUTO_TEST_CASE(the_estimate_of_p_is_unbiased_with_and_without_autoregressive_layers_and_not_as_coded) {
  const NormalisedSizes sizes = small();
  const std::int64_t side = 160, n = 20'000;
  const double width = 12.0 / static_cast<double>(side);
  Array<double> grid(Shape{side * side, 2});
  for (std::int64_t i = 0; i < side * side; ++i) {
    grid.mutable_data()[2 * i] = -6 + width * (static_cast<double>(i / side) + 0.5);
    grid.mutable_data()[2 * i + 1] = -6 + width * (static_cast<double>(i % side) + 0.5);
  }
  const V one_image = slice(images(sizes), 0, 0, 1);
  const auto repeated = [&](std::int64_t count) { return broadcast_to(one_image, {count, sizes.pixels()}); };
  // The mean of exp(estimate) over p, and its standard error.
  const auto ratio = [&](const Model& m, const V& estimates) {
    double p = 0, total = 0, squares = 0;
    const V on_grid = m.decoder.fixed().log_joint(repeated(side * side), V(grid));
    for (double log_density : on_grid.value()) p += std::exp(log_density) * width * width;
    for (double estimate : estimates.value()) {
      total += std::exp(estimate) / p;
      squares += std::exp(2 * estimate) / (p * p);
    }
    const double average = total / static_cast<double>(n);
    return std::pair(average, std::sqrt((squares / static_cast<double>(n) - average * average) / static_cast<double>(n)));
  };
  for (const int K : {0, 1, 3})
    for (const int n_autoregressive : {0, 2})
      for (const Potential potential : {Potential::right, Potential::sign_as_coded}) {
        Model m = model(sizes, K, n_autoregressive);
        m.flow.potential = potential;
        const auto [average, error] = ratio(m, m.log_p_hat(repeated(n), noise(sizes, n)));
        BOOST_TEST(std::abs(average - 1) < 5 * error, "K " << K << ", " << n_autoregressive << " layers: " << average << " +- " << error);
        BOOST_TEST(error < 0.1);  // or the line above could not fail
      }
  // The same law notices the objective as coded.
  const Model m = model(sizes, 3);
  const auto [average, error] = ratio(m, m.as_coded(repeated(n), noise(sizes, n).epsilon, DoublePass::evaluation()));
  BOOST_TEST(std::abs(average - 1) > 20 * error, "as coded: " << average << " +- " << error);
}

BOOST_AUTO_TEST_CASE(one_importance_sample_is_the_bound) {
  const NormalisedSizes sizes = small();
  const Model m = model(sizes, 0);
  const V x = images(sizes);
  const auto drawn = noise(sizes);
  const V weights = m.log_weights(x, reshape(drawn.epsilon, Shape{1, B, sizes.latent}), DoublePass::evaluation());
  BOOST_TEST(furthest(distributions::importance_bound(weights), m.log_p_hat(x, drawn)) < 1e-12);
}

// A temperature that a step takes above one is put back to one, and can still come down from there.
BOOST_AUTO_TEST_CASE(alpha_is_kept_at_one_or_below_and_keeps_its_slope) {
  ReportFlow<double> kept(2, 2, 0.005);
  kept.log_alpha = {V(0.3), V(-0.3)};
  kept.keep_cool();
  BOOST_TEST(kept.log_alpha[0].item() == 0);
  BOOST_TEST(kept.log_alpha[1].item() == -0.3);
  const auto slope_at = [](double log_alpha) {
    ReportFlow<double> flow(1, 2, 0.005);
    return autodiff::grad<double>([&](const V& at) {
      ReportFlow<double> inner = flow;
      inner.log_alpha[0] = at;
      return inner.tempering().log_beta_0;
    })(V(log_alpha)).item();
  };
  BOOST_TEST(slope_at(0) == 2);
  BOOST_TEST(slope_at(-0.3) == 2, tt::tolerance(1e-12));
}

// The notebook's slip behind the autoregressive layers: images are decoded from one another's codes.
BOOST_AUTO_TEST_CASE(rows_in_another_order_give_each_image_another_code) {
  const NormalisedSizes sizes = small();
  const Model m = model(sizes, 1, 2);
  const V x = images(sizes);
  auto drawn = noise(sizes);
  const V right = m.elbo(x, drawn, DoublePass::evaluation());
  const auto with = [&](const std::array<std::int64_t, 2>& shifts) {
    drawn.row_orders.clear();
    for (const std::int64_t shift : shifts) {
      const Array<double> order = Array<double>::zeros({B, B});
      for (std::int64_t row = 0; row < B; ++row) order.data_for_update()[row * B + (row + shift) % B] = 1;
      drawn.row_orders.push_back(V(order));
    }
    return furthest(m.elbo(x, drawn, DoublePass::evaluation()), right);
  };
  BOOST_TEST(with({0, 0}) < 1e-12);
  BOOST_TEST(with({0, 1}) > 0.01);
  Stream stream(23, "orders");
  for (const V& order : random_row_orders<double>(2, B, stream)) {
    BOOST_TEST(furthest(sum(order, 0), V(Array<double>::full({B}, 1))) < 1e-15);
    BOOST_TEST(furthest(sum(order, 1), V(Array<double>::full({B}, 1))) < 1e-15);
  }
}

BOOST_AUTO_TEST_CASE(float_agrees_with_double) {
  const NormalisedSizes sizes;
  auto narrow = model<float>(sizes, 2);
  auto wide = model<double>(sizes, 2);
  const nn::Parameters<float> from(narrow);
  const nn::Parameters<double> to(wide);
  for (const auto list : {0, 1})
    for (std::size_t i = 0; i < (list ? from.buffers() : from.entries()).size(); ++i) {
      const auto& source = (list ? from.buffers() : from.entries())[i].window;
      std::copy(source.begin(), source.end(), (list ? to.buffers() : to.entries())[i].window.data_for_update());
    }
  const auto widened = [](const Var<float>& v) {
    Array<double> wider(v.shape());
    std::copy(v.value().begin(), v.value().end(), wider.mutable_data());
    return V(wider);
  };
  const Var<float> x = images<float>(sizes, 8);
  const auto drawn = noise<float>(sizes, 8);
  const double in_float = sum(narrow.elbo(x, drawn, Pass<float>::training())).item();
  const double in_double = sum(wide.elbo(widened(x), {widened(drawn.epsilon), widened(drawn.gamma)}, DoublePass::training())).item();
  BOOST_TEST(in_float == in_double, tt::tolerance(1e-5));
}

BOOST_AUTO_TEST_CASE(the_networks_have_the_reports_numbers_of_parameters) {
  Stream stream(1, "count");
  const Model m(NormalisedSizes{}, {15, 0.005}, stream);
  std::int64_t encoder = 0, decoder = 0, flow = 0;
  for (const auto& v : autodiff::variables(m.encoder)) encoder += v.shape().size();
  for (const auto& v : autodiff::variables(m.decoder)) decoder += v.shape().size();
  for (const auto& v : autodiff::variables(m.flow)) flow += v.shape().size();
  BOOST_TEST(encoder == 328'520);
  BOOST_TEST(decoder == 306'615);
  BOOST_TEST(flow == 64 + 15);
}
