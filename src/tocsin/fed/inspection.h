// SPDX-License-Identifier: Apache-2.0
// Every detector on the finished rows of a round, before the rule decides.
#pragma once
#include <cstddef>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "tocsin/core/round.h"
#include "tocsin/core/rows.h"
#include "tocsin/fed/federation.h"

namespace tocsin::fed {

/// Fills in `detectors`, `band`, `band_weights` and `histograms` of the record of this round. `malicious` are positions in the
/// cohort, ascending: detectors never see them. Throws Interrupted.
void inspect(const Parts& parts, ConstRows updates, const Round& round, std::span<const std::size_t> malicious, RoundRecord& record,
             const std::stop_token& stop);
/// The same where no rows are kept: every detector is skipped, and says so.
void skip_inspection(const Parts& parts, const std::string& why, RoundRecord& record);

}  // namespace tocsin::fed
