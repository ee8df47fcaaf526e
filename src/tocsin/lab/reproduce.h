// SPDX-License-Identifier: Apache-2.0
// A paper's experiments together: read all, run each distinct plan once, judge every expectation. Equal plans are found by
// `run_hash`, under whatever name they run; so is a finished run of an earlier call.
#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "tocsin/lab/runner.h"
#include "tocsin/lab/table.h"

namespace tocsin::lab {

/// What the command line asks for.
struct ReproduceRequest {
  std::string paper;               ///< "bhagoji2019", or the path of a folder of experiment files
  std::vector<std::string> names;  ///< P1, P4; empty: all
  bool small = false;
  std::size_t seeds = 1;
  std::vector<std::string> settings = {};  ///< --set key.path=value, for all experiments
};

/// Folders that hold papers: experiments/ here, beside the sources of a build, and where `install` puts them.
std::vector<std::string> experiment_folders();
/// Names of the papers in them.
std::vector<std::string> known_papers();

/// A distinct run and who asked for it.
struct SharedRun {
  Plan* plan = nullptr;  ///< the first that asked; it names the run directory
  const std::string* text = nullptr;
  std::string hash;            ///< Plan::run_hash
  std::string path;            ///< where it is finished; empty: not yet
  bool other_build = false;    ///< finished by another build of the program
  std::size_t asked = 0;       ///< plans that it serves
  std::vector<Table> records;  ///< once finished
};

/// All that was asked for. Plans are pointed into: moved, not copied.
struct Reproduction {
  ReproduceRequest request;
  std::string paper;                              ///< the folder's name
  std::vector<std::string> names;                 ///< of experiments: P1, P2, ...
  std::vector<Experiment> experiments;            ///< beside them
  std::vector<SharedRun> runs;                    ///< all experiments of one seed, then those of the next
  std::vector<std::vector<std::size_t>> serving;  ///< [experiment][plan]: index of its run
  [[nodiscard]] std::size_t unfinished() const;
  [[nodiscard]] std::size_t of_other_builds() const;  ///< runs that another build finished
};

/// Reads and checks all files. Throws ConfigError with every fault of all of them, RunError(Exit::usage) for unknown names.
Reproduction read_reproduction(const ReproduceRequest& request);

/// Looks below `out`, two folders deep, for finished runs (DONE) of equal plans. What cannot be read is not reused.
void find_finished(Reproduction& reproduction, const std::string& out);

/// Seconds that each run will take, about; 0 for finished ones. Measures the speed of each network for a moment.
std::vector<double> expected_seconds(const Reproduction& reproduction, std::size_t workers, DataShelf& shelf);

/// Runs what is unfinished below `out`; throws Stopped, the finished ones stay. A directory without DONE is left as it is, and the
/// run goes to a folder beside.
void run_reproduction(Reproduction& reproduction, Series series, Observer& observer, std::stop_token stop);

/// A comparison of explanations that a file asks for ([explain] compare.benign), over all seeds.
struct ReproducedComparison {
  std::string experiment, folder;  ///< where its report lies
  std::string text;                ///< the primary cells
};
/// Before anything runs: the variants that [explain] compares are there and are one federation. Throws ConfigError or RunError.
void check_comparisons(const Reproduction& reproduction);
/// Makes them into `<out>/<name>-comparison`, and adds their figures (comparison.*) to the last records of the attacked runs.
std::vector<ReproducedComparison> compare_reproduction(Reproduction& reproduction, const std::string& out, std::size_t workers,
                                                       DataShelf& shelf, std::stop_token stop);

/// One expectation and what came of it.
struct Verdict {
  std::string experiment;
  Expectation expectation;
  Outcome outcome;
  std::vector<std::uint64_t> seeds;
  std::vector<std::string> paths;  ///< of the runs it speaks of
  [[nodiscard]] std::string_view word() const { return outcome.reproduced ? "reproduced" : "not reproduced"; }
};
std::vector<Verdict> verdicts(const Reproduction& reproduction);

/// claim / expected / measured / verdict: for a terminal of a hundred columns, as Markdown, as JSON.
std::string verdicts_text(const Reproduction& reproduction, const std::vector<Verdict>& verdicts, const Ink& ink);
std::string verdicts_markdown(const Reproduction& reproduction, const std::vector<Verdict>& verdicts);
std::string verdicts_json(const Reproduction& reproduction, const std::vector<Verdict>& verdicts);
/// "reproduction", "reproduction-small", "reproduction-small-P1-P4": a file without its end.
std::string verdicts_file(const Reproduction& reproduction);

}  // namespace tocsin::lab
