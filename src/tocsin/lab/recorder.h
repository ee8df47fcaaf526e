// SPDX-License-Identifier: Apache-2.0
// A run directory: born whole under a temporary name, filled round by round, finished by DONE, which names the SHA-256 of every
// compared file. reliability.md, section 4.1 (checkpoints and resume come later).
#pragma once
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tocsin/core/bytes.h"
#include "tocsin/core/layout.h"
#include "tocsin/core/rows.h"
#include "tocsin/lab/plan.h"
#include "tocsin/lab/setting.h"

namespace tocsin::lab {

/// What the manifest says beyond the plan.
struct Circumstances {
  std::vector<std::string> arguments;  ///< argv, as given
  std::size_t workers = 1;
  std::string started;  ///< UTC, as in 2026-03-01T12:00:00Z
};
/// Now, in UTC.
std::string time_of_day();

/// One object a line, keys as in the experiment's documentation; non-finite numbers are the strings "nan", "inf", "-inf". No times.
std::string record_line(const fed::RoundRecord& record);
/// The histograms of a round: counts of update values in each tensor.
std::string histograms_line(const fed::RoundRecord& record);
std::string times_line(const fed::RoundTimes& times);
/// manifest.json.
std::string manifest_text(const Plan& plan, const Setting& setting, const Circumstances& circumstances);

/// The path of a run, `<out>/<run name>`. Throws RunError(Exit::run_directory) if something is there already.
std::string free_run_path(const std::string& out, const Plan& plan);

/// The open directory of a run in progress.
class RunDirectory {
 public:
  /// Creates it with manifest, experiment, resolved plan and empty records. Throws RunError: E15 if the name is taken, E20.
  RunDirectory(const std::string& out, const Plan& plan, const std::string& experiment_text, const std::string& manifest);
  [[nodiscard]] const std::string& path() const { return path_; }
  /// A finished round, handed to the system as whole lines before this returns: a crash of ours loses none of them.
  void add(const fed::RoundRecord& record, const fed::RoundTimes& times);
  /// The model after a round, for explanations: a compared file.
  void keep_model(std::size_t round, const Layout& layout, ConstRows global);
  /// Another compared file, its folder made as needed: "maps/round-000002/gradient-own.npy".
  void keep(const std::string& name, std::string_view bytes);
  /// Everything flushed to disk: records, model, summary, then DONE.
  void finish(const Layout& layout, ConstRows global, const std::string& summary);

 private:
  std::string path_;
  std::vector<std::string> kept_;  ///< files beside those of every run, relative
  std::unique_ptr<LineFile> records_, histograms_, times_;
};

/// Files of every run that are compared byte by byte, in the order of DONE; models and maps that a run keeps follow them.
std::vector<std::string> compared_files();

}  // namespace tocsin::lab
