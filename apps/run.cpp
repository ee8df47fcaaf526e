// SPDX-License-Identifier: Apache-2.0
// tocsin run FILE: runs the variants and seeds of an experiment file, and says what came out.
#include <fmt/format.h>

#include <csignal>
#include <cstdio>

#include "failure.h"
#include "progress.h"
#include "signals.h"
#include "terminal.h"
#include "tocsin/lab/report.h"
#include "tocsin/lab/runner.h"
#include "verbs.h"

namespace tocsin::apps {
namespace {
double clients_of(const lab::Experiment& experiment) {
  double clients = 0;
  for (const lab::Plan& plan : experiment.plans) clients += static_cast<double>(plan.federation.rounds * plan.cohort);
  return clients;
}
}  // namespace

int run(const CommandLine& line) {
  std::signal(SIGPIPE, SIG_IGN);  // a reader of our output that leaves does not end a run
  StopSignals signals;
  lab::Experiment experiment = lab::read_experiment(line.request);
  warn_of_environment(line.json);

  std::FILE* const to = line.json ? stderr : stdout;
  const bool live = is_terminal(to);
  const lab::Ink ink = live && wants_colour() ? lab::Ink::terminal() : lab::Ink{};
  Progress progress(to, live, ink, clients_of(experiment));
  lab::Observer silent;
  lab::Observer& observer = line.json && !live ? silent : progress;
  std::vector<lab::RunResult> results;
  try {
    results = lab::run_experiment(
        experiment,
        {.out = line.out, .workers = line.workers, .memory_limit_bytes = line.memory_limit_bytes, .arguments = line.arguments},
        observer, signals.token());
  } catch (const lab::Stopped& stopped) {
    progress.end();
    const std::string what = stopped.path().empty()
                                 ? "before a run began"
                                 : fmt::format("{} of {} rounds are in {}, which has no DONE", stopped.finished(), stopped.of(),
                                               printable(stopped.path(), 4096));
    return report_stop(what, signals.caught(), line.json);
  } catch (...) {
    progress.end();
    throw;
  }

  std::vector<lab::Summary> summaries;
  std::vector<std::string> paths;
  bool diverged = false;
  for (lab::RunResult& result : results) {
    diverged = diverged || result.summary.diverged;
    summaries.push_back(std::move(result.summary));
    paths.push_back(std::move(result.path));
  }
  std::fputs(line.json ? lab::report_json(summaries, paths).c_str() : ("\n" + lab::report(summaries, paths, ink)).c_str(), stdout);
  std::fflush(stdout);
  return static_cast<int>(diverged ? Exit::diverged : Exit::ok);
}

}  // namespace tocsin::apps
