// SPDX-License-Identifier: Apache-2.0
// Tables: the first byte chooses how they are read, the rest is the training part up to a form feed and the test part behind it.
// Fields that were read, written again in quotes, read the same; features of an accepted table are finite, training ones in [0, 1].
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "targets.h"
#include "tocsin/data/table.h"

namespace {

using tocsin::data::CsvFormat;
using tocsin::data::CsvReader;
using Bytes = std::vector<unsigned char>;
using Lines = std::vector<std::vector<std::string>>;

Lines lines_of(const Bytes& bytes, const CsvFormat& format) {
  Lines lines;
  CsvReader reader("fuzz.csv", bytes, format);
  while (reader.next()) lines.emplace_back(reader.fields().begin(), reader.fields().end());
  return lines;
}

Bytes written(const Lines& lines, char separator) {
  std::string text;
  for (const auto& line : lines) {
    for (std::size_t k = 0; k < line.size(); ++k) {
      if (k > 0) text += separator;
      text += '"';
      for (const char letter : line[k]) text += letter == '"' ? std::string("\"\"") : std::string(1, letter);
      text += '"';
    }
    text += '\n';
  }
  return {text.begin(), text.end()};
}

void check_lines(const Bytes& bytes, const CsvFormat& format) {
  const Lines lines = lines_of(bytes, format);
  for (const auto& line : lines) {
    std::size_t length = 0;
    for (const std::string& field : line) length += 2 * field.size() + 3;
    if (length > tocsin::data::kLongestCsvLine) return;  // in quotes it would be too long
  }
  tocsin::fuzz::check(lines_of(written(lines, format.separator), {.separator = format.separator, .trim = format.trim}) == lines);
}

tocsin::data::TablePlan plan_of(unsigned choice) {
  using tocsin::data::ColumnKind;
  tocsin::data::TablePlan plan;
  plan.columns = {{"a", ColumnKind::number}, {"b", ColumnKind::category}, {"c", ColumnKind::ignore}, {"d", ColumnKind::label}};
  plan.header = (choice & 1) != 0;
  plan.trim = (choice & 2) != 0;
  plan.separator = (choice & 4) != 0 ? ';' : ',';
  plan.columns[3].drop_dot = (choice & 8) != 0;
  plan.missing = {"?"};
  plan.on_missing = static_cast<tocsin::data::OnMissing>(choice / 16 % 3);
  plan.skip_test = choice >> 6 & 1;
  return plan;
}

void check_part(const tocsin::data::Dataset& part) {
  const std::size_t n = part.size();
  tocsin::fuzz::check(n > 0 && part.values.size() == n * part.shape.features() && part.class_names.size() == part.classes);
  for (const std::int32_t label : part.labels) tocsin::fuzz::check(label >= 0 && static_cast<std::size_t>(label) < part.classes);
  for (const float value : part.values) tocsin::fuzz::check(std::isfinite(value));
}

bool is_wanted(const tocsin::DataError& error) {
  const std::string& file = error.file();
  return !error.message().empty() && (file == "fuzz.csv" || file == "train.csv" || file == "test.csv");
}

}  // namespace

int fuzz_csv(const std::uint8_t* data, std::size_t size) {
  constexpr std::uint64_t kCap = 1 << 18;
  if (size == 0) return 0;
  const std::uint8_t *begin = data + 1, *end = data + size, *between = std::find(begin, end, '\f');
  const tocsin::data::TablePlan plan = plan_of(data[0]);
  const Bytes train(begin, between), test(between == end ? end : between + 1, end);
  try {
    check_lines(train, {.separator = plan.separator, .trim = plan.trim, .skip_lines = plan.skip_test});
  } catch (const tocsin::DataError& error) {
    tocsin::fuzz::check(is_wanted(error));
  }
  try {
    const auto problem = tocsin::data::parse_table_problem({"train.csv", train, ""}, {"test.csv", test, ""}, plan, "fuzz", kCap);
    check_part(*problem.train);
    check_part(*problem.test);
    for (const float value : problem.train->values) tocsin::fuzz::check(value >= 0.0f && value <= 1.0f);
  } catch (const tocsin::DataError& error) {
    tocsin::fuzz::check(is_wanted(error));
  }
  return 0;
}
