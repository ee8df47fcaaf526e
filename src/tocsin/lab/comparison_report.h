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
/// Primary cells on top, then models, ceilings and floors, then everything else, headed as exploratory. `figures` are files beside
/// it.
std::string report_markdown(const RunComparison& comparison, const std::vector<std::string>& figures);
/// The primary cells as lines for people.
std::string primary_text(const RunComparison& comparison);
/// Every file: report.md, verdicts.jsonl, pairs.csv (every similarity with its set), images.csv (what each model says of each
/// image), pair grids of the first benign and the first attacked run, a strip chart a primary cell; maps of that pair as .npy if
/// asked for.
std::vector<FigureFile> comparison_files(const RunComparison& comparison, const nn::Architecture& architecture, bool maps);

}  // namespace tocsin::lab
