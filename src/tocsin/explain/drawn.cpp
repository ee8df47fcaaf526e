// SPDX-License-Identifier: Apache-2.0
#include "tocsin/explain/drawn.h"

#include <algorithm>
#include <cmath>

#include "tocsin/core/errors.h"

namespace tocsin::explain {

double largest(std::span<const double> map) {
  double result = 0;
  for (const double value : map) result = std::max(result, std::abs(value));
  return result;
}

std::vector<double> reduced(std::span<const double> map, std::size_t channels, bool magnitude) {
  require(channels >= 1 && map.size() % channels == 0, "reduced: {} values do not divide into {} channels", map.size(), channels);
  const std::size_t cells = map.size() / channels;
  std::vector<double> result(cells, 0.0);
  for (std::size_t c = 0; c < channels; ++c)
    for (std::size_t i = 0; i < cells; ++i) {
      const double value = map[c * cells + i];
      result[i] += magnitude ? std::abs(value) : value;
    }
  return result;
}

std::vector<std::uint8_t> drawn(std::span<const double> map, Sign sign, std::optional<double> scale) {
  const double m = scale ? *scale : largest(map);
  std::vector<std::uint8_t> result(map.size(), sign == Sign::both ? 127 : 0);
  if (m == 0.0) return result;
  for (std::size_t i = 0; i < map.size(); ++i) {
    const double index = sign == Sign::both ? 255.0 * (map[i] + m) / (2.0 * m) : 255.0 * std::max(map[i], 0.0) / m;
    result[i] = static_cast<std::uint8_t>(std::clamp(index, 0.0, 255.0));
  }
  return result;
}

}  // namespace tocsin::explain
