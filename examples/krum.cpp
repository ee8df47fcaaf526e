// SPDX-License-Identifier: Apache-2.0
// One rule without a federation around it: five clients send an update of two numbers, the last one lies.
// Prints:
//   Krum moves the model by (1, 3)
#include <fmt/core.h>

#include "tocsin/defense/registry.h"

int main() {
  using namespace tocsin;
  Updates sent(5, 2);
  const double values[5][2] = {{1, 2}, {1, 3}, {2, 3}, {1, 4}, {900, -900}};
  for (std::size_t i = 0; i < 5; ++i) sent.rows().assign(i, values[i]);
  Faults faults;
  Options defaults(nullptr, {}, "krum", faults);
  const auto krum = defense::krum_entry.make(defaults);
  const auto decision = krum->aggregate(sent.rows(), {.assumed_malicious = 1});
  fmt::print("Krum moves the model by ({}, {})\n", decision.update[0], decision.update[1]);
}
