// SPDX-License-Identifier: Apache-2.0
#include "tocsin/explain/bar_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "support/rows.h"
#include "support/xml.h"

namespace tocsin::explain {
namespace {
using testing::ElementsAre;
using testing::HasSubstr;

BarList small_list(std::vector<double> map, Sign sign = Sign::both) {
  return {.title = "record 17",
          .caption = {"below"},
          .features = {"age", "hours & days", "sex=Male"},
          .panels = {{"LRP-Z", {"label: >50K"}, sign, std::move(map)}},
          .shown = 2};
}
std::vector<std::string> texts_of(const std::string& svg) {
  support::XmlCheck check(svg);
  EXPECT_EQ(check.run(), "well-formed");
  return check.texts("text");
}

TEST(BarList, TakesTheLargestMagnitudesAndOnTiesTheLowerIndex) {
  EXPECT_THAT(largest_features(std::vector<double>{1, -3, 0, 3, 2}, 3), ElementsAre(1, 3, 4));
  EXPECT_THAT(largest_features(std::vector<double>{1, 2}, 20), ElementsAre(1, 0));
}
TEST(BarList, NamesFeaturesAndValues) {
  EXPECT_THAT(texts_of(format_svg(small_list({0.5, -2, 1}))),
              ElementsAre("record 17", "LRP-Z", "label: >50K", "hours & days", "-2.00", "sex=Male", "1.00", "below"));
}
TEST(BarList, DrawsBothSignsFromTheMiddleAndMagnitudesFromTheLeft) {
  const std::string both = format_svg(small_list({0.5, -2, 1})), positive = format_svg(small_list({0.5, 2, 1}, Sign::positive));
  EXPECT_THAT(both, HasSubstr(R"(width="75" height="10" fill="#2f6db3")"));
  EXPECT_THAT(both, HasSubstr(R"(width="37.5" height="10" fill="#c0392b")"));
  EXPECT_THAT(positive, HasSubstr(R"(width="150" height="10" fill="#5a5a5a")"));
  EXPECT_THAT(positive, HasSubstr(R"(width="75" height="10" fill="#5a5a5a")"));
}
TEST(BarList, DrawsAZeroMapWithoutBars) { EXPECT_THAT(format_svg(small_list({0, 0, 0})), HasSubstr(R"(width="0" height="10")")); }
TEST(BarList, SaysWhatIsNotFinite) {
  EXPECT_THAT(texts_of(format_svg(small_list({0, std::nan(""), 0}))),
              ElementsAre("record 17", "LRP-Z", "label: >50K", "not finite", "below"));
}
TEST(BarList, NeedsAValueAFeature) {
  EXPECT_EQ(support::error_of([] { format_svg(small_list({1})); }), "bar list: 'LRP-Z' has 1 values, there are 3 features");
}

}  // namespace
}  // namespace tocsin::explain
