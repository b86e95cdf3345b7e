// Controls of layers, optimisers, random draws and data: what a training step is made of.
#include "common/datasets/binarisation.hpp"
#include "common/nn/convolution.hpp"
#include "common/nn/layers.hpp"
#include "paper_vhp/schedules.hpp"
#include "tests/controls/control.hpp"
#include "tests/datasets/laws.hpp"
#include "tests/nn/laws.hpp"
#include "tests/vhp/laws.hpp"

using namespace nn;
using V = Var<double>;
using tensors::Stream;

namespace {

V normal(const Shape& shape, std::uint64_t step) { return V(Stream(1, "controls", step).normal<double>(shape)); }

const AdamSettings adam_settings{0.02, 0.9, 0.99, 0.1};

// Kingma and Ba, Algorithm 1.
void adam_rule(double& p, double g, int step, double (&s)[2]) {
  s[0] = 0.9 * s[0] + 0.1 * g;
  s[1] = 0.99 * s[1] + 0.01 * g * g;
  p -= 0.02 * (s[0] / (1 - std::pow(0.9, step))) / (std::sqrt(s[1] / (1 - std::pow(0.99, step))) + 0.1);
}

// Adam written out, in parts that a defect can be planted in.
template <class T>
class PlantedAdam : public Optimiser<T> {
 public:
  PlantedAdam(const Parameters<T>& parameters, const AdamSettings& settings) : Optimiser<T>(parameters, {0, 0}), settings_(settings) {}

 private:
  virtual double divisor(double v) const { return std::sqrt(v) + settings_.epsilon; }
  virtual double correction(double beta) const { return 1 - std::pow(beta, static_cast<double>(this->n_steps_)); }

  void update_range(std::int64_t n, T* p, const T* g, const std::array<T*, 2>& s) const override {
    for (std::int64_t i = 0; i < n; ++i) {
      s[0][i] = static_cast<T>(settings_.beta_1 * s[0][i] + (1 - settings_.beta_1) * g[i]);
      s[1][i] = static_cast<T>(settings_.beta_2 * s[1][i] + (1 - settings_.beta_2) * g[i] * g[i]);
      p[i] -= static_cast<T>(settings_.learning_rate * s[0][i] / correction(settings_.beta_1) / divisor(s[1][i] / correction(settings_.beta_2)));
    }
  }

 protected:
  AdamSettings settings_;
};

template <class T>
class EpsilonUnderTheRoot final : public PlantedAdam<T> {
  using PlantedAdam<T>::PlantedAdam;
  double divisor(double v) const override { return std::sqrt(v + this->settings_.epsilon); }
};

template <class T>
class Uncorrected final : public PlantedAdam<T> {
  using PlantedAdam<T>::PlantedAdam;
  double correction(double) const override { return 1; }
};

void copy(const Array<float>& from, const Array<float>& to) { std::ranges::copy(from, to.data_for_update()); }

// All that an optimiser goes on from but the count of its steps.
void restore_arrays(Adam<float>& from, Adam<float>& to) {
  copy(from.parameters().flat(), to.parameters().flat());
  for (std::size_t i = 0; i < from.state().size(); ++i) copy(from.state()[i], to.state()[i]);
}

}  // namespace

BOOST_AUTO_TEST_CASE(evaluation_in_training_mode) {
  const BatchNorm<double> layer = laws::used_layer();
  const auto in = [&](const Pass<double>& pass) { return [&layer, pass](const V& x) { return layer(x, pass); }; };
  const V x = normal({6, 3}, 0);
  control(laws::rows_do_not_depend_on_the_batch(in(Pass<double>::evaluation()), x),
          laws::rows_do_not_depend_on_the_batch(in(Pass<double>::training()), x));
}

BOOST_AUTO_TEST_CASE(running_variance_biased) {
  using Layer = BatchNorm<double>;
  using Met = BatchStatistics<double>;
  const auto right = [](const Layer& layer, const V& x, Met& met) { layer(x, Pass<double>::training(met)); };
  const auto planted = [](const Layer& layer, const V& x, Met& met) {
    const auto batch = normalised_composite(x, layer.weight, layer.bias, layer.epsilon);
    met.note(layer.running_mean, layer.running_variance, batch.mean, batch.variance, layer.momentum);
  };
  const std::vector<Array<double>> batches{normal({6, 3}, 0).value(), normal({6, 3}, 1).value()};
  control(laws::running_statistics_follow_the_unbiased_moments(right, batches),
          laws::running_statistics_follow_the_unbiased_moments(planted, batches));
}

