// SPDX-License-Identifier: Apache-2.0
// Samples of tensors, and distances of empirical distributions by one walk over the sorted values.
#include "tocsin/defense/histogram.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "tocsin/core/errors.h"
#include "tocsin/core/random.h"
#include "tocsin/kernels/norms.h"

namespace tocsin::defense {
namespace {
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

/// The sampled coordinates of tensor `index`, from its first, ascending: one drawn from each of `most` pieces of equal length.
std::vector<std::size_t> coordinates_of(std::size_t index, std::size_t size, std::size_t most) {
  const std::size_t count = most == 0 ? size : std::min(most, size);
  Draws draws(Stream(0).at("update histogram").at(index));
  std::vector<std::size_t> chosen(count);
  for (std::size_t k = 0; k < count; ++k) {
    const std::size_t begin = k * size / count, end = (k + 1) * size / count;
    chosen[k] = begin + draws.below(end - begin);
  }
  return chosen;
}
}  // namespace

std::vector<LayerSample> sample_layers(ConstRows rows, const Layout* layout, std::size_t most, Workers* workers) {
  const std::size_t n = rows.clients(), d = rows.coordinates();
  Layout whole;
  whole.tensors = {{.name = "all", .shape = {d}, .offset = 0, .size = d, .is_bias = false}};
  if (layout == nullptr || layout->coordinates() != d) layout = &whole;
  const std::vector<double> lengths = kernels::norms(rows, workers);
  std::vector<LayerSample> layers(layout->tensors.size());
  for_each(workers, layers.size(), [&](std::size_t, std::size_t index) {
    const Tensor& tensor = layout->tensors[index];
    LayerSample& layer = layers[index];
    layer.name = tensor.name;
    layer.size = tensor.size;
    layer.values.resize(n);
    const std::vector<std::size_t> chosen = coordinates_of(index, tensor.size, most);
    const ConstRows part = rows.columns(tensor.offset, tensor.offset + tensor.size);
    part.visit([&](auto typed) {
      for (std::size_t i = 0; i < n; ++i) {
        const auto row = typed[i];
        std::vector<double>& values = layer.values[i];
        values.reserve(chosen.size());
        for (const std::size_t c : chosen) values.push_back(static_cast<double>(row[c]));
        std::sort(values.begin(), values.end());
      }
    });
    layer.shares = kernels::norms(part);
    for (std::size_t i = 0; i < n; ++i) {
      const double share = layer.shares[i] / lengths[i];
      layer.shares[i] = lengths[i] > 0.0 ? share * share : kNone;
    }
  });
  return layers;
}

ValueDistance value_distance(std::span<const double> a, std::span<const double> b) {
  if (a.empty() || b.empty()) return {kNone, kNone};
  const auto share = [](std::size_t count, std::size_t of) { return static_cast<double>(count) / static_cast<double>(of); };
  ValueDistance distance{0.0, 0.0};
  std::size_t i = 0, j = 0;
  while (i < a.size() || j < b.size()) {
    const double value = j == b.size() || (i < a.size() && a[i] <= b[j]) ? a[i] : b[j];
    while (i < a.size() && a[i] == value) ++i;
    while (j < b.size() && b[j] == value) ++j;
    if (i == a.size() && j == b.size()) break;
    const double gap = std::abs(share(i, a.size()) - share(j, b.size()));
    const double next = i == a.size() ? b[j] : j == b.size() ? a[i] : std::min(a[i], b[j]);
    distance.wasserstein += gap * (next - value);
    distance.kolmogorov_smirnov = std::max(distance.kolmogorov_smirnov, gap);
  }
  return distance;
}

std::vector<ValueDistance> against_others(const std::vector<std::span<const double>>& sets) {
  const std::size_t n = sets.size();
  std::vector<ValueDistance> result(n, {kNone, kNone});
  if (n < 2 || sets.front().empty()) return result;
  const std::size_t m = sets.front().size();
  std::vector<std::pair<double, std::size_t>> pooled;
  pooled.reserve(n * m);
  for (std::size_t i = 0; i < n; ++i) {
    require(sets[i].size() == m, "histogram: sets of {} and of {} values", m, sets[i].size());
    for (const double value : sets[i]) pooled.emplace_back(value, i);
  }
  std::sort(pooled.begin(), pooled.end());
  // With c_i values of set i and c of all passed, F_i - F_others = c_i / m - (c - c_i) / (m (n - 1)) = (n c_i - c) / (m (n - 1)).
  std::vector<double> ahead(n, 0.0), area(n, 0.0), most(n, 0.0);  // ahead = n c_i - c
  const double all = static_cast<double>(n);
  for (std::size_t k = 0; k < pooled.size();) {
    const double value = pooled[k].first;
    double passed = 0.0;
    for (; k < pooled.size() && pooled[k].first == value; ++k) ahead[pooled[k].second] += all, passed += 1.0;
    const double width = k < pooled.size() ? pooled[k].first - value : 0.0;
    for (std::size_t i = 0; i < n; ++i) {
      ahead[i] -= passed;
      const double gap = std::abs(ahead[i]);
      area[i] += gap * width;
      most[i] = std::max(most[i], gap);
    }
  }
  const double scale = static_cast<double>(m * (n - 1));
  for (std::size_t i = 0; i < n; ++i) result[i] = {area[i] / scale, most[i] / scale};
  return result;
}

}  // namespace tocsin::defense
