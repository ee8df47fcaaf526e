// SPDX-License-Identifier: Apache-2.0
// The pool: every item once, in ascending order of beginning, exceptions by item number, stops.
#include "tocsin/core/workers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "support/rows.h"
#include "tocsin/core/errors.h"

namespace tocsin {
namespace {

class WorkerCounts : public testing::TestWithParam<std::size_t> {};
INSTANTIATE_TEST_SUITE_P(Workers, WorkerCounts, testing::Values(1, 2, 5));

TEST_P(WorkerCounts, RunEveryItemOnce) {
  Workers workers(GetParam());
  EXPECT_EQ(workers.count(), GetParam());
  for (const std::size_t items : {0u, 1u, 3u, 1000u}) {
    std::vector<std::atomic<int>> calls(items);
    std::atomic<bool> stranger = false;
    workers.run(items, [&](std::size_t worker, std::size_t index) {
      ++calls[index];
      if (worker >= GetParam()) stranger = true;
    });
    for (const auto& count : calls) EXPECT_EQ(count, 1);
    EXPECT_FALSE(stranger);
  }
}

TEST_P(WorkerCounts, RethrowTheExceptionOfTheLowestItem) {
  Workers workers(GetParam());
  for (int repetition = 0; repetition < 50; ++repetition)
    EXPECT_EQ(support::error_of([&] {
                workers.run(100, [](std::size_t, std::size_t index) {
                  if (index % 10 == 7) throw std::runtime_error("item " + std::to_string(index));
                });
              }),
              "item 7");
}

TEST_P(WorkerCounts, DropItemsAfterAnExceptionAndWorkAgainLater) {
  Workers workers(GetParam());
  std::atomic<std::size_t> begun = 0;
  EXPECT_THROW(workers.run(100000,
                           [&](std::size_t, std::size_t) {
                             ++begun;
                             throw std::logic_error("no");
                           }),
               std::logic_error);
  EXPECT_GE(begun, 1u);
  EXPECT_LE(begun, GetParam());  // each worker may have had one in flight
  std::atomic<std::size_t> sum = 0;
  workers.run(10, [&](std::size_t, std::size_t index) { sum += index; });
  EXPECT_EQ(sum, 45u);
}

TEST_P(WorkerCounts, StopBetweenItems) {
  Workers workers(GetParam());
  std::stop_source source;
  std::atomic<std::size_t> begun = 0;
  const auto item = [&](std::size_t, std::size_t) {
    ++begun;
    source.request_stop();
  };
  EXPECT_THROW(workers.run(100000, item, source.get_token()), Interrupted);
  EXPECT_GE(begun, 1u);
  EXPECT_LE(begun, GetParam());
  EXPECT_THROW(workers.run(3, item, source.get_token()), Interrupted);  // stopped before it begins
  EXPECT_LE(begun, GetParam());
}

TEST_P(WorkerCounts, FinishWhenTheStopComesWithTheLastItem) {
  Workers workers(GetParam());
  std::stop_source source;
  std::atomic<std::size_t> begun = 0;
  EXPECT_NO_THROW(workers.run(
      10,
      [&](std::size_t, std::size_t) {
        if (++begun == 10) source.request_stop();
      },
      source.get_token()));
  EXPECT_EQ(begun, 10u);
}

TEST_P(WorkerCounts, EndForAStopFromOutside) {
  Workers workers(GetParam());
  for (int repetition = 0; repetition < 20; ++repetition) {
    std::stop_source source;
    std::atomic<bool> begun = false;
    std::jthread stopper([&] {
      while (!begun) std::this_thread::yield();
      source.request_stop();
    });
    EXPECT_THROW(workers.run(
                     std::size_t{1} << 40, [&](std::size_t, std::size_t) { begun = true; }, source.get_token()),
                 Interrupted);
  }
}

TEST(Workers, BeginItemsInAscendingOrder) {
  Workers workers(3);
  std::mutex mutex;
  std::vector<std::vector<std::size_t>> seen(3);
  workers.run(300, [&](std::size_t worker, std::size_t index) {
    const std::lock_guard lock(mutex);
    seen[worker].push_back(index);
  });
  for (const auto& indices : seen) EXPECT_TRUE(std::is_sorted(indices.begin(), indices.end()));
  Workers single(1);
  std::vector<std::size_t> all;
  single.run(5, [&](std::size_t, std::size_t index) { all.push_back(index); });
  EXPECT_EQ(all, (std::vector<std::size_t>{0, 1, 2, 3, 4}));
}

TEST(Workers, WorkAtTheSameTime) {
  Workers workers(3);
  std::barrier together(3);  // passes only if three items are in flight at once
  std::mutex mutex;
  std::set<std::size_t> who;
  workers.run(3, [&](std::size_t worker, std::size_t) {
    together.arrive_and_wait();
    const std::lock_guard lock(mutex);
    who.insert(worker);
  });
  EXPECT_EQ(who.size(), 3u);
}

TEST(Workers, StartEachThreadOnceBeforeItsFirstItem) {
  static thread_local int started = 0;
  std::atomic<int> starts = 0;
  std::atomic<bool> missed = false;
  Workers workers(2, [&] {
    ++started;
    ++starts;
  });
  for (int repetition = 0; repetition < 10; ++repetition)
    workers.run(20, [&](std::size_t, std::size_t) {
      if (started != 1) missed = true;
    });
  EXPECT_FALSE(missed);
  EXPECT_GE(starts, 1);
  EXPECT_LE(starts, 2);
}

TEST(Workers, CarryAnExceptionOfTheStartToTheCaller) {
  Workers workers(2, [] { throw std::runtime_error("no start"); });
  EXPECT_EQ(support::error_of([&] { workers.run(1, [](std::size_t, std::size_t) {}); }), "no start");
}

TEST(Workers, RefuseToBeRunByTheirOwnItems) {
  Workers workers(2);
  EXPECT_EQ(support::error_of(
                [&] { workers.run(1, [&](std::size_t, std::size_t) { workers.run(1, [](std::size_t, std::size_t) {}); }); }),
            "workers: an item may not run the pool that runs it");
  EXPECT_EQ(support::error_of([] { Workers none(0); }), "workers: there must be at least 1, got 0");
}

TEST(Workers, TakeCallersOneAfterTheOther) {
  Workers workers(2);
  std::atomic<int> own_items = 0, other_items = 0;
  std::atomic<bool> mixed = false;
  const auto caller = [&](std::atomic<int>& mine, std::atomic<int>& others) {
    for (int i = 0; i < 100; ++i)
      workers.run(8, [&](std::size_t, std::size_t) {
        ++mine;
        if (others != 0) mixed = true;
        --mine;
      });
  };
  {
    const std::jthread first([&] { caller(own_items, other_items); }), second([&] { caller(other_items, own_items); });
  }
  EXPECT_FALSE(mixed);
}

TEST(ForEach, RunsOnTheCallerWithoutWorkers) {
  std::vector<std::size_t> seen;
  const auto caller = std::this_thread::get_id();
  for_each(nullptr, 3, [&](std::size_t worker, std::size_t index) {
    EXPECT_EQ(std::this_thread::get_id(), caller);
    EXPECT_EQ(worker, 0u);
    seen.push_back(index);
  });
  EXPECT_EQ(seen, (std::vector<std::size_t>{0, 1, 2}));
  EXPECT_THROW(for_each(nullptr, 3, [](std::size_t, std::size_t) { throw std::logic_error("x"); }), std::logic_error);
}

TEST(ForEach, RunsOnTheWorkersIfThereAreAny) {
  Workers workers(2);
  std::atomic<std::size_t> sum = 0;
  std::atomic<bool> own = false;
  const auto caller = std::this_thread::get_id();
  for_each(&workers, 10, [&](std::size_t, std::size_t index) {
    sum += index;
    if (std::this_thread::get_id() == caller) own = true;
  });
  EXPECT_EQ(sum, 45u);
  EXPECT_FALSE(own);
}

}  // namespace
}  // namespace tocsin
