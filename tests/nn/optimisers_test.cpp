// Every optimiser against its rule, written down again for one number in double.
#include "tests/nn/laws.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>

using namespace nn;
using laws::follows_its_rule, laws::ThreeArrays;

namespace {

// One number, one gradient a step.
template <class Optimiser, class Settings>
std::vector<double> path(const Settings& settings, const std::vector<double>& gradients) {
  ThreeArrays<double> model{{Array<double>::full({1}, 0)}, {Array<double>::full({1}, 0)}, {Array<double>::full({1}, 0)}};
  const Parameters<double> parameters(model);
  Optimiser optimiser(parameters, settings);
  std::vector<double> visited;
  for (const double g : gradients) {
    optimiser.begin_step();
    optimiser.update(0, Array<double>::full({1}, g));
    visited.push_back(model.large.item());
  }
  return visited;
}

void check_path(const std::vector<double>& path, const std::vector<double>& expected) {
  BOOST_REQUIRE(path.size() == expected.size());
  for (std::size_t i = 0; i < path.size(); ++i) BOOST_TEST(path[i] == expected[i], boost::test_tools::tolerance(1e-9));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(optimisers)

BOOST_AUTO_TEST_CASE(gradient_descent) {
  for (const double momentum : {0.0, 0.9})
    BOOST_TEST(follows_its_rule<Sgd>(SgdSettings{0.05, momentum}, {0, 0}, [=](double& p, double g, int, double (&s)[2]) {
      p -= 0.05 * (s[0] = momentum * s[0] + g);
    }));
}

BOOST_AUTO_TEST_CASE(adagrad) {
  for (const auto& [epsilon, start] : {std::pair(1e-10, 0.0), {1e-2, 0.1}})
    BOOST_TEST(follows_its_rule<Adagrad>(AdagradSettings{0.05, epsilon, start}, {start, 0}, [=](double& p, double g, int, double (&s)[2]) {
      s[0] += g * g;
      p -= 0.05 * g / (std::sqrt(s[0]) + epsilon);
    }));
}

BOOST_AUTO_TEST_CASE(rmsprop_of_pytorch) {
  for (const double epsilon : {1e-8, 1e-1})
    BOOST_TEST(follows_its_rule<RmsPropPyTorch>(RmsPropSettings{0.02, 0.9, epsilon}, {0, 0}, [=](double& p, double g, int, double (&s)[2]) {
      s[0] = 0.9 * s[0] + 0.1 * g * g;
      p -= 0.02 * g / (std::sqrt(s[0]) + epsilon);
    }));
}

BOOST_AUTO_TEST_CASE(rmsprop_of_tensorflow_1) {
  for (const double epsilon : {1e-10, 1e-1})
    BOOST_TEST(follows_its_rule<RmsPropTensorFlow1>(RmsPropSettings{0.02, 0.9, epsilon}, {1, 0}, [=](double& p, double g, int, double (&s)[2]) {
      s[0] = 0.9 * s[0] + 0.1 * g * g;
      p -= 0.02 * g / std::sqrt(s[0] + epsilon);
    }));
}

BOOST_AUTO_TEST_CASE(adam) {
  for (const double epsilon : {1e-8, 1e-1})
    BOOST_TEST(follows_its_rule<Adam>(AdamSettings{0.02, 0.9, 0.99, epsilon}, {0, 0}, [=](double& p, double g, int step, double (&s)[2]) {
      s[0] = 0.9 * s[0] + 0.1 * g;
      s[1] = 0.99 * s[1] + 0.01 * g * g;
      const double mean = s[0] / (1 - std::pow(0.9, step)), square = s[1] / (1 - std::pow(0.99, step));
      p -= 0.02 * mean / (std::sqrt(square) + epsilon);
    }));
}

BOOST_AUTO_TEST_CASE(adamax_of_the_hvae_authors) {
  for (const double epsilon : {1e-7, 1e-1})
    BOOST_TEST(follows_its_rule<AdamaxHvae>(AdamaxSettings{0.02, 0.9, 0.99, epsilon}, {0, 0}, [=](double& p, double g, int, double (&s)[2]) {
      s[0] = 0.9 * s[0] + 0.1 * g;
      s[1] = std::max(0.99 * s[1] + epsilon, std::abs(g));
      p -= 0.02 * s[0] / s[1];
    }));
}

BOOST_AUTO_TEST_CASE(adamax_of_pytorch) {
  for (const double epsilon : {1e-8, 1e-1})
    BOOST_TEST(follows_its_rule<AdamaxPyTorch>(AdamaxSettings{0.02, 0.9, 0.99, epsilon}, {0, 0}, [=](double& p, double g, int step, double (&s)[2]) {
      s[0] = 0.9 * s[0] + 0.1 * g;
      s[1] = std::max(0.99 * s[1], std::abs(g) + epsilon);
      p -= 0.02 / (1 - std::pow(0.9, step)) * s[0] / s[1];
    }));
}

// By hand: gradients 2 and -1, learning rate 0.01.
BOOST_AUTO_TEST_CASE(two_steps_by_hand) {
  check_path(path<Sgd<double>>(SgdSettings{0.01, 0.5}, {2, -1}), {-0.02, -0.02});
  // G = 4, 5: 0.01 * 2 / 2 and 0.01 / sqrt(5)
  check_path(path<Adagrad<double>>(AdagradSettings{0.01, 0, 0}, {2, -1}), {-0.01, -0.01 + 0.01 / std::sqrt(5.0)});
  // v = 0.4, 0.46
  check_path(path<RmsPropPyTorch<double>>(RmsPropSettings{0.01, 0.9, 0}, {2, -1}), {-0.0316227766017, -0.0316227766017 + 0.01 / std::sqrt(0.46)});
  // v = 0.9 + 0.4 = 1.3, 1.17 + 0.1 = 1.27
  check_path(path<RmsPropTensorFlow1<double>>(RmsPropSettings{0.01, 0.9, 0}, {2, -1}), {-0.0175411603861, -0.0175411603861 + 0.01 / std::sqrt(1.27)});
  // v = 0.2, 0.08; m = 2, 1.5 + 0.25 (the decayed maximum and epsilon beat |-1|)
  check_path(path<AdamaxHvae<double>>(AdamaxSettings{0.01, 0.9, 0.75, 0.25}, {2, -1}), {-0.001, -0.001 - 0.01 * 0.08 / 1.75});
  // v^ = 2, 0.08 / 0.19; m = 2.25, max(0.75 * 2.25, 1.25)
  check_path(path<AdamaxPyTorch<double>>(AdamaxSettings{0.01, 0.9, 0.75, 0.25}, {2, -1}),
             {-0.01 * 2 / 2.25, -0.01 * 2 / 2.25 - 0.01 * (0.08 / 0.19) / 1.6875});
}

// Where epsilon adds up: without gradients, the one divisor settles at epsilon / (1 - beta_2), the other decays to epsilon.
BOOST_AUTO_TEST_CASE(the_two_conventions_of_adamax_differ) {
  std::vector<double> gradients(200, 0.0);
  gradients[0] = 1;
  const auto hvae = path<AdamaxHvae<double>>(AdamaxSettings{1, 0.99, 0.9, 0.1}, gradients);
  const auto torch = path<AdamaxPyTorch<double>>(AdamaxSettings{1, 0.99, 0.9, 0.1}, gradients);
  const auto last_move = [](const std::vector<double>& path) { return path[path.size() - 2] - path[path.size() - 1]; };
  const double mean = 0.01 * std::pow(0.99, 199);
  BOOST_TEST(last_move(hvae) == mean / 1.0, boost::test_tools::tolerance(1e-6));
  BOOST_TEST(last_move(torch) == mean / (1 - std::pow(0.99, 200)) / 0.1, boost::test_tools::tolerance(1e-6));
}

BOOST_AUTO_TEST_CASE(the_two_conventions_of_rmsprop_differ) {
  // In how the mean square starts ...
  const auto torch = path<RmsPropPyTorch<double>>(RmsPropSettings{0.01, 0.9, 0}, {1e-3});
  const auto tensorflow = path<RmsPropTensorFlow1<double>>(RmsPropSettings{0.01, 0.9, 0}, {1e-3});
  BOOST_TEST(std::abs(torch[0] / tensorflow[0]) > 1000);
  // ... and, long after, in where epsilon stands: g / (|g| + e) against g / sqrt(g^2 + e).
  const std::vector<double> steady(400, 0.1);
  const auto last_move = [](const std::vector<double>& path) { return path[path.size() - 1] - path[path.size() - 2]; };
  BOOST_TEST(last_move(path<RmsPropPyTorch<double>>(RmsPropSettings{1, 0.9, 0.01}, steady)) == -0.1 / 0.11, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(last_move(path<RmsPropTensorFlow1<double>>(RmsPropSettings{1, 0.9, 0.01}, steady)) == -0.1 / std::sqrt(0.02),
             boost::test_tools::tolerance(1e-9));
}

// With both means corrected for their start, a steady gradient moves by the learning rate from the first step on,
// whatever its size.
BOOST_AUTO_TEST_CASE(adam_corrects_its_bias) {
  for (const double g : {1e-3, 1.0, -50.0}) {
    const auto visited = path<Adam<double>>(AdamSettings{0.001, 0.9, 0.999, 0}, std::vector<double>(20, g));
    for (std::size_t i = 0; i < visited.size(); ++i)
      BOOST_TEST(visited[i] == -std::copysign(0.001 * static_cast<double>(i + 1), g), boost::test_tools::tolerance(1e-9));
  }
}

BOOST_AUTO_TEST_CASE(a_gradient_of_another_shape_is_refused) {
  ThreeArrays<float> model;
  Sgd<float> optimiser(Parameters<float>(model), SgdSettings{});
  BOOST_CHECK_THROW(optimiser.update(1, Array<float>::zeros({5, 3})), std::invalid_argument);
  BOOST_TEST(model.matrix.value()[0] == -1);
}

// An optimiser started from another's state goes on as that one does.
BOOST_AUTO_TEST_CASE(the_state_is_all_that_a_checkpoint_needs) {
  BOOST_TEST(laws::goes_on_from_its_state([](Adam<float>& from, Adam<float>& to) {
    const auto copy = [](const Array<float>& a, const Array<float>& b) { std::copy(a.begin(), a.end(), b.data_for_update()); };
    copy(from.parameters().flat(), to.parameters().flat());
    for (std::size_t i = 0; i < from.state().size(); ++i) copy(from.state()[i], to.state()[i]);
    to.n_steps() = from.n_steps();
  }));
}

BOOST_AUTO_TEST_SUITE_END()
