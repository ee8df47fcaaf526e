// SPDX-License-Identifier: Apache-2.0
// Columns, wrapping, and numbers as people read them.
#include "tocsin/lab/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace tocsin::lab {
namespace {
/// Characters, not bytes: what is not ASCII comes from names in files.
std::size_t length_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}
}  // namespace

void Grid::row(std::vector<std::string> cells, std::string_view mark) { rows_.push_back({std::move(cells), mark}); }

void Grid::group(std::string title, std::size_t first, std::size_t count) { groups_.push_back({std::move(title), first, count}); }

std::size_t Grid::gap(std::size_t column) const {
  if (column == 0) return 0;
  return std::any_of(groups_.begin(), groups_.end(), [&](const Group& group) { return group.first == column; }) ? 4 : 2;
}

std::vector<std::size_t> Grid::widths() const {
  std::vector<std::size_t> widths;
  for (const Row& row : rows_) {
    widths.resize(std::max(widths.size(), row.cells.size()));
    for (std::size_t i = 0; i < row.cells.size(); ++i) widths[i] = std::max(widths[i], length_of(row.cells[i]));
  }
  for (const Group& group : groups_) {  // a title longer than its columns widens the last of them
    std::size_t have = widths[group.first];
    for (std::size_t i = 1; i < group.count; ++i) have += gap(group.first + i) + widths[group.first + i];
    const std::size_t wanted = length_of(group.title);
    if (wanted > have) widths[group.first + group.count - 1] += wanted - have;
  }
  return widths;
}

std::size_t Grid::width() const {
  const std::vector<std::size_t> columns = widths();
  std::size_t sum = 0;
  for (std::size_t i = 0; i < columns.size(); ++i) sum += gap(i) + columns[i];
  return sum;
}

std::string Grid::titles(const std::vector<std::size_t>& columns) const {
  std::string line;
  std::size_t position = 0, column = 0;
  for (const Group& group : groups_) {
    for (; column <= group.first; ++column) position += gap(column) + (column < group.first ? columns[column] : 0);
    line.resize(std::max(line.size(), position), ' ');
    line += group.title;
    position += columns[group.first];
  }
  return line;
}

std::string Grid::text(const Ink& ink, std::string_view indent) const {
  const std::vector<std::size_t> columns = widths();
  std::string result;
  const auto add = [&](std::string line, std::string_view mark) {
    line.erase(line.find_last_not_of(' ') + 1);
    result += fmt::format("{}{}{}{}\n", indent, mark, line, mark.empty() ? "" : ink.off);
  };
  if (!groups_.empty()) add(titles(columns), ink.dim);
  for (std::size_t r = 0; r < rows_.size(); ++r) {
    std::string line;
    for (std::size_t i = 0; i < rows_[r].cells.size(); ++i) {
      const std::string& cell = rows_[r].cells[i];
      const std::string blanks(columns[i] - length_of(cell), ' ');
      line.append(gap(i), ' ');
      line += i < left_ ? cell + blanks : blanks + cell;
    }
    add(std::move(line), r == 0 ? ink.dim : rows_[r].mark);
  }
  return result;
}

std::string wrapped(std::string_view text, std::size_t width, std::string_view indent) {
  std::string result, line;
  const auto flush = [&] {
    if (!line.empty()) result += fmt::format("{}{}\n", indent, line);
    line.clear();
  };
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    if (!line.empty() && indent.size() + length_of(line) + 1 + length_of(word) > width) flush();
    if (!word.empty()) line += (line.empty() ? "" : " ") + std::string(word);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  flush();
  return result;
}

std::string percent(double share) { return std::isnan(share) ? "-" : fmt::format("{:.1f} %", 100.0 * share); }

std::string figure(double value) {
  if (std::isnan(value)) return "-";
  const double size = std::fabs(value);
  if (size >= 1e5 || (size > 0.0 && size < 1e-3)) return fmt::format("{:.1e}", value);
  if (size >= 1000.0) return fmt::format("{:.0f}", value);
  return fmt::format("{:.{}f}", value, size >= 100.0 ? 1 : size >= 10.0 ? 2 : 3);
}

std::string bytes_text(double bytes) {
  constexpr std::array<std::string_view, 6> kUnits{"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  std::size_t unit = 0;
  while (bytes >= 1024.0 && unit + 1 < kUnits.size()) {
    bytes /= 1024.0;
    ++unit;
  }
  if (unit == 0) return fmt::format("{:.0f} B", bytes);
  return fmt::format("{:.{}f} {}", bytes, bytes < 10.0 ? 2 : bytes < 100.0 ? 1 : 0, kUnits[unit]);
}

std::string grouped(std::size_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, ",");
  return digits;
}

std::string duration_text(double seconds) {
  if (!(seconds < 1e12)) return "very long";
  const auto whole = static_cast<std::uint64_t>(std::llround(std::max(0.0, seconds)));
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
}

}  // namespace tocsin::lab
