// SPDX-License-Identifier: Apache-2.0
// The list of aggregation rules, as aggregators.inc has it.
#include "tocsin/defense/registry.h"

namespace tocsin::defense {
namespace {
constexpr const Entry<Aggregator>* kEntries[] = {
#define TOCSIN_AGGREGATOR(name, ...) &name##_entry,
#include "tocsin/defense/aggregators.inc"
#undef TOCSIN_AGGREGATOR
};
}  // namespace

Registry<Aggregator> aggregators() { return Registry<Aggregator>(kEntries); }

}  // namespace tocsin::defense
