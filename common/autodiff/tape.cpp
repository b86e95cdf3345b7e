#include "common/autodiff/tape.hpp"

#include "common/autodiff/primitives.hpp"
#include "common/tensors/kernels.hpp"

#include <atomic>

namespace autodiff {

using tensors::require;

template <class T>
Tape<T>* Var<T>::tape() const {
  if (n_tags_ == 0) return nullptr;
  const Tag& newest = tags_[static_cast<std::size_t>(n_tags_ - 1)];
  require(newest.tape->serial() == newest.serial, "autodiff: a variable of shape {} is used after the differentiation it belonged to has ended",
          shape());
  return newest.tape;
}

template <class T>
std::int32_t Var<T>::node_on(const Tape<T>& tape) const {
  if (n_tags_ == 0) return -1;
  const Tag& newest = tags_[static_cast<std::size_t>(n_tags_ - 1)];
  return newest.serial == tape.serial() ? newest.node : -1;
}

template <class T>
Var<T> Var<T>::below(const Tape<T>& tape) const {
  Var result = *this;
  if (node_on(tape) >= 0) --result.n_tags_;
  return result;
}

template <class T>
Var<T> Var<T>::on(Tape<T>& tape, std::int32_t node) const {
  require(n_tags_ < max_depth, "autodiff: differentiation is nested deeper than {}", max_depth);
  Var result = *this;
  result.tags_[static_cast<std::size_t>(result.n_tags_++)] = {&tape, tape.serial(), node};
  return result;
}

template <class T>
void Tape<T>::open() {
  static std::atomic<std::uint64_t> newest{0};
  serial_ = ++newest;
}

template <class T>
void Tape<T>::close() {
  for (Node& node : nodes_)
    if (node.operation) node.operation->~Operation();
  nodes_.clear();
  n_inputs_ = 0;
  chunk_ = used_ = 0;
  serial_ = 0;
}

template <class T>
Var<T> Tape<T>::input(const Var<T>& x) {
  require(static_cast<std::size_t>(n_inputs_) == nodes_.size(), "autodiff: an input after the first operation");
  Parents none;
  none.fill(-1);
  ++n_inputs_;
  return x.on(*this, push("input", nullptr, none));
}

template <class T>
void* Tape<T>::allocate(std::size_t size, std::size_t alignment) {
  require(size <= chunk_bytes, "autodiff: an operation of {} bytes", size);
  used_ = (used_ + alignment - 1) / alignment * alignment;
  if (chunks_.empty() || used_ + size > chunk_bytes) {
    if (!chunks_.empty()) ++chunk_;
    if (chunk_ == chunks_.size()) chunks_.push_back(std::make_unique_for_overwrite<std::byte[]>(chunk_bytes));
    used_ = 0;
  }
  void* place = chunks_[chunk_].get() + used_;
  used_ += size;
  return place;
}

template <class T>
std::int32_t Tape<T>::push(const char* name, Operation<T>* operation, const Parents& parents) {
  for (std::int32_t parent : parents)
    if (parent >= 0) ++nodes_[static_cast<std::size_t>(parent)].uses;
  Node& node = nodes_.emplace_back();
  node.name = name;
  node.operation = operation;
  node.parents = parents;
  return static_cast<std::int32_t>(nodes_.size() - 1);
}

template <class T>
void Tape<T>::accumulate(std::int32_t index, Var<T> cotangent) {
  Node& node = nodes_[static_cast<std::size_t>(index)];
  if (!node.has_cotangent) {
    node.cotangent = std::move(cotangent);
    node.has_cotangent = true;
    return;
  }
  // In place where one of the two is a plain array that nobody else holds.
  if (!node.cotangent.watched() && !cotangent.watched()) {
    if (!node.cotangent.value().sole_owner()) std::swap(node.cotangent, cotangent);
    if (node.cotangent.value().sole_owner()) {
      Array<T> sum = std::exchange(node.cotangent, Var<T>()).value();
      tensors::kernels::add_into(sum, cotangent.value());
      node.cotangent = Var<T>(std::move(sum));
      return;
    }
  }
  node.cotangent = add(node.cotangent, cotangent);
}

template <class T>
void Tape<T>::sweep(const Var<T>& output, const Var<T>& seed, const Sink<T>& sink, bool keep) {
  require(seed.shape() == output.shape(), "autodiff: the cotangent {} has not the shape {} of the output", seed.shape(),
          output.shape());
  for (Node& node : nodes_) node.pending = node.uses;
  const std::int32_t last = output.node_on(*this);
  if (last >= 0) accumulate(last, seed);
  for (auto i = static_cast<std::int32_t>(nodes_.size()) - 1; i >= n_inputs_; --i) {
    Node& node = nodes_[static_cast<std::size_t>(i)];
    if (node.has_cotangent) {
      const Var<T> g = std::exchange(node.cotangent, Var<T>());
      node.has_cotangent = false;
      node.operation->pull(g, *this);
    }
    if (!keep) {
      node.operation->~Operation();
      node.operation = nullptr;
    }
    for (std::int32_t parent : node.parents) {
      if (parent < 0 || --nodes_[static_cast<std::size_t>(parent)].pending > 0 || parent >= n_inputs_) continue;
      Node& input = nodes_[static_cast<std::size_t>(parent)];
      if (!input.has_cotangent) continue;
      sink(parent, input.cotangent);
      input.cotangent = Var<T>();
      input.has_cotangent = false;
    }
  }
  if (last >= 0 && last < n_inputs_) {  // the output is itself an input
    Node& input = nodes_[static_cast<std::size_t>(last)];
    if (input.has_cotangent) sink(last, std::exchange(input.cotangent, Var<T>()));
    input.has_cotangent = false;
  }
}

template <class T>
std::vector<std::string> Tape<T>::operations() const {
  std::vector<std::string> names;
  for (std::size_t i = static_cast<std::size_t>(n_inputs_); i < nodes_.size(); ++i) names.emplace_back(nodes_[i].name);
  return names;
}

namespace {

template <class T>
std::vector<std::unique_ptr<Tape<T>>>& spare_tapes() {
  thread_local std::vector<std::unique_ptr<Tape<T>>> store;
  return store;
}

}  // namespace

template <class T>
TapeLease<T>::TapeLease() {
  auto& store = spare_tapes<T>();
  if (store.empty()) {
    tape_ = std::make_unique<Tape<T>>();
  } else {
    tape_ = std::move(store.back());
    store.pop_back();
  }
  tape_->open();
}

template <class T>
TapeLease<T>::~TapeLease() {
  tape_->close();
  spare_tapes<T>().push_back(std::move(tape_));
}

template class Var<float>;
template class Var<double>;
template class Tape<float>;
template class Tape<double>;
template class TapeLease<float>;
template class TapeLease<double>;

}  // namespace autodiff
