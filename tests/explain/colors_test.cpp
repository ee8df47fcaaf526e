// SPDX-License-Identifier: Apache-2.0
#include "tocsin/explain/colors.h"

#include <gtest/gtest.h>

#include <cmath>

#include "support/rows.h"

namespace tocsin::explain {
namespace {

using Pixels = std::vector<Rgb>;

TEST(Colors, AreTheChecksOfSeismic) {
  EXPECT_EQ(color(Colors::seismic, 0), (Rgb{0, 0, 77}));
  EXPECT_EQ(color(Colors::seismic, 63), (Rgb{0, 0, 253}));
  EXPECT_EQ(color(Colors::seismic, 64), (Rgb{1, 1, 255}));
  EXPECT_EQ(color(Colors::seismic, 127), (Rgb{253, 253, 255}));
  EXPECT_EQ(color(Colors::seismic, 128), (Rgb{255, 253, 253}));
  EXPECT_EQ(color(Colors::seismic, 191), (Rgb{255, 1, 1}));
  EXPECT_EQ(color(Colors::seismic, 192), (Rgb{254, 0, 0}));
  EXPECT_EQ(color(Colors::seismic, 255), (Rgb{128, 0, 0}));
}
TEST(Colors, RunFromBlueOverWhiteToRedInBwr) {
  EXPECT_EQ(color(Colors::bwr, 0), (Rgb{0, 0, 255}));
  EXPECT_EQ(color(Colors::bwr, 127), (Rgb{254, 254, 255}));
  EXPECT_EQ(color(Colors::bwr, 128), (Rgb{255, 254, 254}));
  EXPECT_EQ(color(Colors::bwr, 255), (Rgb{255, 0, 0}));
}
TEST(Colors, AreTheIndexInGray) {
  for (int i = 0; i < 256; ++i) {
    const auto index = static_cast<std::uint8_t>(i);
    EXPECT_EQ(color(Colors::gray, index), (Rgb{index, index, index}));
  }
}
TEST(Colors, AreMirroredExceptForTheDarkEnds) {
  for (int i = 64; i <= 127; ++i) {  // what is blue below is red above
    const Rgb below = color(Colors::seismic, static_cast<std::uint8_t>(i)),
              above = color(Colors::seismic, static_cast<std::uint8_t>(255 - i));
    EXPECT_EQ((Rgb{above.blue, above.green, above.red}), below) << i;
  }
}

TEST(Painted, ColorsTheDrawnMap) {
  const std::vector<double> map{-2, 0, 2, 1};
  EXPECT_EQ(painted(map, 2, 2, kSeismic), (Image{2, 2, {{0, 0, 77}, {253, 253, 255}, {128, 0, 0}, {255, 1, 1}}}));
  EXPECT_EQ(painted(map, 1, 4, kSignedGray).pixels, (Pixels{{0, 0, 0}, {127, 127, 127}, {255, 255, 255}, {191, 191, 191}}));
  EXPECT_EQ(painted(map, 4, 1, kPositiveGray).pixels, (Pixels{{0, 0, 0}, {0, 0, 0}, {255, 255, 255}, {127, 127, 127}}));
}
TEST(Painted, GivesAZeroMapTheZeroColor) {
  const std::vector<double> zero(2, 0.0);
  EXPECT_EQ(painted(zero, 1, 2, kSeismic).pixels, Pixels(2, {253, 253, 255}));
  EXPECT_EQ(painted(zero, 1, 2, kSignedGray).pixels, Pixels(2, {127, 127, 127}));
  EXPECT_EQ(painted(zero, 1, 2, kMagnitudeGray).pixels, Pixels(2, {0, 0, 0}));
}
TEST(Painted, HatchesAMapThatIsNotFinite) {
  for (const double bad : {std::nan(""), HUGE_VAL, -HUGE_VAL}) {
    const std::vector<double> map{0, 1, bad, 3, 0, 0};
    EXPECT_EQ(painted(map, 2, 3, kSeismic), hatched(2, 3));
  }
}
TEST(Painted, NeedsAMapOfTheSizePromised) {
  EXPECT_EQ(support::error_of([] { painted(std::vector<double>(5), 2, 3, kSeismic); }),
            "painted: a map of 5 values does not fill 2 x 3 pixels");
}
TEST(Hatched, HoldsNoColorOfAnyMap) {
  const Image image = hatched(28, 28);
  for (const Rgb& pixel : {image.pixels[0], image.pixels[1]})
    for (const Colors colors : {Colors::gray, Colors::seismic, Colors::bwr})
      for (int i = 0; i < 256; ++i) EXPECT_FALSE(color(colors, static_cast<std::uint8_t>(i)) == pixel);
  EXPECT_FALSE(image.pixels[0] == image.pixels[1]);
}
TEST(Enlarged, TurnsPixelsIntoSquares) {
  const Rgb a{1, 2, 3}, b{4, 5, 6};
  EXPECT_EQ(enlarged({1, 2, {a, b}}, 2), (Image{2, 4, {a, a, b, b, a, a, b, b}}));
}

}  // namespace
}  // namespace tocsin::explain
