// SPDX-License-Identifier: Apache-2.0
// The keys of [data] that describe a table.
#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <utility>

#include "tocsin/data/table.h"

namespace tocsin::data {
namespace {

/// An array of strings, none twice; a fault and nothing where it is something else.
std::vector<std::string> read_words(Options& options, std::string_view key, std::string_view help) {
  const Value* const value = options.raw(key, "list of texts", Value(Array{}), help);
  std::vector<std::string> words;
  if (value == nullptr) return words;
  const Array* const array = value->as<Array>();
  if (array == nullptr) options.fault(key, fmt::format("expected an array of strings, got {}", value->kind()));
  for (std::size_t k = 0; array != nullptr && k < array->size(); ++k) {
    const std::string* const word = (*array)[k].as<std::string>();
    if (word == nullptr)
      options.fault(key, fmt::format("{}[{}]: expected a string, got {}", key, k, (*array)[k].kind()));
    else if (std::find(words.begin(), words.end(), *word) != words.end())
      options.fault(key, fmt::format("{} names '{}' twice", key, printable(*word)));
    else
      words.push_back(*word);
  }
  return words;
}

/// A count for both files, or [train, test].
void read_skip_lines(Options& options, TablePlan& plan) {
  const Value* const value = options.raw("skip_lines", "count, or [train, test]", Value(std::int64_t{0}),
                                         "csv: lines of each file before its header or its first row");
  if (value == nullptr) return;
  const auto count = [](const Value& one) -> std::optional<std::size_t> {
    const auto* const number = one.as<std::int64_t>();
    if (number == nullptr || *number < 0) return std::nullopt;
    return static_cast<std::size_t>(*number);
  };
  const Array* const pair = value->as<Array>();
  const Value& front = pair != nullptr && pair->size() == 2 ? pair->front() : *value;
  const Value& back = pair != nullptr && pair->size() == 2 ? pair->back() : *value;
  const auto train = count(front), test = count(back);
  if (train && test) {
    plan.skip_train = *train;
    plan.skip_test = *test;
  } else {
    options.fault("skip_lines", "skip_lines must be a count or two, [train, test]", "for example skip_lines = [0, 1]");
  }
}

char read_separator(Options& options) {
  const std::string text = options.text(
      "separator",
      {.fallback = ",", .help = "csv: what stands between two fields: a comma, a semicolon, a vertical bar, or \"tab\""});
  constexpr std::array<std::pair<std::string_view, char>, 4> kKnown{{{",", ','}, {";", ';'}, {"|", '|'}, {"tab", '\t'}}};
  for (const auto& [name, byte] : kKnown)
    if (text == name) return byte;
  if (!options.is_describing())
    options.fault("separator", fmt::format("separator must be ',', ';', '|' or 'tab', got '{}'", printable(text)));
  return ',';
}

/// What no single column shows.
void check_columns(Options& options, const std::vector<Column>& columns) {
  std::set<std::string_view> names;
  std::size_t labels = 0, features = 0;
  for (const Column& column : columns) {
    if (!names.insert(column.name).second)
      options.fault("columns", fmt::format("two columns are called '{}'", printable(column.name)));
    if (column.kind == ColumnKind::label) ++labels;
    if (column.kind == ColumnKind::number || column.kind == ColumnKind::category) ++features;
  }
  if (labels != 1) options.fault("columns", fmt::format("{} columns are of kind \"label\", expected one", labels));
  if (features == 0) options.fault("columns", "no column is of kind \"number\" or \"category\"");
}

}  // namespace

Column read_column(Options& options) {
  constexpr std::array<std::pair<const char*, ColumnKind>, 4> kKinds{{{"number", ColumnKind::number},
                                                                      {"category", ColumnKind::category},
                                                                      {"ignore", ColumnKind::ignore},
                                                                      {"label", ColumnKind::label}}};
  Column column;
  column.name = options.text("name", {.help = "of the column: in the header if there is one, and in messages"});
  if (column.name.empty() && options.has("name")) options.fault("name", "name is empty");
  const std::string kind =
      options.word("kind", {.words = {"number", "category", "ignore", "label"},
                            .help = "a feature scaled to [0, 1]; a feature for each of its values; nothing; the class"});
  for (const auto& [name, value] : kKinds)
    if (kind == name) column.kind = value;
  if (column.kind != ColumnKind::label && !options.is_describing()) return column;
  column.classes =
      read_words(options, "classes", "label: the classes, in order; []: those of the training part, ascending by bytes");
  if (column.classes.size() == 1 || column.classes.size() > kMostTableClasses)
    options.fault("classes", fmt::format("classes must be 2 to {} labels, got {}", kMostTableClasses, column.classes.size()));
  column.drop_dot = options.flag("drop_dot", {.fallback = false, .help = "label: a dot at its end does not count"});
  return column;
}

TablePlan read_table_plan(Options& options, bool required) {
  constexpr std::string_view kColumns =
      "csv: every column of the files, in order: { name, kind }, kind one of number, category, ignore, label";
  TablePlan plan;
  for (Options& entry : options.tables("columns", kColumns)) plan.columns.push_back(read_column(entry));
  if (required && !options.is_describing()) {
    if (!options.has("columns"))
      options.fault("columns", fmt::format("'columns' is required in {}", options.title()), std::string(kColumns));
    else
      check_columns(options, plan.columns);
  }
  plan.header = options.flag("header", {.fallback = false, .help = "csv: the first row names the columns, in any order"});
  plan.separator = read_separator(options);
  plan.trim = options.flag("trim", {.fallback = false, .help = "csv: blanks around a field do not count"});
  read_skip_lines(options, plan);
  plan.missing = read_words(options, "missing", "csv: what stands for a missing value, beside an empty field: [\"?\"]");
  const std::string on_missing =
      options.word("on_missing", {.fallback = "refuse",
                                  .words = {"refuse", "zeros", "drop"},
                                  .help = "csv: a missing value is an error, leaves its features 0, or drops its row"});
  plan.on_missing = on_missing == "drop" ? OnMissing::drop : on_missing == "zeros" ? OnMissing::zeros : OnMissing::refuse;
  return plan;
}

}  // namespace tocsin::data
