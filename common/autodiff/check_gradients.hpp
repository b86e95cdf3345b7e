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

// The variables of a pack in order, and the pack with others in their places.
template <class Pack>
std::vector<Var<double>> variables(Pack pack) {
  std::vector<Var<double>> all;
  for_each_var(pack, [&](Var<double>& variable) { all.push_back(variable); });
  return all;
}
template <class Pack>
Pack with_variables(Pack pack, const std::vector<Var<double>>& all) {
  std::size_t i = 0;
  for_each_var(pack, [&](Var<double>& variable) { variable = all[i++]; });
  return pack;
}

// The same check of a function of a model, in every block of its parameters.
template <Visitable Model, class F>
GradientCheck check_gradients(const F& f, const Model& model, int order = 2) {
  const Function of_variables = [&](const std::vector<Var<double>>& all) { return f(with_variables(model, all)); };
  return check_gradients(of_variables, variables(model), order);
}

}  // namespace autodiff
