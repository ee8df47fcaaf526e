// SPDX-License-Identifier: Apache-2.0
#include "tocsin/explain/scale.h"

#include <algorithm>
#include <cmath>

#include "tocsin/explain/drawn.h"

namespace tocsin::explain {

bool finite(std::span<const double> map) {
  return std::all_of(map.begin(), map.end(), [](double value) { return std::isfinite(value); });
}

bool constant(std::span<const double> map) {
  return std::all_of(map.begin(), map.end(), [&](double value) { return value == map.front(); });
}

std::size_t nonzero(std::span<const double> map) {
  return map.size() - static_cast<std::size_t>(std::count(map.begin(), map.end(), 0.0));
}

double unit(std::span<const double> map) {
  const double most = largest(map);
  return most == 0 ? 1.0 : std::ldexp(1.0, std::clamp(-std::ilogb(most), -1022, 1022));
}

std::vector<double> times(std::span<const double> map, double factor) {
  std::vector<double> result(map.begin(), map.end());
  for (double& value : result) value *= factor;
  return result;
}

std::vector<double> shares(std::span<const double> map) {
  std::vector<double> result = times(map, unit(map));
  double sum = 0;
  for (double& value : result) sum += value = std::abs(value);
  if (sum == 0) return {};
  for (double& value : result) value /= sum;
  return result;
}

}  // namespace tocsin::explain
