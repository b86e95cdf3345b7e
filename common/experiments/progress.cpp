#include "common/experiments/progress.hpp"

#include "common/experiments/messages.hpp"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace experiments {

namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

std::string duration_text(double seconds) {
  const auto minutes = static_cast<std::int64_t>(std::lround(seconds / 60));
  if (seconds < 100) return fmt::format("{:.0f} s", seconds);
  if (minutes < 100) return fmt::format("{} min", minutes);
  return fmt::format("{} h {:02} min", minutes / 60, minutes % 60);
}

Progress::Progress(double estimate_s, int n_processes) : n_processes_(n_processes), rest_estimate_s_(estimate_s) {
  const char* terminal = std::getenv("TERM");
  const char* no_colour = std::getenv("NO_COLOR");
  bar_ = n_processes == 1 && isatty(STDERR_FILENO) && terminal && std::string_view(terminal) != "dumb";
  colour_ = bar_ && !(no_colour && *no_colour);
}

void Progress::begin_cell(const std::string& label, double estimate_s) {
  label_ = label;
  estimate_s_ = estimate_s;
  rest_estimate_s_ -= estimate_s;
  began_ = shown_ = Clock::now();
  first_done_ = -1;
  shown_tenth_ = 0;
  if (!bar_) line(label + ": started");
}

// This cell at its own pace so far; the others, which the processes share, at the ratio of real to declared time seen so far.
double Progress::remaining_s(std::int64_t done, std::int64_t of) const {
  const double spent = seconds_since(began_);
  const double here = spent * static_cast<double>(of - done) / static_cast<double>(std::max<std::int64_t>(done - first_done_, 1));
  const double declared = ended_estimate_s_ + estimate_s_;
  const double pace = declared > 0 ? (ended_s_ + spent + here) / declared : 1;
  return here + pace * std::max(rest_estimate_s_, 0.0) / n_processes_;
}

void Progress::step(std::int64_t done, std::int64_t of, const std::string& note) {
  if (first_done_ < 0) first_done_ = done - 1;
  const double since_shown = seconds_since(shown_);
  const std::int64_t tenth = of > 0 ? 10 * done / of : 0;
  const bool due = bar_ ? since_shown > 0.1 : since_shown > 10 && (tenth > shown_tenth_ || since_shown > 60);
  if (!due) return;
  shown_ = Clock::now();
  shown_tenth_ = tenth;

  const std::string left = duration_text(remaining_s(done, of));
  const std::string remark = note.empty() ? "" : "  " + note;
  if (!bar_) return line(fmt::format("{}: {}/{}{}  {} left", label_, done, of, remark, left));
  constexpr std::int64_t width = 24;
  const auto filled = static_cast<std::size_t>(of > 0 ? std::clamp<std::int64_t>(width * done / of, 0, width) : 0);
  const std::string full(filled, '#'), empty(width - filled, '.');
  const std::string bar = fmt::format("\r{}{}{}{} {}  {}/{}{}  {} left\033[K", colour_ ? "\033[32m" : "", full, colour_ ? "\033[0m" : "", empty,
                                      label_, done, of, remark, left);
  std::fputs(bar.c_str(), stderr);
}

void Progress::end_cell(const std::string& verdict) {
  const double spent = seconds_since(began_);
  ended_s_ += spent;
  ended_estimate_s_ += estimate_s_;
  line(fmt::format("{}: {} after {}", label_, verdict, duration_text(spent)));
}

void Progress::skip_cell(const std::string& label, double estimate_s, const std::string& why) {
  rest_estimate_s_ -= estimate_s;
  if (n_processes_ == 1) line(fmt::format("{}: {}", label, why));
}

void Progress::line(const std::string& text) {
  say("{}{}", bar_ ? "\r\033[K" : "", text);
}

}  // namespace experiments
