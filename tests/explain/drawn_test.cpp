// SPDX-License-Identifier: Apache-2.0
#include "tocsin/explain/drawn.h"

#include <gtest/gtest.h>

namespace tocsin::explain {

using Indices = std::vector<std::uint8_t>;

TEST(Drawn, PutsASignedZeroAt127AndTheExtremesAtTheEnds) {
  EXPECT_EQ(drawn(std::vector<double>{-2, 0, 2, 1}, Sign::both), (Indices{0, 127, 255, 191}));
}
TEST(Drawn, KeepsThePositivePartAlone) {
  EXPECT_EQ(drawn(std::vector<double>{-2, 0, 2, 1}, Sign::positive), (Indices{0, 0, 255, 127}));
}
TEST(Drawn, DrawsAZeroMapInTheZeroColour) {
  EXPECT_EQ(drawn(std::vector<double>{0, 0}, Sign::both), (Indices{127, 127}));
  EXPECT_EQ(drawn(std::vector<double>{0, 0}, Sign::positive), (Indices{0, 0}));
}
TEST(Drawn, TakesASharedScale) { EXPECT_EQ(drawn(std::vector<double>{1}, Sign::positive, 4.0), (Indices{63})); }
TEST(Drawn, SumsOverChannelsBeforeOrAfterTheMagnitude) {
  const std::vector<double> map{1, -2, -3, 2};
  EXPECT_EQ(reduced(map, 2, false), (std::vector<double>{-2, 0}));
  EXPECT_EQ(reduced(map, 2, true), (std::vector<double>{4, 4}));
}

}  // namespace tocsin::explain
