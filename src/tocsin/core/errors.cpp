// SPDX-License-Identifier: Apache-2.0
// Texts of errors: places, faults in order, names that were nearly right, and outside text made harmless.
// Every message is one line and holds nothing that a terminal would obey (reliability.md, section 9).
#include "tocsin/core/errors.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <tuple>

#include "tocsin/core/utf8.h"

namespace tocsin {
namespace {
constexpr std::size_t kMostFaults = 50;
constexpr std::size_t kLongestPath = 4096;

std::string with_hint(std::string message, const std::string& hint) {
  if (!hint.empty()) message += "; " + hint;
  return message;
}

std::vector<Fault> by_position(std::vector<Fault> faults) {
  std::stable_sort(faults.begin(), faults.end(), [](const Fault& a, const Fault& b) {
    return std::tie(a.place.file, a.place.line, a.place.column) < std::tie(b.place.file, b.place.line, b.place.column);
  });
  return faults;
}

std::string faults_text(const std::vector<Fault>& faults) {
  std::string result;
  for (std::size_t i = 0; i < std::min(faults.size(), kMostFaults); ++i) {
    const std::string place = faults[i].place.text();
    if (i > 0) result += '\n';
    if (!place.empty()) result += place + ": ";
    result += with_hint(faults[i].message, faults[i].hint);
  }
  if (faults.size() > kMostFaults) result += fmt::format("\nand {} more", faults.size() - kMostFaults);
  return result;
}

std::string data_text(const std::string& file, std::optional<std::uint64_t> offset, std::string_view within,
                      const std::string& message, const std::string& hint) {
  std::string result = printable(file, kLongestPath) + ": ";
  if (offset) result += fmt::format("offset {}{}: ", *offset, within);
  return result + with_hint(message, hint);
}

bool is_active(std::uint32_t code) {
  return code < 0x20 || (code >= 0x7f && code <= 0x9f) ||  // C0, DEL, C1
         code == 0x061c || code == 0x200e || code == 0x200f || (code >= 0x2028 && code <= 0x202e) ||
         (code >= 0x2066 && code <= 0x2069) || code == 0xfeff;  // bidi controls, line separators, byte order mark
}

/// Damerau-Levenshtein distance of bytes, adjacent transpositions with insertions between them included (Lowrance, Wagner 1975).
std::size_t edit_distance(std::string_view a, std::string_view b) {
  const std::size_t width = b.size() + 2, far = a.size() + b.size();
  std::vector<std::size_t> cells((a.size() + 2) * width, far);
  const auto at = [&](std::size_t i, std::size_t j) -> std::size_t& { return cells[i * width + j]; };
  for (std::size_t i = 0; i <= a.size(); ++i) at(i + 1, 1) = i;
  for (std::size_t j = 0; j <= b.size(); ++j) at(1, j + 1) = j;
  std::array<std::size_t, 256> last_row{};
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t last_match = 0;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t row = last_row[static_cast<unsigned char>(b[j - 1])], column = last_match;
      const bool same = a[i - 1] == b[j - 1];
      if (same) last_match = j;
      at(i + 1, j + 1) = std::min({at(i, j) + (same ? 0u : 1u), at(i + 1, j) + 1, at(i, j + 1) + 1,
                                   at(row, column) + (i - row - 1) + 1 + (j - column - 1)});
    }
    last_row[static_cast<unsigned char>(a[i - 1])] = i;
  }
  return at(a.size() + 1, b.size() + 1);
}
}  // namespace

std::string Place::text() const {
  std::string result = printable(file, kLongestPath);
  for (const std::size_t number : {line, line == 0 ? 0 : column}) {
    if (number == 0) break;
    if (!result.empty()) result += ':';
    result += std::to_string(number);
  }
  return result;
}

ConfigError::ConfigError(std::vector<Fault> faults)
    : std::runtime_error(faults_text(by_position(faults))), faults_(by_position(std::move(faults))) {}

DataError::DataError(std::string file, std::optional<std::uint64_t> offset, std::string message, std::string hint,
                     std::string_view within)
    : std::runtime_error(data_text(file, offset, within, message, hint)),
      file_(std::move(file)),
      offset_(offset),
      message_(std::move(message)),
      hint_(std::move(hint)) {}

std::string printable(std::string_view text, std::size_t limit) {
  std::string result;
  std::size_t characters = 0;
  while (!text.empty()) {
    std::uint32_t code = 0;
    const std::size_t length = decode_utf8(text, code);
    std::string shown(text.substr(0, length));
    std::size_t width = 1;
    if (length == 0 || is_active(code)) {
      const bool byte = length <= 1;
      shown = byte ? fmt::format("\\x{:02x}", static_cast<unsigned char>(text[0])) : fmt::format("\\u{{{:x}}}", code);
      width = shown.size();
    }
    if (characters + width > limit) return result + "...";
    result += shown;
    characters += width;
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return result;
}

std::vector<std::string> nearest_names(std::string_view name, const std::vector<std::string>& known) {
  const std::size_t most = std::clamp<std::size_t>(name.size() / 3, 1, 2);
  std::vector<std::pair<std::size_t, std::size_t>> found;  // (distance, position): ties stay in the order of `known`
  for (std::size_t i = 0; i < known.size(); ++i) {
    const std::size_t a = name.size(), b = known[i].size();
    if ((a > b ? a - b : b - a) > most) continue;
    const std::size_t distance = edit_distance(name, known[i]);
    if (distance <= most) found.emplace_back(distance, i);
  }
  std::sort(found.begin(), found.end());
  std::vector<std::string> result;
  for (std::size_t i = 0; i < std::min<std::size_t>(found.size(), 3); ++i) result.push_back(known[found[i].second]);
  return result;
}

std::string joined(const std::vector<std::string>& words, std::string_view between) {
  std::string result;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) result += between;
    result += words[i];
  }
  return result;
}

std::string unknown_name(std::string_view kind, std::string_view name, const std::vector<std::string>& known, std::size_t most) {
  const std::string plural = kind.ends_with('y') ? std::string(kind.substr(0, kind.size() - 1)) + "ies" : std::string(kind) + "s";
  std::string message = fmt::format("unknown {} '{}'", kind, printable(name));
  message += known.size() <= most ? "; known: " + joined(known) : fmt::format("; see `tocsin list {}`", plural);
  const std::vector<std::string> nearest = nearest_names(name, known);
  if (!nearest.empty()) message += fmt::format("; did you mean '{}'?", joined(nearest, "' or '"));
  return message;
}

}  // namespace tocsin
