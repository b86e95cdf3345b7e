#pragma once

#include "common/autodiff/functions.hpp"

#include <cmath>

namespace distributions {

using autodiff::Var;

// log (1/k) sum_i w_i along the first axis of log w, [k, ...] -> [...]: a bound on log p(x) in expectation that rises with k
// (Burda, Grosse and Salakhutdinov, 2016). Shifted by the largest weight, so that nothing overflows.
template <class T>
Var<T> importance_bound(const Var<T>& log_w) {
  return log_sum_exp(log_w, 0) - static_cast<T>(std::log(static_cast<double>(log_w.shape()[0])));
}

}  // namespace distributions
