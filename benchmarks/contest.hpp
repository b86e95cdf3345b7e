// Benchmarks in alternation: contenders take turns of some steps, so that what else the machine does meets all of them,
// and what counts is the ratio of two neighbouring turns.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace contest {

// Call it first in main. Libraries read some variables when they are loaded: where one is not set, sets it and starts
// the program afresh. Two threads; the kernels for this processor in OpenBLAS, which takes newer processors for very old
// ones, and in LibTorch; a malloc that keeps its pages; and Debian's OpenBLAS that computes in OpenMP's threads, where it is
// installed: the usual one has threads of its own, which wait beside OpenMP's and on two cores make LibTorch up to four times as slow.
void settle_environment(char** argv);

// Processor, cores, threads, and what OpenBLAS makes of them; one line.
std::string machine();

struct Contender {
  std::string name;
  std::function<void()> step;
  std::vector<double> turns_ms = {};  // milliseconds a step, one for each turn
};

struct Turn {
  int warm_up_steps = 10, steps = 50;
};

// The pause and the first steps are not counted: the other contender's threads go to sleep, and the caches fill.
void take_turn(Contender& contender, const Turn& turn);

double quantile(std::vector<double> values, double q);
double median(const std::vector<double>& values);

// Median, lower quartile and least time of each contender, in milliseconds a step.
void print_times(const std::vector<Contender>& contenders);
// Their time over ours, turn by turn.
void print_ratio(const Contender& ours, const Contender& theirs);

// The median microseconds of a call, over short turns.
double microseconds(const std::function<void()>& call);

}  // namespace contest
