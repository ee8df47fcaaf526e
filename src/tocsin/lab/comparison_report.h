// SPDX-License-Identifier: Apache-2.0
// What a comparison leaves behind: verdicts.jsonl, pairs.csv, images.csv, report.md, strip charts. Same inputs, same bytes.
#pragma once
#include <string>
#include <vector>

#include "tocsin/lab/explain_figures.h"
#include "tocsin/lab/run_comparison.h"

namespace tocsin::lab {

/// One JSON object a cell: all figures of section 11 of explain.md, undefined ones as null.
std::string verdicts_jsonl(const RunComparison& comparison);
/// Every similarity with its set: method, similarity, group, neuron, image, set, benign run, other run, value.
std::string pairs_csv(const RunComparison& comparison);
/// Index, group, label, attacker's class, and of each model prediction, logit and probability.
std::string images_csv(const RunComparison& comparison);
/// Primary cells on top, then models, ceilings and floors, then everything else, headed as exploratory.
std::string report_markdown(const RunComparison& comparison, const std::vector<std::string>& figures);
/// The primary cells as lines for people.
std::string primary_text(const RunComparison& comparison);
/// One chart a primary cell: O among C1, C3, F2 and F3.
std::vector<FigureFile> strip_charts(const RunComparison& comparison);

}  // namespace tocsin::lab
