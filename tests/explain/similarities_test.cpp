// SPDX-License-Identifier: Apache-2.0
// The table of similarities: values of scipy and scikit-image (tests/golden/make_similarity.py), laws that all entries keep, and
// plain loops beside the fast ones.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "tocsin/core/random.h"
#include "tocsin/explain/drawn.h"
#include "tocsin/explain/similarity.h"

namespace tocsin::explain {
namespace {

using Map = std::vector<double>;

/// A map with its drawn version, as the suite sees it.
struct Owner {
  Map map;
  std::size_t height, width;
  std::vector<std::uint8_t> indices = finite(map) ? drawn(map, Sign::both) : std::vector<std::uint8_t>{};
  [[nodiscard]] Seen seen() const { return {.map = map, .drawn = indices, .height = height, .width = width}; }
};

/// Small integers over 4, a part of them 0; never a constant map.
Map few_values(std::size_t n, int most, std::uint64_t seed) {
  Draws draws(Stream(seed).at("map"));
  Map result(n);
  for (double& value : result) value = (static_cast<double>(draws.below(static_cast<std::uint64_t>(2 * most + 1))) - most) / 4;
  result.front() = 1, result.back() = -2;
  return result;
}

Map numbers(const nlohmann::json& list, double unit) { return times(list.get<Map>(), unit); }

TEST(Similarities, AgreeWithScipyAndScikitImage) {
  std::ifstream file(std::string(TOCSIN_SOURCE_DIR) + "/tests/golden/similarity.json");
  ASSERT_TRUE(file);
  const nlohmann::json golden = nlohmann::json::parse(file);
  for (const nlohmann::json& one : golden.at("cases")) {
    const auto height = one.at("height").get<std::size_t>(), width = one.at("width").get<std::size_t>();
    const Owner a{numbers(one.at("a"), golden.at("a_unit")), height, width},
        b{numbers(one.at("b"), golden.at("b_unit")), height, width};
    EXPECT_EQ(one.at("similarities").size(), similarities().size());
    for (const auto& [name, value] : one.at("similarities").items()) {
      const Similarity* similarity = find_similarity(name);
      ASSERT_NE(similarity, nullptr) << name;
      EXPECT_NEAR(similarity->measure(a.seen(), b.seen()), value.get<double>(), 1e-13) << name << ", " << height << " x " << width;
    }
    EXPECT_NEAR(entropy(a.map), one.at("of_a").at("entropy").get<double>(), 1e-13);
    EXPECT_NEAR(entropy_100(a.map), one.at("of_a").at("entropy_100").get<double>(), 1e-13);
    EXPECT_NEAR(gini(a.map), one.at("of_a").at("gini").get<double>(), 1e-13);
  }
}

TEST(Similarities, HaveNamesOfTheirOwnAndCanBeFound) {
  std::set<std::string_view> names;
  for (const Similarity& one : similarities()) {
    names.insert(one.name);
    EXPECT_EQ(find_similarity(one.name), &one);
  }
  EXPECT_EQ(names.size(), similarities().size());
  EXPECT_EQ(similarities().front().name, "ssim_drawn");
  EXPECT_EQ(find_similarity("ssim"), nullptr);
}

TEST(Similarities, OfAMapAndItselfAreOneAndDistancesZero) {
  const Owner map{few_values(15 * 12, 9, 3), 15, 12};
  for (const Similarity& one : similarities()) EXPECT_EQ(one.measure(map.seen(), map.seen()), one.distance ? 0 : 1) << one.name;
}

TEST(Similarities, AreUndefinedForAMapThatIsNotFinite) {
  const Owner good{few_values(15 * 12, 9, 3), 15, 12};
  for (const double bad : {NAN, INFINITY, -INFINITY}) {
    Map values = good.map;
    values[7] = bad;
    const Owner map{values, 15, 12};
    for (const Similarity& one : similarities()) {
      EXPECT_TRUE(std::isnan(one.measure(map.seen(), good.seen()))) << one.name;
      EXPECT_TRUE(std::isnan(one.measure(good.seen(), map.seen()))) << one.name;
    }
    EXPECT_TRUE(std::isnan(pearson(values, good.map)) && std::isnan(topk_support(values, good.map)) && std::isnan(entropy(values)));
    EXPECT_TRUE(std::isnan(ssim_raw(values, good.map, 15, 12)) && std::isnan(kendall(values, good.map)) &&
                std::isnan(gini(values)));
  }
}

TEST(Similarities, OfZeroMapsAreUndefinedButForTheDrawnOnes) {
  const Owner zero{Map(15 * 12, 0.0), 15, 12};
  for (const Similarity& one : similarities()) {
    const double value = one.measure(zero.seen(), zero.seen());
    if (one.name == "ssim_drawn") {
      EXPECT_EQ(value, 1);
    } else {
      EXPECT_TRUE(std::isnan(value)) << one.name;
    }
  }
}

TEST(Similarities, RefuseMapsOfOtherShapesAndMissingParts) {
  const Owner map{few_values(12 * 15, 9, 3), 12, 15}, turned{few_values(12 * 15, 9, 3), 15, 12};
  for (const Similarity& one : similarities()) EXPECT_THROW((void)one.measure(map.seen(), turned.seen()), std::invalid_argument);
  Seen bare = map.seen();
  bare.drawn = {};
  EXPECT_THROW((void)find_similarity("ssim_drawn")->measure(bare, bare), std::invalid_argument);
  EXPECT_THROW((void)find_similarity("kendall")->measure(prepared(bare, false), prepared(bare)), std::invalid_argument);
  EXPECT_NO_THROW((void)find_similarity("pearson")->measure(prepared(bare, false), prepared(bare)));
  bare.height = 11;
  EXPECT_THROW((void)prepared(bare), std::invalid_argument);
}

using OnMaps = double (*)(std::span<const double>, std::span<const double>);
const std::vector<std::pair<std::string_view, OnMaps>> kOnMaps{{"pearson", pearson},
                                                               {"pearson_support", pearson_support},
                                                               {"cosine", cosine},
                                                               {"cosine_support", cosine_support},
                                                               {"spearman", spearman},
                                                               {"spearman_support", spearman_support},
                                                               {"spearman_abs", spearman_abs},
                                                               {"spearman_abs_support", spearman_abs_support},
                                                               {"kendall", kendall},
                                                               {"kendall_support", kendall_support},
                                                               {"topk", topk},
                                                               {"topk_support", topk_support}};

RC_GTEST_PROP(Similarities, AreTheFunctionsOnSpansAndTheSameInASuite, ()) {
  const auto height = *rc::gen::inRange<std::size_t>(11, 15), width = *rc::gen::inRange<std::size_t>(11, 15);
  const int most = *rc::gen::inRange(1, 30);
  const Owner a{few_values(height * width, most, *rc::gen::arbitrary<std::uint32_t>()), height, width};
  const Owner b{few_values(height * width, most, *rc::gen::arbitrary<std::uint32_t>()), height, width};
  std::vector<const Similarity*> all;
  for (const Similarity& one : similarities()) all.push_back(&one);
  const Map suite = measured(a.seen(), b.seen(), all), turned = measured(b.seen(), a.seen(), all);
  for (std::size_t k = 0; k < all.size(); ++k) {
    RC_ASSERT(suite[k] == all[k]->measure(a.seen(), b.seen()));
    RC_ASSERT(std::abs(suite[k] - turned[k]) <= 1e-14);
    RC_ASSERT(suite[k] >= (all[k]->distance ? 0 : -1) && (all[k]->distance || suite[k] <= 1));
  }
  for (const auto& [name, on_maps] : kOnMaps)
    RC_ASSERT(find_similarity(name)->measure(a.seen(), b.seen()) == on_maps(a.map, b.map));
  const Map x = times(a.map, 1 / largest(a.map)), y = times(b.map, 1 / largest(b.map));
  RC_ASSERT(std::abs(find_similarity("w1_values")->measure(a.seen(), b.seen()) - w1_values(x, y)) <= 1e-15);
}

/// tau-b as it is defined: over all pairs of cells.
double kendall_reference(const Map& a, const Map& b) {
  double concordant = 0, a_differ = 0, b_differ = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) {
      const double x = (a[i] > a[j]) - (a[i] < a[j]), y = (b[i] > b[j]) - (b[i] < b[j]);
      concordant += x * y;
      a_differ += x * x;
      b_differ += y * y;
    }
  return concordant / std::sqrt(a_differ * b_differ);
}

RC_GTEST_PROP(Similarities, KendallIsItsDefinitionOverAllPairs, ()) {
  const auto n = *rc::gen::inRange<std::size_t>(2, 80);
  const int most = *rc::gen::element(1, 3, 1000);
  const Map a = few_values(n, most, *rc::gen::arbitrary<std::uint32_t>()),
            b = few_values(n, most, *rc::gen::arbitrary<std::uint32_t>());
  RC_ASSERT(kendall(a, b) == kendall_reference(a, b));
  Map x, y;
  for (std::size_t i = 0; i < n; ++i)
    if (a[i] != 0 || b[i] != 0) x.push_back(a[i]), y.push_back(b[i]);
  RC_ASSERT(kendall_support(a, b) == kendall_reference(x, y));
}

/// SSIM window by window, with moments about the window's own means.
double ssim_reference(const Map& a, const Map& b, std::size_t height, std::size_t width, const SsimOptions& options) {
  const std::size_t k = options.gaussian ? 11 : 7;
  const double c1 = std::pow(0.01 * options.range, 2), c2 = std::pow(0.03 * options.range, 2);
  Map weights(k * k, 1.0);
  double total = 0, sum = 0;
  for (std::size_t i = 0; i < k * k && options.gaussian; ++i) {
    const double y = static_cast<double>(i / k) - 5, x = static_cast<double>(i % k) - 5;
    weights[i] = std::exp(-(x * x + y * y) / 4.5);
  }
  for (const double weight : weights) total += weight;
  for (std::size_t top = 0; top + k <= height; ++top)
    for (std::size_t left = 0; left + k <= width; ++left) {
      const auto mean = [&](const auto& value) {
        double result = 0;
        for (std::size_t i = 0; i < k * k; ++i) result += weights[i] / total * value((top + i / k) * width + left + i % k);
        return result;
      };
      const double ma = mean([&](std::size_t i) { return a[i]; }), mb = mean([&](std::size_t i) { return b[i]; });
      const double factor = options.sample ? static_cast<double>(k * k) / static_cast<double>(k * k - 1) : 1;
      const double saa = factor * mean([&](std::size_t i) { return (a[i] - ma) * (a[i] - ma); });
      const double sbb = factor * mean([&](std::size_t i) { return (b[i] - mb) * (b[i] - mb); });
      const double sab = factor * mean([&](std::size_t i) { return (a[i] - ma) * (b[i] - mb); });
      sum += (2 * ma * mb + c1) * (2 * sab + c2) / ((ma * ma + mb * mb + c1) * (saa + sbb + c2));
    }
  return sum / static_cast<double>((height - k + 1) * (width - k + 1));
}

RC_GTEST_PROP(Similarities, SsimIsItsDefinitionWindowByWindow, ()) {
  const auto height = *rc::gen::inRange<std::size_t>(11, 15), width = *rc::gen::inRange<std::size_t>(11, 15);
  const Map a = few_values(height * width, 40, *rc::gen::arbitrary<std::uint32_t>());
  const Map b = few_values(height * width, 40, *rc::gen::arbitrary<std::uint32_t>());
  for (const bool gaussian : {false, true})
    for (const bool sample : {false, true}) {
      const SsimOptions options{.range = 20, .gaussian = gaussian, .sample = sample};
      RC_ASSERT(std::abs(ssim(a, b, height, width, options) - ssim_reference(a, b, height, width, options)) <= 1e-13);
    }
}

}  // namespace
}  // namespace tocsin::explain
