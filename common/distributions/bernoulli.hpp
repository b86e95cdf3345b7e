#pragma once

#include "common/autodiff/functions.hpp"
#include "common/tensors/random.hpp"

namespace distributions {

using autodiff::Var;

// Independent Bernoulli variables along the last axis, given by their logits [.., d].
template <class T>
struct Bernoulli {
  Var<T> logits;

  Var<T> mean() const { return sigmoid(logits); }

  // log p(x) = sum x l - softplus(l) in nats, [.., d] -> [..]; x may lie anywhere in [0, 1] (cross-entropy), and may lack
  // first axes of the logits: one x under many distributions.
  Var<T> log_prob(const Var<T>& x) const { return bernoulli_log_prob(x, logits); }

  // Zeros and ones; not differentiable.
  tensors::Array<T> sample(tensors::Stream& stream) const { return stream.bernoulli(mean().value()); }
};

// KL(p || q) in nats, [.., d] -> [..].
template <class T>
Var<T> kl(const Bernoulli<T>& p, const Bernoulli<T>& q) {
  return sum(sigmoid(p.logits) * (p.logits - q.logits) - softplus(p.logits) + softplus(q.logits), -1);
}

}  // namespace distributions
