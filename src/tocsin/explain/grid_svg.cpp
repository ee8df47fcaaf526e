// SPDX-License-Identifier: Apache-2.0
// Where the parts of a figure of maps go: titles in an empty first row, turned, from the left edge of their cells; texts beside the
// rows; the caption below.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "tocsin/core/errors.h"
#include "tocsin/explain/grid.h"
#include "tocsin/explain/png.h"
#include "tocsin/explain/svg.h"

namespace tocsin::explain {
namespace {
using detail::kMargin;
using detail::Svg;
using detail::text_width;
using Lines = std::vector<std::string>;

constexpr double kTurn = 22.5 * std::numbers::pi / 180;
constexpr double kSideSize = 13, kSideLeading = 17, kSideGap = 10;
constexpr double kBelowSize = 12, kBelowHeight = 20;
constexpr double kPartSize = 11, kPartHeight = 18;
constexpr double kNarrowest = 420;        // of the text of a caption
constexpr std::size_t kLongestSide = 32;  // characters

double side_width(const Figure& figure, Lines Figure::Row::*side) {
  double width = 0;
  for (const Figure::Row& row : figure.rows)
    for (const std::string& line : row.*side) width = std::max(width, text_width(printable(line, kLongestSide), kSideSize));
  return width;
}

/// Positions in pixels; everything that the cells and the texts share.
struct Places {
  explicit Places(const Figure& figure)
      : edges(cell_edges(figure)),
        scale(figure.scale),
        cell_width(static_cast<double>(figure.width * figure.scale)),
        cell_height(static_cast<double>(figure.height * figure.scale)),
        left(kMargin + side_width(figure, &Figure::Row::left) + kSideGap),
        right(left + (edges.empty() ? 0.0 : static_cast<double>(edges.back()) + cell_width) + kSideGap),
        width(std::max(right + side_width(figure, &Figure::Row::right), kMargin + kNarrowest) + kMargin) {
    for (std::size_t j = 0, cell = 0; j < figure.headings.size(); ++j) {
      starts.push_back(left + static_cast<double>(edges[cell]));
      cell += std::max<std::size_t>(figure.headings[j].parts.size(), 1);
    }
    // Turned lines stand sin(22.5) of a column apart.
    const double pitch = starts.size() < 2 ? cell_width : starts[1] - starts[0];
    title_size = std::clamp(pitch * std::sin(kTurn) * 0.8, 7.0, 15.0);
    for (std::size_t j = 0; j < starts.size(); ++j) {
      const double length = text_width(figure.headings[j].title, title_size);
      titles_height = std::max(titles_height, length * std::sin(kTurn) + title_size);
      width = std::max(width, starts[j] + length * std::cos(kTurn) + kMargin);
      has_parts = has_parts || !figure.headings[j].parts.empty();
    }
  }
  [[nodiscard]] double cell(std::size_t j) const { return left + static_cast<double>(edges[j]); }

  std::vector<std::size_t> edges;
  std::size_t scale;  ///< cells are embedded at their size in the figure: not every viewer keeps enlarged pixels sharp
  double cell_width, cell_height;
  double left, right, width;   ///< of the cells, of the texts at their right, of the figure
  std::vector<double> starts;  ///< left edges of the methods
  double title_size = 0, titles_height = 0;
  bool has_parts = false;
};

void draw_titles(Svg& svg, const Figure& figure, const Places& at, double bottom) {
  for (std::size_t j = 0, cell = 0; j < figure.headings.size(); ++j) {
    const Lines& parts = figure.headings[j].parts;
    svg.text(at.starts[j] + at.title_size * 0.3, bottom - (at.has_parts ? kPartHeight : 0), figure.headings[j].title,
             {.size = at.title_size, .turn = -22.5});
    const double size = std::min(kPartSize, kPartSize * at.cell_width / (detail::widest(parts, kPartSize) + 1));
    for (std::size_t k = 0; k < parts.size(); ++k)
      svg.text(at.cell(cell + k) + at.cell_width / 2, bottom, parts[k],
               {.size = size, .anchor = "middle", .color = detail::kFaint});
    cell += std::max<std::size_t>(parts.size(), 1);
  }
}

/// Lines beside a row, centered on its cells.
void draw_side(Svg& svg, const Lines& lines, double x, double center, std::string_view anchor) {
  const double first = center - kSideLeading * static_cast<double>(lines.size()) / 2 + kSideLeading * 0.75;
  svg.lines(x, first, lines, kSideLeading, {.size = kSideSize, .anchor = anchor, .limit = kLongestSide});
}

double texts_height(const Figure::Row& row) {
  return kSideLeading * static_cast<double>(std::max(row.left.size(), row.right.size()));
}

/// Returns the height of the row.
double draw_row(Svg& svg, const Figure::Row& row, const Places& at, double y) {
  const double height = std::max(at.cell_height, texts_height(row)), top = y + (height - at.cell_height) / 2;
  draw_side(svg, row.left, at.left - kSideGap, y + height / 2, "end");
  draw_side(svg, row.right, at.right, y + height / 2, "start");
  for (std::size_t j = 0; j < row.cells.size(); ++j) {
    const double x = at.cell(j);
    svg.image(x, top, at.cell_width, at.cell_height, format_png(enlarged(row.cells[j], at.scale)));
    svg.rectangle(x - 0.5, top - 0.5, at.cell_width + 1, at.cell_height + 1, "none", detail::kRule);
    if (j < row.below.size() && !row.below[j].empty())
      svg.text(x + at.cell_width / 2, top + at.cell_height + kBelowSize + 3, row.below[j],
               {.size = kBelowSize, .anchor = "middle"});
  }
  return height + (row.below.empty() ? 0 : kBelowHeight);
}
}  // namespace

std::string format_svg(const Figure& figure) {
  const Places at(figure);
  double texts = 0;
  for (const Figure::Row& row : figure.rows) {
    require(row.cells.size() == at.edges.size(), "grid: a row has {} cells, the headings have {}", row.cells.size(),
            at.edges.size());
    texts = std::max(texts, texts_height(row));
  }
  const double gap = texts > at.cell_height ? 12.0 : std::max(static_cast<double>(figure.scale), 4.0);
  Svg svg;
  double y = kMargin + svg.heading(figure.title, at.width - 2 * kMargin);
  y += at.titles_height + (at.has_parts ? kPartHeight : 0);
  draw_titles(svg, figure, at, y);
  y += 6;
  for (const Figure::Row& row : figure.rows) y += draw_row(svg, row, at, y) + gap;
  return svg.document(at.width, svg.caption(y - gap, figure.caption, at.width - 2 * kMargin), figure.title);
}

}  // namespace tocsin::explain
