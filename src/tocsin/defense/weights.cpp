// SPDX-License-Identifier: Apache-2.0
#include "tocsin/defense/weights.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "tocsin/core/errors.h"
#include "tocsin/kernels/half_mass.h"

namespace tocsin::defense {
namespace {
constexpr double kMostClients = 4294967296.0;  // ids have 32 bits

/// The cap U on weights: the share of the f heaviest grows with U, so each piece between two weights is tried from the top.
/// A share such as 0.45 is no double: where it is a decimal of at most 12 digits it is meant as that, and U is its nearest double.
double cap(std::string_view rule, std::vector<double> weights, std::size_t f, double share) {
  std::sort(weights.begin(), weights.end(), std::greater<>());
  const std::size_t n = weights.size();
  const auto heaviest = weights.begin() + static_cast<std::ptrdiff_t>(f);
  const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  constexpr double rounding = 1e-12, decimal = 1e12;
  const double digits = std::round(share * decimal);
  const bool is_decimal = digits / decimal == share;
  const long double unit = is_decimal ? decimal : 1.0, part = is_decimal ? digits : share;  // share = part / unit
  if (std::accumulate(weights.begin(), heaviest, 0.0) <= share * total * (1 + rounding)) return weights.front();
  for (std::size_t p = 1; p < n; ++p) {  // p rows are cut off at U, weights[p] <= U <= weights[p - 1]
    const double rest = std::accumulate(weights.begin() + static_cast<std::ptrdiff_t>(p), weights.end(), 0.0);
    const double whole = p < f ? std::accumulate(weights.begin() + static_cast<std::ptrdiff_t>(p), heaviest, 0.0) : 0.0;
    // min(p, f) U + whole <= share (p U + rest)
    const long double slope = static_cast<long double>(std::min(p, f)) * unit - part * static_cast<long double>(p);
    const long double room = part * rest - whole * unit;
    if (slope <= 0) return weights[p - 1];
    const auto u = static_cast<double>(room / slope);
    if (u >= weights[p] * (1 - rounding)) return std::min(u, weights[p - 1]);
  }
  throw TooFew(
      fmt::format("{}: weights = \"capped\" cannot help, {} rows of {} hold {:.3g} of the total when all weigh the same, and "
                  "cap_share = {} is asked for",
                  rule, f, n, static_cast<double>(f) / static_cast<double>(n), share));
}
}  // namespace

WeightOptions read_weights(Options& options, WeightUse use, std::string_view fallback) {
  const WeightOptions defaults;
  WeightOptions result;
  const std::string weights =
      options.word("weights", {.fallback = fallback,
                               .words = {"none", "samples", "capped"},
                               .help = "what a client weighs: the same, its reported samples, or those with the heaviest cut off"});
  if (weights == "samples") result.weights = Weights::samples;
  if (weights == "capped") result.weights = Weights::capped;
  result.cap_share = options.number(
      "cap_share", {.fallback = defaults.cap_share,
                    .at_least = 0,
                    .at_most = 0.499,
                    .above = true,
                    .help = "with weights = \"capped\": the most of the total that the f heaviest clients may hold"});
  if (result.cap_share < 1.0 / kMostClients) {
    options.fault("cap_share",
                  fmt::format("cap_share = {}: as many clients as ids can number hold more than that each", result.cap_share),
                  "a share such as 0.45, or weights = \"samples\"");
    result.cap_share = defaults.cap_share;  // so that nothing else is wrong on account of it
  }
  if (result.weights != Weights::capped)
    options.no_effect("cap_share", "'cap_share' has no effect unless weights = \"capped\"",
                      "remove it, or set weights = \"capped\"");
  if (use != WeightUse::mass) return result;
  const std::string mass =
      options.word("mass", {.fallback = "worst",
                            .words = {"worst", "mean"},
                            .help = "with weights: the mass of the f malicious rows, as the f heaviest or as f average ones"});
  if (mass == "mean") result.mass = MaliciousMass::mean;
  if (result.weights == Weights::none)
    options.no_effect("mass", "'mass' has no effect unless weights are \"samples\" or \"capped\"", "remove it, or set weights");
  return result;
}

std::vector<double> client_weights(std::string_view rule, const WeightOptions& options, std::span<const double> samples,
                                   std::size_t n, std::size_t f) {
  if (options.weights == Weights::none) return std::vector<double>(n, 1.0);
  require(samples.size() == n, "{}: weights need the sample counts of {} rows, got {}", rule, n, samples.size());
  for (const double count : samples) require(count >= 0 && std::isfinite(count), "{}: a client reports {} samples", rule, count);
  std::vector<double> result(samples.begin(), samples.end());
  if (options.weights == Weights::samples || f == 0) return result;
  std::vector<double> present;
  std::copy_if(result.begin(), result.end(), std::back_inserter(present), [](double w) { return w > 0; });
  if (present.empty()) return result;
  const double most = cap(rule, present, std::min(f, present.size()), options.cap_share);
  for (double& weight : result) weight = std::min(weight, most);
  return result;
}

std::size_t fewest_to_cap(const WeightOptions& options, std::size_t f) {
  if (options.weights != Weights::capped || f == 0) return 1;
  constexpr double kMost = 4503599627370496.0;  // 2^52: a count without end, and still a whole number
  return static_cast<std::size_t>(std::min(kMost, std::ceil(static_cast<double>(f) / options.cap_share * (1 - 1e-12))));
}

Masses masses(std::string_view rule, const WeightOptions& options, std::span<const double> samples, std::size_t n, std::size_t f) {
  Masses result{.of_row = client_weights(rule, options, samples, n, f), .total = 0, .malicious = 0};
  double sum = 0;
  std::size_t present = 0;
  for (const double weight : result.of_row) {
    sum += weight;
    if (weight > 0) ++present;
  }
  if (present == 0) throw TooFew(fmt::format("{}: no row has any weight, the clients report no samples", rule));
  result.total = static_cast<double>(present);
  result.malicious = static_cast<double>(f);
  bool half = 2 * result.malicious >= result.total;
  if (options.mass == MaliciousMass::worst) {  // compared before it is scaled: sums of counts are exact
    std::vector<double> heaviest = result.of_row;
    std::sort(heaviest.begin(), heaviest.end(), std::greater<>());
    const double held = std::accumulate(heaviest.begin(), heaviest.begin() + static_cast<std::ptrdiff_t>(std::min(f, n)), 0.0);
    half = kernels::HalfMass(result.of_row).reached(held);
    result.malicious = held * result.total / sum;
  }
  for (double& weight : result.of_row) weight = weight * result.total / sum;
  if (half)
    throw TooFew(fmt::format(
        "{}: the {} heaviest of {} rows hold {:.3g} of the weight, and less than half is needed; use weights = \"capped\"", rule, f,
        present, result.malicious / result.total));
  return result;
}

std::vector<double> take(std::span<const std::size_t> order, std::span<const double> of_row, double mass) {
  std::vector<double> portions(of_row.size(), 0.0);
  const double crumb = 1e-12 * mass;
  for (const std::size_t row : order) {
    if (mass <= crumb) break;
    portions[row] = std::min(of_row[row], mass);
    mass -= portions[row];
  }
  return portions;
}

}  // namespace tocsin::defense
