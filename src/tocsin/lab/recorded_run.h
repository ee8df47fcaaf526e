// SPDX-License-Identifier: Apache-2.0
// A finished run, opened again: its plan, its data, and the models it kept.
#pragma once
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tocsin/core/rows.h"
#include "tocsin/core/value.h"
#include "tocsin/lab/finished_run.h"
#include "tocsin/lab/plan.h"
#include "tocsin/lab/setting.h"

namespace tocsin::lab {

/// A run directory with DONE in it.
class RecordedRun {
 public:
  /// Reads plan and records. Throws RunError(Exit::run_directory) for a folder that is no finished run, DataError for files that
  /// DONE does not name so.
  explicit RecordedRun(const std::string& path);

  [[nodiscard]] const std::string& path() const { return path_; }
  /// Of the folder, whatever path leads there, made fit for file names and tables: letters, digits, '.', '_' and '-'.
  [[nodiscard]] const std::string& name() const { return name_; }
  /// Gives runs that share a name different ones: the folder above in front, and a number behind where that does not help.
  static void tell_apart(const std::vector<std::vector<RecordedRun>*>& kinds);
  [[nodiscard]] const Plan& plan() const { return *plan_; }
  [[nodiscard]] std::size_t rounds() const { return records_.size(); }
  /// Round `round` of the run's own, 0: the last. Throws RunError(Exit::run_directory) if the run has no such round.
  [[nodiscard]] std::size_t round(std::size_t round) const;
  /// The record of a finished round.
  [[nodiscard]] const Table& record(std::size_t round) const { return records_[round - 1]; }
  [[nodiscard]] bool has_model(std::size_t round) const;
  /// The global parameters after a round [1, d]. Throws RunError naming the rounds that were kept.
  [[nodiscard]] Updates model(std::size_t round, const Layout& layout) const;

 private:
  [[nodiscard]] std::string file_of(std::size_t round) const;  ///< relative; empty: none was kept

  std::string path_, name_;
  std::optional<FinishedRun> finished_;
  std::shared_ptr<const Plan> plan_;
  std::vector<Table> records_;
};

/// Keys of two resolved plans that differ, outside `name`, `seed`, [threat] and [attack]: runs to compare have none.
std::vector<std::string> differing_keys(const Plan& a, const Plan& b);

}  // namespace tocsin::lab
