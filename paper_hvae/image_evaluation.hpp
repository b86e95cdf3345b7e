// The likelihood of held-out images by importance sampling, for both programs.
#pragma once

#include "common/autodiff/var.hpp"
#include "common/datasets/image_set.hpp"
#include "common/experiments/experiment.hpp"
#include "common/metrics/importance.hpp"

#include <functional>
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

}  // namespace hvae
