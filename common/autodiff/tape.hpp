// A tape: the list of the operations that a function applied to the variables it is differentiated in.
#pragma once

#include "common/autodiff/var.hpp"

#include <cstddef>
#include <functional>
#include <initializer_list>
#include <memory>
#include <new>
#include <utility>
#include <vector>

namespace autodiff {

// What a recorded operation knows: how to turn the cotangent of its value into those of its arguments.
template <class T>
class Operation {
 public:
  virtual ~Operation() = default;
  // Adds to the cotangents of the arguments that `tape` watches.
  virtual void pull(const Var<T>& g, Tape<T>& tape) const = 0;
};

// Takes the gradient of input number i as soon as it is complete. The sweep will not read that input's array again, so
// an optimiser may update it at once.
template <class T>
using Sink = std::function<void(std::int32_t input, const Var<T>& gradient)>;

template <class T>
class Tape {
 public:
  static constexpr int max_parents = 5;
  using Parents = std::array<std::int32_t, max_parents>;

  Tape() = default;
  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;
  ~Tape() { close(); }

  void open();   // gives the tape a serial number newer than all others
  void close();  // forgets everything but the memory
  std::uint64_t serial() const { return serial_; }

  // Starts watching x; inputs come before all operations and are numbered from 0.
  Var<T> input(const Var<T>& x);

  // Records an operation with value y, whose arguments stand at `parents` (-1: not watched). `Op` is built in place.
  template <class Op, class... Args>
  Var<T> record(const char* name, const Var<T>& y, const Parents& parents, Args&&... args) {
    Op* operation = new (allocate(sizeof(Op), alignof(Op))) Op(std::forward<Args>(args)...);
    return y.on(*this, push(name, operation, parents));
  }

  // Sweeps from `output` (watched by this tape) back to the inputs, starting with the cotangent `seed`. Each input's
  // gradient goes to the sink once; inputs that the output does not depend on are passed over. With `keep`, the
  // operations stay for another sweep.
  void sweep(const Var<T>& output, const Var<T>& seed, const Sink<T>& sink, bool keep = false);

  void accumulate(std::int32_t node, Var<T> cotangent);

  // The names of the recorded operations, in order.
  std::vector<std::string> operations() const;

 private:
  struct Node {
    const char* name = nullptr;
    Operation<T>* operation = nullptr;  // null for an input
    Parents parents;
    std::int32_t uses = 0;  // how many operations take it as an argument
    std::int32_t pending = 0;
    bool has_cotangent = false;
    Var<T> cotangent;
  };

  void* allocate(std::size_t size, std::size_t alignment);
  std::int32_t push(const char* name, Operation<T>* operation, const Parents& parents);

  std::uint64_t serial_ = 0;  // 0: closed
  std::vector<Node> nodes_;
  std::int32_t n_inputs_ = 0;

  // Operations live in chunks that are kept from one use of the tape to the next.
  static constexpr std::size_t chunk_bytes = 1 << 16;
  std::vector<std::unique_ptr<std::byte[]>> chunks_;
  std::size_t chunk_ = 0, used_ = 0;
};

// A tape for the length of a scope, taken from a store of this thread, so that a training step allocates nothing.
template <class T>
class TapeLease {
 public:
  TapeLease();
  ~TapeLease();
  TapeLease(const TapeLease&) = delete;
  TapeLease& operator=(const TapeLease&) = delete;
  Tape<T>& operator*() const { return *tape_; }
  Tape<T>* operator->() const { return tape_.get(); }

 private:
  std::unique_ptr<Tape<T>> tape_;
};

}  // namespace autodiff
