// SPDX-License-Identifier: Apache-2.0
// The comparisons of explanations at the end of `reproduce`.
#include <algorithm>
#include <filesystem>
#include <map>

#include "tocsin/core/bytes.h"
#include "tocsin/lab/comparison_report.h"
#include "tocsin/lab/reproduce.h"

namespace tocsin::lab {
namespace {
namespace fs = std::filesystem;

/// How many primary cells came to each verdict, as `comparison` in a record.
Table counted(const RunComparison& comparison) {
  std::map<std::string_view, std::int64_t> counts;
  std::int64_t cells = 0;
  for (const ComparedCell& cell : comparison.cells) {
    if (!cell.is_primary) continue;
    ++cells;
    ++counts[explain::text(cell.figures.verdict)];
  }
  Table table;
  table.set("cells", {}, Value(cells));
  for (const char* verdict : {"distinguishable", "indistinguishable", "blind", "shifted", "undecided", "closer"})
    table.set(verdict, {}, Value(counts[verdict]));
  return table;
}

ComparedRuns runs_of(const Reproduction& reproduction, std::size_t experiment, const ExplainPlan& explain) {
  ComparedRuns runs;
  for (std::size_t p = 0; p < reproduction.experiments[experiment].plans.size(); ++p) {
    const std::string& variant = reproduction.experiments[experiment].plans[p].variant;
    const std::string& path = reproduction.runs[reproduction.serving[experiment][p]].path;
    if (variant == explain.benign) runs.benign.emplace_back(path);
    if (variant == explain.attacked) runs.attacked.emplace_back(path);
    if (variant == explain.sham && !explain.sham.empty()) runs.sham.emplace_back(path);
  }
  return runs;
}
}  // namespace

std::vector<ReproducedComparison> compare_reproduction(Reproduction& reproduction, const std::string& out, std::size_t workers,
                                                       DataShelf& shelf, std::stop_token stop) {
  std::vector<ReproducedComparison> result;
  for (std::size_t e = 0; e < reproduction.experiments.size(); ++e) {
    Experiment& experiment = reproduction.experiments[e];
    const std::optional<ExplainPlan>& explain = experiment.plans.front().explain;
    if (!explain || explain->benign.empty()) continue;
    const ComparedRuns runs = runs_of(reproduction, e, *explain);
    if (runs.benign.empty() || runs.attacked.empty()) continue;
    Workers threads(workers, nn::prepare_thread);
    const std::size_t round = explain->rounds.front();
    const RunComparison comparison = compare_runs(runs, *explain, round, shelf, threads, {}, stop);
    const fs::path folder = fs::path(out) / (experiment.name + "-comparison");
    fs::create_directories(folder);
    const Plan& first = runs.benign.front().plan();
    for (const FigureFile& file : comparison_files(comparison, make_setting(first, shelf.get(first)).architecture, false)) {
      fs::create_directories((folder / file.name).parent_path());
      write_file((folder / file.name).string(), file.bytes);
    }
    result.push_back({reproduction.names[e], folder.string(), primary_text(comparison)});
    for (std::size_t p = 0; p < experiment.plans.size(); ++p)
      if (experiment.plans[p].variant == explain->attacked)
        reproduction.runs[reproduction.serving[e][p]].records.back().set("comparison", {}, Value(counted(comparison)));
  }
  return result;
}

}  // namespace tocsin::lab
