// SPDX-License-Identifier: Apache-2.0
// The part of the report that answers whether the server would have noticed: every detector on the attacker and on everybody else.
#include <algorithm>

#include "tocsin/lab/report.h"

namespace tocsin::lab {
namespace {

/// One reading over all seeds.
DetectorSummary over_seeds(const Group& group, const std::string& label) {
  DetectorSummary total;
  for (const Summary* run : group.runs)
    for (const DetectorSummary& one : run->detectors) {
      if (one.label != label) continue;
      total.title = one.title;
      total.skipped = one.skipped;
      total.judges = total.judges || one.judges;
      total.rounds += one.rounds;
      total.passed += one.passed;
      total.tally.add(one.tally);
    }
  return total;
}

std::string of_text(std::size_t part, std::size_t whole) { return fmt::format("{} of {}", part, whole); }
std::string auc_text(const fed::Tally& tally) { return tally.pairs == 0 ? "-" : fmt::format("{:.2f}", auc_of(tally)); }

/// The row of the paper's own figure, which knows who is benign; only with a kappa.
void add_band(Grid& grid, const Group& group, BandSummary Summary::*band, const char* title) {
  std::size_t rounds = 0, passed = 0;
  bool judges = false;
  for (const Summary* run : group.runs) {
    rounds += (run->*band).figures.size();
    passed += (run->*band).passed;
    judges = judges || (run->*band).kappa.has_value();
  }
  if (judges) grid.row({title, of_text(passed, rounds), "-", "-"});
}
}  // namespace

std::string checks_text(const Group& group, const Ink& ink) {
  const Summary& first = *group.runs.front();
  if (first.detectors.empty()) return "";
  const std::string of = group.variant.empty() ? "" : fmt::format(" '{}'", group.variant);
  Grid grid;
  grid.row({"check", "attacker passes", "false alarms", "AUC"});
  std::vector<std::string> skipped;
  std::string why;
  std::size_t shown = 0;
  for (const DetectorSummary& named : first.detectors) {
    const DetectorSummary one = over_seeds(group, named.label);
    if (!one.skipped.empty()) {
      skipped.push_back(one.title);
      why = one.skipped;
      continue;
    }
    ++shown;
    grid.row({one.title, one.judges ? of_text(one.passed, one.rounds) : "-",
              one.judges ? of_text(one.tally.benign_flagged, one.tally.benign_judged) : "-", auc_text(one.tally)});
  }
  add_band(grid, group, &Summary::band, "band of the benign updates");
  add_band(grid, group, &Summary::band_weights, "band of the benign updates, weights only");
  std::string text;
  if (shown > 0)
    text = fmt::format(
        "{}Would the server have noticed{}?{}\n{}{}", ink.bold, of, ink.off,
        wrapped(
            "rounds in which a check lets the attacker pass; updates of others that it flags; and how often the attacker's update "
            "looks more suspicious than another of the same round (0.50 is a guess)",
            98, std::string("  ")),
        grid.text(ink));
  if (!skipped.empty()) text += wrapped(fmt::format("{}: not measured ({})", joined(skipped), why), 98, "  ");
  return text + "\n";
}

std::string false_alarms_text(const Group& group) {
  std::vector<std::string> parts;
  for (const DetectorSummary& named : group.runs.front()->detectors) {
    const DetectorSummary one = over_seeds(group, named.label);
    const std::size_t flagged = one.tally.benign_flagged + one.tally.malicious_flagged,
                      judged = one.tally.benign_judged + one.tally.malicious_judged;
    if (one.judges && judged > 0) parts.push_back(fmt::format("{} {}", one.title, of_text(flagged, judged)));
  }
  return parts.empty() ? "" : "false alarms, all updates being honest: " + joined(parts, "; ");
}

}  // namespace tocsin::lab
