// SPDX-License-Identifier: Apache-2.0
// Figures of explanation maps: the grid (a row an image, a column a method) and the pair grid (three cells a method: the benign
// model, the attacked model, their difference), painted here, written as PNG without texts and as SVG. explain.md, section 9.
#pragma once
#include <limits>
#include <string>
#include <vector>

#include "tocsin/explain/colors.h"

namespace tocsin::explain {

struct Column {
  std::string title;  ///< of the method
  Paint paint;
};

/// What a model says of an image.
struct Answer {
  std::string prediction;  ///< name of the class
  double logit = 0;        ///< the largest
  double probability = 0;  ///< of the same class, 0 to 1
};

struct GridRow {
  std::string label, target;  ///< names of the true class and of the attacker's class; no attacker's: empty
  Answer answer;
  std::vector<std::vector<double>> maps;  ///< [height, width], reduced, one a column
};
struct Grid {
  std::string title;
  std::vector<std::string> caption;  ///< paragraphs, wrapped where they are drawn
  std::size_t height = 28, width = 28;
  std::size_t scale = 4;  ///< pixels a map's pixel, at least 1
  std::vector<Column> columns;
  std::vector<GridRow> rows;
};

struct PairCell {
  std::vector<double> benign, attacked;                          ///< [height, width], reduced
  double similarity = std::numeric_limits<double>::quiet_NaN();  ///< printed below; NaN: undefined
};
struct PairRow {
  std::string label, target;
  Answer benign, attacked;
  std::vector<PairCell> cells;  ///< one a column
};
/// Where the extremes of a color map lie: each map's own largest |M|, or the larger of the two.
enum class Scaling { own, shared };
struct PairGrid {
  std::string title;
  std::vector<std::string> caption;
  std::size_t height = 28, width = 28;
  std::size_t scale = 4;
  Scaling scaling = Scaling::own;
  std::vector<Column> columns;
  std::vector<PairRow> rows;
};

/// Attacked minus benign of the maps divided by their m (as `drawn` knows it; of both signs: halved), so within [-1, 1]; drawn with
/// m = 1. A map of zeros stays zero. NaN everywhere if either map is not finite.
std::vector<double> difference(const PairCell& cell, Sign sign, Scaling scaling);

/// A painted figure: what the two kinds of grid have in common.
struct Figure {
  struct Heading {
    std::string title;
    std::vector<std::string> parts;  ///< over the cells below it; empty: one cell without a word
  };
  struct Row {
    std::vector<std::string> left, right;  ///< lines beside the row
    std::vector<Image> cells;              ///< headings times parts
    std::vector<std::string> below;        ///< a text a cell, or none at all
  };
  std::string title;
  std::vector<std::string> caption;
  std::size_t height = 0, width = 0, scale = 1;
  std::vector<Heading> headings;
  std::vector<Row> rows;
};

/// Throw std::invalid_argument if a row has another number of maps than columns, or a map another size than promised. A hatched
/// cell adds its explanation to the caption.
Figure paint(const Grid& grid);
Figure paint(const PairGrid& grid);

/// The left edges [cells of a row] in pixels, counted from the first; a gap of a map's pixel between cells, of three between
/// methods.
std::vector<std::size_t> cell_edges(const Figure& figure);

/// The cells alone, enlarged without interpolation, on light gray.
Image cells(const Figure& figure);

/// Titles, cells as embedded PNG files, texts and caption. The same bytes on every run.
std::string format_svg(const Figure& figure);

}  // namespace tocsin::explain
