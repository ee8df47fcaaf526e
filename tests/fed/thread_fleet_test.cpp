// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <mutex>
#include <numeric>
#include <set>
#include <thread>

#include "support/attacks.h"
#include "support/federation.h"

namespace tocsin::fed {
namespace {
using support::Scenario;

/// Work for many clients on blobs, through a fleet of its own.
struct Yard {
  explicit Yard(std::size_t workers, std::size_t clients = 23)
      : architecture(nn::built_in("softmax", scenario.problem.train->shape, 3)),
        fleet(make_thread_fleet(architecture, 8, nn::Precision::float64, workers)),
        global(1, architecture.parameters(), Element::float64),
        partition(data::iid(scenario.problem.train->size(), clients, Stream(1))) {
    nn::initialise(architecture, nn::Init::glorot, Stream(2), global.rows());
    work = {.round = 1,
            .global = std::as_const(global).rows(),
            .algorithm = Algorithm::fedavg,
            .training = &scenario.training,
            .train = scenario.problem.train.get(),
            .test = scenario.problem.test.get()};
    for (std::uint32_t client = 0; client < clients; ++client) {
      WorkItem item;
      item.client = client;
      item.samples = partition[client].samples;
      item.stream = Stream(3).at("client").at(client);
      item.attack_round.global = work.global;
      items.push_back(item);
    }
  }
  Updates train(std::stop_token stop = {}, const std::function<void(std::size_t)>& finished = {}) {
    Updates updates(items.size(), architecture.parameters(), Element::float64);
    fleet->train(work, items, updates.rows(), finished, std::move(stop));
    return updates;
  }

