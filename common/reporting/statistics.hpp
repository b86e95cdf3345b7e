// The little statistics that a claim needs: a mean over seeds, its spread, and what that spread can show.
#pragma once

#include <span>
#include <vector>

namespace reporting {

// Values of one metric, one per seed.
struct Sample {
  int n = 0;
  double mean = 0;
  double sd = 0;  // with n - 1 in the denominator; NaN for n = 1

  double standard_error() const;  // of the mean; NaN for n = 1
};

// Throws std::invalid_argument when there are no values. A NaN among them (a diverged seed) makes the mean NaN.
Sample summarise(std::span<const double> values);

// A standard deviation with the degrees of freedom behind it; 0 of them: unknown.
struct Spread {
  double sd = 0;
  int dof = 0;
};

// The common seed-to-seed standard deviation of several cells, each around its own mean. Cells with one seed add nothing.
Spread pooled(std::span<const Sample> cells);

// What is left of a table of values, a row per cell and a column per seed, when every row and every column has its own mean:
// that a seed is good for all cells alike says nothing of their differences. (rows - 1)(columns - 1) degrees of freedom; the
// difference of two rows' means has the standard error sd sqrt(2 / columns). Rows are of equal length.
Spread residual(std::span<const std::vector<double>> rows);

// The p-quantile of Student's t; dof >= 1, 0 < p < 1.
double t_quantile(double p, int dof);

// Half the width of the two-sided interval that holds the difference of two means, of n and of m draws from one
// distribution with this spread, but for the given false-alarm rate. The spread needs dof >= 1.
double prediction_half_width(const Spread& spread, int n, int m, double false_alarm);

// The smallest true difference between means of n and of m draws that a two-sided 5 % test finds four times out of five, in
// its own direction: exact, by the noncentral t. The spread needs dof >= 1.
double smallest_visible_difference(const Spread& spread, int n, int m);

}  // namespace reporting
