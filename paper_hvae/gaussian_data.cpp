#include "paper_hvae/gaussian_data.hpp"

#include "common/tensors/random.hpp"

#include <algorithm>

namespace hvae {

Truth truth(std::int64_t d) {
  Truth t;
  for (std::int64_t j = 0; j < d; ++j) {
    const double r = static_cast<double>(j) - 0.5 * static_cast<double>(d - 1);
    t.Delta.push_back(r / 5);
    t.sigma.push_back(d == 1 ? 1.0 : 3.6 * r * r / std::pow(static_cast<double>(d - 1), 2) + 0.1);
  }
  return t;
}

namespace {

// Adds one set's rows to its moments (Welford), rows [n, d].
void add_rows(Moments& moments, std::int64_t set, std::int64_t d, const double* rows, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t j = 0; j < d; ++j) {
      const auto at = static_cast<std::size_t>(set * d + j);
      const double before = rows[i * d + j] - moments.x_bar[at];
      moments.x_bar[at] += before / static_cast<double>(moments.n + i + 1);
      moments.S[at] += before * (rows[i * d + j] - moments.x_bar[at]);
    }
  }
}

}  // namespace

Data draw_data(std::uint64_t seed, std::int64_t n_sets, std::int64_t d, std::int64_t N, std::int64_t batch) {
  const Truth t = truth(d);
  const std::int64_t rows_a_batch = batch == 0 ? N : batch;
  Data data;
  const auto size = static_cast<std::size_t>(n_sets * d);
  const auto empty = [&] { return Moments{0, std::vector<double>(size, 0.0), std::vector<double>(size, 0.0)}; };
  for (std::int64_t begin = 0; begin < N; begin += rows_a_batch) data.batches.push_back(empty());
  data.all = empty();
  for (std::int64_t set = 0; set < n_sets; ++set) {
    tensors::Stream stream(seed, "Gaussian data", static_cast<std::uint64_t>(set));
    const Array<double> z = stream.normal<double>({d});
    data.z.insert(data.z.end(), z.begin(), z.end());
    for (std::size_t b = 0; b < data.batches.size(); ++b) {
      const std::int64_t begin = static_cast<std::int64_t>(b) * rows_a_batch, n = std::min(rows_a_batch, N - begin);
      Array<double> x = stream.normal<double>({n, d});
      double* rows = x.mutable_data();
      for (std::int64_t i = 0; i < n; ++i)
        for (std::int64_t j = 0; j < d; ++j) {
          const auto at = static_cast<std::size_t>(j);
          rows[i * d + j] = z[j] + t.Delta[at] + t.sigma[at] * rows[i * d + j];
        }
      data.batches[b].n = 0;
      add_rows(data.batches[b], set, d, rows, n);
      data.all.n = begin;
      add_rows(data.all, set, d, rows, n);
      data.batches[b].n = n;
    }
    data.all.n = N;
  }
  return data;
}

}  // namespace hvae