  Scenario scenario;
  nn::Architecture architecture;
  std::unique_ptr<Fleet> fleet;
  Updates global;
  data::Partition partition;
  RoundWork work;
  std::vector<WorkItem> items;
};

TEST(ThreadFleet, RowsAreTrainedMinusGlobal) {
  Yard yard(2);
  const Updates updates = yard.train();
  const auto network = nn::make_network(yard.architecture, 8, nn::Precision::float64);
  for (const std::size_t i : {0U, 22U}) {
    network->load(yard.work.global);
    nn::train(yard.scenario.training, {.network = *network,
                                       .data = *yard.work.train,
                                       .samples = yard.items[i].samples,
                                       .round = 1,
                                       .stream = yard.items[i].stream,
                                       .stop = {}});
    Updates local(1, yard.architecture.parameters(), Element::float64);
    network->save(local.rows());
    for (std::size_t j = 0; j < local.coordinates(); ++j)
      EXPECT_EQ(updates.rows().at(i, j), local.rows().at(0, j) - yard.work.global.at(0, j));
  }
}

TEST(ThreadFleet, AnyNumberOfWorkersTrainsTheSameRows) {
  const std::string once = support::bytes_of(Yard(1).train().rows());
  for (const std::size_t workers : {2U, 5U}) EXPECT_EQ(support::bytes_of(Yard(workers).train().rows()), once) << workers;
}

TEST(ThreadFleet, FoldsEveryRowOnceInItemOrder) {
  for (const std::size_t workers : {1U, 5U}) {
    Yard yard(workers);
    const Updates rows = yard.train();
    for (int again = 0; again < 20; ++again) {
      std::size_t next = 0, told = 0;
      const auto results = yard.fleet->train_folding(
          yard.work, yard.items,
          [&](std::size_t item, ConstRows row) {
            ASSERT_EQ(item, next++);
            ASSERT_EQ(support::bytes_of(row), support::bytes_of(rows.rows().slice(item, item + 1)));
          },
          [&](std::size_t done) { ASSERT_EQ(done, ++told); }, {});
      EXPECT_EQ(next, yard.items.size());
      EXPECT_EQ(told, yard.items.size());
      EXPECT_EQ(results.size(), yard.items.size());
    }
  }
}

TEST(ThreadFleet, FoldsInOrderThoughTheFirstClientIsTheLastToFinish) {
  Yard yard(3, 6);
  std::atomic<std::size_t> others = 0;
  const support::TrainBy slow([&](attack::AttackPlace, Rows) {
    while (others < 2) std::this_thread::yield();
    return attack::Sent{};
  });
  const support::TrainBy quick([&](attack::AttackPlace, Rows) {
    ++others;
    return attack::Sent{};
  });
  for (WorkItem& item : yard.items) item.attack = &quick;
  yard.items[0].attack = &slow;
  std::vector<std::size_t> order;
  yard.fleet->train_folding(yard.work, yard.items, [&](std::size_t item, ConstRows) { order.push_back(item); }, {}, {});
  EXPECT_EQ(order, (std::vector<std::size_t>{0, 1, 2, 3, 4, 5}));
}

TEST(ThreadFleet, CarriesTheExceptionOfTheFirstClientThatFails) {
  const support::TrainBy failing([](attack::AttackPlace place, Rows) -> attack::Sent {
    throw std::runtime_error(fmt::format("client with {} samples failed", place.training.samples.size()));
  });
  for (const std::size_t workers : {1U, 4U}) {
    Yard yard(workers);
    for (const std::size_t i : {7U, 8U, 20U}) yard.items[i].attack = &failing;
    yard.items[7].samples = yard.items[7].samples.first(1);
    EXPECT_EQ(support::error_of([&] { yard.train(); }), "client with 1 samples failed");
    EXPECT_EQ(support::error_of([&] { yard.fleet->train_folding(yard.work, yard.items, [](std::size_t, ConstRows) {}, {}, {}); }),
              "client with 1 samples failed");
    yard.items[7].attack = yard.items[8].attack = yard.items[20].attack = nullptr;
    EXPECT_NO_THROW(yard.train()) << "the fleet works on after a failure";
  }
}

TEST(ThreadFleet, CarriesWhatAFoldThrew) {
  Yard yard(4);
  EXPECT_EQ(support::error_of([&] {
              yard.fleet->train_folding(yard.work, yard.items, [](std::size_t item, ConstRows) { require(item < 5, "no more"); },
                                        {}, {});
            }),
            "no more");
}

TEST(ThreadFleet, StopsBetweenBatches) {
  for (const std::size_t workers : {1U, 3U}) {
    Yard yard(workers);
    std::stop_source stop;
    std::size_t last = 0;
    EXPECT_THROW(yard.train(stop.get_token(),
                            [&](std::size_t done) {
                              last = done;
                              if (done == 4) stop.request_stop();
                            }),
                 Interrupted);
    EXPECT_LT(last, 4 + workers + 1);
  }
}

TEST(ThreadFleet, KeepsAReplicaAWorkerAndASmallOneOfTheTargetsNumber) {
  Yard yard(2, 4);
  std::mutex mutex;
  std::set<const nn::Network*> whole, small;
  std::set<std::size_t> capacities;
  const support::TrainBy look([&](attack::AttackPlace place, Rows) {
    const std::lock_guard lock(mutex);
    whole.insert(&place.training.network);
    small.insert(&place.small);
    capacities.insert(place.small.capacity());
    EXPECT_EQ(place.training.network.capacity(), 8U);
    return attack::Sent{};
  });
  const std::vector<attack::Target> targets(3);
  for (WorkItem& item : yard.items) {
    item.attack = &look;
    item.targets = targets;
  }
  for (int round = 0; round < 5; ++round) yard.train();
  EXPECT_LE(whole.size(), 2U);
  EXPECT_LE(small.size(), 2U);
  EXPECT_EQ(capacities, std::set<std::size_t>{3});
  for (const nn::Network* network : small) EXPECT_FALSE(whole.contains(network));
}

TEST(ThreadFleet, EvaluatesEverySampleOnceWhateverTheBatch) {
  const Yard yard(1);
  const data::Dataset& data = *yard.scenario.problem.train;  // 310: a whole chunk and a short one
  std::vector<std::uint32_t> samples(data.size());
  std::iota(samples.begin(), samples.end(), 0U);
  const auto network = nn::make_network(yard.architecture, samples.size(), nn::Precision::float64);
  network->load(yard.work.global);
  network->put(data, samples);
  network->forward();
  const nn::BatchLoss whole = network->score({.labels = data.labels, .targets = {}});
  for (const std::size_t batch : {1U, 7U, 8U, 400U}) {
    std::string once;
    for (const std::size_t workers : {1U, 2U, 5U}) {
      const auto fleet = make_thread_fleet(yard.architecture, batch, nn::Precision::float64, workers);
      const nn::Evaluation found = fleet->evaluate(yard.work.global, data, samples, {});
      EXPECT_EQ(found.samples, 310U);
      EXPECT_EQ(found.accuracy, static_cast<double>(whole.correct) / 310.0);
      EXPECT_NEAR(found.loss, whole.loss / 310.0, 1e-13);
      const std::string text = fmt::format("{:a}", found.loss);
      EXPECT_EQ(once.empty() ? text : once, text);
      once = text;
    }
  }
}

TEST(ThreadFleet, EvaluatesNothingToNothing) {
  Yard yard(2);
  EXPECT_EQ(yard.fleet->evaluate(yard.work.global, *yard.work.test, {}, {}).samples, 0U);
  EXPECT_TRUE(yard.fleet->logits(yard.work.global, *yard.work.test, {}).empty());
}

TEST(ThreadFleet, GivesTheLogitsOfMoreTargetsThanABatchHolds) {
  Yard yard(2);
  std::vector<std::uint32_t> samples(19);
  std::iota(samples.begin(), samples.end(), 5U);
  const std::vector<double> found = yard.fleet->logits(yard.work.global, *yard.work.test, samples);
  const auto network = nn::make_network(yard.architecture, 19, nn::Precision::float64);
  network->load(yard.work.global);
  network->put(*yard.work.test, samples);
  network->forward();
  EXPECT_EQ(found, network->logits());
}

}  // namespace
}  // namespace tocsin::fed
