// SPDX-License-Identifier: Apache-2.0
// INT, TERM and HUP as a request to stop: the unfinished round is dropped, what is written stays.
#pragma once
#include <atomic>
#include <stop_token>
#include <thread>

namespace tocsin::apps {

/// While it lives, the three signals are taken by a thread of its own and nobody else: make it before other threads. The first one
/// requests a stop; a second INT ends the process at once (130), as safe as SIGKILL.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;
  [[nodiscard]] std::stop_token token() const { return source_.get_token(); }
  [[nodiscard]] int caught() const { return caught_; }  ///< the first signal, 0: none

 private:
  std::stop_source source_;
  std::atomic<int> caught_{0};
  std::jthread thread_;
};

}  // namespace tocsin::apps
