// The Gaussian model's HVAE and LibTorch's, from equal parameters on equal noise: one loss and one gradient, through the
// gradient inside the leapfrog steps.
#include "benchmarks/torch_gaussian_hvae.hpp"
#include "common/nn/parameters.hpp"
#include "paper_hvae/gaussian_methods.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>

using hvae::Var;
using tensors::Array;
using tensors::Shape;
using tensors::Stream;

BOOST_AUTO_TEST_CASE(loss_and_gradients_of_the_gaussian_hvae) {
  constexpr std::int64_t n_sets = 2, n_draws = 5, d = 7;
  constexpr double N = 50;
  const auto normal = [](const Shape& shape, const char* purpose) { return Stream(3, purpose).normal<float>(shape); };
  const auto small = [&](const char* purpose, std::int64_t extent) { return Var<float>(normal({n_sets, 1, extent}, purpose)) * 0.3f; };
  const Array<float> x_bar = normal({n_sets, 1, d}, "x_bar"), S = Array<float>::full({n_sets, 1, d}, 60.0f);
  const Array<float> z_0 = normal({n_sets, n_draws, d}, "z_0"), gamma = normal({n_sets, n_draws, d}, "gamma");
  const hvae::SufficientStatistics<float> data{static_cast<float>(N), Var<float>(x_bar), Var<float>(S)};
  for (const int K : {1, 10}) {
    hvae::HamiltonianMethod<float> method{{small("Delta", d), small("log_sigma", d)}, small("epsilon", d) - 3.0f, small("tempering", 1) + 1.0f, {}, K,
                                          hvae::TemperingKind::fixed};
    const nn::Parameters<float> parameters(method);
    torch_gaussian_hvae::Model torch({n_sets, n_draws, d, K}, N, x_bar.elements(), S.elements());
    torch_gaussian_hvae::Arrays values;
    for (const auto& [name, array] : parameters.named()) values[name].assign(array.begin(), array.end());
    torch.set_parameters(values);

    auto [loss, gradient] = autodiff::value_and_grad<float>(
        [&](const auto& m) { return -sum(m.elbo(data, Var<float>(z_0), Var<float>(gamma))); }, method);
    BOOST_TEST(loss.item() == torch.differentiate(z_0.elements(), gamma.elements()), boost::test_tools::tolerance(1e-5f));
    const auto theirs = torch.gradients();
    std::size_t n_blocks = 0;
    nn::detail::visit_named("", gradient, [&](const std::string& name, const Var<float>& ours) {
      const std::vector<float>& expected = theirs.at(name);
      double largest = 0, difference = 0;
      for (std::size_t i = 0; i < expected.size(); ++i) {
        largest = std::max(largest, std::abs(static_cast<double>(expected[i])));
        difference = std::max(difference, std::abs(static_cast<double>(expected[i]) - ours.value()[static_cast<std::int64_t>(i)]));
      }
      BOOST_TEST(largest > 0, name << " is zero throughout");
      BOOST_TEST(difference <= 1e-5 * largest, "K " << K << ", " << name << ": " << difference << " apart, the largest entry is " << largest);
      ++n_blocks;
    });
    BOOST_TEST(n_blocks == theirs.size());
  }
}
