// Laws of flows and of the estimators made of them.
#pragma once

#include "common/autodiff/grad.hpp"
#include "common/tensors/random.hpp"
#include "paper_hvae/gaussian_model.hpp"
#include "paper_hvae/hvae.hpp"
#include "tests/hvae/determinant.hpp"
#include "tests/laws.hpp"

namespace laws {

using autodiff::Var;
using tensors::Shape;

inline double largest_difference(const Var<double>& a, const Var<double>& b) {
  double largest = 0;
  for (std::int64_t i = 0; i < a.shape().size(); ++i) largest = std::max(largest, std::abs(a.value()[i] - b.value()[i]));
  return largest;
}

// There, and back with the momentum turned round, is where it began: flow(PhaseState) -> PhaseState.
template <class Flow>
Finding reverses(const Flow& flow, const hvae::PhaseState<double>& start) {
  const hvae::PhaseState<double> there = flow(start), back = flow(hvae::PhaseState<double>{there.z, -there.rho});
  const double off = std::max(largest_difference(back.z, start.z), largest_difference(back.rho, -start.rho));
  return {off <= 1e-12, fmt::format("comes back {:.2g} away", off)};
}

// Where a batch goes, [B, m] from its start [B, d], its first row does not depend on where the last one starts.
template <class Map>
Finding keeps_rows_apart(const Map& map, const Var<double>& start) {
  const std::int64_t B = start.shape()[0], d = start.shape()[1];
  Array<double> moved = start.value().copy();
  for (std::int64_t j = 0; j < d; ++j) moved.mutable_data()[(B - 1) * d + j] += 0.7;
  const double off = largest_difference(slice(map(start), 0, 0, 1), slice(map(Var<double>(moved)), 0, 0, 1));
  return {off <= 1e-13, fmt::format("the first row moves by {:.2g}", off)};
}

// The Jacobian of a map of one draw [n_sets, 1, d] of the first data set, row by row, by reverse differentiation.
template <class Map>
std::vector<std::vector<double>> jacobian(const Map& map, const Var<double>& z_0) {
  const std::int64_t d = z_0.shape()[2];
  std::vector<std::vector<double>> rows;
  for (std::int64_t i = 0; i < d; ++i) {
    const auto g = autodiff::grad<double>([&](const Var<double>& z) { return sum(slice(slice(map(z).z, 2, i, 1), 0, 0, 1)); })(z_0);
    rows.emplace_back(g.value().begin(), g.value().begin() + d);
  }
  return rows;
}

// map(z_0).log_det is that of the map's Jacobian.
template <class Map>
Finding log_determinant_is_the_jacobians(const Map& map, const Var<double>& z_0) {
  const double claimed = map(z_0).log_det.value()[0], exact = std::log(std::abs(determinant(jacobian(map, z_0))));
  return {std::abs(claimed - exact) <= 1e-10 * std::max(1.0, std::abs(exact)),
          fmt::format("log|det| {:.6g}, of the Jacobian {:.6g}", claimed, exact)};
}

// A Gaussian model of one dimension, and data so vague that weights are tame.
inline Var<double> number(double value) { return Var<double>(Array<double>({1, 1, 1}, {value})); }
inline hvae::SufficientStatistics<double> vague_data() { return {2, number(0.6), number(1.5)}; }
inline hvae::GaussianParameters<double> vague_parameters() { return {number(0.1), number(0.2)}; }
inline double vague_log_p() { return hvae::exact_log_p(2, 0.6, 1.5, 0.1, std::exp(0.2)); }

// exp(log_p_hat(z_0, gamma)) has the mean p(D) over standard normal z_0, gamma [M, 1, 1], on the model above.
template <class Estimator>
Finding estimates_p_without_bias(const Estimator& log_p_hat, std::uint64_t step = 0) {
  constexpr std::int64_t M = 200'000;
  tensors::Stream noise(5, "unbiased", step);
  const Var<double> z_0(noise.normal<double>({M, 1, 1})), gamma(noise.normal<double>({M, 1, 1}));
  const Var<double> ratio = exp(log_p_hat(z_0, gamma) - vague_log_p());
  return mean_is(ratio.value().elements(), 1);
}

}  // namespace laws
