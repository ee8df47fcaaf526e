// SPDX-License-Identifier: Apache-2.0
#include "tocsin/explain/png.h"

#include <gtest/gtest.h>

#include "support/png_reader.h"
#include "support/rows.h"

namespace tocsin::explain {
namespace {

Image colorful(std::size_t height, std::size_t width) {
  Image image{height, width, {}};
  for (std::size_t i = 0; i < height * width; ++i)
    image.pixels.push_back(
        {static_cast<std::uint8_t>(i * 7), static_cast<std::uint8_t>(i / 3), static_cast<std::uint8_t>(255 - i)});
  return image;
}

TEST(Png, IsReadBackPixelByPixel) {
  for (const Image& image : {colorful(1, 1), colorful(28, 28), colorful(3, 100), colorful(300, 2)})
    EXPECT_EQ(support::read_png(format_png(image)), image);
}
TEST(Png, HoldsTheDrawnMapOfACell) {
  const std::vector<double> map{-2, 0, 2, 1};
  EXPECT_EQ(support::read_png(format_png(painted(map, 2, 2, kSeismic))),
            (Image{2, 2, {{0, 0, 77}, {253, 253, 255}, {128, 0, 0}, {255, 1, 1}}}));
}
TEST(Png, HasNoChunkBeyondTheNeeded) { EXPECT_EQ(support::chunks_of(format_png(colorful(28, 28))), "IHDR IDAT IEND"); }
TEST(Png, IsTheSameBytesAgain) { EXPECT_EQ(format_png(colorful(40, 30)), format_png(colorful(40, 30))); }
TEST(Png, NeedsPixels) {
  EXPECT_EQ(support::error_of([] { format_png({0, 3, {}}); }), "png: an image has 1 to 65535 pixels a side, got 0 x 3");
  EXPECT_EQ(support::error_of([] { format_png({1, 65536, {}}); }), "png: an image has 1 to 65535 pixels a side, got 1 x 65536");
  EXPECT_EQ(support::error_of([] { format_png({2, 2, {{}}}); }), "png: 2 x 2 pixels promised, got 1");
}

}  // namespace
}  // namespace tocsin::explain
