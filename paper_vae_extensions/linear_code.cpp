// # The best linear code of the faces
//
// One cell without training; its values stand beside those of the networks.
#include "paper_vae_extensions/linear_code.hpp"

#include "common/datasets/binarisation.hpp"
#include "common/datasets/frey_faces.hpp"
#include "common/metrics/frechet.hpp"

#include <xtensor-blas/xlinalg.hpp>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>

namespace vae_extensions {

LinearCode best_linear_code(std::vector<double> variances, double pixel_variance, std::int64_t n_latent) {
  tensors::require(pixel_variance > 0, "best_linear_code: a pixel variance of {}", pixel_variance);
  std::ranges::sort(variances, std::greater());
  LinearCode code{0.5 * static_cast<double>(variances.size()) * std::log(2 * std::numbers::pi * pixel_variance), 0};
  for (const double variance : variances) {
    const double ratio = variance / pixel_variance;
    const bool coded = ratio > 1 && code.n_used < n_latent;
    code.nats += 0.5 * (coded ? 1 + std::log(ratio) : ratio);
    code.n_used += coded;
  }
  return code;
}

std::vector<double> principal_variances(const tensors::Array<float>& images) {
  const metrics::GaussianFit fit = metrics::fit_gaussian(images);
  xt::xtensor<double, 2, xt::layout_type::column_major> covariance = xt::zeros<double>({fit.d, fit.d});
  std::ranges::copy(fit.covariance, covariance.storage().begin());
  std::vector<double> variances;
  for (const double variance : xt::linalg::eigvalsh(covariance)) variances.push_back(variance * static_cast<double>(fit.n - 1) / static_cast<double>(fit.n));
  return variances;
}

namespace {

void run_cell(experiments::Run& run) {
  const datasets::ImageSet faces = datasets::frey_faces(run.data_option());
  run.used_data(faces.sha256, faces.stand_in);
  const std::vector<double> variances = principal_variances(datasets::gather_all(faces, datasets::grey()));
  const double pixel_variance = std::exp(run.settings().number("log_variance"));
  const auto code = [&](std::int64_t n) { return best_linear_code(variances, pixel_variance, n); };
  for (const std::int64_t n : {0, 2, 5, 10, 20})
    run.metric("linear_n" + std::to_string(n) + "_nats", {code(n).nats, "nats", "closed form over all faces", std::nullopt});
  run.metric("worth_coding", {static_cast<double>(code(faces.image_size()).n_used), "components", "those whose variance exceeds a pixel's", std::nullopt});
}

}  // namespace

experiments::Experiment linear_code_experiment() {
  return {.name = "linear",
          .summary = "The best linear code of the Frey faces, in closed form (section 5)",
          .cells = [](experiments::Profile) -> std::vector<experiments::Cell> { return {{"faces", 0, {{"log_variance", -1.0}}, 0.5}}; },
          .run = run_cell,
          .sample = {}};
}

}  // namespace vae_extensions
