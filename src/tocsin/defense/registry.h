// SPDX-License-Identifier: Apache-2.0
// Every aggregation rule, from aggregators.inc.
#pragma once
#include "tocsin/core/registry.h"
#include "tocsin/defense/aggregator.h"

namespace tocsin::defense {

#define TOCSIN_AGGREGATOR(name, ...) extern const Entry<Aggregator> name##_entry;
#include "tocsin/defense/aggregators.inc"
#undef TOCSIN_AGGREGATOR

/// All rules in the order of the list.
Registry<Aggregator> aggregators();

}  // namespace tocsin::defense
