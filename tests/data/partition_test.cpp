// SPDX-License-Identifier: Apache-2.0
// The laws of every kind of partition, the distributions that tell one kind from another, and small ones pinned for ever.
#include "tocsin/data/partition.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "support/rows.h"

namespace tocsin::data {
namespace {

using support::error_of;
using Labels = std::vector<std::int32_t>;

const std::vector<std::string> kKinds{"iid", "dirichlet_by_class", "dirichlet_by_client", "shards", "power_law"};

/// 0, 1, ..., classes - 1, 0, 1, ...
Labels round_robin(std::size_t samples, std::size_t classes) {
  Labels labels(samples);
  for (std::size_t i = 0; i < samples; ++i) labels[i] = static_cast<std::int32_t>(i % classes);
  return labels;
}

Dataset labelled(const Labels& labels, std::size_t classes) {
  Dataset data;
  data.name = "labelled";
  data.shape = {1, 1, 1};
  data.classes = classes;
  data.pixels.assign(labels.size(), 0);
  data.labels = labels;
  return data;
}

std::vector<std::size_t> sizes_of(const Partition& partition) {
  std::vector<std::size_t> sizes;
  for (const Shard& shard : partition) sizes.push_back(shard.samples.size());
  return sizes;
}
std::size_t total(const Partition& partition) {
  const std::vector<std::size_t> sizes = sizes_of(partition);
  return std::accumulate(sizes.begin(), sizes.end(), std::size_t{0});
}
std::vector<std::size_t> count_classes(const Shard& shard, const Labels& labels, std::size_t classes) {
  std::vector<std::size_t> counts(classes, 0);
  for (const std::uint32_t sample : shard.samples) ++counts[static_cast<std::size_t>(labels[sample])];
  return counts;
}
std::vector<std::vector<std::uint32_t>> lists(const Partition& partition) {
  std::vector<std::vector<std::uint32_t>> result;
  for (const Shard& shard : partition) result.push_back(shard.samples);
  return result;
}

/// A random plan, labels and the samples that may be dealt.
struct Case {
  PartitionPlan plan;
  Dataset data;
  std::vector<std::uint32_t> available;
};

Case any_case() {
  Case made;
  made.plan.kind = *rc::gen::elementOf(kKinds);
  made.plan.classes_per_client = *rc::gen::inRange<std::size_t>(1, 4);
  made.plan.alpha = *rc::gen::element(1e-300, 1e-3, 0.1, 1.0, 30.0, 1e9);
  made.plan.exponent = *rc::gen::element(0.0, 0.5, 1.0, 3.0, 100.0);
  const auto classes = *rc::gen::inRange<std::size_t>(1, 7);
  const auto samples = *rc::gen::inRange<std::size_t>(1, 200);
  const auto labels = *rc::gen::container<Labels>(samples, rc::gen::inRange<std::int32_t>(0, static_cast<std::int32_t>(classes)));
  const auto held_out = *rc::gen::container<std::vector<bool>>(samples, rc::gen::weightedElement<bool>({{4, false}, {1, true}}));
  made.data = labelled(labels, classes);
  for (std::uint32_t i = 0; i < samples; ++i)
    if (!held_out[i]) made.available.push_back(i);
  const std::size_t most = made.available.size() / (made.plan.kind == "shards" ? made.plan.classes_per_client : 1);
  RC_PRE(most >= 1);
  made.plan.clients = *rc::gen::inRange<std::size_t>(1, most + 1);
  return made;
}

RC_GTEST_PROP(Partition, DealsNoSampleTwiceAndOnlyWhatIsAvailable, ()) {
  const Case one = any_case();
  const Partition partition = make_partition(one.plan, one.data, one.available, Stream(*rc::gen::arbitrary<std::uint64_t>()));
  RC_ASSERT(partition.size() == one.plan.clients);
  std::set<std::uint32_t> seen;
  for (const Shard& shard : partition) {
    RC_ASSERT(std::is_sorted(shard.samples.begin(), shard.samples.end()));
    for (const std::uint32_t sample : shard.samples) {
      RC_ASSERT(seen.insert(sample).second);
      RC_ASSERT(std::binary_search(one.available.begin(), one.available.end(), sample));
    }
  }
}

RC_GTEST_PROP(Partition, HasTheSizesOfItsKind, ()) {
  const Case one = any_case();
  const Partition partition = make_partition(one.plan, one.data, one.available, Stream(*rc::gen::arbitrary<std::uint64_t>()));
  const std::size_t n = one.available.size(), clients = one.plan.clients, pieces = one.plan.classes_per_client;
  for (const std::size_t size : sizes_of(partition)) {
    if (one.plan.kind == "iid" || one.plan.kind == "dirichlet_by_client") RC_ASSERT(size == n / clients);
    if (one.plan.kind == "shards") RC_ASSERT(size == n / (clients * pieces) * pieces);
    if (one.plan.kind == "power_law") RC_ASSERT(size >= 1u);
  }
  if (one.plan.kind == "dirichlet_by_class" || one.plan.kind == "power_law") RC_ASSERT(total(partition) == n);
}

RC_GTEST_PROP(Partition, IsTheSameForTheSameStream, ()) {
  const Case one = any_case();
  const Stream stream(*rc::gen::arbitrary<std::uint64_t>());
  RC_ASSERT(lists(make_partition(one.plan, one.data, one.available, stream)) ==
            lists(make_partition(one.plan, one.data, one.available, stream)));
}

TEST(Partition, DiffersForAnotherStream) {
  const Dataset data = labelled(round_robin(200, 5), 5);
  const std::vector<std::uint32_t> all = permutation(200, Stream(0));
  std::vector<std::uint32_t> available = all;
  std::sort(available.begin(), available.end());
  for (const std::string& kind : kKinds) {
    PartitionPlan plan;
    plan.kind = kind;
    EXPECT_NE(lists(make_partition(plan, data, available, Stream(1))), lists(make_partition(plan, data, available, Stream(2))))
        << kind;
  }
}

TEST(Partition, StaysWhatItWas) {
  // Pinned: a change here changes the bytes of every result. The streams' own values are pinned in core.
  const Labels labels = round_robin(12, 3);
  const Stream stream = Stream(7).at("partition");
  using Lists = std::vector<std::vector<std::uint32_t>>;
  EXPECT_EQ(lists(iid(13, 3, stream)), (Lists{{0, 9, 11, 12}, {1, 5, 7, 10}, {2, 3, 4, 8}}));
  EXPECT_EQ(lists(dirichlet_by_class(labels, 3, 3, 0.5, stream)), (Lists{{8, 9}, {0, 1, 2, 7, 10}, {3, 4, 5, 6, 11}}));
  EXPECT_EQ(lists(dirichlet_by_client(labels, 3, 3, 500.0, stream)), (Lists{{1, 4, 5, 10}, {2, 6, 7, 11}, {0, 3, 8, 9}}));
  EXPECT_EQ(lists(shards(labels, 3, 2, stream)), (Lists{{3, 7, 9, 10}, {0, 2, 6, 11}, {1, 4, 5, 8}}));
  EXPECT_EQ(lists(power_law(12, 3, 1.0, stream)), (Lists{{7, 10, 11}, {2, 9}, {0, 1, 3, 4, 5, 6, 8}}));
}

TEST(Iid, DealsEveryClassToEveryClient) {
  const Labels labels = round_robin(60000, 10);
  for (const Shard& shard : iid(60000, 10, Stream(3))) {
    ASSERT_EQ(shard.samples.size(), 6000u);
    for (const std::size_t count : count_classes(shard, labels, 10)) EXPECT_NEAR(static_cast<double>(count), 600.0, 5 * 23.0);
  }
}

TEST(DirichletByClass, GivesEqualSharesForALargeAlpha) {
  const Labels labels = round_robin(10000, 10);
  for (const Shard& shard : dirichlet_by_class(labels, 10, 10, 1e9, Stream(3)))
    for (const std::size_t count : count_classes(shard, labels, 10)) EXPECT_NEAR(static_cast<double>(count), 100.0, 1.0);
}

TEST(DirichletByClass, GivesAClassToOneClientForASmallAlpha) {
  const Labels labels = round_robin(10000, 10);
  const Partition partition = dirichlet_by_class(labels, 10, 10, 1e-6, Stream(3));
  for (std::size_t k = 0; k < 10; ++k) {
    std::size_t most = 0;
    for (const Shard& shard : partition) most = std::max(most, count_classes(shard, labels, 10)[k]);
    EXPECT_EQ(most, 1000u) << k;
  }
}

TEST(DirichletByClass, HasTheVarianceOfItsConcentration) {
  // A share of Dir_K(alpha) has variance (1/K)(1 - 1/K) / (K alpha + 1): 2,000 classes of 500 samples, K = 5, alpha = 0.5.
  constexpr std::size_t kClasses = 2000, kEach = 500;
  const Labels labels = round_robin(kClasses * kEach, kClasses);
  const Partition partition = dirichlet_by_class(labels, kClasses, 5, 0.5, Stream(4));
  double squares = 0.0;
  for (const Shard& shard : partition)
    for (const std::size_t count : count_classes(shard, labels, kClasses)) {
      const double off = static_cast<double>(count) / kEach - 0.2;
      squares += off * off;
    }
  EXPECT_NEAR(squares / (5 * kClasses), 0.16 / 3.5, 0.003);  // three standard errors; Dir(alpha / K) would give 0.107
}

TEST(DirichletByClient, GivesTheSharesOfTheClassesForALargeAlpha) {
  Labels labels = round_robin(20000, 4);
  for (std::int32_t& label : labels) label = label == 3 ? 0 : label;  // half of class 0, a quarter of 1 and 2
  const Partition partition = dirichlet_by_client(labels, 3, 20, 1e9, Stream(5));
  for (std::size_t c = 0; c < 10; ++c) {
    const std::vector<std::size_t> counts = count_classes(partition[c], labels, 3);
    EXPECT_NEAR(static_cast<double>(counts[0]), 500.0, 5 * 15.8) << c;
    EXPECT_NEAR(static_cast<double>(counts[1]), 250.0, 5 * 13.7) << c;
  }
}

TEST(DirichletByClient, GivesAClientOneClassForASmallAlpha) {
  const Labels labels = round_robin(10000, 10);
  const Partition partition = dirichlet_by_client(labels, 10, 100, 1e-6, Stream(3));
  std::size_t pure = 0;
  for (const Shard& shard : partition) {
    const std::vector<std::size_t> counts = count_classes(shard, labels, 10);
    if (*std::max_element(counts.begin(), counts.end()) == 100) ++pure;
  }
  EXPECT_EQ(pure, 100u);  // 1,000 samples of a class are ten clients exactly
}

TEST(DirichletByClient, HasTheVarianceOfItsConcentration) {
  // The first of 20 clients draws 40 from q ~ Dir(alpha p), p = 1/4, alpha = 1: a share has the variance
  // p (1 - p) / m * (m + alpha) / (1 + alpha) of a Dirichlet-multinomial (no class runs out yet).
  const Labels labels = round_robin(800, 4);
  double squares = 0.0;
  constexpr std::uint64_t kRuns = 1500;
  for (std::uint64_t run = 0; run < kRuns; ++run) {
    const Partition partition = dirichlet_by_client(labels, 4, 20, 1.0, Stream(run));
    for (const std::size_t count : count_classes(partition[0], labels, 4)) {
      const double off = static_cast<double>(count) / 40 - 0.25;
      squares += off * off;
    }
  }
  EXPECT_NEAR(squares / (4 * kRuns), 0.1875 / 40 * 41 / 2, 0.007);  // Dir(alpha) for each class would give 0.041
}

TEST(DirichletByClient, DealsOutEverythingWhenClassesRunOut) {
  const Labels labels = round_robin(1000, 7);
  EXPECT_EQ(total(dirichlet_by_client(labels, 7, 10, 0.01, Stream(8))), 1000u);
}

TEST(Dirichlet, MeansTwoThings) {
  const Labels labels = round_robin(1000, 10);
  const std::vector<std::size_t> by_client = sizes_of(dirichlet_by_client(labels, 10, 10, 0.5, Stream(6)));
  EXPECT_EQ(by_client, std::vector<std::size_t>(10, 100));
  const std::vector<std::size_t> by_class = sizes_of(dirichlet_by_class(labels, 10, 10, 0.5, Stream(6)));
  EXPECT_GT(*std::max_element(by_class.begin(), by_class.end()), 130u);
  EXPECT_LT(*std::min_element(by_class.begin(), by_class.end()), 70u);
}

TEST(Shards, GivesEachClientItsNumberOfClasses) {
  // 10 classes of 60 in 20 pieces of 30: every piece is of one class.
  const Labels labels = round_robin(600, 10);
  std::size_t two = 0;
  for (const Shard& shard : shards(labels, 10, 2, Stream(2))) {
    const std::vector<std::size_t> counts = count_classes(shard, labels, 10);
    for (const std::size_t count : counts) EXPECT_EQ(count % 30, 0u);
    if (std::count(counts.begin(), counts.end(), 30) == 2) ++two;
  }
  EXPECT_GT(two, 5u);
}

TEST(Shards, LeavesOutNoClassInParticular) {
  // 10 samples for 3 clients of 3: one is left out, and it is not always of the last class.
  const Labels labels = round_robin(10, 2);
  std::set<std::int32_t> left_out;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    std::set<std::uint32_t> all;
    for (std::uint32_t i = 0; i < 10; ++i) all.insert(i);
    for (const Shard& shard : shards(labels, 3, 3, Stream(seed)))
      for (const std::uint32_t sample : shard.samples) all.erase(sample);
    ASSERT_EQ(all.size(), 1u);
    left_out.insert(labels[*all.begin()]);
  }
  EXPECT_EQ(left_out, (std::set<std::int32_t>{0, 1}));
}

TEST(PowerLaw, HasSizesByRank) {
  const auto sorted = [](const Partition& partition) {
    std::vector<std::size_t> sizes = sizes_of(partition);
    std::sort(sizes.rbegin(), sizes.rend());
    return sizes;
  };
  using Sizes = std::vector<std::size_t>;
  EXPECT_EQ(sorted(power_law(100, 4, 1.0, Stream(1))), (Sizes{48, 24, 16, 12}));  // 1 : 1/2 : 1/3 : 1/4
  EXPECT_EQ(sorted(power_law(103, 4, 0.0, Stream(1))), (Sizes{26, 26, 26, 25}));
  EXPECT_EQ(sorted(power_law(49, 3, 2.0, Stream(1))), (Sizes{36, 9, 4}));
  EXPECT_EQ(sorted(power_law(100, 4, 100.0, Stream(1))), (Sizes{97, 1, 1, 1}));
  EXPECT_EQ(sorted(power_law(4, 4, 3.0, Stream(1))), (Sizes{1, 1, 1, 1}));
}

TEST(PowerLaw, DealsTheRanksAtRandom) {
  std::set<std::size_t> largest;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const std::vector<std::size_t> sizes = sizes_of(power_law(100, 4, 1.0, Stream(seed)));
    largest.insert(static_cast<std::size_t>(std::max_element(sizes.begin(), sizes.end()) - sizes.begin()));
  }
  EXPECT_EQ(largest.size(), 4u);
}

TEST(Partition, RefusesWhatCannotBeDealt) {
  const Labels labels = round_robin(10, 2);
  EXPECT_EQ(error_of([] { iid(10, 11, Stream(0)); }), "iid: 10 samples cannot be dealt to 11 clients, at least 11 are needed");
  EXPECT_EQ(error_of([] { iid(10, 0, Stream(0)); }), "iid: needs at least one client");
  EXPECT_EQ(error_of([&] { shards(labels, 3, 4, Stream(0)); }),
            "shards: 10 samples cannot be dealt to 3 clients, at least 12 are needed");
  EXPECT_EQ(error_of([&] { dirichlet_by_class(labels, 2, 2, 0.0, Stream(0)); }),
            "dirichlet_by_class: alpha must be positive, got 0");
  EXPECT_EQ(error_of([&] { dirichlet_by_client(labels, 1, 2, 1.0, Stream(0)); }),
            "partition: label 1 of sample 1 is outside [0, 1)");
  EXPECT_EQ(error_of([] { power_law(10, 2, -1.0, Stream(0)); }), "power_law: exponent must be at least 0, got -1");
}

}  // namespace
}  // namespace tocsin::data
