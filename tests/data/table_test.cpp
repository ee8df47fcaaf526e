// SPDX-License-Identifier: Apache-2.0
// Declared columns to features: scaling, one-hot codes, labels, missing values, and where each is learnt.
#include "tocsin/data/table.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "idx_files.h"
#include "tables.h"

namespace tocsin::data {
namespace {

using support::kSmallTable;
using support::table;
using support::three_columns;
using Floats = std::vector<float>;
using Labels = std::vector<std::int32_t>;

TEST(Table, ScalesNumbersAndUnfoldsCategories) {
  const Problem problem = table(three_columns(), kSmallTable, "25,private,low\n");
  EXPECT_EQ(problem.train->shape, (Shape{3, 1, 1}));
  EXPECT_EQ(problem.train->values, (Floats{0.0f, 0, 1, 0.5f, 1, 0, 1.0f, 0, 1})) << "private before state: ascending by bytes";
  EXPECT_EQ(problem.train->labels, (Labels{1, 0, 1}));
  EXPECT_EQ(problem.train->class_names, (std::vector<std::string>{"high", "low"}));
  EXPECT_EQ(problem.train->classes, 2u);
  EXPECT_EQ(problem.train->name, "table");
  EXPECT_TRUE(problem.train->pixels.empty());
  EXPECT_EQ(problem.test->values, (Floats{0.25f, 1, 0}));
  EXPECT_EQ(problem.test->labels, Labels{1});
  EXPECT_TRUE(problem.notes.empty());
}

TEST(Table, LearnsRangesFromTheTrainingPartAlone) {
  const Problem problem = table(three_columns(), kSmallTable, "0,state,low\n60,state,high\n");
  EXPECT_EQ(problem.test->values, (Floats{-1.0f, 0, 1, 2.0f, 0, 1})) << "outside [0, 1], not cut";
  EXPECT_EQ(problem.train->values, table(three_columns(), kSmallTable, kSmallTable).train->values);
}

TEST(Table, GivesTheSameFeaturesForAnyOrderOfRows) {
  const Problem one = table(three_columns(), kSmallTable, "30,state,low\n");
  const Problem other = table(three_columns(), "40,state,low\n20,state,low\n30,private,high\n", "30,state,low\n");
  EXPECT_EQ(one.test->values, other.test->values);
  EXPECT_EQ(one.test->labels, other.test->labels);
}

TEST(Table, SortsCategoriesByBytesNotByLetters) {
  const Problem problem = table(three_columns(), "1,\xc3\xa4,a\n1,Z,b\n1,a,a\n1,~,a\n", "1,\xc3\xa4,a\n1,~,a\n1,a,a\n1,Z,a\n");
  EXPECT_EQ(problem.test->values, (Floats{0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0}));
}

TEST(Table, AColumnWithoutARangeIsZero) {
  const Problem problem = table(three_columns(), "5,a,x\n5,a,y\n", "5,a,x\n7,a,y\n");
  EXPECT_EQ(problem.train->values, (Floats{0, 1, 0, 1}));
  EXPECT_EQ(problem.test->values, (Floats{0, 1, 0, 1}));
}

TEST(Table, LeavesIgnoredColumnsOutWhateverTheyHold) {
  TablePlan plan = three_columns();
  plan.columns.insert(plan.columns.begin() + 1, {"note", ColumnKind::ignore});
  const Problem problem = table(plan, "20,?,state,low\n30,,private,high\n40,nan,state,low\n", "30,\"x,y\",state,low\n");
  EXPECT_EQ(problem.train->values, table(three_columns(), kSmallTable, kSmallTable).train->values);
}

TEST(Table, FindsColumnsByTheHeader) {
  TablePlan plan = three_columns();
  plan.header = true;
  const std::string train = "income,age,work\nlow,20,state\nhigh,30,private\nlow,40,state\n";
  const Problem problem = table(plan, train, "work,income,age\nstate,low,30\n");
  EXPECT_EQ(problem.train->values, table(three_columns(), kSmallTable, kSmallTable).train->values)
      << "features stand in the order of the declaration";
  EXPECT_EQ(problem.test->values, (Floats{0.5f, 0, 1}));
}

TEST(Table, TakesClassesInTheirDeclaredOrder) {
  TablePlan plan = three_columns();
  plan.columns[2].classes = {"middle", "low", "high"};
  const Problem problem = table(plan, kSmallTable, "20,state,middle\n");
  EXPECT_EQ(problem.train->labels, (Labels{1, 2, 1}));
  EXPECT_EQ(problem.test->labels, Labels{0}) << "a declared class need not occur in the training part";
  EXPECT_EQ(problem.train->class_names, (std::vector<std::string>{"middle", "low", "high"}));
  EXPECT_EQ(problem.train->classes, 3u);
}

TEST(Table, TakesLabelsWithAndWithoutAFinalDot) {
  TablePlan plan = three_columns();
  plan.columns[2].drop_dot = true;
  const Problem problem = table(plan, kSmallTable, "20,state,low.\n20,state,high\n");
  EXPECT_EQ(problem.test->labels, (Labels{1, 0}));
  plan.columns[2].classes = {"low", "high"};
  EXPECT_EQ(table(plan, "20,state,low.\n30,state,high.\n", "20,state,low\n").train->labels, (Labels{0, 1}));
}

TEST(Table, WritesZerosForWhatIsMissing) {
  TablePlan plan = three_columns();
  plan.missing = {"?", "none"};
  plan.on_missing = OnMissing::zeros;
  const Problem problem = table(plan, kSmallTable + "?,state,low\n30,?,high\n,none,high\n", "?,?,low\n");
  EXPECT_EQ(problem.train->shape.channels, 3u) << "no category of its own";
  EXPECT_EQ(Floats(problem.train->values.begin() + 9, problem.train->values.end()), (Floats{0, 0, 1, 0.5f, 0, 0, 0, 0, 0}));
  EXPECT_EQ(problem.test->values, (Floats{0, 0, 0}));
  EXPECT_TRUE(problem.notes.empty());
}

TEST(Table, DropsRowsAndSaysHowMany) {
  TablePlan plan = three_columns();
  plan.missing = {"?"};
  plan.on_missing = OnMissing::drop;
  const Problem problem = table(plan, "1000,?,low\n" + kSmallTable + "30,federal,?\n", "?,state,low\n30,state,low\n");
  EXPECT_EQ(problem.train->values, table(three_columns(), kSmallTable, kSmallTable).train->values)
      << "a dropped row teaches neither range nor category";
  EXPECT_EQ(problem.test->size(), 1u);
  EXPECT_EQ(problem.notes, (std::vector<std::string>{"training part: 2 of 5 rows dropped for a missing value",
                                                     "test part: 1 of 2 rows dropped for a missing value"}));
}

TEST(Table, ReadsPackedFilesAsTheyAre) {
  const support::Bytes plain(kSmallTable.begin(), kSmallTable.end()), packed = support::gzip(plain);
  const Problem problem =
      parse_table_problem({"a.gz", packed, "hash"}, support::text_file("b", kSmallTable), three_columns(), "t", 1 << 20);
  EXPECT_EQ(problem.train->values, problem.test->values);
  EXPECT_EQ(problem.files[0].path, "a.gz");
  EXPECT_EQ(problem.files[0].size, packed.size()) << "of the file, not of what it holds";
  EXPECT_EQ(problem.files[0].sha256, "hash");
}

TEST(Table, NeedsOneLabelAndNoClassTwice) {
  TablePlan plan = three_columns();
  plan.columns[2].classes = {"low", "low"};
  EXPECT_EQ(support::table_error(plan, kSmallTable), "table: column 'income' has a class twice");
  plan.columns.pop_back();
  EXPECT_EQ(support::table_error(plan, kSmallTable), "table: one column must be the label, 0 are");
}

}  // namespace
}  // namespace tocsin::data
