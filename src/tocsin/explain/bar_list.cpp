// SPDX-License-Identifier: Apache-2.0
#include "tocsin/explain/bar_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "tocsin/core/errors.h"
#include "tocsin/explain/png.h"
#include "tocsin/explain/svg.h"

namespace tocsin::explain {
namespace {
using detail::kMargin;
using detail::Svg;
using detail::text_width;

constexpr double kTitleSize = 13, kNoteSize = 11, kNoteLeading = 15, kNameSize = 11;
constexpr double kLine = 16, kBar = 10;      // pitch and height of a bar
constexpr double kBars = 150, kNumber = 62;  // width of the longest bar, of a number behind it
constexpr double kGap = 8, kBetween = 30;    // between name and bars, between panels
constexpr std::size_t kLongestName = 36;     // characters
constexpr std::string_view kPositive = "#c0392b", kNegative = "#2f6db3", kMagnitude = "#5a5a5a";

struct Shape {
  double names, panel, head;  ///< width of the names, of a panel; height of its title and notes
};

Shape shape_of(const BarList& list) {
  Shape shape{0, 0, 0};
  for (const BarPanel& panel : list.panels) {
    require(panel.map.size() == list.features.size(), "bar list: '{}' has {} values, there are {} features", panel.title,
            panel.map.size(), list.features.size());
    shape.head = std::max(shape.head, 20 + kNoteLeading * static_cast<double>(panel.notes.size()));
    if (!is_finite(panel.map)) continue;
    for (const std::size_t i : largest_features(panel.map, list.shown))
      shape.names = std::max(shape.names, text_width(printable(list.features[i], kLongestName), kNameSize));
  }
  shape.panel = shape.names + kGap + kBars + kNumber;
  return shape;
}

/// The widest panel that its own words ask for may be wider than its bars.
double panel_width(const BarList& list, const Shape& shape) {
  double width = shape.panel;
  for (const BarPanel& panel : list.panels)
    width = std::max({width, text_width(panel.title, kTitleSize * 1.1), detail::widest(panel.notes, kNoteSize)});
  return width;
}

void draw_bars(Svg& svg, const BarList& list, const BarPanel& panel, const Shape& shape, double x, double y) {
  const double m = largest(panel.map), from = x + shape.names + kGap;
  const bool both = panel.sign == Sign::both;
  const double zero = both ? from + kBars / 2 : from, unit = both ? kBars / 2 : kBars;
  const std::vector<std::size_t> order = largest_features(panel.map, list.shown);
  svg.line(zero, y - 2, zero, y + kLine * static_cast<double>(order.size()) - 2, detail::kRule);
  for (const std::size_t i : order) {
    const double value = panel.map[i], reach = both ? std::abs(value) : std::max(value, 0.0);
    const double length = m == 0.0 ? 0.0 : unit * reach / m;
    const bool left = both && value < 0;
    svg.text(x + shape.names, y + kBar - 1, list.features[i], {.size = kNameSize, .anchor = "end", .limit = kLongestName});
    svg.rectangle(left ? zero - length : zero, y, length, kBar, !both ? kMagnitude : left ? kNegative : kPositive);
    svg.text(from + kBars + kGap, y + kBar - 1, fmt::format("{:#.3g}", value), {.size = kNameSize, .color = detail::kFaint});
    y += kLine;
  }
}

void draw_panel(Svg& svg, const BarList& list, const BarPanel& panel, const Shape& shape, double x, double y) {
  svg.text(x, y + kTitleSize, panel.title, {.size = kTitleSize, .bold = true});
  svg.lines(x, y + kTitleSize + kNoteLeading, panel.notes, kNoteLeading, {.size = kNoteSize, .color = detail::kFaint});
  y += shape.head + 6;
  if (is_finite(panel.map)) return draw_bars(svg, list, panel, shape, x, y);
  svg.image(x, y, 84, 84, format_png(enlarged(hatched(28, 28), 3)));
  svg.text(x + 84 + kGap, y + 46, "not finite", {.size = kNoteSize});
}
}  // namespace

std::vector<std::size_t> largest_features(std::span<const double> map, std::size_t count) {
  std::vector<std::size_t> order(map.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return std::abs(map[a]) > std::abs(map[b]); });
  order.resize(std::min(count, order.size()));
  return order;
}

std::string format_svg(const BarList& list) {
  require(list.per_line >= 1, "bar list: needs at least one panel a line");
  const Shape shape = shape_of(list);
  const double pitch = panel_width(list, shape) + kBetween;
  const std::size_t across = std::min(list.per_line, std::max<std::size_t>(list.panels.size(), 1));
  const double width = std::max(2 * kMargin + pitch * static_cast<double>(across) - kBetween, 460.0);
  const double bars = std::max(kLine * static_cast<double>(std::min(list.shown, list.features.size())), 84.0);
  const double height = shape.head + 6 + bars;
  Svg svg;
  double y = kMargin + svg.heading(list.title, width - 2 * kMargin);
  for (std::size_t i = 0; i < list.panels.size(); ++i) {
    if (i > 0 && i % across == 0) y += height + kBetween;
    draw_panel(svg, list, list.panels[i], shape, kMargin + pitch * static_cast<double>(i % across), y);
  }
  return svg.document(width, svg.caption(y + height, list.caption, width - 2 * kMargin), list.title);
}

}  // namespace tocsin::explain
