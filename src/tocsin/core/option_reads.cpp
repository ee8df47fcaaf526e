// SPDX-License-Identifier: Apache-2.0
// The reads of single values: type, range and words, with the message that each fault deserves.
// An integer may stand for a number if a double holds it exactly; nothing else is converted. Only finite numbers pass, -0 becomes
// 0.
#include <algorithm>
#include <cmath>
#include <utility>

#include "tocsin/core/options.h"
#include "tocsin/core/options_state.h"

namespace tocsin {
namespace {
constexpr double kLargest = std::numeric_limits<double>::max();
constexpr std::size_t kLargestCount = std::numeric_limits<std::int64_t>::max();

struct Range {
  double least, most;
  bool above;
  [[nodiscard]] bool holds(double x) const { return (above ? x > least : x >= least) && x <= most; }
  /// "in [0, 1]", ">= 1", "> 0", "<= 9"; empty: every number.
  [[nodiscard]] std::string text() const {
    const bool low = least > -kLargest, high = most < kLargest;
    if (low && high) return fmt::format("in {}{}, {}]", above ? '(' : '[', least, most);
    if (low) return fmt::format("{} {}", above ? ">" : ">=", least);
    return high ? fmt::format("<= {}", most) : "";
  }
  /// The allowed number nearest to 0, for a required key that is absent.
  [[nodiscard]] double neutral() const { return std::min(std::max(0.0, least), most); }
};

struct CountRange {
  std::size_t least, most;
  [[nodiscard]] bool holds(std::size_t n) const { return n >= least && n <= most; }
  [[nodiscard]] std::string text() const {
    return most < kLargestCount ? fmt::format("in [{}, {}]", least, most) : fmt::format(">= {}", least);
  }
};

template <class Words>
std::vector<std::string> strings(const Words& words) {
  return {words.begin(), words.end()};
}

Value value_of(std::size_t n) { return Value(static_cast<std::int64_t>(n)); }
Value value_of(double x) { return Value(x); }
Value value_of(bool flag) { return Value(flag); }
Value value_of(std::string_view text) { return Value(std::string(text)); }
template <class T>
Value value_of(const std::vector<T>& values) {
  Array array;
  for (const T& value : values) array.push_back(value_of(value));
  return Value(std::move(array));
}
template <class T, class U>
Value value_of(const std::variant<T, U>& value) {
  return std::visit([](const auto& held) { return value_of(held); }, value);
}
template <class T>
std::string fallback_text(const std::optional<T>& fallback) {
  return fallback ? write_value(value_of(*fallback)) : "";
}

/// The same with a string of its own.
template <class T>
std::variant<T, std::string> owned(const std::variant<T, std::string_view>& value) {
  if (const auto* word = std::get_if<std::string_view>(&value)) return std::string(*word);
  return std::get<T>(value);
}

/// A number that is exactly a double; nothing for every other value.
std::optional<double> as_number(const Value& value) {
  if (const auto* number = value.as<double>()) return *number;
  const auto* integer = value.as<std::int64_t>();
  if (integer == nullptr) return {};
  const double near = static_cast<double>(*integer);
  if (near >= 0x1p63 || static_cast<std::int64_t>(near) != *integer) return {};
  return near;
}

/// "one of a, b"
std::string one_of(const std::vector<std::string_view>& words) { return "one of " + joined(strings(words)); }
/// "'a'" or "one of a, b", behind "a number or ".
std::string some_word(const std::vector<std::string_view>& words) {
  return words.size() == 1 ? fmt::format("'{}'", words[0]) : one_of(words);
}
/// "number or a, b"
std::string or_words(std::string_view type, const std::vector<std::string_view>& words) {
  return fmt::format("{} or {}", type, joined(strings(words)));
}
bool is_among(std::string_view word, const std::vector<std::string_view>& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// One value at one place; each check collects its fault and then has nothing to give.
struct Reading {
  Faults& faults;
  std::string name;  ///< the key, or "wanted[1]"
  const Value& value;

  void fault(std::string message, std::string hint = "") const { faults.add(value.place, std::move(message), std::move(hint)); }
  void wrong_kind(std::string_view expected) const { fault(fmt::format("expected {}, got {}", expected, value.kind())); }

  template <class T>
  [[nodiscard]] std::optional<T> exactly(std::string_view expected) const {
    if (const T* given = value.as<T>()) return *given;
    wrong_kind(expected);
    return {};
  }
  [[nodiscard]] std::optional<std::size_t> count(const CountRange& range, std::string_view expected = "an integer") const {
    const auto* integer = value.as<std::int64_t>();
    if (integer == nullptr) {
      wrong_kind(expected);
      return {};
    }
    if (*integer >= 0 && range.holds(static_cast<std::size_t>(*integer))) return static_cast<std::size_t>(*integer);
    fault(fmt::format("{} must be {}, got {}", name, range.text(), *integer));
    return {};
  }
  [[nodiscard]] std::optional<double> number(const Range& range, std::string_view expected = "a number") const {
    const std::optional<double> given = as_number(value);
    if (!given && value.as<std::int64_t>() != nullptr)
      fault(fmt::format("{} must be exact in double precision, got {}", name, *value.as<std::int64_t>()));
    else if (!given)
      wrong_kind(expected);
    else if (!std::isfinite(*given))
      fault(fmt::format("{} must be finite, got {}", name, *given));
    else if (!range.holds(*given))
      fault(fmt::format("{} must be {}, got {}", name, range.text(), *given));
    else
      return *given + 0.0;  // -0 becomes 0
    return {};
  }
  [[nodiscard]] std::optional<std::string> word(const std::vector<std::string_view>& words, std::string_view beside = "") const {
    const std::string& given = *value.as<std::string>();
    if (is_among(given, words)) return given;
    const std::vector<std::string> known = strings(words), near = nearest_names(given, known);
    fault(fmt::format("unknown {} '{}'; known: {}{}", name, printable(given), joined(known), beside),
          near.empty() ? "" : fmt::format("did you mean '{}'?", joined(near, "' or '")));
    return {};
  }
  /// Every entry of an array, or nothing if one of them is faulty.
  template <class T, class ReadOne>
  [[nodiscard]] std::optional<std::vector<T>> entries(std::string_view expected, ReadOne&& read_one) const {
    const Array* const array = value.as<Array>();
    if (array == nullptr) {
      wrong_kind(expected);
      return {};
    }
    std::vector<T> result;
    for (std::size_t i = 0; i < array->size(); ++i)
      if (const auto one = read_one(Reading{faults, fmt::format("{}[{}]", name, i), (*array)[i]})) result.push_back(*one);
    if (result.size() != array->size()) return {};
    return result;
  }
};
}  // namespace

/// The course of every read: document, look up, parse, else the default (or `neutral` if the key is required), note the result.
template <class T, class Parse>
T Options::read(OptionDoc doc, const std::optional<T>& fallback, T neutral, Parse&& parse) {
  const std::string key = doc.key;
  const Value* const value = state_->take(std::move(doc));
  std::optional<T> result;
  if (value != nullptr)
    result = parse(Reading{*state_->faults, key, *value});
  else if (!fallback && !state_->describing)
    state_->fault(state_->place, fmt::format("'{}' is required {}", key, state_->in_title()), state_->find(key)->doc.help);
  if (!result) result = fallback ? *fallback : std::move(neutral);
  state_->find(key)->value = value_of(*result);
  return *std::move(result);
}

bool Options::flag(std::string_view key, const FlagOption& option) {
  return read<bool>({std::string(key), "flag", fallback_text(option.fallback), "", std::string(option.help)}, option.fallback,
                    false, [](const Reading& reading) { return reading.exactly<bool>("true or false"); });
}

std::size_t Options::count(std::string_view key, const CountOption& option) {
  const CountRange range{option.at_least, option.at_most};
  return read<std::size_t>({std::string(key), "count", fallback_text(option.fallback), range.text(), std::string(option.help)},
                           option.fallback, option.at_least, [&](const Reading& reading) { return reading.count(range); });
}

double Options::number(std::string_view key, const NumberOption& option) {
  const Range range{option.at_least, option.at_most, option.above};
  return read<double>({std::string(key), "number", fallback_text(option.fallback), range.text(), std::string(option.help)},
                      option.fallback, range.neutral(), [&](const Reading& reading) { return reading.number(range); });
}

std::string Options::text(std::string_view key, const TextOption& option) {
  const std::optional<std::string> fallback(option.fallback);
  return read<std::string>({std::string(key), "text", fallback_text(option.fallback), "", std::string(option.help)}, fallback, "",
                           [](const Reading& reading) { return reading.exactly<std::string>("a string"); });
}

std::string Options::label(std::string_view key, const TextOption& option) {
  std::string name = text(key, option);
  if (!is_file_name(name))
    fault(key, fmt::format("'{}' cannot be a {}", printable(name), key),
          "small letters, digits, '.', '_' and '-', beginning with a letter or digit, at most 64");
  return name;
}

std::string Options::word(std::string_view key, const WordOption& option) {
  require(!option.words.empty(), "option '{}' has no words", key);
  const std::optional<std::string> fallback(option.fallback);
  return read<std::string>({std::string(key), one_of(option.words), fallback_text(option.fallback), "", std::string(option.help)},
                           fallback, std::string(option.words.front()), [&](const Reading& reading) -> std::optional<std::string> {
                             return reading.exactly<std::string>("a string") ? reading.word(option.words) : std::nullopt;
                           });
}

std::variant<double, std::string> Options::number_or_word(std::string_view key, const NumberOrWordOption& option) {
  using Result = std::variant<double, std::string>;
  const Range range{option.at_least, option.at_most, option.above};
  const std::string expected = "a number or " + some_word(option.words);
  const Result fallback = owned(option.fallback);
  return read<Result>({std::string(key), or_words("number", option.words), write_value(value_of(option.fallback)), range.text(),
                       std::string(option.help)},
                      fallback, fallback, [&](const Reading& reading) -> std::optional<Result> {
                        if (reading.value.as<std::string>() != nullptr) return reading.word(option.words, ", or a number");
                        return reading.number(range, expected);
                      });
}

std::variant<std::size_t, std::string> Options::count_or_word(std::string_view key, const CountOrWordOption& option) {
  using Result = std::variant<std::size_t, std::string>;
  const CountRange range{option.at_least, kLargestCount};
  const std::string expected = "an integer or " + some_word(option.words);
  const Result fallback = owned(option.fallback);
  return read<Result>({std::string(key), or_words("count", option.words), write_value(value_of(option.fallback)), range.text(),
                       std::string(option.help)},
                      fallback, fallback, [&](const Reading& reading) -> std::optional<Result> {
                        if (reading.value.as<std::string>() != nullptr) return reading.word(option.words, ", or an integer");
                        return reading.count(range, expected);
                      });
}

std::vector<std::size_t> Options::counts(std::string_view key, const CountsOption& option) {
  const CountRange range{0, option.at_most};
  return read<std::vector<std::size_t>>(
      {std::string(key), "counts", fallback_text(option.fallback), range.text(), std::string(option.help)}, option.fallback, {},
      [&](const Reading& reading) {
        return reading.entries<std::size_t>("an array of integers", [&](const Reading& one) { return one.count(range); });
      });
}

std::vector<double> Options::numbers(std::string_view key, const NumbersOption& option) {
  const Range range{option.at_least, option.at_most, false};
  return read<std::vector<double>>(
      {std::string(key), "numbers", fallback_text(option.fallback), range.text(), std::string(option.help)}, option.fallback, {},
      [&](const Reading& reading) {
        return reading.entries<double>("an array of numbers", [&](const Reading& one) { return one.number(range); });
      });
}

}  // namespace tocsin
