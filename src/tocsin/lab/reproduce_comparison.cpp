// SPDX-License-Identifier: Apache-2.0
// The comparisons of explanations at the end of `reproduce`.
#include <algorithm>
#include <filesystem>
#include <map>
#include <utility>

#include "tocsin/core/bytes.h"
#include "tocsin/core/errors.h"
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

/// What `make` makes of each plan of the variants to compare, by kind.
template <class Kinds, class Make>
Kinds by_kind(const Experiment& experiment, const ExplainPlan& explain, Make make) {
  Kinds kinds;
  for (std::size_t p = 0; p < experiment.plans.size(); ++p) {
    const std::string& variant = experiment.plans[p].variant;
    if (variant == explain.benign) kinds.benign.push_back(make(p));
    if (variant == explain.attacked) kinds.attacked.push_back(make(p));
    if (variant == explain.sham && !explain.sham.empty()) kinds.sham.push_back(make(p));
  }
  return kinds;
}
}  // namespace

void check_comparisons(const Reproduction& reproduction) {
  for (const Experiment& experiment : reproduction.experiments) {
    const std::optional<ExplainPlan>& explain = experiment.plans.front().explain;
    if (!explain || explain->benign.empty()) continue;
    const auto plans = by_kind<ComparedPlans>(experiment, *explain, [&](std::size_t p) {
      return ComparedPlans::Named{experiment.plans[p].run_name(), &experiment.plans[p]};
    });
    for (const auto& [name, found] : {std::pair{&explain->benign, !plans.benign.empty()},
                                      {&explain->attacked, !plans.attacked.empty()},
                                      {&explain->sham, explain->sham.empty() || !plans.sham.empty()}})
      if (!found)
        throw ConfigError({Fault{
            explain->places.compare,
            fmt::format("compare names the variant '{}', which {} does not run in this size", printable(*name), experiment.name),
            ""}});
    check_comparable(plans);
  }
}

std::vector<ReproducedComparison> compare_reproduction(Reproduction& reproduction, const std::string& out, std::size_t workers,
                                                       DataShelf& shelf, std::stop_token stop) {
  std::vector<ReproducedComparison> result;
  for (std::size_t e = 0; e < reproduction.experiments.size(); ++e) {
    Experiment& experiment = reproduction.experiments[e];
    const std::optional<ExplainPlan>& explain = experiment.plans.front().explain;
    if (!explain || explain->benign.empty()) continue;
    auto runs = by_kind<ComparedRuns>(
        experiment, *explain, [&](std::size_t p) { return RecordedRun(reproduction.runs[reproduction.serving[e][p]].path); });
    RecordedRun::tell_apart({&runs.benign, &runs.attacked, &runs.sham});
    Workers threads(workers, nn::prepare_thread);
    const std::size_t round = explain->rounds.front();
    const RunComparison comparison = compare_runs(runs, *explain, round, shelf, threads, {}, stop);
    const fs::path folder = fs::path(out) / (experiment.name + "-comparison");
    make_folders(folder.string());
    const Plan& first = runs.benign.front().plan();
    for (const FigureFile& file : comparison_files(comparison, make_setting(first, shelf.get(first)).architecture, false)) {
      make_folders((folder / file.name).parent_path().string());
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
