// SPDX-License-Identifier: Apache-2.0
// tocsin compare --benign RUN... --attacked RUN...: do explanations tell attacked models from benign ones? Table, figures,
// verdicts.
#include <fmt/format.h>

#include <cstdio>
#include <optional>

#include "explain_flags.h"
#include "failure.h"
#include "out_folder.h"
#include "signals.h"
#include "terminal.h"
#include "tocsin/lab/comparison_report.h"
#include "tocsin/lab/runner.h"
#include "verbs.h"

namespace tocsin::apps {
int compare(const CommandLine& line) {
  StopSignals signals;
  OutFolder out(line.out);
  lab::ComparedRuns runs{opened(line.benign), opened(line.attacked), opened(line.sham)};
  lab::RecordedRun::tell_apart({&runs.benign, &runs.attacked, &runs.sham});
  lab::check_comparable(runs);
  const lab::Plan& first = runs.benign.front().plan();
  const lab::ExplainPlan plan = explain_plan(line, &first, line.request.settings);
  const std::size_t round = asked_round(line, plan, runs.benign.front());

  warn_of_environment(line.json);
  lab::DataShelf shelf;
  Workers workers(std::min(lab::usable_workers(line.workers), nn::prepare_libraries()), nn::prepare_thread);
  const bool live = is_terminal(stderr);
  const auto progress = [&](const std::string& what) {
    if (live) std::fprintf(stderr, "\r\033[K%s", what.c_str());
  };
  std::optional<lab::RunComparison> compared;
  try {
    compared = lab::compare_runs(runs, plan, round, shelf, workers, progress, signals.token());
  } catch (const Interrupted&) {
    if (live) std::fputs("\r\033[K", stderr);
    return report_stop("nothing was written", signals.caught(), line.json);
  }
  const lab::RunComparison& comparison = *compared;
  if (live) std::fputs("\r\033[K", stderr);

  for (const lab::FigureFile& file :
       lab::comparison_files(comparison, lab::make_setting(first, shelf.get(first)).architecture, line.write_maps))
    out.write(file.name, file.bytes);
  if (line.json)
    std::fputs(lab::verdicts_jsonl(comparison).c_str(), stdout);
  else
    std::fputs(fmt::format("{} benign and {} attacked runs, {} images, {} methods\n{}report: {}\n", runs.benign.size(),
                           runs.attacked.size(), comparison.images.size(), comparison.methods.size(), lab::primary_text(comparison),
                           printable(out.written().back(), 4096))
                   .c_str(),
               stdout);
  return 0;
}

}  // namespace tocsin::apps
