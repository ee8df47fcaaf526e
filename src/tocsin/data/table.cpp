// SPDX-License-Identifier: Apache-2.0
// The training part is walked twice: once to learn ranges, categories and classes, once to write features. Nothing is kept between
// but what was learnt, so memory follows the features alone.
#include "tocsin/data/table.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "tocsin/data/packed.h"

namespace tocsin::data {
namespace {

using Values = std::map<std::string, std::size_t, std::less<>>;  ///< ascending by bytes

/// "a, b, c", the first dozen of them.
std::string some_of(const std::vector<std::string>& names) {
  constexpr std::size_t kMost = 12;
  std::vector<std::string> shown;
  for (std::size_t i = 0; i < std::min(names.size(), kMost); ++i) shown.push_back(printable(names[i], 64));
  return joined(shown) + (names.size() > kMost ? fmt::format(" and {} more", names.size() - kMost) : "");
}

std::vector<std::string> names_of(const Values& values) {
  std::vector<std::string> names(values.size());
  for (const auto& [name, index] : values) names[index] = name;
  return names;
}

/// The rows of one part that are kept, with their values by declared column.
class TableRows {
 public:
  TableRows(const std::string& file, std::span<const unsigned char> bytes, const TablePlan& plan, std::size_t skip_lines)
      : plan_(plan), csv_(file, bytes, {.separator = plan.separator, .trim = plan.trim, .skip_lines = skip_lines}) {
    if (plan.header) {
      read_header(file, skip_lines + 1);
      return;
    }
    for (std::size_t k = 0; k < plan.columns.size(); ++k) position_.push_back(k);
    csv_.expect(plan.columns.size());
  }

  /// The next row that is not dropped; false at the end.
  bool next() {
    while (csv_.next()) {
      ++read_;
      const std::optional<std::size_t> gap = first_missing();
      if (!gap) return true;
      const bool label = plan_.columns[*gap].kind == ColumnKind::label;
      if (plan_.on_missing == OnMissing::zeros && !label) return true;
      if (plan_.on_missing != OnMissing::drop)
        fail(*gap,
             value(*gap).empty() ? "the value is missing" : fmt::format("the value is missing ('{}')", printable(value(*gap), 64)),
             label ? "set on_missing = \"drop\"" : "set on_missing = \"zeros\" or \"drop\"");
      ++dropped_;
    }
    return false;
  }

  [[nodiscard]] std::string_view value(std::size_t column) const { return csv_.fields()[position_[column]]; }
  [[nodiscard]] bool is_missing(std::size_t column) const {
    const std::string_view text = value(column);
    return text.empty() || std::find(plan_.missing.begin(), plan_.missing.end(), text) != plan_.missing.end();
  }
  [[nodiscard]] double number(std::size_t column) const;
  [[nodiscard]] std::string_view label(std::size_t column) const {
    std::string_view text = value(column);
    if (plan_.columns[column].drop_dot && text.ends_with('.')) text.remove_suffix(1);
    return text;
  }
  [[noreturn]] void fail(std::size_t column, const std::string& message, const std::string& hint = "") const {
    csv_.fail_at(position_[column], plan_.columns[column].name, message, hint);
  }
  [[nodiscard]] std::size_t read() const { return read_; }  ///< rows so far, dropped ones too
  [[nodiscard]] std::size_t dropped() const { return dropped_; }

 private:
  void read_header(const std::string& file, std::size_t line);
  [[nodiscard]] std::optional<std::size_t> first_missing() const {
    for (std::size_t k = 0; k < plan_.columns.size(); ++k)
      if (plan_.columns[k].kind != ColumnKind::ignore && is_missing(k)) return k;
    return std::nullopt;
  }

