// Var<T>: what a differentiable function computes with.
//
// A Var is a plain array, or an array that one or more tapes are watching. Tapes nest: differentiating inside a
// function that is itself being differentiated opens a second tape, and a variable of the inner function may be watched
// by both. The one idea of this library is that a tape watches *variables of the level below it*: a primitive takes the
// newest tape off its arguments, calls itself, and records on that tape; so a derivative rule, which is written in
// Vars, is recorded by an outer tape exactly when the outer tape watches something that it touches. Nobody switches
// recording on or off.
//
// Because a watched variable has the same value at every level, a Var needs no chain of boxes: it is the array and a
// short list of tags (tape, node), oldest tape first.
#pragma once

#include "common/tensors/array.hpp"

#include <array>
#include <cstdint>

namespace autodiff {

using tensors::Array;
using tensors::Shape;

template <class T> class Tape;

// The nesting that the suite needs is 2 (a gradient through a gradient); 3 is spot-checked.
inline constexpr int max_depth = 4;

template <class T>
class Var {
 public:
  Var() = default;
  Var(Array<T> value) : value_(std::move(value)) {}  // a constant
  Var(T scalar) : value_(Array<T>::scalar(scalar)) {}

  const Array<T>& value() const { return value_; }
  const Shape& shape() const { return value_.shape(); }
  T item() const { return value_.item(); }
  bool watched() const { return n_tags_ > 0; }

  // The newest tape that watches this variable, or null. Throws where that tape has ended: the variable escaped from
  // the function being differentiated.
  Tape<T>* tape() const;
  std::int32_t node_on(const Tape<T>& tape) const;  // -1 where this tape does not watch it
  Var below(const Tape<T>& tape) const;             // the same without that tape's tag
  Var on(Tape<T>& tape, std::int32_t node) const;   // the same with one more, newest, tag

 private:
  struct Tag {
    Tape<T>* tape = nullptr;
    std::uint64_t serial = 0;
    std::int32_t node = -1;
  };

  Array<T> value_;
  std::array<Tag, max_depth> tags_{};
  int n_tags_ = 0;
};

}  // namespace autodiff
