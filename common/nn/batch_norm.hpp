// Batch normalisation (Ioffe and Szegedy, 2015), with PyTorch's conventions.
//
// A model is a function of its parameters, and training must not make it anything else: a pass through the model may be
// run twice, differentiated inside another, or thrown away. So a layer never writes its running statistics. A training
// pass *notes* the statistics of the batch where it was given a place, and after the step the trainer applies them:
//
//   nn::BatchStatistics<float> met;
//   nn::train_step(model, optimiser, [&](const Model& m) { return loss(m, x, nn::Pass<float>::training(met)); });
//   met.update_running();
//
// The running statistics themselves are buffers (parameters.hpp): checkpoints and exported weights hold them.
#pragma once

#include "common/autodiff/batch_norm.hpp"
#include "common/nn/parameters.hpp"

namespace nn {

// The statistics of the batches that a training pass met, in the order in which it met them.
template <class T>
class BatchStatistics {
 public:
  // mean, unbiased variance: [C]; running_mean, running_variance: the buffers that they will move, by `momentum`.
  void note(const Buffer<T>& running_mean, const Buffer<T>& running_variance, const Array<T>& mean, const Array<T>& variance, T momentum) {
    notes_.push_back({running_mean.value, mean, momentum});
    notes_.push_back({running_variance.value, variance, momentum});
  }

  // running = (1 - momentum) running + momentum met, for all that was noted; it is forgotten then.
  void update_running() {
    for (const Note& note : notes_) {
      T* running = note.running.data_for_update();
      for (std::int64_t c = 0; c < note.met.size(); ++c) running[c] = (T(1) - note.momentum) * running[c] + note.momentum * note.met[c];
    }
    notes_.clear();
  }

 private:
  struct Note {
    Array<T> running, met;
    T momentum;
  };
  std::vector<Note> notes_;
};

// What a pass through a model is for. Evaluation normalises by the running statistics, so an example's result does not
// depend on the others; training by those of the batch itself.
template <class T>
class Pass {
 public:
  static Pass evaluation() { return Pass(false, nullptr); }
  static Pass training() { return Pass(true, nullptr); }  // noting nothing
  static Pass training(BatchStatistics<T>& met) { return Pass(true, &met); }

  bool is_training() const { return training_; }
  BatchStatistics<T>* met() const { return met_; }  // or null

 private:
  Pass(bool training, BatchStatistics<T>* met) : training_(training), met_(met) {}
  bool training_;
  BatchStatistics<T>* met_;
};

template <class T>
struct Normalised {
  Var<T> y;
  Array<T> mean, variance;  // of the batch, [C]; biased
};

// The definition, in elementary primitives; x [B, C] or [B, C, H, W], weight and bias [C].
template <class T>
Normalised<T> normalised_composite(const Var<T>& x, const Var<T>& weight, const Var<T>& bias, T epsilon) {
  const Var<T> scale = autodiff::per_channel(weight, x.shape());  // [C] or [C, 1, 1], as all below
  const auto n = static_cast<T>(x.shape().size() / weight.shape()[0]);
  const Var<T> mean = sum_to(x, scale.shape()) / n;
  const Var<T> centred = x - mean;
  const Var<T> variance = sum_to(square(centred), scale.shape()) / n;
  const Var<T> y = centred * (pow(variance + epsilon, T(-0.5)) * scale) + autodiff::per_channel(bias, x.shape());
  return {y, mean.value().reshaped(weight.shape()), variance.value().reshaped(weight.shape())};
}

// The same by the fused primitives, which pay where a channel has many values in a row.
template <class T>
Normalised<T> normalised_fused(const Var<T>& x, const Var<T>& weight, const Var<T>& bias, T epsilon) {
  const auto of_x = autodiff::channel_moments(x.value(), epsilon);
  return {batch_norm(x, weight, bias, of_x), of_x.mean, of_x.variance};
}

// y = (x - mean) / sqrt(variance + epsilon) weight + bias, channel by channel: x [B, C] or [B, C, H, W], mean and variance
// over all axes but that of the channels. In training mean and (biased) variance are the batch's, which needs at least
// two values a channel; the running variance follows the unbiased one.
template <class T>
struct BatchNorm {
  Var<T> weight, bias;                       // [C]
  Buffer<T> running_mean, running_variance;  // [C]
  T momentum = T(0.1), epsilon = T(1e-5);

  BatchNorm() = default;
  explicit BatchNorm(std::int64_t n_channels)
      : weight(Array<T>::full({n_channels}, T(1))),
        bias(Array<T>::zeros({n_channels})),
        running_mean{Array<T>::zeros({n_channels})},
        running_variance{Array<T>::full({n_channels}, T(1))} {}

  Var<T> operator()(const Var<T>& x, const Pass<T>& pass) const {
    const Shape& shape = x.shape();
    tensors::require((shape.rank() == 2 || shape.rank() == 4) && shape[1] == weight.shape()[0],
                     "batch normalisation: x is {}, not [B, {}] or [B, {}, H, W]", shape, weight.shape()[0], weight.shape()[0]);
    return pass.is_training() ? by_batch(x, pass) : by_running(x);
  }

 private:
  Var<T> by_batch(const Var<T>& x, const Pass<T>& pass) const {
    const std::int64_t n = x.shape().size() / weight.shape()[0];
    tensors::require(n > 1, "batch normalisation: {} has {} value a channel; training needs two", x.shape(), n);
    const Normalised<T> batch = x.shape().rank() == 4 ? normalised_fused(x, weight, bias, epsilon) : normalised_composite(x, weight, bias, epsilon);
    if (pass.met()) {
      const Var<T> unbiased = Var<T>(batch.variance) * (static_cast<T>(n) / static_cast<T>(n - 1));
      pass.met()->note(running_mean, running_variance, batch.mean, unbiased.value(), momentum);
    }
    return batch.y;
  }

  Var<T> by_running(const Var<T>& x) const {
    const Var<T> scale = weight * pow(Var<T>(running_variance.value) + epsilon, T(-0.5));  // [C]
    const Var<T> offset = bias - Var<T>(running_mean.value) * scale;                       // [C]
    return x * autodiff::per_channel(scale, x.shape()) + autodiff::per_channel(offset, x.shape());
  }
};

template <class T, class F>
void visit(BatchNorm<T>& layer, F&& f) {
  f("weight", layer.weight);
  f("bias", layer.bias);
  f("running_mean", layer.running_mean);
  f("running_variance", layer.running_variance);
}

}  // namespace nn