  const TablePlan& plan_;
  CsvReader csv_;
  std::vector<std::size_t> position_;  ///< in the file, of each declared column
  std::size_t read_ = 0, dropped_ = 0;
};

void TableRows::read_header(const std::string& file, std::size_t line) {
  if (!csv_.next()) throw DataError(file, {}, fmt::format("line {}: expected a header, found the end of the file", line));
  const std::vector<std::string> names(csv_.fields().begin(), csv_.fields().end());
  std::map<std::string_view, std::size_t> places;
  for (std::size_t k = 0; k < names.size(); ++k)
    if (const auto [before, is_new] = places.emplace(names[k], k); !is_new)
      csv_.fail_at(k, names[k], fmt::format("the header names this column before, as column {}", before->second + 1));
  const auto declared = [&](std::string_view name) {
    return std::any_of(plan_.columns.begin(), plan_.columns.end(), [&](const Column& column) { return column.name == name; });
  };
  const bool any = std::any_of(names.begin(), names.end(), declared);
  for (const Column& column : plan_.columns) {
    const auto found = places.find(column.name);
    if (found == places.end())
      csv_.fail(fmt::format("the header has no column '{}'; it has: {}", printable(column.name, 64), some_of(names)),
                any ? "" : "set header = false if this row holds values");
    position_.push_back(found->second);
  }
  for (std::size_t k = 0; k < names.size(); ++k)
    if (!declared(names[k]))
      csv_.fail_at(k, names[k], "the column is not declared", "add it to columns; kind = \"ignore\" leaves it out");
  csv_.expect(names.size());
}

double TableRows::number(std::size_t column) const {
  const std::string_view text = value(column);
  const std::string shown = printable(text, 64);
  double x = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), x);
  const std::string_view rest = text.substr(static_cast<std::size_t>(end - text.data()));
  if (error == std::errc::result_out_of_range) fail(column, fmt::format("'{}' is out of range", shown));
  if (error != std::errc()) {
    const bool header = !plan_.header && text == plan_.columns[column].name;
    fail(column, fmt::format("'{}' is no number", shown),
         header                  ? "set header = true if this line is a header"
         : text.starts_with('+') ? "write it without the sign"
         : text.starts_with(' ') ? "set trim = true to leave blanks out"
                                 : "");
  }
  if (!rest.empty())
    fail(column, fmt::format("'{}' is no number from '{}' on", shown, printable(rest, 64)),
         rest.starts_with(',')   ? "the decimal sign is a point"
         : rest.starts_with(' ') ? "set trim = true to leave blanks out"
                                 : "");
  if (!std::isfinite(x)) fail(column, fmt::format("'{}' is not finite", shown));
  if (std::fabs(x) > static_cast<double>(std::numeric_limits<float>::max()))
    fail(column, fmt::format("'{}' is out of range", shown));
  return x;
}

/// What read_table_plan refuses with a place.
void check(const TablePlan& plan) {
  const auto labels = std::count_if(plan.columns.begin(), plan.columns.end(),
                                    [](const Column& column) { return column.kind == ColumnKind::label; });
  require(labels == 1, "table: one column must be the label, {} are", labels);
  for (const Column& column : plan.columns)
    require(std::set<std::string>(column.classes.begin(), column.classes.end()).size() == column.classes.size(),
            "table: column '{}' has a class twice", column.name);
}

/// What the training part says of one column.
struct Learnt {
  double least = std::numeric_limits<double>::infinity(), greatest = -least;  ///< number; of none: a range below 0
  Values values;                                                              ///< category or label: which one it is
  std::size_t first = 0;                                                      ///< its first feature
};

struct Encoding {
  std::vector<Learnt> columns;
  std::size_t features = 0, rows = 0, label = 0;
};

/// Notes a value that may be new.
void note(Values& values, std::string_view value) {
  if (values.find(value) == values.end()) values.emplace(value, 0);
}

