// SPDX-License-Identifier: Apache-2.0
// The detectors of an experiment: the standard ones, and those that [defense] lists in their place or beside them. Private to lab.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "tocsin/core/options.h"
#include "tocsin/defense/detector_registry.h"

namespace tocsin::lab {

/// A detector of a plan.
struct PlannedDetector {
  std::string label;  ///< its readings stand in the records as label + suffix
  const Entry<defense::Detector>* entry = nullptr;
  std::unique_ptr<defense::Detector> detector;
  Place place = {};          ///< in the file; nowhere, for a standard one
  bool asked_for = false;    ///< listed, and more than what stands in resolved.toml of every run: it must get the rows
  bool as_standard = false;  ///< asked for by its name alone, as it would run anyway
};

namespace detail {

/// The keys `standard_detectors` and `detectors` of [defense]. A listed detector takes the place of the standard one of its label;
/// the others follow in the order of the file. `resolved` becomes the list that reads back to the same.
std::vector<PlannedDetector> read_detectors(Options& defense, Faults& faults, Value& resolved);

}  // namespace detail
}  // namespace tocsin::lab
