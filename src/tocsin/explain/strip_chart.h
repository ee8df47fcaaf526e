// SPDX-License-Identifier: Apache-2.0
// The strip chart of a method: where the similarities of benign-attacked pairs (O) lie among those of its ceilings (C1, C3) and
// floors (F2, F3), a strip a set, a dot a value. explain.md, sections 11 and 13.
#pragma once
#include <string>
#include <vector>

namespace tocsin::explain {

/// What a set of similarities stands for; decides the look of its dots.
enum class Role { observed, ceiling, floor };

struct Strip {
  std::string name, meaning;  ///< "C1", "benign runs of two seeds"
  Role role = Role::observed;
  std::vector<double> values;  ///< in any order; those that are not finite are counted, not drawn
};
struct StripChart {
  std::string title;
  std::vector<std::string> caption;
  std::string axis;  ///< name of the similarity
  std::vector<Strip> strips;
};

/// Ticks at 1, 2 or 5 times a power of ten that cover [low, high], low < high, finitely far apart; about `count` of them, and the
/// decimals that tell them apart.
struct Ticks {
  std::vector<double> values;
  int decimals = 0;
};
Ticks ticks(double low, double high, std::size_t count = 6);

/// The chart as SVG, with means, counts, legend and axis. The same bytes for any order of the values in a strip.
std::string format_svg(const StripChart& chart);

}  // namespace tocsin::explain
