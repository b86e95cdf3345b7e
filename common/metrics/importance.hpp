// The importance-sampled log-likelihood of latent-variable models (Burda et al., 2016; Rezende et al., 2014).
//
// With z_s ~ q(z | x) and w_s = p(x, z_s) / q(z_s | x), the mean of S weights estimates p(x) without bias, so
//
//   log p^(x) = log (1/S) sum_s w_s
//
// lies below log p(x) in expectation (Jensen), and rises to it as S grows: its bias is -v/2 to leading order, where
// v = var(w) / (S E[w]^2) is, to the same order, its variance. Both are estimated from the same weights: a standard
// error of 0.3 nats says that the estimate is about 0.045 nats low. The error is only as good as the weights seen; a
// proposal that misses a mode shows neither in it nor in the effective sample size.
#pragma once

#include "common/tensors/array.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace metrics {

// What S weights say of one image.
struct ImportanceEstimate {
  double log_p_nats = 0;                      // log p^(x)
  std::optional<double> standard_error_nats;  // of log p^(x) by the delta method, sd(w) / (mean(w) sqrt(S)); none for S = 1
  double effective_samples = 0;               // (sum w)^2 / sum w^2, in [1, S]
};

// Gathers log-weights as they are drawn, for a batch of images, keeping three numbers per image: any S fits in memory.
class ImportanceLikelihood {
 public:
  explicit ImportanceLikelihood(std::int64_t n_images);  // B >= 1

  // Takes log w, [B] (one sample of every image) or [B, s] (s of each). Any finite magnitude is safe: weights are held
  // relative to the largest seen. Throws tensors::Divergence where one is not finite, and then keeps none of them.
  template <class T>
  void add(const tensors::Array<T>& log_weights);

  std::int64_t n_samples() const { return n_samples_; }  // S so far

  // One estimate per image, in the order of the batch; S >= 1.
  std::vector<ImportanceEstimate> estimates() const;

 private:
  std::int64_t n_samples_ = 0;
  std::vector<double> peak_;        // [B] largest log w
  std::vector<double> mean_;        // [B] mean of exp(log w - peak)
  std::vector<double> deviations_;  // [B] sum of squared deviations from that mean
};

// What the estimates of all images, over all batches, say of a model.
struct LikelihoodSummary {
  std::int64_t n_images = 0;
  double nll_nats = 0;                        // mean of -log p^(x)
  std::optional<double> standard_error_nats;  // for images drawn from the same source: sd over images / sqrt(n); none for n = 1
  std::optional<double> monte_carlo_error_nats;    // for these very images: root of the summed squared errors, / n; none for S = 1
  std::optional<double> mean_within_image_error_nats;  // mean of the images' standard errors; none for S = 1
  double min_effective_samples = 0, median_effective_samples = 0;
};

// The mean NLL with its errors; one or more images.
LikelihoodSummary summarise(std::span<const ImportanceEstimate> images);

}  // namespace metrics
