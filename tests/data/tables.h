// SPDX-License-Identifier: Apache-2.0
// A small table of three columns, and what reading it says.
#pragma once
#include <string>
#include <vector>

#include "support/rows.h"
#include "tocsin/data/table.h"

namespace tocsin::support {

inline FileBytes text_file(const std::string& path, const std::string& text) {
  return {path, std::vector<unsigned char>(text.begin(), text.end()),
          sha256_hex({reinterpret_cast<const unsigned char*>(text.data()), text.size()})};
}

/// A number, a category and a label, without a header.
inline data::TablePlan three_columns() {
  data::TablePlan plan;
  plan.columns = {{"age", data::ColumnKind::number}, {"work", data::ColumnKind::category}, {"income", data::ColumnKind::label}};
  return plan;
}

inline const std::string kSmallTable = "20,state,low\n30,private,high\n40,state,low\n";

inline data::Problem table(const data::TablePlan& plan, const std::string& train, const std::string& test,
                           std::uint64_t max_bytes = 1 << 20) {
  return data::parse_table_problem(text_file("train.csv", train), text_file("test.csv", test), plan, "table", max_bytes);
}
inline std::string table_error(const data::TablePlan& plan, const std::string& train, const std::string& test = kSmallTable,
                               std::uint64_t max_bytes = 8 << 20) {
  return error_of([&] { table(plan, train, test, max_bytes); });
}

}  // namespace tocsin::support
