// # The Gaussian model's data
//
// $\Delta_j = r_j / 5$ and $\sigma_j = 3.6 r_j^2 / (d - 1)^2 + 0.1$ with $r = -\frac{d-1}{2} .. \frac{d-1}{2}$; $\sigma = 1$
// for d = 1. Every data set has its own $z$, from one stream at all d: the z of d = 25 begins that of d = 400. Of the
// observations only moments are kept, for each batch and for all rows.
#pragma once

#include "paper_hvae/gaussian_model.hpp"

#include <algorithm>
#include <vector>

namespace hvae {

struct Truth {
  std::vector<double> Delta, sigma;  // [d]
};
Truth truth(std::int64_t d);

// Of n rows in each of several data sets: the means and the scatters sum_i (x_i - x_bar)^2.
struct Moments {
  std::int64_t n = 0;
  std::vector<double> x_bar, S;  // [n_sets * d]
};

struct Data {
  std::vector<Moments> batches;  // in the order of the rows; the last one takes what is left
  Moments all;
  std::vector<double> z;  // [n_sets * d]
};

// n_sets data sets of N rows, cut into batches of `batch` rows (0: one batch).
Data draw_data(std::uint64_t seed, std::int64_t n_sets, std::int64_t d, std::int64_t N, std::int64_t batch);

// The moments as the methods take them, [n_sets, 1, d].
template <class T>
SufficientStatistics<T> statistics(const Moments& moments, std::int64_t n_sets, std::int64_t d) {
  const auto as_var = [&](const std::vector<double>& values) {
    Array<T> array(Shape{n_sets, 1, d});
    std::ranges::transform(values, array.mutable_data(), [](double value) { return static_cast<T>(value); });
    return Var<T>(array);
  };
  return {static_cast<T>(moments.n), as_var(moments.x_bar), as_var(moments.S)};
}

}  // namespace hvae
