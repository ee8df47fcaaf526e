// SPDX-License-Identifier: Apache-2.0
// What `tocsin run` and `tocsin reproduce` show while they run: one live line on a terminal, one plain line a round elsewhere.
#pragma once
#include <chrono>
#include <cstdio>
#include <mutex>
#include <string>
#include <vector>

#include "tocsin/lab/runner.h"
#include "tocsin/lab/table.h"

namespace tocsin::apps {

class Progress final : public lab::Observer {
 public:
  /// `live`: a terminal that understands carriage returns. `expected`: clients of all runs together.
  Progress(std::FILE* to, bool live, const lab::Ink& ink, double expected);
  /// The same for runs that differ much: `seconds` that each will take, about, in the order in which they start.
  Progress(std::FILE* to, bool live, const lab::Ink& ink, std::vector<double> seconds);
  void run_started(const lab::Plan& plan, const lab::Setting& setting, std::size_t number, std::size_t of) override;
  void clients_done(std::size_t done, std::size_t of) override;
  void round_done(const fed::RoundRecord& record, const fed::RoundTimes& times) override;
  void run_ended(const lab::Summary& summary, const std::string& path) override;
  /// Leaves the terminal clean, whatever happened.
  void end();

 private:
  using Clock = std::chrono::steady_clock;
  void draw();
  [[nodiscard]] std::string scores() const;  ///< of the last finished round
  [[nodiscard]] double elapsed_seconds() const;
  [[nodiscard]] double seconds_left() const;

  std::FILE* to_;
  bool live_, drawn_ = false;
  lab::Ink ink_;
  std::mutex mutex_;
  Clock::time_point begin_ = Clock::now(), run_begin_ = begin_;
  std::string label_;
  bool regression_ = false, targets_ = false;
  std::size_t round_ = 0, rounds_ = 0, cohort_ = 0;  ///< finished rounds of this run, planned ones, clients in each
  std::size_t done_in_round_ = 0, of_in_round_ = 0;
  std::vector<double> seconds_;         ///< of each run; empty: all clients weigh 1
  double weight_ = 1;                   ///< of a client of this run
  double finished_ = 0, expected_ = 0;  ///< clients of all runs, weighted
  double accuracy_ = 0, loss_ = 0, confidence_ = 0;
  double client_seconds_ = 0;  ///< of training in finished rounds
  std::size_t clients_timed_ = 0;
};

}  // namespace tocsin::apps
