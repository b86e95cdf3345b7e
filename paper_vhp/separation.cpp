#include "paper_vhp/separation.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace vhp {
namespace {

using tensors::Array;

constexpr double apart_s = 0.25;

bool counts(const FrameCodes& codes, std::size_t i, std::size_t j) {
  return codes.motion[i] != codes.motion[j] || std::abs(codes.seconds[i] - codes.seconds[j]) > apart_s;
}

// log q(z | x_j) for all j, at one z.
std::vector<double> log_densities(const FrameCodes& codes, std::span<const float> z) {
  const std::size_t d = z.size(), n = static_cast<std::size_t>(codes.q.mean.shape()[0]);
  const float *mean = codes.q.mean.value().data(), *log_scale = codes.q.log_scale.value().data();
  std::vector<double> result(n);
  for (std::size_t j = 0; j < n; ++j) {
    double log_q = -0.5 * static_cast<double>(d) * std::log(2 * std::numbers::pi);
    for (std::size_t axis = 0; axis < d; ++axis) {
      const double standardised = (static_cast<double>(z[axis]) - mean[j * d + axis]) * std::exp(-static_cast<double>(log_scale[j * d + axis]));
      log_q -= 0.5 * standardised * standardised + log_scale[j * d + axis];
    }
    result[j] = log_q;
  }
  return result;
}

std::span<const float> row(const Array<float>& z, std::size_t i) {
  const auto d = static_cast<std::size_t>(z.shape()[1]);
  return {z.data() + i * d, d};
}

// The mean over motions of the share of frames whose answer is right.
double balanced_accuracy(std::span<const std::size_t> motion, std::span<const std::size_t> answers, std::size_t n_motions) {
  std::vector<double> right(n_motions), all(n_motions);
  for (std::size_t i = 0; i < motion.size(); ++i) {
    ++all[motion[i]];
    right[motion[i]] += motion[i] == answers[i];
  }
  double sum = 0;
  for (std::size_t m = 0; m < n_motions; ++m) sum += right[m] / std::max(all[m], 1.0);
  return sum / static_cast<double>(n_motions);
}

}  // namespace

Separation separation(const FrameCodes& codes, const Array<float>& z, tensors::Stream stream, int n_deals) {
  const std::size_t n = codes.motion.size(), n_motions = *std::ranges::max_element(codes.motion) + 1;
  tensors::require(codes.q.mean.shape() == z.shape() && codes.seconds.size() == n && static_cast<std::size_t>(z.shape()[0]) == n && n_deals > 1,
                   "separation: {} motions, draws {}, posteriors {}", n, z.shape(), codes.q.mean.shape());
  // The frames' own motions, then the deals.
  std::vector<std::vector<std::size_t>> labels{codes.motion};
  for (int deal = 0; deal < n_deals; ++deal) {
    labels.emplace_back();
    for (const std::int64_t from : stream.permutation(static_cast<std::int64_t>(n)))
      labels.back().push_back(codes.motion[static_cast<std::size_t>(from)]);
  }
  std::vector<std::vector<std::size_t>> answers(labels.size(), std::vector<std::size_t>(n));
  std::vector<std::size_t> neighbours(n);
  for (std::size_t i = 0; i < n; ++i) {
    std::vector<double> weight = log_densities(codes, row(z, i));
    double largest = -std::numeric_limits<double>::infinity();
    for (std::size_t j = 0; j < n; ++j)
      if (counts(codes, i, j)) largest = std::max(largest, weight[j]);
    for (std::size_t j = 0; j < n; ++j) weight[j] = counts(codes, i, j) ? std::exp(weight[j] - largest) : 0;
    for (std::size_t l = 0; l < labels.size(); ++l) {
      std::vector<double> mass(n_motions), n_counted(n_motions);
      for (std::size_t j = 0; j < n; ++j) {
        mass[labels[l][j]] += weight[j];
        n_counted[labels[l][j]] += counts(codes, i, j);
      }
      for (std::size_t m = 0; m < n_motions; ++m) mass[m] /= std::max(n_counted[m], 1.0);
      answers[l][i] = static_cast<std::size_t>(std::ranges::max_element(mass) - mass.begin());
    }

    double nearest = std::numeric_limits<double>::infinity();
    const auto own = row(codes.q.mean.value(), i);
    for (std::size_t j = 0; j < n; ++j) {
      if (!counts(codes, i, j)) continue;
      const auto other = row(codes.q.mean.value(), j);
      double squares = 0;
      for (std::size_t axis = 0; axis < own.size(); ++axis) squares += std::pow(static_cast<double>(own[axis]) - other[axis], 2);
      if (squares < nearest) nearest = squares, neighbours[i] = codes.motion[j];
    }
  }

  Separation result{.overlap_accuracy = balanced_accuracy(codes.motion, answers[0], n_motions),
                    .neighbour_accuracy = balanced_accuracy(codes.motion, neighbours, n_motions)};
  double squares = 0;
  for (std::size_t l = 1; l < labels.size(); ++l) {
    const double accuracy = balanced_accuracy(labels[l], answers[l], n_motions);
    result.chance += accuracy / n_deals;
    squares += accuracy * accuracy / n_deals;
  }
  result.chance_sd = std::sqrt(std::max(0.0, squares - result.chance * result.chance) * n_deals / (n_deals - 1));
  return result;
}

std::vector<double> log_aggregated_posterior(const FrameCodes& codes, const Array<float>& z) {
  std::vector<double> result;
  for (std::size_t i = 0; i < static_cast<std::size_t>(z.shape()[0]); ++i) {
    const std::vector<double> log_q = log_densities(codes, row(z, i));
    const double largest = *std::ranges::max_element(log_q);
    double sum = 0;
    for (const double value : log_q) sum += std::exp(value - largest);
    result.push_back(largest + std::log(sum / static_cast<double>(log_q.size())));
  }
  return result;
}

}  // namespace vhp
