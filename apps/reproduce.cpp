// SPDX-License-Identifier: Apache-2.0
// tocsin reproduce PAPER: runs its experiments and says which claims hold. A failed claim is a result: exit 0, or 3 with --strict.
#include "tocsin/lab/reproduce.h"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <numeric>

#include "failure.h"
#include "progress.h"
#include "signals.h"
#include "terminal.h"
#include "tocsin/core/bytes.h"
#include "tocsin/nn/network.h"
#include "verbs.h"

namespace tocsin::apps {
namespace {
constexpr std::size_t kSeedsOfSmall = 3;

lab::ReproduceRequest request_of(const CommandLine& line) {
  const std::size_t seeds = line.seeds_given ? line.request.seeds : line.request.small ? kSeedsOfSmall : 1;
  return {.paper = line.paper, .names = line.names, .small = line.request.small, .seeds = seeds, .settings = line.request.settings};
}

/// "41 runs serve 63 plans: 5 are finished already, 36 take about 40 min 12 s".
std::string outlook_text(const lab::Reproduction& reproduction, const std::vector<double>& seconds) {
  std::size_t plans = 0;
  for (const lab::SharedRun& run : reproduction.runs) plans += run.asked;
  const std::size_t all = reproduction.runs.size(), open = reproduction.unfinished();
  std::string text =
      fmt::format("{} experiment{}, {} runs", reproduction.names.size(), reproduction.names.size() == 1 ? "" : "s", all);
  if (plans > all) text += fmt::format(" that serve {} plans", plans);
  if (open < all) text += fmt::format(", {} finished already", all - open);
  if (open > 0)
    text += fmt::format(", {} to go: about {}", open, lab::duration_text(std::accumulate(seconds.begin(), seconds.end(), 0.0)));
  return text + "\n";
}

/// Writes the table beside the runs; its path without the end.
std::string write_tables(const lab::Reproduction& reproduction, const std::vector<lab::Verdict>& verdicts, const std::string& out) {
  std::error_code ignored;
  std::filesystem::create_directories(out, ignored);
  const std::string path = (std::filesystem::path(out) / lab::verdicts_file(reproduction)).string();
  write_file(path + ".md", lab::verdicts_markdown(reproduction, verdicts));
  write_file(path + ".json", lab::verdicts_json(reproduction, verdicts));
  return path;
}
}  // namespace

int reproduce(const CommandLine& line) {
  std::signal(SIGPIPE, SIG_IGN);
  StopSignals signals;
  lab::Reproduction reproduction = lab::read_reproduction(request_of(line));
  const std::string out = line.out.empty() ? (std::filesystem::path("runs") / reproduction.paper).string() : line.out;
  lab::find_finished(reproduction, out);
  warn_of_environment(line.json);

  std::FILE* const to = line.json ? stderr : stdout;
  const bool live = is_terminal(to);
  const lab::Ink ink = live && wants_colour() ? lab::Ink::terminal() : lab::Ink{};
  lab::DataShelf shelf;
  lab::Series series{
      .options = {.out = out, .workers = line.workers, .memory_limit_bytes = line.memory_limit_bytes, .arguments = line.arguments},
      .workers = std::min(lab::usable_workers(line.workers), nn::prepare_libraries()),
      .shelf = &shelf};
  std::size_t before = reproduction.unfinished();
  try {
    std::vector<const lab::Plan*> plans;
    for (const lab::SharedRun& run : reproduction.runs)
      if (run.path.empty()) plans.push_back(run.plan);
    lab::check_plans(plans, series.workers, series.options, shelf, signals.token());
    std::vector<double> seconds = lab::expected_seconds(reproduction, series.workers, shelf);
    if (!line.json || live) {
      std::fputs(outlook_text(reproduction, seconds).c_str(), to);
      std::fflush(to);
    }
    std::erase(seconds, 0.0);
    Progress progress(to, live, ink, std::move(seconds));
    lab::Observer silent;
    lab::Observer& observer = line.json && !live ? silent : progress;
    try {
      lab::run_reproduction(reproduction, series, observer, signals.token());
    } catch (...) {
      progress.end();
      throw;
    }
  } catch (const lab::Stopped&) {
    return report_stop(fmt::format("{} of {} runs to go are finished in {}; the same command goes on from there",
                                   before - reproduction.unfinished(), before, printable(out, 4096)),
                       signals.caught(), line.json);
  }

  std::vector<lab::ReproducedComparison> compared;
  try {
    compared = lab::compare_reproduction(reproduction, out, series.workers, shelf, signals.token());
  } catch (const Interrupted&) {
    return report_stop(
        fmt::format("the runs are finished in {}, their explanations are not compared; the same command goes on from there",
                    printable(out, 4096)),
        signals.caught(), line.json);
  }
  if (!line.json)
    for (const lab::ReproducedComparison& one : compared)
      std::fputs(fmt::format("\n{}: explanations of attacked and benign runs\n{}report: {}/report.md\n", one.experiment, one.text,
                             printable(one.folder, 4096))
                     .c_str(),
                 stdout);
  const std::vector<lab::Verdict> verdicts = lab::verdicts(reproduction);
  const std::string path = printable(write_tables(reproduction, verdicts, out), 4096);
  std::fputs(line.json
                 ? lab::verdicts_json(reproduction, verdicts).c_str()
                 : fmt::format("\n{}table: {}.md, {}.json\n", lab::verdicts_text(reproduction, verdicts, ink), path, path).c_str(),
             stdout);
  std::fflush(stdout);
  const bool failed =
      std::any_of(verdicts.begin(), verdicts.end(), [](const lab::Verdict& one) { return !one.outcome.reproduced; });
  return static_cast<int>(line.strict && failed ? Exit::difference : Exit::ok);
}

}  // namespace tocsin::apps
