#include "common/datasets/image_set.hpp"

#include <algorithm>
#include <numeric>

namespace datasets {
namespace {

Split divide(const ImageSet& set, std::int64_t n_held_out, std::span<const std::int64_t> order) {
  tensors::require(n_held_out >= 0 && n_held_out <= set.n, "split: {} held out of {} images", n_held_out, set.n);
  const auto n_training = static_cast<std::size_t>(set.n - n_held_out);
  return {select(set, order.first(n_training)), select(set, order.subspan(n_training))};
}

std::vector<std::int64_t> ascending(std::int64_t n) {
  std::vector<std::int64_t> rows(static_cast<std::size_t>(n));
  std::iota(rows.begin(), rows.end(), 0);
  return rows;
}

}  // namespace

ImageSet select(const ImageSet& set, std::span<const std::int64_t> rows) {
  ImageSet result{static_cast<std::int64_t>(rows.size()), set.height, set.width, {}, {}, set.sha256, set.stand_in};
  result.pixels.reserve(rows.size() * static_cast<std::size_t>(set.image_size()));
  result.labels.reserve(set.labels.empty() ? 0 : rows.size());
  for (std::int64_t row : rows) {
    tensors::require(row >= 0 && row < set.n, "select: row {} of {} images", row, set.n);
    const auto image = set.image(row);
    result.pixels.insert(result.pixels.end(), image.begin(), image.end());
    if (!set.labels.empty()) result.labels.push_back(set.labels[static_cast<std::size_t>(row)]);
  }
  return result;
}

ImageSet first(const ImageSet& set, std::int64_t n) {
  tensors::require(n >= 0 && n <= set.n, "first: {} of {} images", n, set.n);
  return select(set, ascending(n));
}

std::vector<std::int64_t> first_of_each_digit(const ImageSet& set) {
  std::vector<std::int64_t> rows;
  for (std::uint8_t digit = 0; digit < 10; ++digit)
    if (const auto found = std::ranges::find(set.labels, digit); found != set.labels.end()) rows.push_back(found - set.labels.begin());
  return rows;
}

Split hold_out_last(const ImageSet& set, std::int64_t n_held_out) { return divide(set, n_held_out, ascending(set.n)); }

Split hold_out_random(const ImageSet& set, std::int64_t n_held_out, tensors::Stream stream) {
  return divide(set, n_held_out, stream.permutation(set.n));
}

}  // namespace datasets
