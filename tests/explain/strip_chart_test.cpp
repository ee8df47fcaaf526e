// SPDX-License-Identifier: Apache-2.0
#include "tocsin/explain/strip_chart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "support/rows.h"
#include "support/xml.h"

namespace tocsin::explain {
namespace {
using testing::ElementsAre;

StripChart small_chart() {
  return {.title = "Gradient",
          .caption = {"below"},
          .axis = "pearson",
          .strips = {{"O", "benign & attacked", Role::observed, {0.5, 1.0}}, {"F3", "", Role::floor, {0.0, std::nan(""), 0.25}}}};
}
std::vector<std::string> texts_of(const StripChart& chart) {
  const std::string svg = format_svg(chart);
  support::XmlCheck check(svg);
  EXPECT_EQ(check.run(), "well-formed");
  return check.texts("text");
}

TEST(Ticks, CoverTheRangeInRoundSteps) {
  EXPECT_THAT(ticks(0, 1).values, ElementsAre(0, 0.2, 0.4, testing::DoubleNear(0.6, 1e-15), 0.8, 1));
  EXPECT_EQ(ticks(0, 1).decimals, 1);
  EXPECT_THAT(ticks(-3, 17).values, ElementsAre(-5, 0, 5, 10, 15, 20));
  EXPECT_EQ(ticks(-3, 17).decimals, 0);
  EXPECT_EQ(ticks(0.7431, 0.7439).decimals, 4);
}
TEST(Ticks, NeedARange) {
  EXPECT_EQ(support::error_of([] { ticks(1, 1); }), "ticks: cannot cover [1, 1] with 6");
  EXPECT_EQ(support::error_of([] { ticks(0, HUGE_VAL); }), "ticks: cannot cover [0, inf] with 6");
}
TEST(StripChart, SaysMeansCountsLegendAndAxis) {
  EXPECT_THAT(texts_of(small_chart()),
              ElementsAre("Gradient", "observed", "floor", "mean", "0.0", "0.2", "0.4", "0.6", "0.8", "1.0", "pearson", "O",
                          "benign & attacked", "n = 2", "mean 0.75", "F3", "n = 2 (1 undefined)", "mean 0.12", "below"));
}
TEST(StripChart, DrawsADotAValue) {
  const std::string svg = format_svg(small_chart());
  std::size_t dots = 0;
  for (std::size_t at = svg.find("fill-opacity"); at != std::string::npos; at = svg.find("fill-opacity", at + 1)) ++dots;
  EXPECT_EQ(dots, 4u);
}
TEST(StripChart, IsTheSameForAnyOrderOfTheValues) {
  StripChart turned = small_chart();
  turned.strips[0].values = {1.0, 0.5};
  EXPECT_EQ(format_svg(turned), format_svg(small_chart()));
}
TEST(StripChart, OfOneValueOrNoneIsStillAChart) {
  StripChart chart = small_chart();
  for (const std::vector<double>& values : {std::vector<double>{1.0}, {-3e7, -3e7}, {0.0}, {std::nan("")}, {}}) {
    chart.strips = {{"O", "", Role::observed, values}};
    EXPECT_GE(texts_of(chart).size(), 8u);
  }
  chart.strips.clear();
  texts_of(chart);
}

}  // namespace
}  // namespace tocsin::explain
