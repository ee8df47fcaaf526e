// SPDX-License-Identifier: Apache-2.0
// Suspicions, bands and histograms beside the truth.
#include "tocsin/fed/stealth.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "tocsin/core/errors.h"
#include "tocsin/defense/distances.h"
#include "tocsin/defense/histogram.h"

namespace tocsin::fed {
namespace {
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

bool among(std::span<const std::size_t> rows, std::size_t i) { return std::binary_search(rows.begin(), rows.end(), i); }

/// The bin of a value, counting from `below`.
std::size_t bin_of(double value, double low, double high) {
  constexpr std::size_t bins = LayerHistogram::kBins;
  if (value < low) return 0;
  if (value > high) return bins + 1;
  const double place = (value - low) / (high - low) * static_cast<double>(bins);
  return 1 + std::min(bins - 1, static_cast<std::size_t>(place));
}

LayerHistogram histogram_of(const defense::LayerSample& layer, std::span<const std::size_t> malicious) {
  LayerHistogram result;
  result.name = layer.name;
  result.size = layer.size;
  result.shares = layer.shares;
  const std::size_t n = layer.values.size();
  result.wasserstein.assign(n, kNone);
  result.ks.assign(n, kNone);
  std::vector<std::size_t> honest;
  std::vector<std::span<const double>> honest_values;
  std::vector<double> pooled;
  for (std::size_t i = 0; i < n; ++i) {
    result.sampled = std::max(result.sampled, layer.values[i].size());
    if (layer.values[i].empty() || among(malicious, i)) continue;
    honest.push_back(i);
    honest_values.emplace_back(layer.values[i]);
    pooled.insert(pooled.end(), layer.values[i].begin(), layer.values[i].end());
  }
  std::sort(pooled.begin(), pooled.end());
  const std::vector<defense::ValueDistance> spread = defense::against_others(honest_values);
  for (std::size_t k = 0; k < honest.size(); ++k) {
    result.wasserstein[honest[k]] = spread[k].wasserstein;
    result.ks[honest[k]] = spread[k].kolmogorov_smirnov;
  }
  if (!pooled.empty()) result.high = std::max(std::abs(pooled.front()), std::abs(pooled.back()));
  if (result.high == 0.0) result.high = 1.0;  // nothing but zeros, or no benign row
  result.low = -result.high;
  result.benign.assign(LayerHistogram::kBins + 2, 0);
  result.malicious = result.benign;
  for (const double value : pooled) ++result.benign[bin_of(value, result.low, result.high)];
  for (const std::size_t i : malicious) {
    for (const double value : layer.values[i]) ++result.malicious[bin_of(value, result.low, result.high)];
    if (honest.size() < 2) continue;
    const defense::ValueDistance distance = defense::value_distance(layer.values[i], pooled);
    result.wasserstein[i] = distance.wasserstein;
    result.ks[i] = distance.kolmogorov_smirnov;
  }
  return result;
}

/// The larger of two, of which NaN counts as absent.
double larger(double a, double b) { return std::isnan(a) ? b : std::isnan(b) ? a : std::max(a, b); }
}  // namespace

void Tally::add(const Tally& other) {
  malicious_judged += other.malicious_judged;
  malicious_flagged += other.malicious_flagged;
  benign_judged += other.benign_judged;
  benign_flagged += other.benign_flagged;
  pairs += other.pairs;
  won += other.won;
}

Tally tally(const defense::Reading& reading, std::span<const std::size_t> malicious, std::span<const std::size_t> set_aside) {
  Tally result;
  for (std::size_t i = 0; i < reading.verdicts.size(); ++i) {
    if (reading.verdicts[i] == defense::Verdict::unknown) continue;
    const bool flagged = reading.verdicts[i] == defense::Verdict::flagged, bad = among(malicious, i);
    ++(bad ? result.malicious_judged : result.benign_judged);
    if (flagged) ++(bad ? result.malicious_flagged : result.benign_flagged);
  }
  using Score = std::pair<bool, double>;  // set aside, suspicion
  const auto score = [&](std::size_t i) { return among(set_aside, i) ? Score{true, 0.0} : Score{false, reading.suspicion[i]}; };
  for (const std::size_t m : malicious)
    for (std::size_t i = 0; i < reading.suspicion.size(); ++i) {
      const Score bad = score(m), good = score(i);
      if (among(malicious, i) || std::isnan(bad.second) || std::isnan(good.second)) continue;
      ++result.pairs;
      result.won += bad > good ? 1.0 : bad == good ? 0.5 : 0.0;
    }
  return result;
}

BandRecord band_record(std::span<const double> distances, std::size_t n, std::span<const std::size_t> malicious,
                       std::span<const std::size_t> benign, std::optional<double> kappa) {
  const defense::Band band = defense::band_among(distances, n, benign);
  BandRecord record{kNone, kNone, kNone, band.least, band.most, kappa};
  if (benign.size() < 2) return record;
  for (const std::size_t m : malicious) {
    const defense::Band own = defense::band_against(distances, n, m, benign);
    record.figure = larger(record.figure, defense::departure(own, band));
    record.malicious_least = std::isnan(record.malicious_least) ? own.least : std::min(record.malicious_least, own.least);
    record.malicious_most = larger(record.malicious_most, own.most);
  }
  return record;
}

std::vector<LayerHistogram> layer_histograms(const std::vector<defense::LayerSample>& layers,
                                             std::span<const std::size_t> malicious, Workers* workers) {
  std::vector<LayerHistogram> result(layers.size());
  for_each(workers, layers.size(), [&](std::size_t, std::size_t k) { result[k] = histogram_of(layers[k], malicious); });
  return result;
}

HistogramRecord histogram_record(const std::vector<LayerHistogram>& layers, std::span<const std::size_t> malicious) {
  HistogramRecord record{kNone, kNone, kNone, kNone};
  if (layers.empty()) return record;
  double size = 0.0;
  for (const LayerHistogram& layer : layers) size += static_cast<double>(layer.size);
  for (std::size_t i = 0; i < layers.front().ks.size(); ++i) {
    double moved = 0.0, gap = 0.0;
    for (const LayerHistogram& layer : layers) {
      moved += layer.wasserstein[i] * static_cast<double>(layer.size) / size;
      gap += layer.ks[i] / static_cast<double>(layers.size());
    }
    const bool bad = among(malicious, i);
    (bad ? record.wasserstein : record.wasserstein_benign) = larger(bad ? record.wasserstein : record.wasserstein_benign, moved);
    (bad ? record.ks : record.ks_benign) = larger(bad ? record.ks : record.ks_benign, gap);
  }
  return record;
}

}  // namespace tocsin::fed
