// SPDX-License-Identifier: Apache-2.0
#include "tocsin/explain/grid.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tocsin/core/errors.h"

namespace tocsin::explain {
namespace {
std::size_t parts_of(const Figure::Heading& heading) { return std::max<std::size_t>(heading.parts.size(), 1); }

std::vector<std::string> left_lines(const std::string& label, const std::string& target) {
  std::vector<std::string> lines{"label: " + label};
  if (!target.empty()) lines.push_back("target: " + target);
  return lines;
}

void add_certainty(std::vector<std::string>& lines, const Answer& answer) {
  lines.push_back(fmt::format("logit: {:.2f}", answer.logit));
  lines.push_back(fmt::format("prob: {:.2f}", answer.probability));
}

template <class AnyGrid>
Figure frame_of(const AnyGrid& grid, const std::vector<std::string>& parts) {
  require(grid.scale >= 1 && grid.height >= 1 && grid.width >= 1, "grid: needs pixels, got {} x {} times {}", grid.height,
          grid.width, grid.scale);
  Figure figure{grid.title, grid.caption, grid.height, grid.width, grid.scale, {}, {}};
  for (const Column& column : grid.columns) figure.headings.push_back({column.title, parts});
  return figure;
}

void check_columns(std::size_t maps, std::size_t columns, std::size_t row) {
  require(maps == columns, "grid: row {} has {} cells, there are {} columns", row, maps, columns);
}

/// m of a map that may hold anything; 0 if it cannot be drawn.
double scale_of(std::span<const double> map) { return is_finite(map) ? largest(map) : 0.0; }

/// Says in the caption what hatching means, if there is any.
void explain_hatching(Figure& figure) {
  const Image hatch = hatched(figure.height, figure.width);
  for (const Figure::Row& row : figure.rows)
    if (std::find(row.cells.begin(), row.cells.end(), hatch) != row.cells.end()) {
      figure.caption.push_back("Hatched: the map is not finite.");
      return;
    }
}

void copy_into(Image& picture, const Image& cell, std::size_t top, std::size_t left) {
  for (std::size_t y = 0; y < cell.height; ++y)
    std::copy_n(cell.pixels.begin() + static_cast<std::ptrdiff_t>(y * cell.width), cell.width,
                picture.pixels.begin() + static_cast<std::ptrdiff_t>((top + y) * picture.width + left));
}
}  // namespace

std::vector<double> difference(const PairCell& cell, Sign sign, Scaling scaling) {
  const std::vector<double>&benign = cell.benign, &attacked = cell.attacked;
  require(benign.size() == attacked.size(), "difference: maps of {} and {} values", benign.size(), attacked.size());
  if (!is_finite(benign) || !is_finite(attacked))
    return std::vector<double>(benign.size(), std::numeric_limits<double>::quiet_NaN());
  double of_benign = largest(benign), of_attacked = largest(attacked);
  if (scaling == Scaling::shared) of_benign = of_attacked = std::max(of_benign, of_attacked);
  const auto scaled = [sign](double value, double m) {
    if (m == 0.0) return 0.0;
    return sign == Sign::both ? value / m / 2.0 : std::max(value, 0.0) / m;
  };
  std::vector<double> result(benign.size());
  for (std::size_t i = 0; i < result.size(); ++i) result[i] = scaled(attacked[i], of_attacked) - scaled(benign[i], of_benign);
  return result;
}

Figure paint(const Grid& grid) {
  Figure figure = frame_of(grid, {});
  for (const GridRow& row : grid.rows) {
    check_columns(row.maps.size(), grid.columns.size(), figure.rows.size());
    Figure::Row& painted_row = figure.rows.emplace_back();
    painted_row.left = left_lines(row.label, row.target);
    painted_row.left.push_back("pred: " + row.answer.prediction);
    add_certainty(painted_row.right, row.answer);
    for (std::size_t j = 0; j < row.maps.size(); ++j)
      painted_row.cells.push_back(painted(row.maps[j], grid.height, grid.width, grid.columns[j].paint));
  }
  explain_hatching(figure);
  return figure;
}

Figure paint(const PairGrid& grid) {
  Figure figure = frame_of(grid, {"benign", "attacked", "difference"});
  for (const PairRow& row : grid.rows) {
    check_columns(row.cells.size(), grid.columns.size(), figure.rows.size());
    Figure::Row& painted_row = figure.rows.emplace_back();
    painted_row.left = left_lines(row.label, row.target);
    painted_row.left.push_back("benign pred: " + row.benign.prediction);
    painted_row.left.push_back("attacked pred: " + row.attacked.prediction);
    painted_row.right.push_back("benign");
    add_certainty(painted_row.right, row.benign);
    painted_row.right.push_back("attacked");
    add_certainty(painted_row.right, row.attacked);
    for (std::size_t j = 0; j < row.cells.size(); ++j) {
      const PairCell& cell = row.cells[j];
      const Paint& how = grid.columns[j].paint;
      std::optional<double> shared;
      if (grid.scaling == Scaling::shared) shared = std::max(scale_of(cell.benign), scale_of(cell.attacked));
      painted_row.cells.push_back(painted(cell.benign, grid.height, grid.width, how, shared));
      painted_row.cells.push_back(painted(cell.attacked, grid.height, grid.width, how, shared));
      painted_row.cells.push_back(painted(difference(cell, how.sign, grid.scaling), grid.height, grid.width, kSeismic, 1.0));
      painted_row.below.insert(painted_row.below.end(), {"", ""});
      painted_row.below.push_back(std::isnan(cell.similarity) ? "undefined" : fmt::format("{:.2f}", cell.similarity));
    }
  }
  explain_hatching(figure);
  return figure;
}

std::vector<std::size_t> cell_edges(const Figure& figure) {
  std::vector<std::size_t> edges;
  std::size_t at = 0;
  for (const Figure::Heading& heading : figure.headings) {
    for (std::size_t k = 0; k < parts_of(heading); ++k, at += (figure.width + 1) * figure.scale) edges.push_back(at);
    if (!heading.parts.empty()) at += 2 * figure.scale;
  }
  return edges;
}

Image cells(const Figure& figure) {
  constexpr Rgb kGround{224, 224, 224};
  const std::vector<std::size_t> edges = cell_edges(figure);
  require(!edges.empty() && !figure.rows.empty(), "grid: a picture needs a row and a column");
  const std::size_t pitch = (figure.height + 1) * figure.scale;
  Image picture{figure.rows.size() * pitch - figure.scale, edges.back() + figure.width * figure.scale, {}};
  picture.pixels.assign(picture.height * picture.width, kGround);
  for (std::size_t i = 0; i < figure.rows.size(); ++i) {
    check_columns(figure.rows[i].cells.size(), edges.size(), i);
    for (std::size_t j = 0; j < edges.size(); ++j)
      copy_into(picture, enlarged(figure.rows[i].cells[j], figure.scale), i * pitch, edges[j]);
  }
  return picture;
}

}  // namespace tocsin::explain
