// SPDX-License-Identifier: Apache-2.0
// A detector's findings put back over all rows that were sent.
#include "tocsin/defense/detector.h"

#include <cmath>
#include <limits>
#include <stdexcept>
#include <utility>

namespace tocsin::defense {
namespace {
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

/// `values` of the rows kept, `rest` in the places of the others [sent].
template <class T>
std::vector<T> in_place(std::vector<T> values, const Survivors& survivors, T rest) {
  if (values.empty()) return values;
  std::vector<T> result(survivors.sent(), rest);
  for (std::size_t k = 0; k < values.size(); ++k) result[survivors.kept()[k]] = std::move(values[k]);
  return result;
}

/// What the threshold of a reading says of its suspicions.
std::vector<Verdict> judged(const Reading& reading) {
  std::vector<Verdict> verdicts;
  for (const double one : reading.suspicion) {
    const bool flagged = one > *reading.threshold || (reading.flags_threshold && one == *reading.threshold);
    verdicts.push_back(std::isnan(one) ? Verdict::unknown : flagged ? Verdict::flagged : Verdict::passed);
  }
  return verdicts;
}

void check(const Suspicion& found, const Entry<Detector>& entry, std::size_t rows) {
  const auto fail = [&](std::string_view what) {
    throw std::logic_error(fmt::format("detector {}: {} for {} rows", entry.name, what, rows));
  };
  if (!found.skipped.empty()) return;
  if (found.readings.size() != readings(entry.facts)) fail("another number of readings than its facts name");
  for (const Reading& reading : found.readings) {
    if (reading.suspicion.size() != rows) fail("not one suspicion a row");
    if (!reading.verdicts.empty() && reading.verdicts.size() != rows) fail("not one verdict a row");
    for (const Figure& figure : reading.figures)
      if (figure.values.size() != rows) fail("not one figure a row");
  }
  for (const LayerSample& layer : found.samples)
    if (layer.values.size() != rows || layer.shares.size() != rows) fail("not one sample a row");
}
}  // namespace

std::size_t readings(const Detector::Facts& facts) {
  std::size_t count = 0;
  for (const Detector::ReadingName& name : facts.readings) count += name.title.empty() ? 0U : 1U;
  return count;
}

Suspicion inspect(Detector& detector, const Entry<Detector>& entry, const Survivors& survivors) {
  if (entry.facts.needs_hold_out && survivors.round().hold_out == nullptr)
    return {.readings = {}, .skipped = "the server holds no labelled samples out: [data] validation"};
  if (entry.facts.needs_explanations && survivors.round().explanations == nullptr)
    return {.readings = {}, .skipped = "nobody explains models here"};
  if (survivors.rows().empty()) return {.readings = {}, .skipped = "no row is left"};
  Suspicion found = detector.suspicion(survivors.rows(), survivors.round());
  check(found, entry, survivors.rows().clients());
  for (Reading& reading : found.readings) {
    if (reading.threshold && reading.verdicts.empty()) reading.verdicts = judged(reading);
    reading.suspicion = in_place(std::move(reading.suspicion), survivors, kNone);
    reading.verdicts = in_place(std::move(reading.verdicts), survivors, Verdict::flagged);
    for (Figure& figure : reading.figures) figure.values = in_place(std::move(figure.values), survivors, kNone);
  }
  for (LayerSample& layer : found.samples) {
    layer.values = in_place(std::move(layer.values), survivors, {});
    layer.shares = in_place(std::move(layer.shares), survivors, kNone);
  }
  return found;
}

}  // namespace tocsin::defense
