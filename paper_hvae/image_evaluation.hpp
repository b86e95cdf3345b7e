// The likelihood of held-out images by importance sampling, for both programs.
#pragma once

#include "common/autodiff/var.hpp"
#include "common/datasets/batches.hpp"
#include "common/experiments/experiment.hpp"
#include "common/metrics/importance.hpp"

#include <functional>
#include <span>
#include <string>
#include <vector>

namespace hvae {

// Draws of log p-hat: their log-mean is the log-likelihood, their mean the bound.
struct Evaluation {
  metrics::LikelihoodSummary likelihood;
  double elbo_nats = 0;
  std::vector<double> nll_by_image, elbo_by_image;
};

// One draw of log p-hat for every row of x [n, pixels]; the step numbers the calls, for the noise.
using LogEstimates = std::function<tensors::Array<float>(const autodiff::Var<float>& x, std::uint64_t step)>;

// n_samples draws for every image of a binarised set; `note` names it in the progress.
Evaluation evaluate(const datasets::ImageSet& set, std::int64_t n_samples, const LogEstimates& log_p_hat, experiments::Run& run,
    const std::string& note);

// Minus log p(x) of each image from several estimators of p(x): the mean of p-hat over all of them, which is as unbiased as each.
// (The highest of several noisy estimates is not: it lies above p(x) where the noise is large enough.)
std::vector<double> pooled_nll(std::span<const Evaluation> evaluations);

// A bound lies below the likelihood: for the same draws by Jensen's inequality, whatever the model. So the bound comes from draws of
// its own, and may lie above the likelihood by the noise.
struct Excess {
  double nats = 0, error_nats = 0;  // bound less log p(x), mean over images; its standard error
  bool is_noise() const { return nats <= 4 * error_nats; }
};
Excess excess(std::span<const double> bound_by_image, std::span<const double> nll_by_image);  // two images or more

// That the bound, ten draws for each image, does not exceed the likelihood: a health check of the cell.
void check_bound(experiments::Run& run, const datasets::ImageSet& set, const LogEstimates& bound, std::span<const double> nll_by_image,
    const std::string& name);

// The mean over a set, a chunk of images at a time: `values` has one for every row of x, and is told where the chunk begins.
using ChunkValues = std::function<autodiff::Var<float>(const autodiff::Var<float>& x, std::uint64_t begin)>;
double mean_over_chunks(const datasets::ImageSet& set, const datasets::PixelMap& map, std::int64_t chunk, const ChunkValues& values);

}  // namespace hvae
