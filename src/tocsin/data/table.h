// SPDX-License-Identifier: Apache-2.0
// Tables with declared columns as data sets: numbers scaled to [0, 1] by their range, categories one-hot, one column the label.
// Ranges, categories and classes are learnt from the training part alone; the test part is read by them.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tocsin/core/bytes.h"
#include "tocsin/core/options.h"
#include "tocsin/data/csv.h"
#include "tocsin/data/dataset.h"

namespace tocsin::data {

/// number: (x - least) / (greatest - least), both of the training part; 0 where they are equal. A test value may lie outside [0,
/// 1]. category: a feature a value, ascending by bytes, so that another order of rows gives the same features. ignore: not looked
/// at.
enum class ColumnKind { number, category, ignore, label };

struct Column {
  std::string name;
  ColumnKind kind = ColumnKind::number;
  std::vector<std::string> classes = {};  ///< of the label, in their order; empty: those of the training part, ascending by bytes
  bool drop_dot = false;                  ///< of the label: a dot at its end does not count
};

/// What becomes of a row with a missing value in a column that is not ignored. zeros: all features of that column are 0.
enum class OnMissing { refuse, zeros, drop };

/// What [data] says of a table.
struct TablePlan {
  std::vector<Column> columns;  ///< in their order in the file, or, with a header, in any order
  bool header = false;
  char separator = ',';
  bool trim = false;
  std::size_t skip_train = 0, skip_test = 0;  ///< lines before the header or the first row
  std::vector<std::string> missing = {};      ///< what stands for a missing value, beside an empty field
  OnMissing on_missing = OnMissing::refuse;
};

/// Reads the keys of [data] that say so, `train` and `test` not among them. `required`: columns must be given.
TablePlan read_table_plan(Options& options, bool required = true);
/// Reads one entry of `columns`.
Column read_column(Options& options);

/// Both parts, `name`d; features {n, 1, 1} in the order of the columns. Files may be gzip; what they hold unpacked and what becomes
/// of it in memory is at most `max_bytes`. Notes say how many rows were dropped. Throws DataError, with line and column.
Problem read_table_problem(const std::string& train, const std::string& test, const TablePlan& plan, const std::string& name,
                           std::uint64_t max_bytes);
/// The same from bytes in memory.
Problem parse_table_problem(FileBytes train, FileBytes test, const TablePlan& plan, const std::string& name,
                            std::uint64_t max_bytes);

constexpr std::size_t kMostTableFeatures = 65536;
constexpr std::size_t kMostTableClasses = 10000;

}  // namespace tocsin::data
