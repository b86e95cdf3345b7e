// Laws of layers and optimisers.
#pragma once

#include "common/nn/batch_norm.hpp"
#include "common/nn/optimisers.hpp"
#include "tests/laws.hpp"

#include <functional>

namespace laws {

using autodiff::Var;
using nn::BatchNorm;
using tensors::Shape;

// <f(x), y> = <x, g(y)>.
template <class F, class G>
Finding are_adjoint(const F& f, const G& g, const Var<double>& x, const Var<double>& y) {
  const double forth = sum(f(x) * y).item(), back = sum(x * g(y)).item();
  return {std::abs(forth - back) <= 1e-12 * std::max(1.0, std::abs(forth)), fmt::format("<f(x), y> = {:.6g}, <x, g(y)> = {:.6g}", forth, back)};
}

// The first rows of f(x), x [B, ...], B > 2, are f of the first rows, to the last bit.
template <class F>
Finding rows_do_not_depend_on_the_batch(const F& f, const Var<double>& x) {
  const Var<double> alone = f(slice(x, 0, 0, 2)), among_others = slice(f(x), 0, 0, 2);
  const bool same = std::ranges::equal(alone.value(), among_others.value());
  return {same, same ? "the same in any batch" : "rows change with the batch"};
}

// ---- Batch normalisation.

// A layer of three channels whose parameters and statistics are all different from those of a new one.
inline BatchNorm<double> used_layer() {
  BatchNorm<double> layer(3);
  layer.weight = Array<double>({3}, {0.5, -1.5, 2});
  layer.bias = Array<double>({3}, {1, 0, -0.25});
  layer.running_mean.value = Array<double>({3}, {0.1, -2, 3});
  layer.running_variance.value = Array<double>({3}, {0.5, 1.5, 4});
  return layer;
}

// The values of one channel of x [B, C, ...], and their moments.
inline std::vector<double> channel(const Array<double>& x, std::int64_t c) {
  const std::int64_t n_channels = x.shape()[1], inner = x.size() / (x.shape()[0] * n_channels);
  std::vector<double> values;
  for (std::int64_t i = 0; i < x.size(); ++i)
    if (i / inner % n_channels == c) values.push_back(x[i]);
  return values;
}
inline double mean_of(const std::vector<double>& values) {
  double sum = 0;
  for (const double v : values) sum += v;
  return sum / static_cast<double>(values.size());
}
inline double biased_variance_of(const std::vector<double>& values) {
  const double mean = mean_of(values);
  double sum = 0;
  for (const double v : values) sum += (v - mean) * (v - mean);
  return sum / static_cast<double>(values.size());
}

// What train(layer, x, met) notes moves the running statistics as PyTorch does: a tenth of the way to the batch's mean and
// unbiased variance, for each of the batches [B, 3, ...].
template <class Train>
Finding running_statistics_follow_the_unbiased_moments(const Train& train, const std::vector<Array<double>>& batches) {
  const BatchNorm<double> layer = used_layer(), before = used_layer();
  nn::BatchStatistics<double> met;
  for (const Array<double>& x : batches) train(layer, x, met);
  met.update_running();
  return for_each_of(3, "channel", [&](std::int64_t c) {
    double mean = before.running_mean.value[c], variance = before.running_variance.value[c];
    for (const Array<double>& x : batches) {
      const std::vector<double> values = channel(x, c);
      const auto n = static_cast<double>(values.size());
      mean = 0.9 * mean + 0.1 * mean_of(values);
      variance = 0.9 * variance + 0.1 * biased_variance_of(values) * n / (n - 1);
    }
    const double of_mean = layer.running_mean.value[c], of_variance = layer.running_variance.value[c];
    return Finding{std::abs(of_mean - mean) <= 1e-12 && std::abs(of_variance - variance) <= 1e-12,
                   fmt::format("mean {:.6g}, variance {:.6g}; expected {:.6g}, {:.6g}", of_mean, of_variance, mean, variance)};
  });
}

// ---- Optimisers.

// Sizes that leave remainders in vector loops, and one that threads share.
template <class T>
struct ThreeArrays {
  Var<T> large{Array<T>::full({(1 << 15) + 77}, T(0.5))}, matrix{Array<T>::full({3, 5}, T(-1))}, scalar{Array<T>::full({1}, T(2))};
};
template <class T, class F>
void visit(ThreeArrays<T>& model, F&& f) {
  f("large", model.large);
  f("matrix", model.matrix);
  f("scalar", model.scalar);
}

constexpr int n_optimiser_steps = 12;

// Gradients between 0.01 and 10 in size, of changing sign, exactly representable in float.
inline double gradient_at(std::int64_t i, int step) {
  return static_cast<float>(std::sin(1 + 0.7 * static_cast<double>(i % 1013) + 1.3 * step) * std::pow(10.0, static_cast<double>(i % 4) - 2));
}

// A rule moves p by one step (from 1) with gradient g; s is its state.
using Rule = std::function<void(double& p, double g, int step, double (&s)[2])>;

template <template <class> class Optimiser, class T, class Settings>
Finding follows_its_rule_in(const Settings& settings, const double (&initial_state)[2], const Rule& rule, double tolerance) {
  const nn::Parameters<T> initial = [] { ThreeArrays<T> model; return nn::Parameters<T>(model); }();
  ThreeArrays<T> model;
  const nn::Parameters<T> parameters(model);
  Optimiser<T> optimiser(parameters, settings);
  for (int step = 1; step <= n_optimiser_steps; ++step) {
    optimiser.begin_step();
    for (std::int32_t which = 2; which >= 0; --which) {
      const auto& entry = parameters.entries()[static_cast<std::size_t>(which)];
      Array<T> g(entry.window.shape());
      for (std::int64_t i = 0; i < g.size(); ++i) g.mutable_data()[i] = static_cast<T>(gradient_at(entry.offset + i, step));
      optimiser.update(which, g);
    }
  }
  double worst = 0;
  for (const auto& entry : initial.entries())
    for (std::int64_t i = entry.offset; i < entry.offset + entry.window.size(); ++i) {
      double p = initial.flat()[i], s[2] = {initial_state[0], initial_state[1]};
      for (int step = 1; step <= n_optimiser_steps; ++step) rule(p, gradient_at(i, step), step, s);
      worst = std::max(worst, std::abs(parameters.flat()[i] - p) / std::max(1.0, std::abs(p)));
    }
  return {worst <= tolerance, fmt::format("{:.2g} away from the written rule after {} steps", worst, n_optimiser_steps)};
}

// Steps are those of the rule. Each rounds p and a move of at most a few times its size: 20 epsilons a step are plenty, and
// 1e-12 far from enough for a wrong rule.
template <template <class> class Optimiser, class Settings>
Finding follows_its_rule(const Settings& settings, const double (&initial_state)[2], const Rule& rule) {
  const Finding in_double = follows_its_rule_in<Optimiser, double>(settings, initial_state, rule, 20 * n_optimiser_steps * 0x1p-52);
  return in_double ? follows_its_rule_in<Optimiser, float>(settings, initial_state, rule, 20 * n_optimiser_steps * 0x1p-23) : in_double;
}

// An Adam that restore(from, to) brings to another's state goes on as that one does, to the last bit.
template <class Restore>
Finding goes_on_from_its_state(const Restore& restore) {
  ThreeArrays<float> model_a, model_b;
  nn::Adam<float> first(nn::Parameters<float>(model_a), nn::AdamSettings{}), second(nn::Parameters<float>(model_b), nn::AdamSettings{});
  const auto step = [](nn::Adam<float>& adam, float g) {
    adam.begin_step();
    adam.update(1, Array<float>::full({3, 5}, g));
  };
  for (const float g : {1.0f, -2.0f, 3.0f}) step(first, g);
  restore(first, second);
  step(first, 0.5f);
  step(second, 0.5f);
  const bool same = std::ranges::equal(first.parameters().flat(), second.parameters().flat());
  return {same, same ? "goes on as before" : "the next step is another"};
}

}  // namespace laws
