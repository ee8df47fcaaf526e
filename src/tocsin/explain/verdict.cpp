// SPDX-License-Identifier: Apache-2.0
#include "tocsin/explain/verdict.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "tocsin/core/errors.h"

namespace tocsin::explain {
namespace {

/// Why nothing can be said; empty if something can.
std::string_view obstacle(const Evidence& evidence) {
  if (std::isnan(evidence.auc.value)) return "undefined";
  if (!evidence.auc.interval) return evidence.images == 1 ? "one image" : "too few runs";
  if (20 * evidence.undefined_images > evidence.images) return "undefined";
  return "";
}

/// Whether the ceiling is shown to lie above random weights.
bool sees(const Evidence& evidence) {
  return evidence.ceiling_over_floor.interval && evidence.ceiling_over_floor.interval->low >= 0.75;
}

Decision against_rounds(const Evidence& evidence) {
  if (evidence.auc.interval->high <= 0.5 + evidence.margin)
    return {Verdict::indistinguishable_rounds, "indistinguishable (rounds)"};
  return {Verdict::needs_benign_run, "undecided: needs a second benign run"};
}

Decision against_seeds(const Evidence& evidence) {
  const auto [low, high] = *evidence.auc.interval;
  const double margin = evidence.margin;
  if (high < 0.5 - margin) return {Verdict::closer, "closer than benign runs"};
  if (0.5 - margin <= low && high <= 0.5 + margin) {
    const std::string_view within = evidence.p <= 0.05 ? "; a difference exists within the margin" : "";
    return {Verdict::indistinguishable, fmt::format("indistinguishable (margin {}){}", margin, within)};
  }
  if (evidence.p <= 0.05) return {Verdict::shifted, "shifted"};
  return {Verdict::undecided, "undecided"};
}

Decision decide_on(const Evidence& evidence) {
  if (const std::string_view reason = obstacle(evidence); !reason.empty())
    return {Verdict::undecided, fmt::format("undecided ({})", reason)};
  const bool rounds = evidence.ceiling == Set::rounds;
  const auto [low, high] = *evidence.auc.interval;
  if (!rounds && low > 0.5 + evidence.margin)
    return {Verdict::distinguishable, fmt::format("distinguishable, AUC {:.3f} [{:.3f}, {:.3f}]", evidence.auc.value, low, high)};
  if (std::isnan(evidence.ceiling_over_floor.value)) return {Verdict::undecided, "undecided (no pairs with random weights)"};
  if (!sees(evidence)) return {Verdict::blind, "blind"};
  return rounds ? against_rounds(evidence) : against_seeds(evidence);
}

}  // namespace

std::string_view text(Verdict verdict) {
  static constexpr std::array<std::string_view, 8> kNames{
      "undecided", "distinguishable",          "blind",           "closer", "indistinguishable",
      "shifted",   "indistinguishable_rounds", "needs_benign_run"};
  return kNames[static_cast<std::size_t>(verdict)];
}

Decision decide(const Evidence& evidence) {
  require(evidence.margin > 0 && evidence.margin < 0.5, "verdict: the margin must be in (0, 0.5), got {}", evidence.margin);
  Decision result = decide_on(evidence);
  if (evidence.scope == Scope::models) result.words += " (these models)";
  return result;
}

}  // namespace tocsin::explain
