// SPDX-License-Identifier: Apache-2.0
// Progress is for people: it reads clocks, and nothing that is written to a run directory passes through here.
#include "progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <vector>

namespace tocsin::apps {

namespace {
std::size_t columns_of(std::FILE* terminal) {
  winsize size{};
  return ::ioctl(::fileno(terminal), TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 100;
}
}  // namespace

Progress::Progress(std::FILE* to, bool live, const lab::Ink& ink, double expected)
    : to_(to), live_(live), ink_(ink), expected_(expected) {}
Progress::Progress(std::FILE* to, bool live, const lab::Ink& ink, std::vector<double> seconds)
    : to_(to), live_(live), ink_(ink), seconds_(std::move(seconds)) {
  for (const double one : seconds_) expected_ += one;
}

double Progress::elapsed_seconds() const { return std::chrono::duration<double>(Clock::now() - begin_).count(); }

double Progress::seconds_left() const {
  const double done = finished_ + weight_ * static_cast<double>(done_in_round_);
  if (done <= 0 || expected_ <= done) return 0;
  return elapsed_seconds() / done * (expected_ - done);
}

std::string Progress::scores() const {
  if (round_ == 0) return "";
  std::string text =
      regression_ ? fmt::format("loss {}", lab::figure(loss_)) : fmt::format("accuracy {:>6}", lab::percent(accuracy_));
  if (targets_) text += fmt::format("  target {:.4f}", confidence_);
  return text;
}

void Progress::run_started(const lab::Plan& plan, const lab::Setting& setting, std::size_t number, std::size_t of) {
  const std::lock_guard lock(mutex_);
  label_ = plan.variant.empty() ? plan.name : plan.variant;
  if (!seconds_.empty() && !plan.variant.empty()) label_ = fmt::format("{} {}", plan.name, plan.variant);
  if (of > 1 || !seconds_.empty()) label_ = fmt::format("[{}/{}] {} s{}", number, of, label_, plan.seed);
  regression_ = setting.problem.train->classes == 0;
  targets_ = !setting.targets.empty();
  round_ = 0;
  rounds_ = plan.federation.rounds;
  cohort_ = plan.cohort;
  if (!seconds_.empty()) weight_ = seconds_[number - 1] / static_cast<double>(rounds_ * cohort_);
  run_begin_ = Clock::now();
  draw();
}

void Progress::clients_done(std::size_t done, std::size_t of) {
  const std::lock_guard lock(mutex_);
  done_in_round_ = done;
  of_in_round_ = of;
  draw();
}

void Progress::round_done(const fed::RoundRecord& record, const fed::RoundTimes& times) {
  const std::lock_guard lock(mutex_);
  round_ = record.round;
  accuracy_ = record.test.accuracy;
  loss_ = record.test.loss;
  confidence_ = record.target_confidence;
  finished_ += weight_ * static_cast<double>(record.cohort.size());
  done_in_round_ = 0;
  client_seconds_ += times.train_seconds;
  clients_timed_ += record.cohort.size();
  if (live_) {
    draw();
    return;
  }
  const double rate = static_cast<double>(record.cohort.size()) / std::max(1e-9, times.train_seconds);
  std::string line = fmt::format("{}  round {:>{}}/{}  {}  {} clients/s  {:.2f} s", label_, round_, std::to_string(rounds_).size(),
                                 rounds_, scores(), lab::figure(rate), times.total_seconds);
  if (round_ < rounds_ || finished_ < expected_) line += fmt::format("  {} left", lab::duration_text(seconds_left()));
  if (!record.held.empty()) line += "  held: " + record.held;
  std::fputs((line + "\n").c_str(), to_);
  std::fflush(to_);
}

void Progress::draw() {
  if (!live_) return;
  constexpr std::size_t kCells = 20, kLongestLabel = 40;
  const double in_round = of_in_round_ > 0 ? static_cast<double>(done_in_round_) / static_cast<double>(of_in_round_) : 0.0;
  const double share = (static_cast<double>(round_) + in_round) / static_cast<double>(std::max<std::size_t>(1, rounds_));
  const auto filled = std::min(kCells, static_cast<std::size_t>(share * kCells));
  const std::string head = fmt::format("{:.{}}  {:>{}}/{}  ", label_, kLongestLabel, std::min(round_ + 1, rounds_),
                                       std::to_string(rounds_).size(), rounds_);
  std::vector<std::string> parts;
  if (round_ > 0) parts.push_back(scores());
  if (clients_timed_ > 0 && client_seconds_ > 0)
    parts.push_back(fmt::format("{} clients/s", lab::figure(static_cast<double>(clients_timed_) / client_seconds_)));
  if (const double left = seconds_left(); left > 0) parts.push_back(fmt::format("{} left", lab::duration_text(left)));
  std::size_t width = head.size() + kCells;
  std::string line =
      fmt::format("{}{}{}{}{}", head, std::string(filled, '#'), ink_.dim, std::string(kCells - filled, '.'), ink_.off);
  for (const std::string& part : parts) {  // a line that wraps could not be drawn over
    width += 2 + part.size();
    if (width < columns_of(to_)) line += "  " + part;
  }
  std::fputs(("\r" + line + "\x1b[K").c_str(), to_);
  std::fflush(to_);
  drawn_ = true;
}

void Progress::run_ended(const lab::Summary& summary, const std::string&) {
  const std::lock_guard lock(mutex_);
  const auto skipped = static_cast<double>((rounds_ - std::min(rounds_, summary.rounds)) * cohort_);  // it ended early
  expected_ = std::max(0.0, expected_ - weight_ * skipped);
  if (!live_) return;
  const double seconds = std::chrono::duration<double>(Clock::now() - run_begin_).count();
  std::fputs(fmt::format("\r{}  {} rounds  {}  {}\x1b[K\n", label_, summary.rounds, scores(), lab::duration_text(seconds)).c_str(),
             to_);
  std::fflush(to_);
  drawn_ = false;
}

void Progress::end() {
  const std::lock_guard lock(mutex_);
  if (drawn_) std::fputs("\r\x1b[K", to_);
  std::fflush(to_);
  drawn_ = false;
}

}  // namespace tocsin::apps
