#pragma once

#include "common/autodiff/grad.hpp"

#include <functional>
#include <string>

namespace autodiff {

// A function of several variables, of any shape.
using Function = std::function<Var<double>(const std::vector<Var<double>>&)>;

struct GradientCheck {
  double worst = 0;     // the largest deviation found, relative to the scale of the derivative
  std::string where;    // order, argument and element of the worst
  bool passed(double tolerance = 1e-6) const { return worst <= tolerance; }
};

// Compares derivatives of f at `arguments` up to `order` with finite differences, element by element. f is contracted
// with fixed random weights to a number; the check of order n + 1 is the check of order n of the function
// x -> <v, gradient(x)> with fixed random v. Differences are of fourth order with a step of 1e-3 times max(1, |x|), so
// arguments should stay a few steps away from kinks. A non-finite value counts as an infinite deviation.
GradientCheck check_gradients(const Function& f, const std::vector<Var<double>>& arguments, int order = 2);

}  // namespace autodiff
