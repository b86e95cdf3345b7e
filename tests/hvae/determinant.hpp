#pragma once

#include <cmath>
#include <utility>
#include <vector>

// The determinant of a small matrix, by elimination with pivoting.
inline double determinant(std::vector<std::vector<double>> m) {
  double product = 1;
  for (std::size_t i = 0; i < m.size(); ++i) {
    std::size_t pivot = i;
    for (std::size_t r = i + 1; r < m.size(); ++r)
      if (std::abs(m[r][i]) > std::abs(m[pivot][i])) pivot = r;
    if (pivot != i) std::swap(m[i], m[pivot]), product = -product;
    product *= m[i][i];
    for (std::size_t r = i + 1; r < m.size(); ++r)
      for (std::size_t c = m.size(); c-- > i;) m[r][c] -= m[r][i] / m[i][i] * m[i][c];
  }
  return product;
}
