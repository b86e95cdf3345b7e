// A model's parameters and buffers as windows of one flat array: what optimisers, checkpoints and digests work on.
#pragma once

#include "common/autodiff/grad.hpp"

#include <array>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace nn {

using autodiff::Var;
using tensors::Array;
using tensors::Shape;

// An array that belongs to a model and is no parameter (a running statistic): nothing differentiates it and no optimiser
// moves it, but checkpoints and exported weights hold it. A model visits its buffers among its variables.
template <class T>
struct Buffer {
  Array<T> value;
};
// A buffer holds no variable for grad (autodiff/grad.hpp).
template <class T, class F>
void for_each_var(Buffer<T>&, F&&) {}

namespace detail {

// All are declared before any is defined: parts nest in any order.
template <class T, class F> void visit_named(const std::string& name, Var<T>& variable, F&& f);
template <class T, class F> void visit_named(const std::string& name, Buffer<T>& buffer, F&& f);
template <class P, class F> void visit_named(const std::string& name, std::vector<P>& parts, F&& f);
template <class P, std::size_t N, class F> void visit_named(const std::string& name, std::array<P, N>& parts, F&& f);
template <autodiff::Visitable Model, class F> void visit_named(const std::string& name, Model& model, F&& f);

template <class T, class F>
void visit_named(const std::string& name, Var<T>& variable, F&& f) { f(name, variable); }
template <class T, class F>
void visit_named(const std::string& name, Buffer<T>& buffer, F&& f) {
  if constexpr (std::is_invocable_v<F&, const std::string&, Buffer<T>&>) f(name, buffer);  // who asks for variables gets no buffers
}
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

  // Moves the arrays of `model` into one flat buffer; afterwards the model's variables and buffers are windows of it, in
  // the order in which the model is visited.
  template <class Model>
  explicit Parameters(Model& model) {
    std::int64_t size = 0;
    detail::visit_named("", model, [&](const std::string&, auto& part) { size += padded(array_of(part).size()); });
    flat_ = Array<T>::zeros(Shape{size});
    std::int64_t offset = 0;
    detail::visit_named("", model, [&](const std::string& name, auto& part) {
      const Array<T>& before = array_of(part);
      const Entry entry{name, offset, flat_.window(offset, before.shape())};
      std::copy(before.begin(), before.end(), entry.window.data_for_update());
      offset += padded(before.size());
      list_for(part).push_back(entry);
      part = {entry.window};
    });
  }

  const Array<T>& flat() const { return flat_; }
  const std::vector<Entry>& entries() const { return entries_; }  // the parameters, as gradients number them
  const std::vector<Entry>& buffers() const { return buffers_; }

  // The number of parameters, neither buffers nor padding counted.
  std::int64_t count() const {
    std::int64_t n = 0;
    for (const Entry& entry : entries_) n += entry.window.size();
    return n;
  }

  // What a trained model is made of: the parameters, then the buffers.
  std::vector<std::pair<std::string, Array<T>>> named() const {
    std::vector<std::pair<std::string, Array<T>>> arrays;
    for (const auto* list : {&entries_, &buffers_})
      for (const Entry& entry : *list) arrays.emplace_back(entry.name, entry.window);
    return arrays;
  }

 private:
  static std::int64_t padded(std::int64_t size) {
    constexpr std::int64_t line = 64 / sizeof(T);
    return (size + line - 1) / line * line;
  }
  static const Array<T>& array_of(const Var<T>& variable) { return variable.value(); }
  static const Array<T>& array_of(const Buffer<T>& buffer) { return buffer.value; }
  std::vector<Entry>& list_for(const Var<T>&) { return entries_; }
  std::vector<Entry>& list_for(const Buffer<T>&) { return buffers_; }

  Array<T> flat_;
  std::vector<Entry> entries_, buffers_;
};

}  // namespace nn
