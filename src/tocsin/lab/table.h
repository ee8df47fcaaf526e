// SPDX-License-Identifier: Apache-2.0
// Text in columns for people: ASCII, colour only where asked for.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin::lab {

/// Marks that a terminal shows as colour; all empty without one.
struct Ink {
  std::string_view bold = "", dim = "", good = "", bad = "", off = "";
  static Ink terminal() { return {"\x1b[1m", "\x1b[2m", "\x1b[32m", "\x1b[31m", "\x1b[0m"}; }
};

/// Cells aligned in columns; the first row is the head. Two blanks between columns, no blanks at line ends.
class Grid {
 public:
  /// The first `left` columns are aligned to the left, the others to the right.
  explicit Grid(std::size_t left = 1) : left_(left) {}
  /// A row; `mark` colours all of it.
  void row(std::vector<std::string> cells, std::string_view mark = "");
  /// A title above `count` columns, set off by two more blanks; groups are given from left to right.
  void group(std::string title, std::size_t first, std::size_t count);
  [[nodiscard]] std::size_t width() const;
  [[nodiscard]] std::string text(const Ink& ink, std::string_view indent = "  ") const;

 private:
  struct Row {
    std::vector<std::string> cells;
    std::string_view mark;
  };
  struct Group {
    std::string title;
    std::size_t first, count;
  };
  [[nodiscard]] std::vector<std::size_t> widths() const;
  [[nodiscard]] std::size_t gap(std::size_t column) const;  ///< blanks before a column
  [[nodiscard]] std::string titles(const std::vector<std::size_t>& widths) const;
  std::size_t left_;
  std::vector<Row> rows_;
  std::vector<Group> groups_;
};

/// Words of `text` in lines of at most `width` characters, each behind `indent`.
std::string wrapped(std::string_view text, std::size_t width, std::string_view indent);

/// "78.1 %"; "-" for NaN.
std::string percent(double share);
/// Four figures for people: "0.9962", "34.21", "1.2e+07", "-" for NaN.
std::string figure(double value);
/// "5.04 GiB", "90.0 MiB".
std::string bytes_text(double bytes);
/// "3,382,346".
std::string grouped(std::size_t number);
/// "48 s", "1 min 12 s", "2 h 5 min".
std::string duration_text(double seconds);

}  // namespace tocsin::lab
