// SPDX-License-Identifier: Apache-2.0
// Runs the plans of an experiment one after the other, sharing their data; tells an observer, fills run directories.
#pragma once
#include <cstddef>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "tocsin/lab/experiment.h"
#include "tocsin/lab/recorder.h"
#include "tocsin/lab/setting.h"
#include "tocsin/lab/summary.h"

namespace tocsin::lab {

/// Hears how a run goes. Times are for people; nothing written depends on them.
class Observer {
 public:
  virtual ~Observer() = default;
  /// A run begins: the how-manieth of how many.
  virtual void run_started(const Plan&, const Setting&, std::size_t number, std::size_t of) { (void)number, (void)of; }
  /// From any thread, one at a time: clients of the running round that are done.
  virtual void clients_done(std::size_t done, std::size_t of) { (void)done, (void)of; }
  virtual void round_done(const fed::RoundRecord&, const fed::RoundTimes&) {}
  virtual void run_ended(const Summary&, const std::string& path) { (void)path; }
};

struct RunOptions {
  std::string out = "runs";
  std::size_t workers = 0;                   ///< 0: as many as may run at once here
  std::optional<double> memory_limit_bytes;  ///< beside what the machine allows
  std::vector<std::string> arguments;        ///< argv, for the manifest
};

struct RunResult {
  Summary summary;
  std::string path;
};

/// What stopped an experiment between rounds.
class Stopped : public Interrupted {
 public:
  Stopped(std::string path, std::size_t finished, std::size_t of) : path_(std::move(path)), finished_(finished), of_(of) {}
  [[nodiscard]] const std::string& path() const { return path_; }  ///< of the run without DONE; empty: none was begun
  [[nodiscard]] std::size_t finished() const { return finished_; }
  [[nodiscard]] std::size_t of() const { return of_; }

 private:
  std::string path_;
  std::size_t finished_ = 0, of_ = 0;
};

/// Runs everything. Before the first run begins every run directory is known to be free (E15), all data are loaded, every plan
/// fits its data (E10) and the memory (E22). Throws Stopped when `stop` is requested.
std::vector<RunResult> run_experiment(Experiment& experiment, const RunOptions& options, Observer& observer, std::stop_token stop);

/// Every plan against its data, the memory and the directory `out`, before anything is created: throws E10 (all faults at once),
/// E11, E22; Stopped.
void check_plans(const std::vector<const Plan*>& plans, std::size_t workers, const RunOptions& options, DataShelf& shelf,
                 const std::stop_token& stop);

/// What runs in a row share.
struct Series {
  RunOptions options;
  std::size_t workers = 1;
  DataShelf* shelf = nullptr;
  std::size_t number = 0, of = 0;  ///< for the observer: the how-manieth of how many
};
/// One plan into a directory of `options.out`; `text` is the file it was read from. Throws Stopped.
RunResult run_into_directory(Plan& plan, const std::string& text, const Series& series, Observer& observer, std::stop_token stop);

/// One run in memory, without a directory: for tests and programs. `finished` hears each round.
Summary run_plan(Plan& plan, const Setting& setting, fed::Fleet& fleet, fed::State& state,
                 const std::function<void(const fed::RoundRecord&, const fed::RoundTimes&)>& finished, Observer& observer,
                 std::stop_token stop);

/// `wanted` threads, or (0) as many as this process has CPUs.
std::size_t usable_workers(std::size_t wanted);

}  // namespace tocsin::lab
