// SPDX-License-Identifier: Apache-2.0
// The thread pool. Items are taken one by one in ascending order, so when item k fails every lower item has been begun: the
// lowest failing item is the same for every number of workers, and its exception is the one that is rethrown.
#include "tocsin/core/workers.h"

#include <condition_variable>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "tocsin/core/errors.h"

namespace tocsin {
namespace {
thread_local const void* own_pool = nullptr;  // the pool this thread works for: running it again from within would never end
}

struct Workers::State {
  using Item = std::function<void(std::size_t, std::size_t)>;

  std::mutex running;  // held by the caller for the length of a run
  std::mutex mutex;    // guards what follows
  std::condition_variable_any work, done;
  const Item* item = nullptr;
  std::stop_token stop;
  std::size_t items = 0, next = 0, busy = 0;
  std::size_t failed_item = 0;
  std::exception_ptr failure;
  std::function<void()> start;
  std::vector<std::jthread> threads;  // last: joined first

  [[nodiscard]] bool has_next() const { return item != nullptr && next < items && !failure && !stop.stop_requested(); }

  void note_failure(std::size_t index) {
    if (failure && failed_item <= index) return;
    failure = std::current_exception();
    failed_item = index;
  }

  void serve(std::size_t worker, const std::stop_token& end) {
    own_pool = this;
    bool started = false;
    std::unique_lock lock(mutex);
    while (work.wait(lock, end, [&] { return has_next(); })) {
      const std::size_t index = next++;
      const Item& call = *item;
      ++busy;
      lock.unlock();
      bool failed = false;
      try {
        if (!started && start) start();
        started = true;
        call(worker, index);
      } catch (...) {
        failed = true;
        lock.lock();
        note_failure(index);
      }
      if (!failed) lock.lock();
      --busy;
      if (busy == 0 && !has_next()) done.notify_all();
    }
  }
};

Workers::Workers(std::size_t count, std::function<void()> start) : state_(std::make_unique<State>()) {
  require(count >= 1, "workers: there must be at least 1, got {}", count);
  state_->start = std::move(start);
  for (std::size_t worker = 0; worker < count; ++worker) {
    try {
      state_->threads.emplace_back([state = state_.get(), worker](const std::stop_token& end) { state->serve(worker, end); });
    } catch (const std::system_error& error) {
      throw RunError(Exit::memory,
                     fmt::format("cannot start worker thread {} of {}: {}", worker + 1, count, error.code().message()),
                     "use fewer workers, or raise the limit on processes (ulimit -u)");
    }
  }
}

Workers::~Workers() = default;

std::size_t Workers::count() const { return state_->threads.size(); }

void Workers::run(std::size_t items, const std::function<void(std::size_t worker, std::size_t index)>& item, std::stop_token stop) {
  State& state = *state_;
  require(own_pool != &state, "workers: an item may not run the pool that runs it");
  if (items == 0) return;
  const std::lock_guard alone(state.running);
  // Workers that see the stop while they look for an item just sleep again, so the stop itself wakes the caller. It takes the
  // mutex, lest it fall between the caller's look and its sleep; therefore it is registered and removed without the mutex.
  const std::stop_callback wake(stop, [&state] {
    const std::lock_guard seen(state.mutex);
    state.done.notify_all();
  });
  std::unique_lock lock(state.mutex);
  state.item = &item;
  state.stop = std::move(stop);
  state.items = items;
  state.next = 0;
  state.failure = nullptr;
  state.work.notify_all();
  state.done.wait(lock, [&state] { return state.busy == 0 && !state.has_next(); });
  const bool dropped = state.next < items;
  const std::exception_ptr failure = std::exchange(state.failure, nullptr);
  state.item = nullptr;
  state.stop = {};
  lock.unlock();
  if (failure) std::rethrow_exception(failure);
  if (dropped) throw Interrupted();
}

void for_each(Workers* workers, std::size_t items, const std::function<void(std::size_t worker, std::size_t index)>& item) {
  if (workers != nullptr) return workers->run(items, item);
  for (std::size_t index = 0; index < items; ++index) item(0, index);
}

}  // namespace tocsin
