// SPDX-License-Identifier: Apache-2.0
// tocsin compare --benign RUN... --attacked RUN...: do explanations tell attacked models from benign ones? Table, figures,
// verdicts.
#include <fmt/format.h>

#include <cstdio>

#include "failure.h"
#include "out_folder.h"
#include "signals.h"
#include "terminal.h"
#include "tocsin/lab/comparison_report.h"
#include "tocsin/lab/runner.h"
#include "verbs.h"

namespace tocsin::apps {
namespace {
constexpr std::size_t kPaperRound = 8;

std::vector<lab::RecordedRun> opened(const std::vector<std::string>& paths) {
  std::vector<lab::RecordedRun> runs;
  for (const std::string& path : paths) runs.emplace_back(path);
  return runs;
}

/// [explain] of the first run with the settings over it; --preset and --library are settings of the same kind.
lab::ExplainPlan plan_of(const CommandLine& line, const lab::Plan& first) {
  Table table;
  if (const Value* own = first.resolved.find("explain"))
    if (const Table* inner = own->as<Table>()) table = *inner;
  if (!line.preset.empty()) set_override(table, "preset=" + line.preset);
  if (!line.library.empty()) set_override(table, fmt::format("library=\"{}\"", line.library));
  for (const std::string& setting : line.request.settings) set_override(table, setting);
  Faults faults;
  Options options(&table, Place{"--set", 0, 0}, "[explain]", faults);
  lab::ExplainPlan plan = lab::read_explain(options);
  options.finish();
  faults.raise();
  return plan;
}

}  // namespace

int compare(const CommandLine& line) {
  StopSignals signals;
  warn_of_environment(line.json);
  const lab::ComparedRuns runs{opened(line.benign), opened(line.attacked), opened(line.sham)};
  lab::check_comparable(runs);
  const lab::Plan& first = runs.benign.front().plan();
  const lab::ExplainPlan plan = plan_of(line, first);
  std::size_t round = line.round;
  if (round == 0 && plan.paper && runs.benign.front().has_model(kPaperRound)) round = kPaperRound;

  lab::DataShelf shelf;
  Workers workers(std::min(lab::usable_workers(line.workers), nn::prepare_libraries()), nn::prepare_thread);
  const bool live = is_terminal(stderr);
  const auto progress = [&](const std::string& what) {
    if (live) std::fprintf(stderr, "\r\033[K%s", what.c_str());
  };
  const lab::RunComparison comparison = lab::compare_runs(runs, plan, round, shelf, workers, progress, signals.token());
  if (live) std::fputs("\r\033[K", stderr);

  OutFolder out(line.out);
  for (const lab::FigureFile& file :
       lab::comparison_files(comparison, lab::make_setting(first, shelf.get(first)).architecture, line.write_maps))
    out.write(file.name, file.bytes);
  if (line.json)
    std::fputs(lab::verdicts_jsonl(comparison).c_str(), stdout);
  else
    std::fputs(fmt::format("{} benign and {} attacked runs, {} images, {} methods\n{}report: {}\n", runs.benign.size(),
                           runs.attacked.size(), comparison.images.size(), comparison.methods.size(), lab::primary_text(comparison),
                           out.written().back())
                   .c_str(),
               stdout);
  return 0;
}

}  // namespace tocsin::apps
