// The Frechet distance between normal distributions fitted to two sets of feature vectors (Dowson and Landau, 1982; with an
// Inception network's features it is the FID of Heusel et al., 2017):
//
//   |m_1 - m_2|^2 + tr(C_1 + C_2 - 2 (C_1 C_2)^(1/2))
//
// From finite sets it is biased upwards: two halves of one set are not at 0. What that comes to has to be measured and stated beside it.
#pragma once

#include "common/tensors/array.hpp"

#include <cstdint>
#include <vector>

namespace metrics {

// Mean and covariance (n - 1 in the denominator) of n rows of d features.
struct GaussianFit {
  std::int64_t n = 0, d = 0;
  std::vector<double> mean;        // [d]
  std::vector<double> covariance;  // [d, d]
};

// From features [n, d], n >= 2. Throws std::invalid_argument for other shapes, tensors::Divergence for features that are not finite.
template <class T>
GaussianFit fit_gaussian(const tensors::Array<T>& features);

// In squared units of the features. Both of one d, or std::invalid_argument.
double frechet_distance(const GaussianFit& a, const GaussianFit& b);

}  // namespace metrics
