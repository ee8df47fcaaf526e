// SPDX-License-Identifier: Apache-2.0
// Streams: known answers of Philox, values of an independent implementation (golden/streams.py), that paths differ, exactness.
#include "tocsin/core/random.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>

#include "support/rows.h"

namespace tocsin {
namespace {

using Words = std::array<std::uint32_t, 4>;

TEST(Philox, GivesThePublishedAnswers) {
  EXPECT_EQ(philox({0, 0, 0, 0}, {0, 0}), (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  constexpr std::uint32_t kOnes = 0xffffffff;
  EXPECT_EQ(philox({kOnes, kOnes, kOnes, kOnes}, {kOnes, kOnes}), (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

Stream stream_of(const nlohmann::json& path) {
  Stream stream(7);
  for (const std::string step : path)
    stream = step[0] == '\'' ? stream.at(std::string_view(step).substr(1)) : stream.at(std::uint64_t{std::stoull(step)});
  return stream;
}

TEST(Stream, AgreesWithAnIndependentImplementation) {
  std::ifstream file(TOCSIN_SOURCE_DIR "/tests/golden/streams.json");
  const nlohmann::json golden = nlohmann::json::parse(file);
  ASSERT_EQ(golden.size(), 10u);
  for (const auto& entry : golden) {
    const Stream stream = stream_of(entry["path"]);
    SCOPED_TRACE(entry["path"].dump());
    EXPECT_EQ(stream.block(1), entry["block"].get<Words>());
    Draws draws(stream);
    for (std::uint64_t k = 0; k < 4; ++k) {
      const double expected = std::strtod(entry["uniform"][k].get<std::string>().c_str(), nullptr);
      EXPECT_EQ(stream.uniform(k), expected);
      EXPECT_EQ(draws.uniform(), expected);
      EXPECT_NEAR(stream.normal(k), entry["normal"][k].get<double>(), 1e-15 * std::abs(stream.normal(k)) + 1e-16);
    }
    Draws numbers(stream);
    for (const std::string value : entry["below"]) EXPECT_EQ(numbers.below(3ull << 62), std::stoull(value));
    EXPECT_EQ(permutation(12, stream), entry["permutation"].get<std::vector<std::uint32_t>>());
    EXPECT_EQ(choice(1000, 6, stream), entry["choice"].get<std::vector<std::uint32_t>>());
  }
}

TEST(Stream, DiffersForEveryPath) {
  const Stream root(7);
  const auto at = [](const Stream& stream, std::uint64_t index) { return stream.at(index); };
  const Stream named = root.at("a"), one = at(named, 0), two = at(one, 0), three = at(two, 0), four = at(three, 0);
  const std::vector<Stream> streams{root,
                                    Stream(8),
                                    Stream(7ull << 32),
                                    root.at(""),
                                    root.at("").at(""),
                                    named,
                                    root.at("b"),
                                    named.at("a"),
                                    root.at("aa"),
                                    one,
                                    two,
                                    three,
                                    four,
                                    at(four, 0),
                                    at(named, 1),
                                    at(at(named, 1), 0),
                                    at(at(named, 0), 1),
                                    at(at(at(named, 0), 0), 1),
                                    at(named, 0xfffffffe),
                                    at(named, 0xffffffff),
                                    at(named, 0x100000000),
                                    at(named, 0x100000001),
                                    at(one, 0x100000000),
                                    one.at("a"),
                                    two.at("a"),
                                    three.at("a"),
                                    at(named, 1).at("a"),
                                    at(at(named, 0xffffffff), 0),
                                    at(three, 1),
                                    at(root, 0),
                                    at(root, 97)};
  std::set<Words> first;
  for (const Stream& stream : streams)
    for (std::uint32_t k = 0; k < 3; ++k) first.insert(stream.block(k));
  EXPECT_EQ(first.size(), 3 * streams.size());
}

TEST(Stream, AtZeroIsNotItsParent) {
  const Stream parent = Stream(1).at("shuffle");
  EXPECT_NE(parent.at(std::uint64_t{0}).block(0), parent.block(0));
  EXPECT_NE(parent.at(std::uint64_t{0}).at(std::uint64_t{0}).block(0), parent.at(std::uint64_t{0}).block(0));
}

TEST(Stream, IsNotAdvancedByUse) {
  const Stream stream = Stream(3).at("noise");
  const double before = stream.uniform(5);
  Draws draws(stream);
  for (int i = 0; i < 100; ++i) draws.bits();
  EXPECT_EQ(stream.uniform(5), before);
  EXPECT_EQ(Stream(3).at("noise").uniform(5), before);
}

TEST(Stream, RefusesDrawsBeyondItsBlocks) {
  EXPECT_NO_THROW((void)Stream(1).uniform((1ull << 33) - 1));
  EXPECT_EQ(support::error_of([] { (void)Stream(1).uniform(1ull << 33); }),
            "a stream holds 2^33 draws of 64 bits, draw 8589934592 was asked for");
}

TEST(Draws, GiveTheNumbersOfTheStreamInOrder) {
  const Stream stream = Stream(5).at("x");
  Draws words(stream), uniforms(stream), normals(stream);
  for (std::uint32_t k = 0; k < 3; ++k)
    for (const std::uint32_t word : stream.block(k)) EXPECT_EQ(words.bits(), word);
  for (std::uint64_t k = 0; k < 7; ++k) {
    EXPECT_EQ(uniforms.uniform(), stream.uniform(k));
    EXPECT_EQ(normals.normal(), stream.normal(k));
  }
}

TEST(Draws, KeepTheirBits) {
  Draws draws(Stream(2024).at("golden"));
  EXPECT_EQ(draws.bits(), 3367793740u);
  EXPECT_EQ(draws.uniform(), 0x1.2d2bf47defc5bp-1);
  EXPECT_EQ(draws.normal(), 0x1.30f9dfe23e19dp+0);
  EXPECT_EQ(draws.gamma(2.5), 0x1.643e347dac0b3p-1);
  EXPECT_EQ(draws.gamma(0.1), 0x1.395b2db39072ap-32);
  EXPECT_EQ(draws.below(1000), 342u);
}

struct Sums {
  double mean = 0, variance = 0, least = INFINITY, most = -INFINITY;
};

template <class Draw>
Sums sums_of(std::size_t count, Draw&& draw) {
  Sums sums;
  double total = 0, squares = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const double x = draw();
    total += x;
    squares += x * x;
    sums.least = std::min(sums.least, x);
    sums.most = std::max(sums.most, x);
  }
  const double n = static_cast<double>(count);
  sums.mean = total / n;
  sums.variance = squares / n - sums.mean * sums.mean;
  return sums;
}

constexpr std::size_t kMany = 200000;

// Bands of five standard errors; the streams are fixed, so a pass is a pass for ever.
TEST(Draws, HaveTheMomentsOfTheUniform) {
  Draws draws(Stream(11));
  const Sums sums = sums_of(kMany, [&] { return draws.uniform(); });
  EXPECT_NEAR(sums.mean, 0.5, 5 * std::sqrt(1.0 / 12 / kMany));
  EXPECT_NEAR(sums.variance, 1.0 / 12, 5 * std::sqrt(1.0 / 180 / kMany));
  EXPECT_GE(sums.least, 0.0);
  EXPECT_LT(sums.most, 1.0);
}

TEST(Draws, HaveTheMomentsOfTheNormal) {
  Draws draws(Stream(12));
  double cubes = 0, fourth = 0;
  const Sums sums = sums_of(kMany, [&] {
    const double x = draws.normal();
    cubes += x * x * x;
    fourth += x * x * x * x;
    return x;
  });
  EXPECT_NEAR(sums.mean, 0, 5 * std::sqrt(1.0 / kMany));
  EXPECT_NEAR(sums.variance, 1, 5 * std::sqrt(2.0 / kMany));
  EXPECT_NEAR(cubes / kMany, 0, 5 * std::sqrt(15.0 / kMany));
  EXPECT_NEAR(fourth / kMany, 3, 5 * std::sqrt(96.0 / kMany));
}

TEST(Draws, HaveTheMomentsOfTheGamma) {
  for (const double shape : {0.1, 0.5, 0.9, 1.0, 2.5, 40.0}) {
    Draws draws(Stream(13).at("gamma"));
    const Sums sums = sums_of(kMany, [&] { return draws.gamma(shape); });
    SCOPED_TRACE(shape);
    EXPECT_NEAR(sums.mean, shape, 5 * std::sqrt(shape / kMany));
    // The variance of the sample variance is (mu4 - variance^2) / n, and mu4 = 3 shape^2 + 6 shape.
    EXPECT_NEAR(sums.variance, shape, 5 * std::sqrt((2 * shape * shape + 6 * shape) / kMany));
    EXPECT_GE(sums.least, 0.0);
  }
}

TEST(Draws, GammaOfShapeOneIsExponential) {
  Draws draws(Stream(14));
  std::size_t beyond = 0;
  for (std::size_t i = 0; i < kMany; ++i) beyond += draws.gamma(1.0) > 2.0 ? 1u : 0u;
  const double p = std::exp(-2.0);
  EXPECT_NEAR(static_cast<double>(beyond) / kMany, p, 5 * std::sqrt(p * (1 - p) / kMany));
}

TEST(Draws, GammaOfATinyShapeStaysFiniteAndMayVanish) {
  Draws draws(Stream(15));
  bool vanished = false;
  for (int i = 0; i < 200; ++i) {
    const double x = draws.gamma(1e-3);
    ASSERT_TRUE(std::isfinite(x) && x >= 0);
    vanished |= x == 0;
  }
  EXPECT_TRUE(vanished);
}

TEST(Draws, GammaRefusesAShapeThatIsNoShape) {
  Draws draws(Stream(1));
  EXPECT_EQ(support::error_of([&] { draws.gamma(0); }), "gamma: the shape must be positive and finite, got 0");
  EXPECT_EQ(support::error_of([&] { draws.gamma(-1); }), "gamma: the shape must be positive and finite, got -1");
  EXPECT_THROW(draws.gamma(NAN), std::invalid_argument);
  EXPECT_THROW(draws.gamma(INFINITY), std::invalid_argument);
}

TEST(Draws, BelowCoversItsRangeEvenly) {
  Draws draws(Stream(16));
  std::vector<double> counts(7);
  for (std::size_t i = 0; i < 70000; ++i) ++counts[draws.below(7)];
  double chi_squared = 0;
  for (const double count : counts) chi_squared += (count - 10000) * (count - 10000) / 10000;
  EXPECT_LT(chi_squared, 22.46);  // six degrees of freedom, p = 0.001
}

TEST(Draws, BelowRejectsWhatWouldFavorSmallNumbers) {
  // Of 2^64 draws, 2^62 are one too many for a bound of 3 * 2^62: unrejected, one number in three would come twice as often.
  Draws draws(Stream(17));
  const std::uint64_t bound = 3ull << 62;
  std::array<double, 3> thirds{};
  for (std::size_t i = 0; i < 30000; ++i) ++thirds[draws.below(bound) >> 62];
  for (const double count : thirds) EXPECT_NEAR(count, 10000, 5 * std::sqrt(30000 * 2.0 / 9));
}

TEST(Draws, BelowOneIsZeroAndBelowZeroIsRefused) {
  Draws draws(Stream(18));
  EXPECT_EQ(draws.below(1), 0u);
  EXPECT_EQ(support::error_of([&] { draws.below(0); }), "below: the bound must be positive");
}

RC_GTEST_PROP(Draws, BelowStaysBelow, (std::uint64_t seed, std::uint64_t bound)) {
  RC_PRE(bound > 0);
  RC_ASSERT(Draws(Stream(seed)).below(bound) < bound);
}

TEST(Permutation, ReachesEveryOrderEquallyOften) {
  std::map<std::vector<std::uint32_t>, double> counts;
  const Stream stream = Stream(19).at("permutation");
  for (std::uint64_t i = 0; i < 24000; ++i) ++counts[permutation(4, stream.at(i))];
  ASSERT_EQ(counts.size(), 24u);
  double chi_squared = 0;
  for (const auto& [order, count] : counts) chi_squared += (count - 1000) * (count - 1000) / 1000;
  EXPECT_LT(chi_squared, 49.7);  // 23 degrees of freedom, p = 0.001
}

RC_GTEST_PROP(Permutation, HoldsEveryNumberOnce, (std::uint64_t seed)) {
  const auto n = *rc::gen::inRange<std::size_t>(0, 300);
  std::vector<std::uint32_t> values = permutation(n, Stream(seed)), all(n);
  std::sort(values.begin(), values.end());
  std::iota(all.begin(), all.end(), 0u);
  RC_ASSERT(values == all);
}

TEST(Shuffle, MovesTheValuesAsAPermutationDoes) {
  std::vector<std::uint32_t> values{10, 11, 12, 13, 14, 15};
  shuffle(values, Stream(20));
  const std::vector<std::uint32_t> order = permutation(6, Stream(20));
  for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(values[i], 10 + order[i]);
  std::vector<std::uint32_t> none;
  shuffle(none, Stream(20));
  EXPECT_TRUE(none.empty());
}

TEST(Choice, TakesEveryNumberEquallyOften) {
  std::vector<double> counts(10);
  for (std::uint64_t i = 0; i < 20000; ++i)
    for (const std::uint32_t chosen : choice(10, 3, Stream(21).at(i))) ++counts[chosen];
  for (const double count : counts) EXPECT_NEAR(count, 6000, 5 * std::sqrt(20000 * 0.3 * 0.7));
}

RC_GTEST_PROP(Choice, IsAscendingWithoutRepetition, (std::uint64_t seed)) {
  const auto n = *rc::gen::inRange<std::size_t>(0, 200);
  const auto k = *rc::gen::inRange<std::size_t>(0, n + 1);
  const std::vector<std::uint32_t> chosen = choice(n, k, Stream(seed));
  RC_ASSERT(chosen.size() == k);
  RC_ASSERT(std::adjacent_find(chosen.begin(), chosen.end(), std::greater_equal<>()) == chosen.end());
  RC_ASSERT((chosen.empty() || chosen.back() < n));
}

TEST(Choice, RefusesMoreThanThereAre) {
  EXPECT_EQ(support::error_of([] { choice(3, 4, Stream(1)); }), "choice: cannot choose 4 of 3");
  EXPECT_EQ(choice(3, 3, Stream(1)), (std::vector<std::uint32_t>{0, 1, 2}));
}

}  // namespace
}  // namespace tocsin
