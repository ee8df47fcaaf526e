// SPDX-License-Identifier: Apache-2.0
// Results for people: what `tocsin run` prints at the end, at most 100 columns wide; and the same as JSON.
#pragma once
#include <string>
#include <vector>

#include "tocsin/lab/summary.h"
#include "tocsin/lab/table.h"

namespace tocsin::lab {

/// Runs of one variant, by seed.
struct Group {
  std::string variant;
  std::vector<const Summary*> runs;
};
/// In the order in which variants first appear.
std::vector<Group> by_variant(const std::vector<Summary>& runs);

/// Of the last rounds of a group's runs.
Spread final_spread(const Group& group, std::vector<double> Summary::*series);

/// "5 (Sandal)".
std::string label_text(const Summary& summary, std::int32_t label);
/// "test image 5454, 5 (Sandal) -> 7 (Sneaker)"; their number if there are many; empty without targets.
std::string target_text(const Summary& summary);

/// What every check made of the attacker and of the others, over rounds and seeds; empty without detectors.
std::string checks_text(const Group& group, const Ink& ink);
/// For a group without attack: what its checks flagged all the same, in one line; empty where none judges.
std::string false_alarms_text(const Group& group);

/// Accuracy and confidence round by round and variant by variant, what the attacker sent against what the others sent, the spread
/// over seeds, and where the records are: `paths` [runs].
std::string report(const std::vector<Summary>& runs, const std::vector<std::string>& paths, const Ink& ink);
std::string report_json(const std::vector<Summary>& runs, const std::vector<std::string>& paths);

}  // namespace tocsin::lab
