// SPDX-License-Identifier: Apache-2.0
// The list of detectors, as detectors.inc has it.
#include "tocsin/defense/detector_registry.h"

namespace tocsin::defense {
namespace {
constexpr const Entry<Detector>* kEntries[] = {
#define TOCSIN_DETECTOR(name, ...) &name##_entry,
#include "tocsin/defense/detectors.inc"
#undef TOCSIN_DETECTOR
};
}  // namespace

Registry<Detector> detectors() { return Registry<Detector>(kEntries); }

}  // namespace tocsin::defense
