#include "common/metrics/frechet.hpp"

#include <xtensor/xadapt.hpp>
#include <xtensor/xview.hpp>
#include <xtensor-blas/xlinalg.hpp>

#include <algorithm>
#include <cmath>

namespace metrics {
namespace {

using Matrix = xt::xtensor<double, 2, xt::layout_type::column_major>;  // LAPACK's order; all of them are symmetric

Matrix matrix_of(const GaussianFit& fit) {
  Matrix C = xt::zeros<double>({fit.d, fit.d});
  std::copy(fit.covariance.begin(), fit.covariance.end(), C.storage().begin());
  return C;
}

// The square root of a positive semidefinite matrix; eigenvalues that rounding took below zero count as zero.
Matrix square_root(const Matrix& C) {
  auto [values, vectors] = xt::linalg::eigh(C);
  const Matrix scaled = vectors * xt::sqrt(xt::sqrt(xt::maximum(values, 0.0)));
  const Matrix transposed = xt::transpose(scaled);
  return xt::linalg::dot(scaled, transposed);
}

}  // namespace

template <class T>
GaussianFit fit_gaussian(const tensors::Array<T>& features) {
  tensors::require(features.shape().rank() == 2 && features.shape()[0] >= 2, "fit_gaussian: features are {}, not two or more rows", features.shape());
  const std::int64_t n = features.shape()[0], d = features.shape()[1];
  if (!std::ranges::all_of(features, [](T v) { return std::isfinite(v); })) throw tensors::Divergence("fit_gaussian: a feature is not finite");
  GaussianFit fit{n, d, std::vector<double>(static_cast<std::size_t>(d)), {}};
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t j = 0; j < d; ++j) fit.mean[static_cast<std::size_t>(j)] += static_cast<double>(features[i * d + j]) / static_cast<double>(n);
  xt::xtensor<double, 2> centred = xt::zeros<double>({n, d});
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t j = 0; j < d; ++j) centred(i, j) = static_cast<double>(features[i * d + j]) - fit.mean[static_cast<std::size_t>(j)];
  const xt::xtensor<double, 2> product = xt::linalg::dot(xt::transpose(centred), centred);
  for (double v : product) fit.covariance.push_back(v / static_cast<double>(n - 1));
  return fit;
}

double frechet_distance(const GaussianFit& a, const GaussianFit& b) {
  tensors::require(a.d == b.d, "frechet_distance: {} features against {}", a.d, b.d);
  double distance = 0;
  for (std::size_t j = 0; j < a.mean.size(); ++j) distance += std::pow(a.mean[j] - b.mean[j], 2);
  for (std::int64_t j = 0; j < a.d; ++j)
    distance += a.covariance[static_cast<std::size_t>(j * a.d + j)] + b.covariance[static_cast<std::size_t>(j * a.d + j)];
  // (C_1 C_2)^(1/2) has the trace of (S C_2 S)^(1/2), S the root of C_1, which is symmetric.
  const Matrix S = square_root(matrix_of(a));
  const Matrix right = xt::linalg::dot(matrix_of(b), S), between = xt::linalg::dot(S, right);
  const Matrix symmetric = 0.5 * (between + xt::transpose(between));
  for (double value : xt::linalg::eigvalsh(symmetric)) distance -= 2 * std::sqrt(std::max(0.0, value));
  return distance;
}

template GaussianFit fit_gaussian(const tensors::Array<float>&);
template GaussianFit fit_gaussian(const tensors::Array<double>&);

}  // namespace metrics