BOOST_AUTO_TEST_CASE(padding_on_the_wrong_side) {
  Stream stream(1, "initialise");
  const tensors::Extents image{14, 14}, kernel{5, 5};
  const Conv2d<double> conv(3, 4, kernel, tensors::same_padding(image, kernel, 2), glorot, stream);
  ConvTranspose2d<double> right(4, 3, kernel, conv.geometry, image, glorot, stream);
  right.weight = conv.weight;
  ConvTranspose2d<double> planted = right;
  std::swap(planted.geometry.pad_lo, planted.geometry.pad_hi);
  const V x = normal({2, 3, 14, 14}, 0), y = normal({2, 4, 7, 7}, 1);
  control(laws::are_adjoint(conv, right, x, y), laws::are_adjoint(conv, planted, x, y));
}

BOOST_AUTO_TEST_CASE(epsilon_under_the_root) {
  control(laws::follows_its_rule<Adam>(adam_settings, {0, 0}, adam_rule),
          laws::follows_its_rule<EpsilonUnderTheRoot>(adam_settings, {0, 0}, adam_rule));
}

BOOST_AUTO_TEST_CASE(moments_not_corrected_for_their_start) {
  control(laws::follows_its_rule<Adam>(adam_settings, {0, 0}, adam_rule),
          laws::follows_its_rule<Uncorrected>(adam_settings, {0, 0}, adam_rule));
}

BOOST_AUTO_TEST_CASE(step_count_not_restored) {
  const auto right = [](Adam<float>& from, Adam<float>& to) {
    restore_arrays(from, to);
    to.n_steps() = from.n_steps();
  };
  control(laws::goes_on_from_its_state(right), laws::goes_on_from_its_state(restore_arrays));
}

BOOST_AUTO_TEST_CASE(seeded_after_initialisation) {
  const auto draw = [](Stream& stream) { return Dense<double>(4, 3, glorot, stream).weight.value(); };
  const auto right = [&](std::uint64_t seed) {
    Stream stream(seed, "initialise");
    return draw(stream);
  };
  Stream of_the_process(0, "initialise");
  const auto planted = [&](std::uint64_t seed) {
    const Array<double> weights = draw(of_the_process);
    of_the_process = Stream(seed, "initialise");
    return weights;
  };
  control(laws::is_a_function_of_its_seed(right), laws::is_a_function_of_its_seed(planted));
}

BOOST_AUTO_TEST_CASE(noise_reused_across_steps) {
  const Stream noise(7, "noise");
  const auto right = [&](std::uint64_t step) { return noise.at(step).normal<double>({1000}); };
  const auto planted = [&](std::uint64_t) { return Stream(noise).normal<double>({1000}); };
  control(laws::is_fresh_at_every_step(right), laws::is_fresh_at_every_step(planted));
}

BOOST_AUTO_TEST_CASE(label_leaks_into_the_image) {
  const auto right = [](const datasets::ImageSet& set) { return datasets::gather_all(set, datasets::grey()); };
  const auto planted = [&](const datasets::ImageSet& set) {
    Array<float> pixels = right(set);
    for (std::int64_t i = 0; i < set.n; ++i) pixels.mutable_data()[i * set.image_size()] = set.labels[static_cast<std::size_t>(i)];
    return pixels;
  };
  control(laws::labels_reach_no_pixel(right), laws::labels_reach_no_pixel(planted));
}

BOOST_AUTO_TEST_CASE(evaluation_on_the_training_set) {
  const auto right = [](const datasets::ImageSet& set) { return datasets::hold_out_last(set, 7); };
  const auto planted = [](const datasets::ImageSet& set) { return datasets::Split{set, datasets::first(set, 7)}; };
  control(laws::parts_make_up_the_whole(right), laws::parts_make_up_the_whole(planted));
}

BOOST_AUTO_TEST_CASE(beta_without_a_ceiling) {
  constexpr double nu = 5, tau = 3, delta = -4e-4;
  control(laws::rises_to_one([](double beta, double d) { return vhp::rewo_update(beta, d, nu, tau); }, delta),
          laws::rises_to_one([](double beta, double d) { return vhp::geco_update(beta, d, nu); }, delta));
}
