// # A training step
//
// The body of Algorithm 1, and of every schedule that it is compared with: the batch's reconstruction error moves $\beta$
// before the step is taken; in the initial phase the second layer's weights are constants, whose gradients nobody computes.
// Each layer has an Adam of its own, so that the second one's moments begin with its training.
#pragma once

#include "common/nn/training.hpp"
#include "paper_vhp/schedules.hpp"
#include "paper_vhp/vhp.hpp"

namespace vhp {

// What a step saw, means over the batch, in nats and per pixel.
struct StepValues {
  double log_likelihood = 0;  // of IWAE: the bound
  double divergence = 0;
  double reconstruction_error = 0;
};

template <class T, class First, class Second>
class Trainer {
 public:
  using Model = Vhp<First, Second>;

  // Moves the arrays of `model`, which must outlive the trainer, into flat buffers.
  Trainer(Model& model, const ScheduleSettings& settings, PriorBound bound, double learning_rate)
      : model_(model), settings_(settings), bound_(bound), first_(model.first), second_(model.second),
        first_adam_(first_, {.learning_rate = learning_rate}), second_adam_(second_, {.learning_rate = learning_rate}), schedule_(settings) {}

  StepValues step(const Var<T>& x, const Noise<T>& epsilon) {
    return descend([&](const Model& m, StepValues& values) {
      const bool frozen = schedule_.initial_phase;
      Terms<T> t = terms(frozen ? Model{m.first, model_.second} : m, x, epsilon, bound_);
      values = {mean(t.log_likelihood).item(), mean(t.divergence).item(), mean(t.reconstruction_error).item()};
      schedule_.observe(settings_, values.reconstruction_error);
      if (frozen && !schedule_.initial_phase) t = terms(m, x, epsilon, bound_);  // the batch that ends the phase moves both layers
      return lagrangian(t, schedule_.beta);
    }, true);
  }

  // The same for IWAE, which has no second layer and no schedule; noise [K, B, d].
  StepValues iwae_step(const Var<T>& x, const Var<T>& epsilon) {
    return descend([&](const Model& m, StepValues& values) {
      const IwaeTerms<T> t = iwae_terms(m.first, x, epsilon);
      values = {mean(t.log_p_x).item(), 0, mean(t.reconstruction_error).item()};
      return -mean(t.log_p_x);
    }, false);
  }

  const Schedule& schedule() const { return schedule_; }
  const nn::Parameters<T>& first() const { return first_; }
  const nn::Parameters<T>& second() const { return second_; }

  // Calls keep(name, memory) for all that a checkpoint must hold.
  template <class Keep>
  void visit_state(Keep&& keep) {
    const auto keep_layer = [&](const std::string& name, const nn::Parameters<T>& parameters, nn::Adam<T>& adam) {
      keep(name, parameters.flat());
      keep(name + ".adam", adam);
    };
    keep_layer("first", first_, first_adam_);
    keep_layer("second", second_, second_adam_);
    keep("beta", schedule_.beta);
    keep("C_hat", schedule_.C_hat);
    keep("t", schedule_.t);
    keep("initial_phase", schedule_.initial_phase);
  }

 private:
  // The first layer's parameters come first in the model.
  template <class Loss>
  StepValues descend(const Loss& loss, bool has_second) {
    StepValues values;
    const auto n_first = static_cast<std::int32_t>(first_.entries().size());
    bool move_second = false;
    first_adam_.begin_step();
    autodiff::sweep_gradients<T>(
        [&](const Model& m) {
          const Var<T> value = loss(m, values);
          if (!std::isfinite(value.item())) nn::throw_divergence(first_adam_, static_cast<double>(value.item()));
          move_second = has_second && !schedule_.initial_phase;
          if (move_second) second_adam_.begin_step();
          return value;
        },
        model_, [&](std::int32_t i, const Var<T>& gradient) {
          if (i < n_first) first_adam_.update(i, gradient.value());
          else if (move_second) second_adam_.update(i - n_first, gradient.value());
        });
    return values;
  }

  Model& model_;
  ScheduleSettings settings_;
  PriorBound bound_;
  nn::Parameters<T> first_, second_;
  nn::Adam<T> first_adam_, second_adam_;
  Schedule schedule_;
};

}  // namespace vhp
