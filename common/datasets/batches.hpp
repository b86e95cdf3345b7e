// Which images a training step sees, and their pixels as floats. This is inside the training step: after the first step
// nothing is allocated but the pooled array of the batch (and a new order once an epoch).
#pragma once

#include "common/datasets/image_set.hpp"
#include "common/tensors/array.hpp"

#include <array>

namespace datasets {

enum class LastBatch { keep, drop };  // what becomes of a last batch that is not full

// The rows of every batch: in each epoch a new random order of 0 .. n-1, cut into batches. The rows of a step depend on
// seed and step alone, so a resumed run sees the batches that it would have seen.
class BatchOrder {
 public:
  // n >= batch_size >= 1
  BatchOrder(std::int64_t n, std::int64_t batch_size, std::uint64_t seed, LastBatch last = LastBatch::keep);

  std::int64_t batches_per_epoch() const { return batches_per_epoch_; }
  std::int64_t epoch_of(std::int64_t step) const { return step / batches_per_epoch_; }

  // The rows of the batch of a step, counted from 0 over all epochs; valid until the next call.
  std::span<const std::int64_t> rows(std::int64_t step);

 private:
  std::int64_t n_, batch_size_, batches_per_epoch_;
  tensors::Stream shuffle_;
  std::int64_t epoch_ = -1;
  std::vector<std::int64_t> order_;
};

// What each pixel value becomes.
using PixelMap = std::array<float, 256>;

// The given images, every pixel mapped: [rows, height * width]. `rows` lie within the set.
tensors::Array<float> gather(const ImageSet& set, std::span<const std::int64_t> rows, const PixelMap& map);

// The labels of the given images as one-hot rows, [rows, n_classes]. A label from n_classes on throws std::invalid_argument.
tensors::Array<float> gather_labels(const ImageSet& set, std::span<const std::int64_t> rows, std::int64_t n_classes);

// All images of a set, in its order.
tensors::Array<float> gather_all(const ImageSet& set, const PixelMap& map);

}  // namespace datasets
