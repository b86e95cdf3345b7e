// A model's parameters as windows of one flat array: what optimisers, checkpoints and digests work on.
#pragma once

#include "common/autodiff/grad.hpp"

#include <array>
#include <string>
#include <utility>
#include <vector>

namespace nn {

using autodiff::Var;
using tensors::Array;
using tensors::Shape;

namespace detail {

// All are declared before any is defined: parts nest in any order.
template <class T, class F> void visit_named(const std::string& name, Var<T>& variable, F&& f);
template <class P, class F> void visit_named(const std::string& name, std::vector<P>& parts, F&& f);
template <class P, std::size_t N, class F> void visit_named(const std::string& name, std::array<P, N>& parts, F&& f);
template <autodiff::Visitable Model, class F> void visit_named(const std::string& name, Model& model, F&& f);

template <class T, class F>
void visit_named(const std::string& name, Var<T>& variable, F&& f) { f(name, variable); }
template <class P, class F>
void visit_named(const std::string& name, std::vector<P>& parts, F&& f) {
  for (std::size_t i = 0; i < parts.size(); ++i) visit_named(name + "." + std::to_string(i), parts[i], f);
}
template <class P, std::size_t N, class F>
void visit_named(const std::string& name, std::array<P, N>& parts, F&& f) {
  for (std::size_t i = 0; i < N; ++i) visit_named(name + "." + std::to_string(i), parts[i], f);
}
template <autodiff::Visitable Model, class F>
void visit_named(const std::string& name, Model& model, F&& f) {
  visit(model, [&](std::string_view part, auto& inner) { visit_named(name.empty() ? std::string(part) : name + "." + std::string(part), inner, f); });
}

}  // namespace detail

template <class T>
class Parameters {
 public:
  struct Entry {
    std::string name;     // "encoder.hidden.weight"
    std::int64_t offset;  // in the flat array; every window starts on a cache line
    Array<T> window;
  };

  // Moves the arrays of `model` into one flat buffer; afterwards the model's variables are windows of it, in the order
  // in which the model is visited.
  template <class Model>
  explicit Parameters(Model& model) {
    std::int64_t size = 0;
    detail::visit_named("", model, [&](const std::string& name, Var<T>& variable) {
      entries_.push_back({name, size, {}});
      size += (variable.shape().size() + line - 1) / line * line;
    });
    flat_ = Array<T>::zeros(Shape{size});
    std::size_t i = 0;
    detail::visit_named("", model, [&](const std::string&, Var<T>& variable) {
      Entry& entry = entries_[i++];
      entry.window = flat_.window(entry.offset, variable.shape());
      std::copy(variable.value().begin(), variable.value().end(), entry.window.data_for_update());
      variable = Var<T>(entry.window);
    });
  }

  const Array<T>& flat() const { return flat_; }
  const std::vector<Entry>& entries() const { return entries_; }

  // The number of parameters, padding not counted.
  std::int64_t count() const {
    std::int64_t n = 0;
    for (const Entry& entry : entries_) n += entry.window.size();
    return n;
  }

  std::vector<std::pair<std::string, Array<T>>> named() const {
    std::vector<std::pair<std::string, Array<T>>> arrays;
    for (const Entry& entry : entries_) arrays.emplace_back(entry.name, entry.window);
    return arrays;
  }

 private:
  static constexpr std::int64_t line = 64 / sizeof(T);
  Array<T> flat_;
  std::vector<Entry> entries_;
};

}  // namespace nn