/// Gives columns their features and values their numbers, in order.
void settle(Encoding& encoding, const TablePlan& plan) {
  for (std::size_t k = 0; k < plan.columns.size(); ++k) {
    const Column& column = plan.columns[k];
    Learnt& learnt = encoding.columns[k];
    learnt.first = encoding.features;
    std::size_t index = 0;
    if (column.classes.empty())
      for (auto& [value, number] : learnt.values) number = index++;
    if (column.kind == ColumnKind::number) ++encoding.features;
    if (column.kind == ColumnKind::category) encoding.features += learnt.values.size();
  }
}

void check_label(const TableRows& rows, std::size_t column, const Values& classes) {
  const std::string_view label = rows.label(column);
  if (classes.find(label) == classes.end())
    rows.fail(column, fmt::format("label '{}' is unknown; known: {}", printable(label, 64), some_of(names_of(classes))));
}

Encoding learn(TableRows& rows, const std::string& file, const TablePlan& plan) {
  Encoding encoding;
  encoding.columns.resize(plan.columns.size());
  std::size_t features = 0;  // so far: numbers from the start, categories as they turn up
  for (std::size_t k = 0; k < plan.columns.size(); ++k) {
    const Column& column = plan.columns[k];
    if (column.kind == ColumnKind::number) ++features;
    if (column.kind == ColumnKind::label) encoding.label = k;
    for (std::size_t c = 0; c < column.classes.size(); ++c) encoding.columns[k].values.emplace(column.classes[c], c);
  }
  for (; rows.next(); ++encoding.rows)
    for (std::size_t k = 0; k < plan.columns.size(); ++k) {
      const Column& column = plan.columns[k];
      Learnt& learnt = encoding.columns[k];
      if (column.kind == ColumnKind::ignore || rows.is_missing(k)) continue;
      if (column.kind == ColumnKind::number) {
        const double x = rows.number(k);
        learnt.least = std::min(learnt.least, x);
        learnt.greatest = std::max(learnt.greatest, x);
      } else if (column.kind == ColumnKind::category) {
        const std::size_t before = learnt.values.size();
        note(learnt.values, rows.value(k));
        features += learnt.values.size() - before;
        if (features > kMostTableFeatures)
          rows.fail(k, fmt::format("more than {} features, one a number and one a category", kMostTableFeatures),
                    "is this column a category?");
      } else if (!column.classes.empty()) {
        check_label(rows, k, learnt.values);
      } else {
        note(learnt.values, rows.label(k));
        if (learnt.values.size() > kMostTableClasses)
          rows.fail(k, fmt::format("more than {} labels", kMostTableClasses), "is this column the label?");
      }
    }
  if (encoding.rows == 0)
    throw DataError(file, {}, rows.read() == 0 ? "holds no rows" : fmt::format("all {} rows have a missing value", rows.read()));
  if (const Values& classes = encoding.columns[encoding.label].values; classes.size() < 2)
    throw DataError(file, {}, fmt::format("all rows have the label '{}'", printable(classes.begin()->first, 64)),
                    "two classes are needed");
  settle(encoding, plan);
  return encoding;
}

/// Writes the features of the present row, which are zeros before.
void write_row(const TableRows& rows, const Encoding& encoding, const TablePlan& plan, const std::string& train,
               std::span<float> to) {
  for (std::size_t k = 0; k < plan.columns.size(); ++k) {
    const Learnt& learnt = encoding.columns[k];
    const ColumnKind kind = plan.columns[k].kind;
    if ((kind != ColumnKind::number && kind != ColumnKind::category) || rows.is_missing(k)) continue;
    if (kind == ColumnKind::number) {
      const double x = rows.number(k), range = learnt.greatest - learnt.least;
      const double scaled = range > 0 ? (x - learnt.least) / range : 0.0;
      if (!(std::fabs(scaled) <= static_cast<double>(std::numeric_limits<float>::max())))
        rows.fail(k, fmt::format("'{}' is out of range beside {} to {} of the training part", printable(rows.value(k), 64),
                                 learnt.least, learnt.greatest));
      to[learnt.first] = static_cast<float>(scaled);
      continue;
    }
    const auto found = learnt.values.find(rows.value(k));
    if (found == learnt.values.end())
      rows.fail(k, fmt::format("category '{}' does not occur in {}; known: {}", printable(rows.value(k), 64),
                               printable(train, 4096), some_of(names_of(learnt.values))));
    to[learnt.first + found->second] = 1.0f;
  }
}

