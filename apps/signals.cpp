// SPDX-License-Identifier: Apache-2.0
// A thread that waits for signals, so that no code of ours ever runs in a signal handler.
#include "signals.h"

#include <pthread.h>
#include <unistd.h>

#include <csignal>
#include <ctime>

namespace tocsin::apps {
namespace {
sigset_t stopping() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set, signal);
  return set;
}
}  // namespace

StopSignals::StopSignals() {
  const sigset_t set = stopping();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  thread_ = std::jthread([this, set](const std::stop_token& end) {
    constexpr timespec kLook{0, 50'000'000};  // how often the end of the program is looked for
    while (!end.stop_requested()) {
      const int signal = sigtimedwait(&set, nullptr, &kLook);
      if (signal <= 0) continue;
      if (caught_ != 0 && signal == SIGINT) _exit(128 + SIGINT);
      if (caught_ == 0) caught_ = signal;
      source_.request_stop();
    }
  });
}

StopSignals::~StopSignals() {
  thread_.request_stop();
  thread_.join();
}

}  // namespace tocsin::apps
