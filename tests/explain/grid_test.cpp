// SPDX-License-Identifier: Apache-2.0
#include "tocsin/explain/grid.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "support/png_reader.h"
#include "support/rows.h"
#include "support/xml.h"
#include "tocsin/core/bytes.h"
#include "tocsin/explain/png.h"

namespace tocsin::explain {
namespace {
using Map = std::vector<double>;
using testing::ElementsAre;
using testing::Not;

constexpr Rgb kGap{224, 224, 224}, kBlack{0, 0, 0}, kWhite{255, 255, 255}, kZero{253, 253, 255}, kBlue{0, 0, 77}, kRed{128, 0, 0};

/// One row, two methods, maps of 1 x 2.
Grid small_grid() {
  return {.title = "a <b> & 'c'",
          .caption = {"one & two"},
          .height = 1,
          .width = 2,
          .scale = 1,
          .columns = {{"Input", kPositiveGray}, {"LRP \"z\"", kSeismic}},
          .rows = {{"seven", "", {"nine", -1.005, 0.25}, {{0, 4}, {-3, 3}}}}};
}
PairGrid small_pairs(Scaling scaling) {
  return {.title = "pairs",
          .caption = {},
          .height = 1,
          .width = 2,
          .scale = 1,
          .scaling = scaling,
          .columns = {{"Gradient", kMagnitudeGray}},
          .rows = {{"7", "5", {"7", 9.5, 1}, {"5", 3.25, 0.5}, {{{2, 0}, {0, 1}, 0.875}}}}};
}
std::vector<std::string> texts_of(const std::string& svg) {
  support::XmlCheck check(svg);
  EXPECT_EQ(check.run(), "well-formed");
  return check.texts("text");
}
std::size_t count(const std::string& text, const std::string& what) {
  std::size_t found = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++found;
  return found;
}

TEST(Grid, PutsCellsSideBySideWithAGapOfOnePixel) {
  EXPECT_EQ(cells(paint(small_grid())), (Image{1, 5, {kBlack, kWhite, kGap, kBlue, kRed}}));
}
TEST(Grid, EnlargesWithoutInterpolation) {
  Grid grid = small_grid();
  grid.scale = 2;
  EXPECT_EQ(cells(paint(grid)), enlarged(cells(paint(small_grid())), 2));
}
TEST(Grid, KeepsRowsApart) {
  Grid grid = small_grid();
  grid.rows.push_back(grid.rows.front());
  const Image picture = cells(paint(grid));
  EXPECT_EQ(picture.height, 3u);
  EXPECT_EQ(std::vector<Rgb>(picture.pixels.begin() + 5, picture.pixels.begin() + 10), std::vector<Rgb>(5, kGap));
}
TEST(Grid, HatchesWhatIsNotFiniteAndNothingElse) {
  Grid grid = small_grid();
  grid.rows[0].maps[1][0] = std::nan("");
  const Image hatch = hatched(1, 2);
  EXPECT_EQ(cells(paint(grid)), (Image{1, 5, {kBlack, kWhite, kGap, hatch.pixels[0], hatch.pixels[1]}}));
}
TEST(Grid, HasTheGoldenPixels) {  // the hash is that of a computation of its own, in Python, from explain.md section 9
  Grid grid{.title = "", .caption = {}, .height = 5, .width = 4, .scale = 3, .columns = {}, .rows = {}};
  grid.columns = {{"a", kPositiveGray}, {"b", kSignedGray}, {"c", kSeismic}, {"d", {Sign::both, false, Colors::bwr}}};
  for (int i = 0; i < 3; ++i) {
    GridRow& row = grid.rows.emplace_back();
    for (int j = 0; j < 4; ++j) {
      Map& map = row.maps.emplace_back();
      for (int k = 0; k < 20; ++k) map.push_back((13 * i + 7 * j + 5 * k) % 23 - 11);
    }
  }
  grid.rows[1].maps[2].assign(20, 0.0);
  grid.rows[2].maps[1][7] = HUGE_VAL;
  const Image picture = support::read_png(format_png(cells(paint(grid))));
  EXPECT_EQ(picture.height, 51u);
  EXPECT_EQ(picture.width, 57u);
  EXPECT_EQ(sha256_hex({&picture.pixels[0].red, 3 * picture.pixels.size()}),
            "d3bbbb93a99849661a8d9dcd158f766fdd13e7f98f36b92d9d424c0ae8f5bfb0");
}
TEST(Grid, NeedsAMapForEachColumn) {
  Grid grid = small_grid();
  grid.rows[0].maps.pop_back();
  EXPECT_EQ(support::error_of([&] { paint(grid); }), "grid: row 0 has 1 cells, there are 2 columns");
  grid.rows[0].maps.push_back({1, 2, 3});
  EXPECT_EQ(support::error_of([&] { paint(grid); }), "painted: a map of 3 values does not fill 1 x 2 pixels");
  grid.scale = 0;
  EXPECT_EQ(support::error_of([&] { paint(grid); }), "grid: needs pixels, got 1 x 2 times 0");
}

TEST(Difference, IsAttackedMinusBenignEachByItsOwnScale) {
  EXPECT_EQ(difference({{2, 0}, {0, 1}}, Sign::positive, Scaling::own), (Map{-1, 1}));
  EXPECT_EQ(difference({{2, 0}, {0, 1}}, Sign::positive, Scaling::shared), (Map{-1, 0.5}));
}
TEST(Difference, HalvesMapsOfBothSignsSoThatNothingClips) {
  EXPECT_EQ(difference({{4, -4}, {-1, 1}}, Sign::both, Scaling::own), (Map{-1, 1}));
  EXPECT_EQ(difference({{4, -4}, {-1, 1}}, Sign::both, Scaling::shared), (Map{-0.625, 0.625}));
}
TEST(Difference, LeavesAZeroMapZero) {
  EXPECT_EQ(difference({{0, 0}, {0, 5}}, Sign::positive, Scaling::own), (Map{0, 1}));
  EXPECT_EQ(difference({{0, 0}, {0, 0}}, Sign::both, Scaling::shared), (Map{0, 0}));
}
TEST(Difference, IsNotFiniteWhereEitherMapIsNot) {
  for (const double value : difference({{0, HUGE_VAL}, {0, 5}}, Sign::both, Scaling::shared)) EXPECT_TRUE(std::isnan(value));
}

TEST(PairGrid, HasThreeCellsAMethod) {
  EXPECT_EQ(cells(paint(small_pairs(Scaling::own))), (Image{1, 8, {kWhite, kBlack, kGap, kBlack, kWhite, kGap, kBlue, kRed}}));
}
TEST(PairGrid, ShowsMagnitudeOnASharedScale) {
  const std::vector<Rgb> pixels = cells(paint(small_pairs(Scaling::shared))).pixels;
  EXPECT_EQ(pixels[4], (Rgb{127, 127, 127}));
  EXPECT_EQ(pixels[6], kBlue);
  EXPECT_EQ(pixels[7], (Rgb{255, 1, 1}));
}
TEST(PairGrid, DrawsEqualModelsInTheZeroColor) {
  PairGrid grid = small_pairs(Scaling::own);
  grid.rows[0].cells[0].attacked = grid.rows[0].cells[0].benign;
  const std::vector<Rgb> pixels = cells(paint(grid)).pixels;
  EXPECT_EQ(pixels[6], kZero);
  EXPECT_EQ(pixels[7], kZero);
}
TEST(PairGrid, HatchesOneModelAndTheDifference) {
  PairGrid grid = small_pairs(Scaling::shared);
  grid.rows[0].cells[0].attacked[1] = HUGE_VAL;
  const Figure figure = paint(grid);
  EXPECT_EQ(figure.rows[0].cells[0].pixels[0], kWhite) << "the other keeps its own scale";
  EXPECT_EQ(figure.rows[0].cells[1], hatched(1, 2));
  EXPECT_EQ(figure.rows[0].cells[2], hatched(1, 2));
}
TEST(PairGrid, KeepsMethodsFurtherApartThanCells) {
  PairGrid grid = small_pairs(Scaling::own);
  grid.columns.push_back(grid.columns[0]);
  grid.rows[0].cells.push_back(grid.rows[0].cells[0]);
  grid.scale = 2;
  EXPECT_THAT(cell_edges(paint(grid)), ElementsAre(0, 6, 12, 22, 28, 34));
}

TEST(GridSvg, SaysWhatStandsInTheFigure) {
  EXPECT_THAT(texts_of(format_svg(paint(small_grid()))), ElementsAre("a <b> & 'c'", "Input", "LRP \"z\"", "label: seven",
                                                                     "pred: nine", "logit: -1.00", "prob: 0.25", "one & two"));
}
TEST(GridSvg, NamesTheTargetWhereThereIsOne) {
  Grid grid = small_grid();
  grid.rows[0].target = "two";
  EXPECT_THAT(texts_of(format_svg(paint(grid))), testing::Contains("target: two"));
  EXPECT_THAT(texts_of(format_svg(paint(small_grid()))), Not(testing::Contains(testing::HasSubstr("target"))));
}
TEST(GridSvg, SaysBothModelsAnswersAndTheSimilarity) {
  EXPECT_THAT(
      texts_of(format_svg(paint(small_pairs(Scaling::own)))),
      ElementsAre("pairs", "Gradient", "benign", "attacked", "difference", "label: 7", "target: 5", "benign pred: 7",
                  "attacked pred: 5", "benign", "logit: 9.50", "prob: 1.00", "attacked", "logit: 3.25", "prob: 0.50", "0.88"));
  PairGrid undefined = small_pairs(Scaling::own);
  undefined.rows[0].cells[0].similarity = std::nan("");
  EXPECT_EQ(texts_of(format_svg(paint(undefined))).back(), "undefined");
}
TEST(GridSvg, ExplainsHatchingWhereThereIsSome) {
  Grid grid = small_grid();
  grid.rows[0].maps[0][0] = std::nan("");
  EXPECT_EQ(texts_of(format_svg(paint(grid))).back(), "Hatched: the map is not finite.");
}
TEST(GridSvg, TurnsTitlesAndEmbedsEachCell) {
  Grid grid = small_grid();
  grid.scale = 4;
  const std::string svg = format_svg(paint(grid));
  EXPECT_EQ(count(svg, "rotate(-22.5 "), 2u);
  EXPECT_EQ(count(svg, "<image "), 2u);
  EXPECT_NE(svg.find("image-rendering:pixelated"), std::string::npos);
  EXPECT_NE(svg.find(R"(width="8" height="4" preserveAspectRatio="none" xlink:href="data:image/png;base64,iVBORw0KGgo)"),
            std::string::npos);
}
TEST(GridSvg, IsTheSameBytesAgain) { EXPECT_EQ(format_svg(paint(small_grid())), format_svg(paint(small_grid()))); }
TEST(GridSvg, NeedsACellBelowEachHeading) {
  Figure figure = paint(small_grid());
  figure.rows[0].cells.pop_back();
  EXPECT_EQ(support::error_of([&] { format_svg(figure); }), "grid: a row has 1 cells, the headings have 2");
  EXPECT_EQ(support::error_of([&] { cells(figure); }), "grid: row 0 has 1 cells, there are 2 columns");
}
TEST(GridSvg, OfNothingIsStillADocument) {
  Figure figure;
  figure.title = "none";
  EXPECT_THAT(texts_of(format_svg(figure)), ElementsAre("none"));
}

}  // namespace
}  // namespace tocsin::explain
