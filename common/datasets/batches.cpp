#include "common/datasets/batches.hpp"

#include <algorithm>
#include <numeric>

namespace datasets {
namespace {

void prefetch(std::span<const std::uint8_t> image) {
  constexpr std::size_t cache_line = 64;
  for (std::size_t at = 0; at < image.size(); at += cache_line) __builtin_prefetch(image.data() + at);
}

}  // namespace

BatchOrder::BatchOrder(std::int64_t n, std::int64_t batch_size, std::uint64_t seed, LastBatch last)
    : n_(n), batch_size_(batch_size), shuffle_(seed, "shuffle") {
  tensors::require(batch_size >= 1 && n >= batch_size, "batches: {} images in batches of {}", n, batch_size);
  batches_per_epoch_ = (n + (last == LastBatch::keep ? batch_size - 1 : 0)) / batch_size;
}

std::span<const std::int64_t> BatchOrder::rows(std::int64_t step) {
  if (epoch_of(step) != epoch_) {
    epoch_ = epoch_of(step);
    order_ = shuffle_.at(static_cast<std::uint64_t>(epoch_)).permutation(n_);
  }
  const std::int64_t begin = step % batches_per_epoch_ * batch_size_;
  return std::span<const std::int64_t>(order_).subspan(static_cast<std::size_t>(begin),
                                                       static_cast<std::size_t>(std::min(batch_size_, n_ - begin)));
}

tensors::Array<float> gather(const ImageSet& set, std::span<const std::int64_t> rows, const PixelMap& map) {
  const std::int64_t size = set.image_size();
  tensors::Array<float> batch({static_cast<std::int64_t>(rows.size()), size});
  float* target = batch.mutable_data();
  for (std::size_t i = 0; i < rows.size(); ++i, target += size) {
    if (i + 1 < rows.size()) prefetch(set.image(rows[i + 1]));
    const std::uint8_t* source = set.image(rows[i]).data();
    for (std::int64_t j = 0; j < size; ++j) target[j] = map[source[j]];
  }
  return batch;
}

tensors::Array<float> gather_labels(const ImageSet& set, std::span<const std::int64_t> rows, std::int64_t n_classes) {
  tensors::require(set.labels.size() == static_cast<std::size_t>(set.n), "gather_labels: {} images with {} labels", set.n, set.labels.size());
  auto batch = tensors::Array<float>::zeros({static_cast<std::int64_t>(rows.size()), n_classes});
  float* target = batch.mutable_data();
  for (std::size_t i = 0; i < rows.size(); ++i, target += n_classes) {
    const std::int64_t label = set.labels[static_cast<std::size_t>(rows[i])];
    tensors::require(label < n_classes, "gather_labels: label {} of {} classes", label, n_classes);
    target[label] = 1;
  }
  return batch;
}

tensors::Array<float> gather_all(const ImageSet& set, const PixelMap& map) {
  std::vector<std::int64_t> rows(static_cast<std::size_t>(set.n));
  std::iota(rows.begin(), rows.end(), 0);
  return gather(set, rows, map);
}

}  // namespace datasets
