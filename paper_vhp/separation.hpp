// # Whether the motions are separate
//
// Section 4.2 says so of the VHP's and the VampPrior's codes by eye. A number for it that needs no choice of neighbours or
// bandwidths: the posteriors themselves say where each motion's codes lie. Draw $z \sim q_\phi(z \mid x_i)$ for each frame and
// ask by Bayes' rule which motion it belongs to, $p(c \mid z) \propto \frac1{n_c} \sum_{j \in c} q_\phi(z \mid x_j)$; where
// motions overlap, the answer is wrong. The mean over the five motions of the share of right answers counts every motion
// alike (two recordings make up four fifths of the frames), and chance gives 1/5.
//
// The frame itself and those of the same recording within a quarter of a second are left out of the sum: they are nearly
// the same posture, and would vouch for a thread of codes that winds through all other motions. Besides it stands the
// leave-one-out accuracy of the nearest posterior mean, over the same frames.
#pragma once

#include "common/distributions/normal.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace vhp {

// Posteriors of n frames, [n, d], and the frames' motions (0, 1, ...) and times.
struct FrameCodes {
  distributions::Normal<float> q;
  std::vector<std::size_t> motion;
  std::vector<double> seconds;
};

struct Separation {
  double overlap_accuracy = 0;       // of the rule above: the mean over motions
  double neighbour_accuracy = 0;     // of the nearest posterior mean
  double chance = 0;                 // of the rule, where motions are dealt to frames at random: mean and
  double chance_sd = 0;              // standard deviation over deals
};

// z [n, d]: one draw for each frame. `stream` deals the motions.
Separation separation(const FrameCodes& codes, const tensors::Array<float>& z, tensors::Stream stream, int n_deals = 20);

// $\log \frac1n \sum_j q_\phi(z \mid x_j)$, the aggregated posterior's log density at each row of z: nats.
std::vector<double> log_aggregated_posterior(const FrameCodes& codes, const tensors::Array<float>& z);

}  // namespace vhp
