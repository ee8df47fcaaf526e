// SPDX-License-Identifier: Apache-2.0
// Explanations of tabular data: instead of cells, a list of the features with the largest |M|, a bar each. explain.md, section 9.
#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "tocsin/explain/colors.h"

namespace tocsin::explain {

struct BarPanel {
  std::string title;               ///< of the method
  std::vector<std::string> notes;  ///< lines below it: "label: >50K, pred: <=50K"
  Sign sign = Sign::both;          ///< bars to both sides, or to the right alone
  std::vector<double> map;         ///< one value a feature
};
struct BarList {
  std::string title;
  std::vector<std::string> caption;
  std::vector<std::string> features;  ///< names
  std::vector<BarPanel> panels;
  std::size_t shown = 20;    ///< bars a panel, at most
  std::size_t per_line = 3;  ///< panels side by side, at least 1
};

/// Indices of the `count` largest |value|, largest first; equal ones favor the lower index.
std::vector<std::size_t> largest_features(std::span<const double> map, std::size_t count);

/// The panels as SVG; one whose map is not finite says so. Throws std::invalid_argument if a map does not fit the features.
std::string format_svg(const BarList& list);

}  // namespace tocsin::explain
