// SPDX-License-Identifier: Apache-2.0
// The keys of a table under [data].
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/rows.h"
#include "tocsin/data/catalog.h"

namespace tocsin::data {
namespace {

using support::error_of;
using testing::HasSubstr;

const std::string kColumns =
    "columns = [{ name = 'age', kind = 'number' }, { name = 'work', kind = 'category' }, { name = 'id', kind = 'ignore' },\n"
    "  { name = 'income', kind = 'label', classes = ['low', 'high'], drop_dot = true }]\n";
const std::string kFiles = "kind = 'csv'\ntrain = 'a.csv'\ntest = '../b.csv.gz'\n";

struct Read {
  Source source;
  Table resolved;
};
Read read(const std::string& toml) {
  return support::read_table(toml, {"e.toml", 1, 1}, "[data]", [](Options& options) {
    Source source = read_source(options, "/experiments");
    return Read{std::move(source), options.resolved()};
  });
}
std::string error(const std::string& toml) {
  return error_of([&] { read(toml); });
}

TEST(TablePlan, ReadsEveryKey) {
  const Source source = read(kFiles + kColumns +
                             "header = true\nseparator = 'tab'\ntrim = true\nskip_lines = [0, 1]\nmissing = ['?', 'none']\n"
                             "on_missing = 'drop'\nmax_bytes = 77")
                            .source;
  EXPECT_EQ(source.name, "csv");
  EXPECT_EQ(source.files, (std::vector<std::string>{"/experiments/a.csv", "/experiments/../b.csv.gz"}));
  EXPECT_EQ(source.max_bytes, 77u);
  const TablePlan& plan = source.table;
  ASSERT_EQ(plan.columns.size(), 4u);
  EXPECT_EQ(plan.columns[1].name, "work");
  EXPECT_EQ(plan.columns[0].kind, ColumnKind::number);
  EXPECT_EQ(plan.columns[1].kind, ColumnKind::category);
  EXPECT_EQ(plan.columns[2].kind, ColumnKind::ignore);
  EXPECT_EQ(plan.columns[3].kind, ColumnKind::label);
  EXPECT_EQ(plan.columns[3].classes, (std::vector<std::string>{"low", "high"}));
  EXPECT_TRUE(plan.columns[3].drop_dot);
  EXPECT_TRUE(plan.header);
  EXPECT_EQ(plan.separator, '\t');
  EXPECT_TRUE(plan.trim);
  EXPECT_EQ(plan.skip_train, 0u);
  EXPECT_EQ(plan.skip_test, 1u);
  EXPECT_EQ(plan.missing, (std::vector<std::string>{"?", "none"}));
  EXPECT_EQ(plan.on_missing, OnMissing::drop);
}

TEST(TablePlan, RefusesMissingValuesUnlessToldOtherwise) {
  const TablePlan plan = read(kFiles + kColumns).source.table;
  EXPECT_EQ(plan.on_missing, OnMissing::refuse);
  EXPECT_TRUE(plan.missing.empty());
  EXPECT_EQ(plan.separator, ',');
  EXPECT_FALSE(plan.header || plan.trim);
  EXPECT_EQ(read(kFiles + kColumns + "skip_lines = 2").source.table.skip_test, 2u);
}

TEST(TablePlan, ResolvesToWhatReadsBackTheSame) {
  const std::string keys = kFiles + kColumns + "skip_lines = [0, 1]\nmissing = ['?']\non_missing = 'zeros'\n";
  const std::string resolved = write_toml(read(keys).resolved);
  EXPECT_EQ(write_toml(read(resolved).resolved), resolved);
  EXPECT_THAT(resolved, HasSubstr("classes = [\"low\", \"high\"]"));
}

TEST(TablePlan, NeedsFilesAndColumns) {
  EXPECT_EQ(error("kind = 'csv'"),
            "e.toml:1:1: 'train' is required in [data]; csv: table of the training part, plain or gzip\n"
            "e.toml:1:1: 'test' is required in [data]; csv: table of the test part\n"
            "e.toml:1:1: 'columns' is required in [data]; csv: every column of the files, in order: { name, kind }, kind one of "
            "number, category, ignore, label");
  EXPECT_THAT(error("kind = 'csv'\ntrain = ''\ntest = 'b'\n" + kColumns), HasSubstr("e.toml:2:9: train is empty, expected a path"));
}

TEST(TablePlan, NeedsOneLabelAndAFeature) {
  EXPECT_EQ(error(kFiles + "columns = [{ name = 'a', kind = 'number' }]"),
            "e.toml:4:11: 0 columns are of kind \"label\", expected one");
  EXPECT_EQ(error(kFiles + "columns = [{ name = 'a', kind = 'label' }, { name = 'a', kind = 'label' }]"),
            "e.toml:4:11: two columns are called 'a'\n"
            "e.toml:4:11: 2 columns are of kind \"label\", expected one\n"
            "e.toml:4:11: no column is of kind \"number\" or \"category\"");
}

TEST(TablePlan, RefusesBadColumnsWithTheirPlace) {
  EXPECT_THAT(error(kFiles + "columns = [\n{ name = 'a', kind = 'text' }]"),
              HasSubstr("e.toml:5:22: unknown kind 'text'; known: number, category, ignore, label"));
  EXPECT_THAT(error(kFiles + "columns = ['a']"), HasSubstr("'kind' is required in [data.columns] entry 1"));
  EXPECT_THAT(error(kFiles + "columns = [{ kind = 'number' }]"), HasSubstr("'name' is required in [data.columns] entry 1"));
  EXPECT_THAT(error(kFiles + "columns = [{ name = '', kind = 'number' }]"), HasSubstr("name is empty"));
  EXPECT_THAT(error(kFiles + "columns = [{ name = 'a', kind = 'number', classes = ['x'] }]"),
              HasSubstr("unknown key 'classes' in [data.columns] entry 1; known: kind, name"));
  EXPECT_THAT(error(kFiles + "columns = [{ name = 'a', kind = 'label', classes = ['x'] }]"),
              HasSubstr("classes must be 2 to 10000 labels, got 1"));
  EXPECT_THAT(error(kFiles + "columns = [{ name = 'a', kind = 'label', classes = ['x', 'x'] }]"),
              HasSubstr("classes names 'x' twice"));
  EXPECT_THAT(error(kFiles + "columns = 3"), HasSubstr("expected an array of tables, got an integer"));
}

TEST(TablePlan, RefusesBadKeysWithTheirPlace) {
  EXPECT_EQ(error(kFiles + kColumns + "separator = '::'"), "e.toml:6:13: separator must be ',', ';', '|' or 'tab', got '::'");
  EXPECT_EQ(error(kFiles + kColumns + "skip_lines = -1"),
            "e.toml:6:14: skip_lines must be a count or two, [train, test]; for example skip_lines = [0, 1]");
  EXPECT_EQ(error(kFiles + kColumns + "skip_lines = [1, 2, 3]"),
            "e.toml:6:14: skip_lines must be a count or two, [train, test]; for example skip_lines = [0, 1]");
  EXPECT_EQ(error(kFiles + kColumns + "missing = '?'"), "e.toml:6:11: expected an array of strings, got a string");
  EXPECT_EQ(error(kFiles + kColumns + "missing = ['?', 7]"), "e.toml:6:11: missing[1]: expected a string, got an integer");
  EXPECT_EQ(error(kFiles + kColumns + "on_missing = 'drp'"),
            "e.toml:6:14: unknown on_missing 'drp'; known: refuse, zeros, drop; did you mean 'drop'?");
  EXPECT_THAT(error(kFiles + kColumns + "train_images = 'x'"), HasSubstr("e.toml:6:1: unknown key 'train_images' in [data]"));
}

TEST(TablePlan, DocumentsTheKeysOfAColumn) {
  Faults scratch;
  Options options = Options::describing(scratch);
  read_column(options);
  std::vector<std::string> keys;
  for (const OptionDoc& doc : options.documented()) keys.push_back(doc.key);
  EXPECT_EQ(keys, (std::vector<std::string>{"name", "kind", "classes", "drop_dot"}));
  EXPECT_TRUE(scratch.empty());
}

}  // namespace
}  // namespace tocsin::data
