// Differentiation of functions: grad, value_and_grad, pullback.
//
// The arguments of a function are a *pack*: one Var, a vector or an array of packs, or a model, i.e. a structure with
// a function `visit(model, f)` beside it that calls f(name, part) for its parts in a fixed order. A gradient is a pack
// of the same type. All of them nest: what is differentiated may itself differentiate.
#pragma once

#include "common/autodiff/functions.hpp"
#include "common/autodiff/tape.hpp"

#include <array>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace autodiff {

template <class Model>
concept Visitable = requires(Model& m) { visit(m, [](std::string_view, auto&) {}); };

// Calls f(var) for every Var in a pack, in order. All are declared before any is defined: packs nest in any order.
template <class T, class F> void for_each_var(Var<T>& variable, F&& f);
template <class P, class F> void for_each_var(std::vector<P>& packs, F&& f);
template <class P, std::size_t N, class F> void for_each_var(std::array<P, N>& packs, F&& f);
template <Visitable Model, class F> void for_each_var(Model& model, F&& f);

template <class T, class F>
void for_each_var(Var<T>& variable, F&& f) { f(variable); }
template <class P, class F>
void for_each_var(std::vector<P>& packs, F&& f) { for (P& pack : packs) for_each_var(pack, f); }
template <class P, std::size_t N, class F>
void for_each_var(std::array<P, N>& packs, F&& f) { for (P& pack : packs) for_each_var(pack, f); }
template <Visitable Model, class F>
void for_each_var(Model& model, F&& f) { visit(model, [&](std::string_view, auto& part) { for_each_var(part, f); }); }

namespace detail {

// The pack with every variable watched by the tape.
template <class T, class Pack>
Pack watched(Tape<T>& tape, const Pack& pack) {
  Pack inner = pack;
  for_each_var(inner, [&](Var<T>& variable) { variable = tape.input(variable); });
  return inner;
}

// The gradient pack of a sweep from `output`; zero where the output does not depend on a variable.
template <class T, class Pack>
Pack sweep_into(Tape<T>& tape, const Var<T>& output, const Var<T>& seed, const Pack& at, bool keep = false) {
  Pack gradient = at;
  std::vector<Var<T>*> places;
  for_each_var(gradient, [&](Var<T>& variable) {
    places.push_back(&variable);
    variable = Var<T>(Array<T>::zeros(variable.shape()));
  });
  tape.sweep(output, seed, [&](std::int32_t i, const Var<T>& g) { *places[static_cast<std::size_t>(i)] = g; }, keep);
  return gradient;
}

template <class T>
Var<T> one_for(const Var<T>& output) {
  tensors::require(output.shape().size() == 1, "grad: the function's value has shape {}; a gradient needs a single number", output.shape());
  return Var<T>(Array<T>::full(output.shape(), T(1)));
}

}  // namespace detail

// (f(x), gradient of f at x), f a function of one pack to a single number.
template <class T, class F, class Pack>
std::pair<Var<T>, Pack> value_and_grad(F&& f, const Pack& x) {
  TapeLease<T> tape;
  const Var<T> y = f(detail::watched<T>(*tape, x));
  return {y.below(*tape), detail::sweep_into<T>(*tape, y, detail::one_for(y), x)};
}

// The gradient function of f.
template <class T, class F>
auto grad(F f) {
  return [f]<class Pack>(const Pack& x) { return value_and_grad<T>(f, x).second; };
}

// Runs f at x and hands each variable's gradient to `sink` (numbered in the pack's order) as soon as it is complete;
// the sink may overwrite that variable's array. Returns f(x).
template <class T, class F, class Pack>
Var<T> sweep_gradients(F&& f, const Pack& x, const Sink<T>& sink) {
  TapeLease<T> tape;
  const Var<T> y = f(detail::watched<T>(*tape, x));
  tape->sweep(y, detail::one_for(y), sink);
  return y.below(*tape);
}

// (f(x), v -> J' v): f of any shape, and the product of its transposed Jacobian with a cotangent, as often as wanted.
template <class T, class F, class Pack>
auto pullback(F&& f, const Pack& x) {
  auto tape = std::make_shared<TapeLease<T>>();
  const Var<T> y = f(detail::watched<T>(**tape, x));
  auto transposed = [tape, y, x](const Var<T>& v) { return detail::sweep_into<T>(**tape, y, v, x, true); };
  return std::pair(y.below(**tape), transposed);
}

}  // namespace autodiff
