// SPDX-License-Identifier: Apache-2.0
// Strict options: every key is read with its default, its bounds and its help text, every key that nobody read is an error.
// From the same reads come the catalogue (`tocsin describe`) and `resolved.toml`, so neither can disagree with the code.
#pragma once
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tocsin/core/errors.h"
#include "tocsin/core/value.h"

namespace tocsin {

struct FlagOption {
  std::optional<bool> fallback = {};  ///< none: the key is required (so everywhere below)
  std::string_view help = {};
};
struct CountOption {
  std::optional<std::size_t> fallback = {};
  std::size_t at_least = 0;
  std::size_t at_most = std::numeric_limits<std::int64_t>::max();
  std::string_view help = {};
};
struct NumberOption {
  std::optional<double> fallback = {};
  double at_least = -std::numeric_limits<double>::max();
  double at_most = std::numeric_limits<double>::max();
  bool above = false;  ///< at_least itself is excluded
  std::string_view help = {};
};
struct TextOption {
  std::optional<std::string_view> fallback = {};
  std::string_view help = {};
};
struct WordOption {
  std::optional<std::string_view> fallback = {};
  std::vector<std::string_view> words = {};  ///< what may stand here
  std::string_view help = {};
};
/// A number or one of a few words: `boost = "auto"`, `tau = "median"`.
struct NumberOrWordOption {
  std::variant<double, std::string_view> fallback;
  double at_least = -std::numeric_limits<double>::max();
  double at_most = std::numeric_limits<double>::max();
  bool above = false;
  std::vector<std::string_view> words = {};
  std::string_view help = {};
};
/// A count or one of a few words: `keep = "n-f"`.
struct CountOrWordOption {
  std::variant<std::size_t, std::string_view> fallback;
  std::size_t at_least = 0;
  std::vector<std::string_view> words = {};
  std::string_view help = {};
};
struct CountsOption {
  std::optional<std::vector<std::size_t>> fallback = {};
  std::size_t at_most = std::numeric_limits<std::int64_t>::max();  ///< of each
  std::string_view help = {};
};
struct NumbersOption {
  std::optional<std::vector<double>> fallback = {};
  double at_least = -std::numeric_limits<double>::max();
  double at_most = std::numeric_limits<double>::max();
  std::string_view help = {};
};

/// One option as the catalogue prints it.
struct OptionDoc {
  std::string key;
  std::string type;      ///< "count", "number", "flag", "text", "one of a, b", ...
  std::string fallback;  ///< as TOML; empty: required
  std::string range;     ///< ">= 1", "in [0, 1]"; empty: none
  std::string help;
};

/// The faults of one configuration, collected so that all are reported at once; the same fault twice counts once.
class Faults {
 public:
  void add(Place place, std::string message, std::string hint = "");
  [[nodiscard]] bool empty() const { return faults_.empty(); }
  [[nodiscard]] std::size_t size() const { return faults_.size(); }
  /// Throws ConfigError with all of them, sorted by position, if there are any.
  void raise() const;

 private:
  std::vector<Fault> faults_;
  std::set<std::string> seen_;
};

/// Whether a name may become that of a file: ^[a-z0-9][a-z0-9._-]{0,63}$.
bool is_file_name(std::string_view name);

/// The reader of one table. A read returns the value, or the default if the key is absent or faulty (the fault is collected).
/// A handle on shared state: copies read the same table, and the Table and the Faults must outlive them.
class Options {
 public:
  /// `table` may be null (an absent table: all defaults). `title` is "[attack]", "[defense] rule": for messages;
  /// empty for the top level of a file. A table within "[defense]" is "[defense.rule]".
  Options(const Table* table, Place place, std::string title, Faults& faults);
  /// A reader of no table at all, to ask an entry what its options are: required keys get zero or
  /// the allowed value next to it, "", or the first word.
  static Options describing(Faults& scratch);

  bool flag(std::string_view key, const FlagOption& option);
  std::size_t count(std::string_view key, const CountOption& option);
  double number(std::string_view key, const NumberOption& option);
  std::string text(std::string_view key, const TextOption& option);
  /// A text that becomes the name of a file or of a field: `is_file_name`, else a fault.
  std::string label(std::string_view key, const TextOption& option);
  std::string word(std::string_view key, const WordOption& option);
  std::variant<double, std::string> number_or_word(std::string_view key, const NumberOrWordOption& option);
  std::variant<std::size_t, std::string> count_or_word(std::string_view key, const CountOrWordOption& option);
  std::vector<std::size_t> counts(std::string_view key, const CountsOption& option);
  std::vector<double> numbers(std::string_view key, const NumbersOption& option);
  /// A table within: absent is an empty one. Its unread keys are reported by its own `finish`, which this one's calls.
  Options table(std::string_view key, std::string_view help);
  /// An array of tables (or of bare strings, each taken as { name = "..." }); absent is empty.
  std::vector<Options> tables(std::string_view key, std::string_view help);
  /// The raw value of a key with a shape of its own (a schedule, a union of types); null if absent. Marks it read.
  /// `resolved` is what `resolved.toml` shows when it is absent (none: nothing).
  const Value* raw(std::string_view key, std::string_view type, std::optional<Value> resolved, std::string_view help);

  [[nodiscard]] bool has(std::string_view key) const;     ///< given in the file, or by --set
  [[nodiscard]] Place place(std::string_view key) const;  ///< of the value, or of the table
  [[nodiscard]] const Place& place() const;               ///< of the table
  [[nodiscard]] const std::string& title() const;
  /// Collects a fault at a key.
  void fault(std::string_view key, std::string message, std::string hint = "");
  /// Says that an option, read before, has no effect beside the others: a fault if it is given, and left out of `resolved`.
  void no_effect(std::string_view key, std::string message, std::string hint = "");
  [[nodiscard]] bool is_describing() const;

  /// Collects "unknown key" for everything not read, with the nearest known names; call it once, last.
  void finish();
  /// In the order of the first reads; the options of a table within follow it as "table.key".
  [[nodiscard]] std::vector<OptionDoc> documented() const;
  [[nodiscard]] Table resolved() const;  ///< every option with its value

 private:
  struct State;
  template <class T, class Parse>
  T read(OptionDoc doc, const std::optional<T>& fallback, T neutral, Parse&& parse);
  std::shared_ptr<State> state_;
};

}  // namespace tocsin
