// SPDX-License-Identifier: Apache-2.0
// A pool of threads over independent items. Which worker takes which item is not defined, so no result may depend on it.
#pragma once
#include <cstddef>
#include <functional>
#include <memory>
#include <stop_token>

namespace tocsin {

/// A fixed number of jthreads. `run` blocks; the first exception by item number is rethrown to the caller after all
/// items in flight have ended (items not yet begun are dropped).
class Workers {
 public:
  /// `start` runs once on each thread before its first item (a library's thread count, a buffer).
  explicit Workers(std::size_t count, std::function<void()> start = {});
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  [[nodiscard]] std::size_t count() const;
  /// Calls item(worker, index) for index in [0, items), worker in [0, count()). Items are begun in ascending order.
  /// If `stop` is requested no further item begins and Interrupted is thrown.
  void run(std::size_t items, const std::function<void(std::size_t worker, std::size_t index)>& item, std::stop_token stop = {});

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// `run` on the workers if there are any, else in a plain loop on the caller's thread (as worker 0).
void for_each(Workers* workers, std::size_t items, const std::function<void(std::size_t worker, std::size_t index)>& item);

}  // namespace tocsin
