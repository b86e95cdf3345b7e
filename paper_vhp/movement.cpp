#include "paper_vhp/movement.hpp"

#include "common/tensors/errors.hpp"

#include <algorithm>
#include <cmath>

namespace vhp {

using tensors::Array;

Array<float> resampled(const Array<float>& path, std::int64_t n) {
  tensors::require(path.shape().rank() == 2 && path.shape()[0] >= 2 && n >= 2, "resampled: {} places on a path {}", n, path.shape());
  const std::int64_t m = path.shape()[0], d = path.shape()[1];
  std::vector<double> along{0};  // the length up to each node
  for (std::int64_t i = 1; i < m; ++i) {
    double squares = 0;
    for (std::int64_t axis = 0; axis < d; ++axis) squares += std::pow(static_cast<double>(path[i * d + axis]) - path[(i - 1) * d + axis], 2);
    along.push_back(along.back() + std::sqrt(squares));
  }
  Array<float> result({n, d});
  std::int64_t piece = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    const double place = along.back() * static_cast<double>(i) / static_cast<double>(n - 1);
    while (piece < m - 2 && along[static_cast<std::size_t>(piece + 1)] < place) ++piece;
    const double from = along[static_cast<std::size_t>(piece)], length = along[static_cast<std::size_t>(piece + 1)] - from;
    const double share = i == n - 1 ? 1 : length > 0 ? (place - from) / length : 0;
    for (std::int64_t axis = 0; axis < d; ++axis)
      result.mutable_data()[i * d + axis] = static_cast<float>((1 - share) * path[piece * d + axis] + share * path[(piece + 1) * d + axis]);
  }
  return result;
}

Smoothness smoothness(std::span<const double> movement, const std::vector<Joint>& joints) {
  std::size_t width = 0;
  for (const Joint& joint : joints) width += joint.features.size();
  tensors::require(width > 0 && movement.size() % width == 0 && movement.size() >= 3 * width, "smoothness: {} angles are no three rows of {}",
                   movement.size(), width);
  const std::size_t n = movement.size() / width;
  Smoothness result;
  for (const Joint& joint : joints) {
    double squares = 0;
    for (std::size_t row = 1; row + 1 < n; ++row)
      for (const std::size_t c : joint.features)
        squares += std::pow(movement[(row + 1) * width + c] - 2 * movement[row * width + c] + movement[(row - 1) * width + c], 2);
    result.per_joint.push_back(std::sqrt(squares / static_cast<double>((n - 2) * joint.features.size())));
  }
  for (std::size_t row = 1; row < n; ++row) {
    double squares = 0;
    for (std::size_t c = 0; c < width; ++c) squares += std::pow(movement[row * width + c] - movement[(row - 1) * width + c], 2);
    result.largest_step = std::max(result.largest_step, std::sqrt(squares / static_cast<double>(width)));
  }
  return result;
}

}  // namespace vhp
