#include "paper_hvae/image_evaluation.hpp"

#include "common/autodiff/functions.hpp"
#include "common/datasets/binarisation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

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

std::vector<double> pooled_nll(std::span<const Evaluation> evaluations) {
  std::vector<double> pooled;
  for (std::size_t i = 0; i < evaluations.front().nll_by_image.size(); ++i) {
    double least = evaluations.front().nll_by_image[i], sum = 0;
    for (const Evaluation& e : evaluations) least = std::min(least, e.nll_by_image[i]);
    for (const Evaluation& e : evaluations) sum += std::exp(least - e.nll_by_image[i]);
    pooled.push_back(least - std::log(sum / static_cast<double>(evaluations.size())));
  }
  return pooled;
}

Excess excess(std::span<const double> bound_by_image, std::span<const double> nll_by_image) {
  const auto n = static_cast<double>(bound_by_image.size());
  double sum = 0, squares = 0;
  for (std::size_t i = 0; i < bound_by_image.size(); ++i) sum += bound_by_image[i] + nll_by_image[i];
  for (std::size_t i = 0; i < bound_by_image.size(); ++i) squares += std::pow(bound_by_image[i] + nll_by_image[i] - sum / n, 2);
  return {sum / n, std::sqrt(squares / (n * (n - 1)))};
}

void check_bound(experiments::Run& run, const datasets::ImageSet& set, const LogEstimates& bound, std::span<const double> nll_by_image,
    const std::string& name) {
  const Excess above = excess(evaluate(set, 10, bound, run, "bound").elbo_by_image, nll_by_image);
  run.health(name + " is not above the likelihood", above.is_noise(),
             fmt::format("bound less log p(x), of draws of its own: {:.2f} +- {:.2f} nats", above.nats, above.error_nats));
}

double mean_over_chunks(const datasets::ImageSet& set, const datasets::PixelMap& map, std::int64_t chunk, const ChunkValues& values) {
  double total = 0;
  std::vector<std::int64_t> rows;
  for (std::int64_t begin = 0; begin < set.n; begin += chunk) {
    rows.clear();
    for (std::int64_t i = begin; i < std::min(set.n, begin + chunk); ++i) rows.push_back(i);
    total += sum(values(autodiff::Var<float>(datasets::gather(set, rows, map)), static_cast<std::uint64_t>(begin))).item();
  }
  return total / static_cast<double>(set.n);
}

}  // namespace hvae
