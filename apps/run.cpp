// SPDX-License-Identifier: Apache-2.0
// tocsin run FILE: runs the variants and seeds of an experiment file, and says what came out.
#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "failure.h"
#include "progress.h"
#include "signals.h"
#include "tocsin/lab/report.h"
#include "tocsin/lab/runner.h"
#include "verbs.h"

namespace tocsin::apps {
namespace {
/// A terminal that takes colour and carriage returns.
bool is_terminal(std::FILE* file) {
  const char* const kind = std::getenv("TERM");
  return ::isatty(::fileno(file)) == 1 && (kind == nullptr || std::string_view(kind) != "dumb");
}

bool wants_colour() {
  const char* const no = std::getenv("NO_COLOR");
  return no == nullptr || *no == '\0';
}

void warn_of_environment(bool json) {
  for (const char* name : {"OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA"})
    if (std::getenv(name) != nullptr)
      warn(
          fmt::format("{} is set: it changes speed and may change the last bits of results; it is recorded in manifest.json", name),
          json);
}

std::size_t clients_of(const lab::Experiment& experiment) {
  std::size_t clients = 0;
  for (const lab::Plan& plan : experiment.plans) clients += plan.federation.rounds * plan.cohort;
  return clients;
}
}  // namespace

int run(const CommandLine& line) {
  std::signal(SIGPIPE, SIG_IGN);  // a reader of our output that leaves does not end a run
  StopSignals signals;
  warn_of_environment(line.json);
  lab::Experiment experiment = lab::read_experiment(line.request);

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
