// Progress on standard error: a bar with the time left on a terminal, else a line now and then.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace experiments {

class Progress {
 public:
  // `estimate_s`: what all cells together are declared to take, `n_processes` at a time. Bars from several processes would
  // write over each other, so those print plain lines.
  Progress(double estimate_s, int n_processes);

  void begin_cell(const std::string& label, double estimate_s);
  void step(std::int64_t done, std::int64_t of, const std::string& note);
  void end_cell(const std::string& verdict);
  void skip_cell(const std::string& label, double estimate_s, const std::string& why);

 private:
  using Clock = std::chrono::steady_clock;

  double remaining_s(std::int64_t done, std::int64_t of) const;
  void line(const std::string& text);

  int n_processes_;
  bool bar_ = false, colour_ = false;
  double rest_estimate_s_;                      // of the cells not begun
  double ended_s_ = 0, ended_estimate_s_ = 0;   // of the cells ended: taken, and declared
  std::string label_;
  double estimate_s_ = 0;
  Clock::time_point began_{}, shown_{};
  std::int64_t first_done_ = -1, shown_tenth_ = 0;
};

// "45 s", "12 min", "3 h 05 min".
std::string duration_text(double seconds);

}  // namespace experiments
