#pragma once

#include "common/experiments/experiment.hpp"

namespace ep_hopfield {

// vae: the four models of Table 1 with the settings of Table 3. Cells "f_vae", "h_vae", "dh_vae", "tdh_vae", and
// at `paper` "long/f_vae", which trains for 60 epochs whatever the stopping rule says.
// exact: the Hopfield models at reduced scale, trained by either gradient. Cells "<model>/<cell of a way to train>".
// choices: the dense model at the same scale with one open choice changed. Cells as in choice_cells().
// sweep: appendix B.2 at reduced scale. Cells "<model>/published", "<model>/trial_NN".
// laws: untrained networks. Cells "gradient_error", "weight_scale".
// scores: the classifier, and the distances between sets of real digits. Cell "reference".
std::vector<experiments::Experiment> all_experiments();

// Table 2: the range of each setting that a sweep draws from, logarithmically uniform.
struct Range {
  const char* setting;
  double low, high;
  std::optional<double> high_of_f_vae = {};
};
const std::vector<Range>& table_2();
inline constexpr int n_sweep_trials = 24;  // of each model, at `paper`

// What the table of open choices compares: the dense model as `exact` trains it by equilibrium propagation, then every cell of `choices` with
// what it changes, in words.
struct Choice {
  std::string experiment, cell, what;
};
const std::vector<Choice>& choices();

// The ways to train that `exact` compares. At the chosen rate and steps for every model; at `paper` clipped too, all others for TDH-VAE, and a
// third of the rate for H-VAE.
struct WayToTrain {
  std::string cell, gradient;
  bool slow = false;            // a third of the learning rate
  std::int64_t free_steps = 0;  // 0: as chosen
  bool clipped = false;         // to twice the gradient's typical length

  std::string rule() const;          // "the exact gradient"
  std::string rate() const;          // ", a third of the rate", or nothing
  std::string but_for_rate() const;  // ", 200 free steps", ", clipped", or nothing
  std::string conditions() const { return rate() + but_for_rate(); }
};
const std::vector<WayToTrain>& ways_to_train();
// The one by equilibrium propagation under the same conditions; null where none is declared.
const WayToTrain* by_ep(const WayToTrain& way);

}  // namespace ep_hopfield
