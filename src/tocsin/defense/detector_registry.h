// SPDX-License-Identifier: Apache-2.0
// Every detector, from detectors.inc.
#pragma once
#include "tocsin/core/registry.h"
#include "tocsin/defense/detector.h"

namespace tocsin::defense {

#define TOCSIN_DETECTOR(name, ...) extern const Entry<Detector> name##_entry;
#include "tocsin/defense/detectors.inc"
#undef TOCSIN_DETECTOR

/// All detectors in the order of the list.
Registry<Detector> detectors();

}  // namespace tocsin::defense
