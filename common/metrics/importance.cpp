#include "common/metrics/importance.hpp"

#include <xtensor/xadapt.hpp>
#include <xtensor/xmath.hpp>
#include <xtensor/xsort.hpp>
#include <xtensor/xtensor.hpp>
#include <xtensor/xview.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

namespace metrics {
namespace {

using Vector = xt::xtensor<double, 1>;
using Matrix = xt::xtensor<double, 2>;

void require_finite(std::span<const double> log_weights, std::int64_t n_chunk, std::int64_t n_before) {
  const auto found = std::ranges::find_if_not(log_weights, [](double value) { return std::isfinite(value); });
  if (found == log_weights.end()) return;
  const std::int64_t position = found - log_weights.begin();
  throw tensors::Divergence(
      fmt::format("importance likelihood: log w of image {}, sample {} is {}; the model's or the proposal's density left the finite",
                  position / n_chunk, n_before + position % n_chunk, *found));
}

Vector column(std::span<const ImportanceEstimate> images, double (*value)(const ImportanceEstimate&)) {
  Vector result = Vector::from_shape({images.size()});
  std::ranges::transform(images, result.begin(), value);
  return result;
}

}  // namespace

ImportanceLikelihood::ImportanceLikelihood(std::int64_t n_images) {
  tensors::require(n_images >= 1, "importance likelihood: {} images", n_images);
  const auto size = static_cast<std::size_t>(n_images);
  peak_.assign(size, -std::numeric_limits<double>::infinity());
  mean_.assign(size, 0);
  deviations_.assign(size, 0);
}

template <class T>
void ImportanceLikelihood::add(const tensors::Array<T>& log_weights) {
  const tensors::Shape& shape = log_weights.shape();
  const bool one_each = shape.rank() == 1;
  tensors::require((one_each || shape.rank() == 2) && shape[0] == std::ssize(peak_) && (one_each || shape[1] >= 1),
                   "importance likelihood: log w has shape {}, not [{}] or [{}, s]", to_string(shape), peak_.size(), peak_.size());
  const std::int64_t n_chunk = one_each ? 1 : shape[1];

  Matrix log_w = Matrix::from_shape({peak_.size(), static_cast<std::size_t>(n_chunk)});  // [B, s]
  std::ranges::copy(log_weights.elements(), log_w.begin());
  require_finite({log_w.data(), log_w.size()}, n_chunk, n_samples_);

  // The chunk alone: weights relative to the largest so far, their mean and squared deviations.
  auto peak = xt::adapt(peak_);
  const Vector old_peak = peak;
  peak = xt::maximum(old_peak, xt::amax(log_w, {1}));
  const Matrix w = xt::exp(log_w - xt::view(peak, xt::all(), xt::newaxis()));
  const Vector chunk_mean = xt::mean(w, {1});
  const Vector chunk_deviations = xt::sum(xt::square(w - xt::view(chunk_mean, xt::all(), xt::newaxis())), {1});

  // What was held, relative to the new peak; then both together (Chan, Golub and LeVeque, 1983).
  auto mean = xt::adapt(mean_);
  auto deviations = xt::adapt(deviations_);
  const Vector rescale = xt::exp(old_peak - peak);
  const double n_old = static_cast<double>(n_samples_), n_new = static_cast<double>(n_chunk);
  mean *= rescale;
  const Vector shift = chunk_mean - mean;
  deviations = deviations * xt::square(rescale) + chunk_deviations + xt::square(shift) * (n_old * n_new / (n_old + n_new));
  mean += shift * (n_new / (n_old + n_new));
  n_samples_ += n_chunk;
}

std::vector<ImportanceEstimate> ImportanceLikelihood::estimates() const {
  tensors::require(n_samples_ >= 1, "importance likelihood: no samples were added");
  const double n = static_cast<double>(n_samples_);
  std::vector<ImportanceEstimate> result(peak_.size());
  for (std::size_t image = 0; image < result.size(); ++image) {
    const double relative_deviations = deviations_[image] / (mean_[image] * mean_[image]);
    result[image].log_p_nats = peak_[image] + std::log(mean_[image]);
    if (n_samples_ > 1) result[image].standard_error_nats = std::sqrt(relative_deviations / (n * (n - 1)));
    result[image].effective_samples = n / (1 + relative_deviations / n);
  }
  return result;
}

LikelihoodSummary summarise(std::span<const ImportanceEstimate> images) {
  tensors::require(!images.empty(), "likelihood summary: no images");
  const Vector nll = column(images, [](const ImportanceEstimate& image) { return -image.log_p_nats; });
  const Vector effective = column(images, [](const ImportanceEstimate& image) { return image.effective_samples; });

  const auto n = static_cast<double>(images.size());
  LikelihoodSummary summary;
  summary.n_images = std::ssize(images);
  summary.nll_nats = xt::mean(nll)();
  if (images.size() > 1) summary.standard_error_nats = std::sqrt(xt::sum(xt::square(nll - summary.nll_nats))() / (n - 1)) / std::sqrt(n);
  summary.min_effective_samples = xt::amin(effective)();
  summary.median_effective_samples = xt::median(effective);
  if (std::ranges::all_of(images, [](const ImportanceEstimate& image) { return image.standard_error_nats.has_value(); })) {
    const Vector errors = column(images, [](const ImportanceEstimate& image) { return *image.standard_error_nats; });
    summary.mean_within_image_error_nats = xt::mean(errors)();
    summary.monte_carlo_error_nats = std::sqrt(xt::sum(xt::square(errors))()) / n;
  }
  return summary;
}

template void ImportanceLikelihood::add(const tensors::Array<float>&);
template void ImportanceLikelihood::add(const tensors::Array<double>&);

}  // namespace metrics
