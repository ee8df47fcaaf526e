// SPDX-License-Identifier: Apache-2.0
// Who takes part in a round.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "tocsin/core/errors.h"
#include "tocsin/fed/federation.h"

namespace tocsin::fed {

std::vector<std::uint32_t> draw_cohort(const FederationPlan& plan, std::size_t clients, const Stream& root, std::size_t round) {
  require(clients > 0, "federation: needs at least one client");
  require(plan.participation > 0.0 && plan.participation <= 1.0, "federation: participation must be in (0, 1], got {}",
          plan.participation);
  const auto rounded = static_cast<std::size_t>(std::llround(plan.participation * static_cast<double>(clients)));
  const std::size_t size = std::clamp<std::size_t>(rounded, 1, clients);
  if (size == clients) {
    std::vector<std::uint32_t> everybody(clients);
    std::iota(everybody.begin(), everybody.end(), 0U);
    return everybody;
  }
  return choice(clients, size, root.at("cohort").at(round));
}

}  // namespace tocsin::fed
