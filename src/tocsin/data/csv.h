// SPDX-License-Identifier: Apache-2.0
// Bytes to fields: comma-separated text, one row a line (RFC 4180, without line breaks inside quotes). Every fault is refused with
// line and column: reliability.md, section 2.3.
#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tocsin/core/bytes.h"

namespace tocsin::data {

/// How a line becomes fields.
struct CsvFormat {
  char separator = ',';
  bool trim = false;           ///< blanks and tabs around a field do not count, but for a tab that separates
  std::size_t skip_lines = 0;  ///< before the first row
};

/// Reads lines in order. Quotes may surround a field and are then no part of it; two of them inside stand for one. A mark of UTF-8,
/// lines that end in CR LF, and empty lines at the end of the file are accepted.
class CsvReader {
 public:
  /// `bytes` must outlive it. Throws DataError for a mark of UTF-16.
  CsvReader(std::string file, std::span<const unsigned char> bytes, const CsvFormat& format);
  /// Goes to the next line with fields; false at the end. Throws DataError.
  bool next();
  /// Of the line; views hold until the next `next`.
  [[nodiscard]] std::span<const std::string_view> fields() const { return fields_; }
  [[nodiscard]] std::size_t line() const { return line_; }  ///< from 1; at the end, of the last line
  /// From now on a line with another number of fields is refused; 0: any.
  void expect(std::size_t columns) { columns_ = columns; }
  /// "line 7: message", and "line 7, column 3 (name): message"; `column` counts from 0, the message from 1.
  [[noreturn]] void fail(const std::string& message, const std::string& hint = "") const;
  [[noreturn]] void fail_at(std::size_t column, std::string_view name, const std::string& message,
                            const std::string& hint = "") const;

 private:
  bool take_line(std::string_view& line);
  void check_bytes(std::string_view line) const;
  void split(std::string_view line);
  std::size_t quoted(std::string_view line, std::size_t at);
  void add(std::string_view field);
  [[nodiscard]] bool is_blank(char c) const { return c == ' ' || (c == '\t' && format_.separator != '\t'); }
  [[nodiscard]] std::size_t column_of(std::string_view line, std::size_t at) const;

  std::string file_;
  std::string_view text_;
  CsvFormat format_;
  std::size_t at_ = 0, line_ = 0, columns_ = 0;
  std::vector<std::string_view> fields_;
  std::string unquoted_;  ///< fields with doubled quotes; as long as the line at most, so that views into it hold
};

constexpr std::size_t kLongestCsvLine = std::size_t{1} << 20;  ///< bytes, its end not counted
constexpr std::size_t kMostCsvColumns = 65536;

}  // namespace tocsin::data
