// The VHP and LibTorch's, from equal parameters on equal data and noise: one loss and one gradient.
#include "benchmarks/torch_vhp.hpp"
#include "common/nn/parameters.hpp"
#include "paper_vhp/networks.hpp"
#include "paper_vhp/vhp.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>

using tensors::Array;
using tensors::Shape;
using tensors::Stream;
using vhp::Var;

BOOST_AUTO_TEST_CASE(loss_and_gradients_of_the_vhp) {
  constexpr std::int64_t n_x = 20, d = 2, hidden = 12, n_hidden = 3, batch = 6, K = 4;
  constexpr double variance = 0.05, beta = 0.3;
  const auto normal = [](const Shape& shape, const char* purpose) { return Stream(3, purpose).normal<float>(shape); };
  const Array<float> x = normal({batch, n_x}, "x"), of_z = normal({batch, d}, "z"), of_zeta = normal({K, batch, d}, "zeta");
  using Model = vhp::Vhp<vhp::FirstLayer<float>, vhp::SecondLayer<float>>;
  const vhp::Widths widths(n_hidden, hidden);
  Model model{vhp::FirstLayer<float>(n_x, d, widths, variance, Stream(3, "first")), vhp::SecondLayer<float>(d, widths, 1, Stream(3, "second"))};
  const nn::Parameters<float> parameters(model);
  torch_vhp::Model torch({n_x, d, hidden, n_hidden, batch, K}, variance);
  torch_vhp::Arrays values;
  for (const auto& [name, array] : parameters.named()) values[name].assign(array.begin(), array.end());
  torch.set_parameters(values);

  auto [loss, gradient] = autodiff::value_and_grad<float>(
      [&](const Model& m) {
        return lagrangian(terms(m, Var<float>(x), {Var<float>(of_z), Var<float>(of_zeta)}, vhp::PriorBound::importance_weighted), beta);
      },
      model);
  BOOST_TEST(loss.item() == torch.differentiate(x.elements(), of_z.elements(), of_zeta.elements(), beta), boost::test_tools::tolerance(1e-5f));
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
    BOOST_TEST(difference <= 2e-5 * largest, name << ": " << difference << " apart, the largest entry is " << largest);
    ++n_blocks;
  });
  BOOST_TEST(n_blocks == theirs.size());
}