/// One part as a data set of at most `most` rows. `left` is what its features may take, in bytes; they are taken from it.
std::shared_ptr<Dataset> encode(TableRows& rows, const std::string& file, const Encoding& encoding, const TablePlan& plan,
                                const std::string& train, std::size_t most, std::uint64_t& left) {
  auto made = std::make_shared<Dataset>();
  made->shape = {encoding.features, 1, 1};
  const Values& classes = encoding.columns[encoding.label].values;
  made->classes = classes.size();
  made->class_names = names_of(classes);
  const std::uint64_t width = encoding.features * sizeof(float);
  made->values.reserve(std::min<std::size_t>(most, static_cast<std::size_t>(left / width)) * encoding.features);
  while (rows.next()) {
    check_label(rows, encoding.label, classes);
    const std::size_t count = made->labels.size();
    if (width > left)
      throw DataError(file, {},
                      fmt::format("{} rows of {} features in 4 bytes each are more than what is left of max_bytes", count + 1,
                                  encoding.features),
                      "raise [data] max_bytes if the file is right");
    left -= width;
    made->values.resize((count + 1) * encoding.features, 0.0f);
    write_row(rows, encoding, plan, train, std::span(made->values).subspan(count * encoding.features));
    made->labels.push_back(static_cast<std::int32_t>(classes.find(rows.label(encoding.label))->second));
  }
  if (made->labels.empty())
    throw DataError(file, {}, rows.read() == 0 ? "holds no rows" : fmt::format("all {} rows have a missing value", rows.read()));
  return made;
}

}  // namespace

Problem parse_table_problem(FileBytes train, FileBytes test, const TablePlan& plan, const std::string& name,
                            std::uint64_t max_bytes) {
  check(plan);
  Problem problem;
  problem.files = {{train.path, train.bytes.size(), train.sha256}, {test.path, test.bytes.size(), test.sha256}};
  const std::string files[] = {train.path, test.path};
  std::uint64_t left = max_bytes;
  const auto unpack = [&left](FileBytes file) {
    std::vector<unsigned char> bytes = unpacked(std::move(file), left);
    left -= bytes.size();
    return bytes;
  };
  const std::vector<unsigned char> bytes[] = {unpack(std::move(train)), unpack(std::move(test))};
  TableRows first(files[0], bytes[0], plan, plan.skip_train);
  const Encoding encoding = learn(first, files[0], plan);
  std::shared_ptr<Dataset> parts[2];
  for (const std::size_t part : {0u, 1u}) {
    TableRows rows(files[part], bytes[part], plan, part == 0 ? plan.skip_train : plan.skip_test);
    const auto lines = static_cast<std::size_t>(std::count(bytes[part].begin(), bytes[part].end(), '\n')) + 1;
    parts[part] = encode(rows, files[part], encoding, plan, files[0], lines, left);
    parts[part]->name = name;
    if (plan.on_missing == OnMissing::drop)
      problem.notes.push_back(fmt::format("{} part: {} of {} rows dropped for a missing value", part == 0 ? "training" : "test",
                                          rows.dropped(), rows.read()));
  }
  problem.train = std::move(parts[0]);
  problem.test = std::move(parts[1]);
  return problem;
}

Problem read_table_problem(const std::string& train, const std::string& test, const TablePlan& plan, const std::string& name,
                           std::uint64_t max_bytes) {
  FileBytes first = read_maybe_packed(train, max_bytes);
  return parse_table_problem(std::move(first), read_maybe_packed(test, max_bytes), plan, name, max_bytes);
}

}  // namespace tocsin::data
