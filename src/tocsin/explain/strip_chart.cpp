// SPDX-License-Identifier: Apache-2.0
#include "tocsin/explain/strip_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "tocsin/core/errors.h"
#include "tocsin/explain/svg.h"

namespace tocsin::explain {
namespace {
using detail::kMargin;
using detail::Svg;
using detail::text_width;

constexpr double kPlotWidth = 440, kStripHeight = 46, kDots = 28;  // kDots: height over which the dots of a strip are spread
constexpr double kNameSize = 13, kMeaningSize = 11, kFigureSize = 12, kGap = 14;
constexpr std::string_view kGrid = "#e4e4e4";

/// Told apart by color and, in black and white, by fill.
struct Look {
  std::string_view fill, stroke, name;
  double radius, opacity;
};
Look look_of(Role role) {
  if (role == Role::observed) return {"#c2410c", "#7c2d12", "observed", 3.4, 0.75};
  if (role == Role::ceiling) return {"#ffffff", "#1d5f9e", "ceiling", 3.0, 0.6};
  return {"#b5b5b5", "#6b6b6b", "floor", 2.6, 0.7};
}

/// The finite values, sorted.
std::vector<double> finite(const Strip& strip) {
  std::vector<double> values;
  std::copy_if(strip.values.begin(), strip.values.end(), std::back_inserter(values),
               [](double value) { return std::isfinite(value); });
  std::sort(values.begin(), values.end());
  return values;
}

double mean_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// The values' range, widened where it is a point or nothing.
std::pair<double, double> range_of(const std::vector<std::vector<double>>& sets) {
  double low = INFINITY, high = -INFINITY;
  for (const std::vector<double>& values : sets)
    if (!values.empty()) low = std::min(low, values.front()), high = std::max(high, values.back());
  if (low > high) return {0, 1};
  const double least = std::max(1e-9, 1e-6 * std::max(std::abs(low), std::abs(high)));
  return high - low > least ? std::pair(low, high) : std::pair(low - 50 * least, high + 50 * least);
}

/// Height of the dot of rank i in its strip, within [-1/2, 1/2]: multiples of the golden ratio keep neighbors apart.
double spread_of(std::size_t i) {
  const double turns = 0.6180339887498949 * static_cast<double>(i + 1);
  return turns - std::floor(turns) - 0.5;
}

struct Plot {
  Ticks marks;
  double left, top, bottom;
  [[nodiscard]] double x(double value) const {
    const double low = marks.values.front(), high = marks.values.back();
    return left + kPlotWidth * (value - low) / (high - low);
  }
};

void draw_axis(Svg& svg, const Plot& plot, std::string_view name) {
  for (const double mark : plot.marks.values) {
    svg.line(plot.x(mark), plot.top, plot.x(mark), plot.bottom, kGrid);
    svg.line(plot.x(mark), plot.bottom, plot.x(mark), plot.bottom + 5, detail::kFaint);
    svg.text(plot.x(mark), plot.bottom + 19, fmt::format("{:.{}f}", mark, plot.marks.decimals),
             {.size = kFigureSize, .anchor = "middle"});
  }
  svg.line(plot.left, plot.bottom, plot.left + kPlotWidth, plot.bottom, detail::kFaint);
  svg.text(plot.left + kPlotWidth / 2, plot.bottom + 38, name, {.size = kFigureSize, .anchor = "middle"});
}

void draw_dots(Svg& svg, const Plot& plot, const Look& look, const std::vector<double>& values, double center) {
  for (std::size_t i = 0; i < values.size(); ++i)
    svg.circle(plot.x(values[i]), center + kDots * (values.size() == 1 ? 0.0 : spread_of(i)), look.radius, look.fill, look.stroke,
               look.opacity);
}

/// Name and meaning at the left, dots and their mean, mean and count at the right.
void draw_strip(Svg& svg, const Plot& plot, const Strip& strip, const std::vector<double>& values, double center) {
  const double name_x = plot.left - kGap, figures_x = plot.left + kPlotWidth + kGap;
  svg.text(name_x, center - (strip.meaning.empty() ? -4 : 3), strip.name, {.size = kNameSize, .anchor = "end", .bold = true});
  if (!strip.meaning.empty())
    svg.text(name_x, center + 12, strip.meaning, {.size = kMeaningSize, .anchor = "end", .color = detail::kFaint});
  draw_dots(svg, plot, look_of(strip.role), values, center);
  const std::size_t undefined = strip.values.size() - values.size();
  const std::string counts =
      undefined == 0 ? fmt::format("n = {}", values.size()) : fmt::format("n = {} ({} undefined)", values.size(), undefined);
  svg.text(figures_x, center + 12, counts, {.size = kMeaningSize, .color = detail::kFaint});
  if (values.empty()) return;
  const double mean = mean_of(values);
  svg.line(plot.x(mean), center - kStripHeight / 2 + 4, plot.x(mean), center + kStripHeight / 2 - 4, detail::kInk, 2);
  svg.text(figures_x, center - 3, fmt::format("mean {:.{}f}", mean, plot.marks.decimals + 1), {.size = kFigureSize});
}

void draw_legend(Svg& svg, const StripChart& chart, double x, double y) {
  for (const Role role : {Role::observed, Role::ceiling, Role::floor}) {
    if (std::none_of(chart.strips.begin(), chart.strips.end(), [role](const Strip& strip) { return strip.role == role; })) continue;
    const Look look = look_of(role);
    svg.circle(x + 4, y - 4, look.radius + 0.6, look.fill, look.stroke);
    svg.text(x + 14, y, look.name, {.size = kFigureSize});
    x += 14 + text_width(look.name, kFigureSize) + 22;
  }
  svg.line(x + 4, y - 10, x + 4, y + 2, detail::kInk, 2);
  svg.text(x + 12, y, "mean", {.size = kFigureSize});
}
}  // namespace

Ticks ticks(double low, double high, std::size_t count) {
  require(low < high && std::isfinite(high - low) && count >= 2, "ticks: cannot cover [{}, {}] with {}", low, high, count);
  const double raw = (high - low) / static_cast<double>(count - 1), power = std::floor(std::log10(raw)),
               unit = std::pow(10.0, power);
  const double step = unit * (raw <= unit ? 1 : raw <= 2 * unit ? 2 : raw <= 5 * unit ? 5 : 10);
  Ticks result;
  result.decimals = std::max(0, -static_cast<int>(std::floor(std::log10(step) + 1e-9)));
  const double first = std::floor(low / step + 1e-9), last = std::ceil(high / step - 1e-9);
  for (double k = first; k <= last; ++k) result.values.push_back(k == 0 ? 0.0 : k * step);
  return result;
}

std::string format_svg(const StripChart& chart) {
  std::vector<std::vector<double>> sets;
  double names = 0, figures = text_width("mean -0.0000", kFigureSize);
  for (const Strip& strip : chart.strips) {
    sets.push_back(finite(strip));
    names = std::max({names, text_width(strip.name, kNameSize * 1.1), text_width(strip.meaning, kMeaningSize)});
    if (sets.back().size() < strip.values.size())
      figures = std::max(figures, text_width(fmt::format("n = {0} ({0} undefined)", strip.values.size()), kMeaningSize));
  }
  const auto [low, high] = range_of(sets);
  const double left = kMargin + names + kGap, width = left + kPlotWidth + kGap + figures + kMargin;
  Svg svg;
  double y = kMargin + svg.heading(chart.title, width - 2 * kMargin) + 12;
  draw_legend(svg, chart, left, y);
  const double top = y + 14;
  const Plot plot{ticks(low, high), left, top, top + kStripHeight * static_cast<double>(chart.strips.size())};
  draw_axis(svg, plot, chart.axis);
  for (std::size_t i = 0; i < sets.size(); ++i)  // the observed mean through all strips, to see where it lies among the others
    if (chart.strips[i].role == Role::observed && !sets[i].empty())
      svg.line(plot.x(mean_of(sets[i])), plot.top, plot.x(mean_of(sets[i])), plot.bottom, look_of(Role::observed).fill, 1, "4 3");
  for (std::size_t i = 0; i < chart.strips.size(); ++i) {
    y = top + kStripHeight * static_cast<double>(i);
    if (i > 0) svg.line(left, y, left + kPlotWidth, y, kGrid);
    draw_strip(svg, plot, chart.strips[i], sets[i], y + kStripHeight / 2);
  }
  return svg.document(width, svg.caption(plot.bottom + 38, chart.caption, width - 2 * kMargin), chart.title);
}

}  // namespace tocsin::explain
