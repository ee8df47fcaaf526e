// SPDX-License-Identifier: Apache-2.0
// Our logarithm, exponential and normal quantile against the C library: special values exactly, all others within 2 units in
// the last place; a few bits pinned.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "support/rows.h"
#include "tocsin/core/random.h"

namespace tocsin {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kTiniest = std::numeric_limits<double>::denorm_min();

/// Distance in units in the last place of b.
double units_apart(double a, double b) {
  if (a == b) return 0;
  const double size = std::abs(b);
  return std::abs(a - b) / (std::nextafter(size, kInfinity) - size);
}

/// Any positive double, every exponent equally likely.
double any_positive(const Stream& stream, std::uint64_t k) {
  const auto words = stream.block(static_cast<std::uint32_t>(k));
  const std::uint64_t bits = (std::uint64_t{words[0]} << 32 | words[1]) >> 1;
  const double x = std::bit_cast<double>(bits);
  return std::isfinite(x) ? x : 1.0;
}

TEST(StableLog, KnowsItsSpecialValues) {
  EXPECT_EQ(stable_log(1.0), 0.0);
  EXPECT_EQ(stable_log(0.0), -kInfinity);
  EXPECT_EQ(stable_log(-0.0), -kInfinity);
  EXPECT_EQ(stable_log(kInfinity), kInfinity);
  EXPECT_TRUE(std::isnan(stable_log(-1.0)));
  EXPECT_TRUE(std::isnan(stable_log(-kInfinity)));
  EXPECT_TRUE(std::isnan(stable_log(std::nan(""))));
}

TEST(StableLog, StaysWithinTwoUnits) {
  const Stream stream = Stream(1).at("log");
  double worst = 0;
  const auto check = [&](double x) { worst = std::max(worst, units_apart(stable_log(x), std::log(x))); };
  for (std::uint64_t k = 0; k < 200000; ++k) {
    check(any_positive(stream, k));
    check(stream.uniform(k) * 2);
    check(1 + (stream.uniform(k) - 0.5) * 1e-3);
    check(1 + (stream.uniform(k) - 0.5) * 1e-12);
  }
  for (const double x : {kTiniest, 2.2250738585072014e-308, 2.225073858507201e-308, 1.7976931348623157e308, 0.70710678118654746,
                         0.70710678118654757, 1.4142135623730949, 1.4142135623730951, 0.9999999999999999, 1.0000000000000002})
    check(x);
  EXPECT_LE(worst, 2.0);
}

TEST(StableExp, KnowsItsSpecialValues) {
  EXPECT_EQ(stable_exp(0.0), 1.0);
  EXPECT_EQ(stable_exp(-0.0), 1.0);
  EXPECT_EQ(stable_exp(kInfinity), kInfinity);
  EXPECT_EQ(stable_exp(-kInfinity), 0.0);
  EXPECT_EQ(stable_exp(710), kInfinity);
  EXPECT_EQ(stable_exp(-746), 0.0);
  EXPECT_TRUE(std::isnan(stable_exp(std::nan(""))));
  EXPECT_EQ(stable_exp(-745.13), kTiniest);
  EXPECT_LE(units_apart(stable_exp(709.782712893384), std::exp(709.782712893384)), 2.0);
}

TEST(StableExp, StaysWithinTwoUnits) {
  const Stream stream = Stream(1).at("exp");
  double worst = 0, worst_tiny = 0;
  const auto check = [&](double x) { worst = std::max(worst, units_apart(stable_exp(x), std::exp(x))); };
  for (std::uint64_t k = 0; k < 200000; ++k) {
    check((stream.uniform(k) - 0.5) * 1416);
    check((stream.uniform(k) - 0.5) * 4);
    check((stream.uniform(k) - 0.5) * 1e-6);
    const double x = -708 - stream.uniform(k) * 37;  // results below the normal numbers: one unit is their spacing
    worst_tiny = std::max(worst_tiny, std::abs(stable_exp(x) - std::exp(x)) / kTiniest);
  }
  EXPECT_LE(worst, 2.0);
  EXPECT_LE(worst_tiny, 2.0);
}

TEST(NormalQuantile, InvertsTheDistribution) {
  EXPECT_EQ(normal_quantile(0.5), 0.0);
  const Stream stream = Stream(1).at("quantile");
  for (std::uint64_t k = 0; k < 100000; ++k) {
    const double p = k % 2 == 0 ? stream.uniform(k) / 2 : stable_exp(-700 * stream.uniform(k)) / 2;
    if (p <= 0 || p >= 1) continue;
    const double x = normal_quantile(p);
    ASSERT_NEAR(0.5 * std::erfc(-x / std::sqrt(2.0)) / p, 1.0, 1e-12) << p;
  }
  EXPECT_NEAR(normal_quantile(0.975), 1.959963984540054, 5e-16);
  EXPECT_NEAR(normal_quantile(1e-300), -37.0471, 1e-4);
}

TEST(NormalQuantile, IsOddAndRefusesTheEnds) {
  for (const double p : {0.25, 0.0625, 0x1p-20, 0x1p-52}) EXPECT_EQ(normal_quantile(p), -normal_quantile(1 - p));
  EXPECT_EQ(support::error_of([] { (void)normal_quantile(0); }), "normal_quantile: p must lie in (0, 1), got 0");
  EXPECT_THROW((void)normal_quantile(1), std::invalid_argument);
  EXPECT_THROW((void)normal_quantile(std::nan("")), std::invalid_argument);
}

// The same with GCC and Clang, with and without optimization and vector instructions.
TEST(Elementary, KeepsItsBits) {
  EXPECT_EQ(stable_log(10.0), 0x1.26bb1bbb55516p+1);
  EXPECT_EQ(stable_log(0x1p-1060), -0x1.6f5e359f105f9p+9);
  EXPECT_EQ(stable_exp(1.0), 0x1.5bf0a8b14576ap+1);
  EXPECT_EQ(stable_exp(-700.25), 0x1.af5fe9a485c8ep-1011);
  EXPECT_EQ(normal_quantile(0.975), 0x1.f5c0331eeff82p+0);
  EXPECT_EQ(normal_quantile(0x1p-52), -0x1.04074bdbf8864p+3);
}

}  // namespace
}  // namespace tocsin
