// SPDX-License-Identifier: Apache-2.0
// The errors of Tocsin, the exit codes they become, and `require`, the check of what a caller can break.
// Who can mend an error decides its type: the author of a file (ConfigError, DataError), the machine (IoError), the caller
// of a function (std::invalid_argument through `require`), or us (anything else).
#pragma once
#include <fmt/core.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tocsin {

/// Exit codes of the command, stable; docs/exit-codes.md says what to do about each.
enum class Exit : int {
  ok = 0,
  usage = 2,
  difference = 3,
  incomplete = 4,
  config = 10,
  data = 11,
  checkpoint = 12,
  locked = 13,
  mismatch = 14,
  run_directory = 15,
  io = 20,
  memory = 21,
  estimate = 22,
  diverged = 31,
  internal = 70,
};

/// Where in a text file something stands; line and column count from 1, 0 means unknown.
struct Place {
  std::string file;
  std::size_t line = 0;
  std::size_t column = 0;
  /// "file:line:column", shorter where parts are unknown.
  [[nodiscard]] std::string text() const;
};

/// One thing wrong in an experiment file or in a --set.
struct Fault {
  Place place;
  std::string message;
  std::string hint;  ///< what to do, may be empty
};

/// All faults of a configuration together (E10), sorted by position.
class ConfigError : public std::runtime_error {
 public:
  explicit ConfigError(std::vector<Fault> faults);
  [[nodiscard]] const std::vector<Fault>& faults() const { return faults_; }

 private:
  std::vector<Fault> faults_;
};

/// A data file that cannot be used (E11): file, byte offset where it is known, what was expected and what was found.
class DataError : public std::runtime_error {
 public:
  /// `within` says what the offset counts if not the file's own bytes: " of the decompressed data".
  DataError(std::string file, std::optional<std::uint64_t> offset, std::string message, std::string hint = "",
            std::string_view within = "");
  [[nodiscard]] const std::string& file() const { return file_; }
  [[nodiscard]] std::optional<std::uint64_t> offset() const { return offset_; }
  [[nodiscard]] const std::string& message() const { return message_; }  ///< without the file
  [[nodiscard]] const std::string& hint() const { return hint_; }

 private:
  std::string file_;
  std::optional<std::uint64_t> offset_;
  std::string message_, hint_;
};

/// Anything else that ends a command with a code of its own: E13, E14, E15, E20, E21, E22.
class RunError : public std::runtime_error {
 public:
  RunError(Exit code, const std::string& message, std::string hint = "")
      : std::runtime_error(message), code_(code), hint_(std::move(hint)) {}
  [[nodiscard]] Exit code() const { return code_; }
  [[nodiscard]] const std::string& hint() const { return hint_; }

 private:
  Exit code_;
  std::string hint_;
};

/// Thrown between batches when a stop was asked for; the unfinished round is dropped.
class Interrupted : public std::runtime_error {
 public:
  Interrupted() : std::runtime_error("interrupted") {}
};

/// Throws std::invalid_argument with the formatted message unless `holds`.
template <class... Args>
void require(bool holds, fmt::format_string<Args...> format, Args&&... args) {
  if (!holds) throw std::invalid_argument(fmt::format(format, std::forward<Args>(args)...));
}

/// Text from outside made safe for a terminal: control, escape and bidi characters and broken UTF-8 become visible
/// (`\x1b`, `\u{202e}`); at most `limit` characters, then an ellipsis.
std::string printable(std::string_view text, std::size_t limit = 200);

/// Up to three of `known` nearest to `name`: Damerau-Levenshtein distance <= 2 and <= a third of the length of `name` (at least 1).
std::vector<std::string> nearest_names(std::string_view name, const std::vector<std::string>& known);

/// "unknown attack 'aile'; known: none, alie; did you mean 'alie'?"; more than `most` known names are left to `tocsin list
/// attacks`.
std::string unknown_name(std::string_view kind, std::string_view name, const std::vector<std::string>& known,
                         std::size_t most = 12);

/// "a, b, c".
std::string joined(const std::vector<std::string>& words, std::string_view between = ", ");

}  // namespace tocsin
