#include "paper_hvae/image_evaluation.hpp"

#include "common/datasets/binarisation.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace hvae {

Evaluation evaluate(const datasets::ImageSet& set, std::int64_t n_samples, const LogEstimates& log_p_hat, experiments::Run& run,
    const std::string& note) {
  constexpr std::int64_t n_at_once = 10, most_draws = 100;
  std::vector<metrics::ImportanceEstimate> all;
  Evaluation result;
  std::vector<std::int64_t> rows;
  std::uint64_t step = 0;
  for (std::int64_t begin = 0; begin < set.n; begin += n_at_once) {
    const std::int64_t n = std::min(n_at_once, set.n - begin);
    metrics::ImportanceLikelihood images(n);
    result.elbo_by_image.resize(static_cast<std::size_t>(begin + n), 0.0);
    for (std::int64_t done = 0; done < n_samples;) {
      const std::int64_t draws = std::min(most_draws, n_samples - done);
      rows.clear();
      for (std::int64_t i = 0; i < n; ++i) rows.insert(rows.end(), static_cast<std::size_t>(draws), begin + i);
      const tensors::Array<float> log_weights = log_p_hat(autodiff::Var<float>(datasets::gather(set, rows, datasets::grey())), step++);
      for (std::int64_t i = 0; i < n * draws; ++i) {
        result.elbo_nats += log_weights[i];
        result.elbo_by_image[static_cast<std::size_t>(begin + i / draws)] += log_weights[i] / static_cast<double>(n_samples);
      }
      images.add(log_weights.reshaped({n, draws}));
      done += draws;
    }
    for (const auto& estimate : images.estimates()) {
      all.push_back(estimate);
      result.nll_by_image.push_back(-estimate.log_p_nats);
    }
    run.progress(1, 1, fmt::format("{} {:.0f} %", note, 100.0 * static_cast<double>(begin + n) / static_cast<double>(set.n)));
  }
  result.elbo_nats /= static_cast<double>(set.n * n_samples);
  result.likelihood = metrics::summarise(all);
  return result;
}

}  // namespace hvae
