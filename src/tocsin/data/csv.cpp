// SPDX-License-Identifier: Apache-2.0
// Line by line: its bytes are judged first, then it is cut into fields. Nothing here knows what a field means.
#include "tocsin/data/csv.h"

#include <algorithm>
#include <utility>

#include "tocsin/core/utf8.h"

namespace tocsin::data {
namespace {
constexpr std::string_view kUtf8Mark = "\xef\xbb\xbf";
}  // namespace

CsvReader::CsvReader(std::string file, std::span<const unsigned char> bytes, const CsvFormat& format)
    : file_(std::move(file)), text_(reinterpret_cast<const char*>(bytes.data()), bytes.size()), format_(format) {
  for (const auto& [mark, name] : {std::pair{"\xff\xfe", "ff fe"}, std::pair{"\xfe\xff", "fe ff"}})
    if (text_.starts_with(mark)) {
      line_ = 1;
      fail_at(0, "", fmt::format("the file begins with {}, a mark of UTF-16", name), "save it as UTF-8");
    }
  if (text_.starts_with(kUtf8Mark)) at_ = kUtf8Mark.size();
}

bool CsvReader::next() {
  std::size_t empty = 0;  // the first of some empty lines: right at the end of the file alone
  for (std::string_view line; take_line(line);) {
    if (line_ <= format_.skip_lines) continue;
    if (std::all_of(line.begin(), line.end(), [this](char c) { return format_.trim && is_blank(c); })) {
      if (empty == 0) empty = line_;
      continue;
    }
    if (empty != 0) {
      line_ = empty;
      fail("the line is empty", "empty lines may stand at the end of the file alone");
    }
    split(line);
    return true;
  }
  fields_.clear();
  return false;
}

bool CsvReader::take_line(std::string_view& line) {
  if (at_ == text_.size()) return false;
  ++line_;
  const std::string_view window = text_.substr(at_, kLongestCsvLine + 2);
  const std::size_t end = window.find('\n');
  line = window.substr(0, end);
  at_ += end == std::string_view::npos ? window.size() : end + 1;
  if (end != std::string_view::npos && line.ends_with('\r')) line.remove_suffix(1);
  if (line.size() > kLongestCsvLine)
    fail(fmt::format("the line is longer than {} bytes", kLongestCsvLine), "is this a table of lines?");
  check_bytes(line);
  return true;
}

void CsvReader::check_bytes(std::string_view line) const {
  if (const std::size_t at = line.find('\0'); at != std::string_view::npos)
    fail_at(column_of(line, at), "", "found a NUL byte", "is this UTF-16? save it as UTF-8");
  if (const auto at = not_utf8(line))
    fail_at(column_of(line, *at), "", fmt::format("byte {:02x} is not UTF-8", static_cast<unsigned char>(line[*at])),
            "save it as UTF-8");
  if (const std::size_t at = line.find('\r'); at != std::string_view::npos)
    fail_at(column_of(line, at), "", "found a carriage return without a line feed", "end lines with LF or CR LF");
}

void CsvReader::split(std::string_view line) {
  fields_.clear();
  unquoted_.clear();
  unquoted_.reserve(line.size());
  for (std::size_t at = 0;; ++at) {
    while (format_.trim && at < line.size() && is_blank(line[at])) ++at;
    if (at < line.size() && line[at] == '"') {
      at = quoted(line, at + 1);
    } else {
      const std::size_t end = std::min(line.find(format_.separator, at), line.size());
      std::string_view field = line.substr(at, end - at);
      while (format_.trim && !field.empty() && is_blank(field.back())) field.remove_suffix(1);
      add(field);
      at = end;
    }
    if (at == line.size()) break;  // else it is at a separator
  }
  if (columns_ != 0 && fields_.size() != columns_) fail(fmt::format("expected {} columns, found {}", columns_, fields_.size()));
}

/// The field behind an opening quote, added; returns where the separator behind it or the end of the line stands.
std::size_t CsvReader::quoted(std::string_view line, std::size_t at) {
  const std::size_t begin = at, kept = unquoted_.size();
  bool doubled = false;
  for (;; ++at) {
    const std::size_t quote = line.find('"', at);
    if (quote == std::string_view::npos) {
      const bool later = text_.substr(at_).find('"') != std::string_view::npos;
      fail_at(fields_.size(), "", later ? "a line break inside quotes" : "the quote that opens here is not closed",
              later ? "a row is one line" : "");
    }
    if (quote + 1 == line.size() || line[quote + 1] != '"') {
      if (doubled) unquoted_.append(line.substr(at, quote - at));
      add(doubled ? std::string_view(unquoted_).substr(kept) : line.substr(begin, quote - begin));
      at = quote + 1;
      break;
    }
    doubled = true;
    unquoted_.append(line.substr(at, quote + 1 - at));  // with one of the two
    at = quote + 1;
  }
  while (format_.trim && at < line.size() && is_blank(line[at])) ++at;
  if (at < line.size() && line[at] != format_.separator)
    fail_at(fields_.size() - 1, "", "text after the closing quote", "a quote inside quotes is written twice");
  return at;
}

void CsvReader::add(std::string_view field) {
  if (fields_.size() == kMostCsvColumns) fail(fmt::format("more than {} columns", kMostCsvColumns));
  fields_.push_back(field);
}

/// The column in which byte `at` of the line stands, by the separators outside quotes before it.
std::size_t CsvReader::column_of(std::string_view line, std::size_t at) const {
  std::size_t column = 0;
  bool inside = false;
  for (const char c : line.substr(0, at)) {
    if (c == '"') inside = !inside;
    if (c == format_.separator && !inside) ++column;
  }
  return column;
}

void CsvReader::fail(const std::string& message, const std::string& hint) const {
  throw DataError(file_, {}, fmt::format("line {}: {}", line_, message), hint);
}

void CsvReader::fail_at(std::size_t column, std::string_view name, const std::string& message, const std::string& hint) const {
  const std::string of = name.empty() ? "" : fmt::format(" ({})", printable(name, 64));
  throw DataError(file_, {}, fmt::format("line {}, column {}{}: {}", line_, column + 1, of, message), hint);
}

}  // namespace tocsin::data
