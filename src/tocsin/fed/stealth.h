// SPDX-License-Identifier: Apache-2.0
// What detectors said of a round, and how it looks beside the truth: figures of the record, made with what no defence has.
// paper.md, section 3; Bhagoji et al., arXiv:1811.12470.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tocsin/core/workers.h"
#include "tocsin/defense/detector.h"

namespace tocsin::fed {

/// How a detector did in a round. A pair is a malicious and a benign client of this round, both measured; it is won if the
/// malicious one is more suspicious, half won if both are equally so. Won pairs over pairs are the area under the ROC curve.
/// A row that was set aside is flagged where there are verdicts and more suspicious than any other (two of them equally so).
struct Tally {
  std::size_t malicious_judged = 0, malicious_flagged = 0, benign_judged = 0, benign_flagged = 0;
  std::size_t pairs = 0;
  double won = 0;
  void add(const Tally& other);
};

/// What one reading of a detector said of the cohort.
struct DetectorRecord {
  std::string label;         ///< "accuracy_check_printed"
  std::string title;         ///< for people
  defense::Reading reading;  ///< over the cohort
  std::string skipped;       ///< why there is no reading
  Tally tally;
};
/// `malicious` and `set_aside` are positions in the cohort, ascending.
Tally tally(const defense::Reading& reading, std::span<const std::size_t> malicious, std::span<const std::size_t> set_aside = {});

/// The paper's update statistics with the truth: R_m of the malicious clients and the band of the benign ones, all against benign
/// ones alone. NaN where fewer than two benign rows, or no malicious one, are finite.
struct BandRecord {
  double figure;                           ///< the largest departure of a malicious client; stealthy iff <= kappa
  double malicious_least, malicious_most;  ///< over all malicious clients
  double benign_least, benign_most;
  std::optional<double> kappa;  ///< where the detector has one
};
/// By the distances [n, n] of n rows; `malicious` and `benign` are rows of them.
BandRecord band_record(std::span<const double> distances, std::size_t n, std::span<const std::size_t> malicious,
                       std::span<const std::size_t> benign, std::optional<double> kappa);

/// The values of updates in one tensor: counts in equal bins, and how far each client lies from the benign ones.
struct LayerHistogram {
  std::string name;
  std::size_t size = 0, sampled = 0;            ///< coordinates of the tensor, and those looked at
  double low = 0, high = 0;                     ///< edges of the first and the last of kBins bins; the benign values end there
  std::vector<std::size_t> benign, malicious;   ///< [1 + kBins + 1]: below `low`, the bins, above `high`; clients pooled
  std::vector<double> wasserstein, ks, shares;  ///< [cohort]: a client's values against the pooled benign ones (a benign client's
                                                ///< against the other benign ones); its squared length in this tensor
  static constexpr std::size_t kBins = 40;
};
/// `layers` over the cohort, empty values for rows set aside.
std::vector<LayerHistogram> layer_histograms(const std::vector<defense::LayerSample>& layers,
                                             std::span<const std::size_t> malicious, Workers* workers = nullptr);

/// The largest distance of a malicious client's values to the benign ones', and of a benign client's to the other benign ones':
/// Wasserstein the mean over tensors by size, Kolmogorov-Smirnov the plain mean. NaN where there is nothing to compare.
struct HistogramRecord {
  double wasserstein, wasserstein_benign, ks, ks_benign;
};
HistogramRecord histogram_record(const std::vector<LayerHistogram>& layers, std::span<const std::size_t> malicious);

}  // namespace tocsin::fed
