// SPDX-License-Identifier: Apache-2.0
// Detectors see the rows that are finite, in ascending client id, and a Round; the truth is laid beside what they said.
#include "tocsin/fed/inspection.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "tocsin/defense/distances.h"
#include "tocsin/fed/explanations.h"

namespace tocsin::fed {
namespace {

/// The hold-out of a federation, evaluated by its fleet.
class FleetHoldOut final : public HoldOut {
 public:
  FleetHoldOut(const Parts& parts, Element element, std::stop_token stop)
      : parts_(parts), element_(element), stop_(std::move(stop)) {}
  [[nodiscard]] std::size_t samples() const override { return parts_.validation_samples.size(); }
  [[nodiscard]] std::vector<std::size_t> hits(std::size_t models, const std::function<void(std::size_t, Rows)>& make,
                                              std::size_t samples) const override {
    return parts_.fleet->hits(models, element_, make, *parts_.validation_data, part_of_hold_out(parts_, samples), stop_);
  }

 private:
  const Parts& parts_;
  Element element_;
  std::stop_token stop_;
};

/// One record a reading of a detector.
void add_readings(const DetectorSeat& seat, defense::Suspicion& found, RoundRecord& record) {
  std::size_t k = 0;
  for (const defense::Detector::ReadingName& name : seat.entry->facts.readings) {
    if (name.title.empty()) continue;
    DetectorRecord one;
    one.label = seat.label + std::string(name.suffix);
    one.title = std::string(name.title);
    if (seat.label != seat.entry->name) one.title += fmt::format(" ({})", one.label);
    one.skipped = found.skipped;
    if (found.skipped.empty()) one.reading = std::move(found.readings[k++]);
    record.detectors.push_back(std::move(one));
  }
}

/// Positions of malicious and benign clients among the rows that are left.
struct Sides {
  std::vector<std::size_t> malicious, benign;
  Sides(const defense::Survivors& survivors, std::span<const std::size_t> malicious_in_cohort) {
    for (std::size_t k = 0; k < survivors.kept().size(); ++k) {
      const bool bad = std::binary_search(malicious_in_cohort.begin(), malicious_in_cohort.end(), survivors.kept()[k]);
      (bad ? malicious : benign).push_back(k);
    }
  }
};
}  // namespace

void inspect(const Parts& parts, ConstRows updates, const Round& round, std::span<const std::size_t> malicious, RoundRecord& record,
             const std::stop_token& stop) {
  if (parts.detectors.empty()) return;
  const FleetHoldOut hold_out(parts, updates.element(), stop);
  const FleetExplanations explanations(parts, updates.element(), stop);
  Round seen = round;
  const bool labelled = parts.validation_data != nullptr && parts.validation_data->classes > 0 && !parts.validation_samples.empty();
  seen.hold_out = labelled ? &hold_out : nullptr;
  seen.explanations = labelled ? &explanations : nullptr;
  defense::Survivors survivors(updates, seen, parts.nonfinite);

  defense::PairDistances distances;
  const bool needed = std::any_of(parts.detectors.begin(), parts.detectors.end(),
                                  [](const DetectorSeat& seat) { return seat.entry->facts.needs_distances; });
  if (needed) distances = defense::pair_distances(survivors.rows(), round.layout, round.workers);
  survivors.set_distances(distances.all, distances.weights);

  std::optional<double> kappa;
  for (const DetectorSeat& seat : parts.detectors) {
    defense::Suspicion found = defense::inspect(*seat.detector, *seat.entry, survivors);
    if (seat.entry->facts.needs_distances && !found.readings.empty() && !kappa) kappa = found.readings.front().threshold;
    if (!found.samples.empty() && record.histograms.empty())
      record.histograms = layer_histograms(found.samples, malicious, round.workers);
    add_readings(seat, found, record);
  }
  std::vector<std::size_t> set_aside;
  for (const defense::SetAsideRow& row : survivors.set_aside()) set_aside.push_back(row.row);
  for (DetectorRecord& one : record.detectors) one.tally = tally(one.reading, malicious, set_aside);
  if (!needed) return;
  const Sides sides(survivors, malicious);
  const std::size_t n = survivors.rows().clients();
  record.band = band_record(distances.all, n, sides.malicious, sides.benign, kappa);
  if (!distances.weights.empty()) record.band_weights = band_record(distances.weights, n, sides.malicious, sides.benign, kappa);
}

void skip_inspection(const Parts& parts, const std::string& why, RoundRecord& record) {
  for (const DetectorSeat& seat : parts.detectors) {
    defense::Suspicion none{.readings = {}, .skipped = why};
    add_readings(seat, none, record);
  }
}

}  // namespace tocsin::fed
