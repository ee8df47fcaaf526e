// SPDX-License-Identifier: Apache-2.0
// Each kind of option: what it takes, and the exact message for what it refuses.
#include <gtest/gtest.h>

#include <bit>
#include <limits>

#include "support/rows.h"
#include "tocsin/core/options.h"

namespace tocsin {
namespace {

/// Reads key `x` from "x = <value>"; the result, or the message of the fault in `message`.
template <class Read>
auto read_x(const std::string& value, Read&& read, std::string& message) {
  const Table table = parse_toml("x = " + value, "a.toml");
  Faults faults;
  Options options(&table, {"a.toml", 0, 0}, "[t]", faults);
  auto result = read(options);
  message = support::error_of([&] { faults.raise(); });
  return result;
}

template <class Read, class T>
void takes(const std::string& value, Read&& read, const T& expected) {
  std::string message;
  EXPECT_EQ(read_x(value, read, message), expected) << value;
  EXPECT_EQ(message, "no exception") << value;
}

template <class Read>
void refuses(const std::string& value, Read&& read, const std::string& expected) {
  std::string message;
  (void)read_x(value, read, message);
  EXPECT_EQ(message, expected) << value;
}

TEST(FlagOption, TakesOnlyBooleans) {
  const auto read = [](Options& options) { return options.flag("x", {.fallback = true}); };
  takes("false", read, false);
  takes("true", read, true);
  refuses("0", read, "a.toml:1:5: expected true or false, got an integer");
  refuses("'true'", read, "a.toml:1:5: expected true or false, got a string");
  std::string message;
  EXPECT_TRUE(read_x("0", read, message));  // the default stands in for a faulty value
}

TEST(CountOption, TakesOnlyIntegersInRange) {
  const auto any = [](Options& options) { return options.count("x", {.fallback = 3}); };
  takes("0", any, std::size_t{0});
  takes("9223372036854775807", any, std::size_t{9223372036854775807u});
  refuses("-1", any, "a.toml:1:5: x must be >= 0, got -1");
  refuses("'3'", any, "a.toml:1:5: expected an integer, got a string");
  refuses("1.0", any, "a.toml:1:5: expected an integer, got a float");
  refuses("[1]", any, "a.toml:1:5: expected an integer, got an array");
  refuses("true", any, "a.toml:1:5: expected an integer, got a boolean");
  refuses("{}", any, "a.toml:1:5: expected an integer, got a table");
  const auto some = [](Options& options) { return options.count("x", {.fallback = 3, .at_least = 1, .at_most = 5}); };
  takes("1", some, std::size_t{1});
  takes("5", some, std::size_t{5});
  refuses("0", some, "a.toml:1:5: x must be in [1, 5], got 0");
  refuses("6", some, "a.toml:1:5: x must be in [1, 5], got 6");
  const auto rounds = [](Options& options) { return options.count("rounds", {.fallback = 3, .at_least = 1}); };
  const Table table = parse_toml("rounds = 0", "a.toml");
  Faults faults;
  Options options(&table, {}, "", faults);
  EXPECT_EQ(rounds(options), 3u);
  EXPECT_EQ(support::error_of([&] { faults.raise(); }), "a.toml:1:10: rounds must be >= 1, got 0");
}

TEST(NumberOption, TakesFiniteNumbersInRange) {
  const auto any = [](Options& options) { return options.number("x", {.fallback = 0.5}); };
  takes("0.25", any, 0.25);
  takes("-3", any, -3.0);
  takes("1e308", any, 1e308);
  takes("9007199254740992", any, 9007199254740992.0);
  takes("-9223372036854775808", any, -0x1p63);
  refuses("9007199254740993", any, "a.toml:1:5: x must be exact in double precision, got 9007199254740993");
  refuses("9223372036854775807", any, "a.toml:1:5: x must be exact in double precision, got 9223372036854775807");
  refuses("nan", any, "a.toml:1:5: x must be finite, got nan");
  refuses("inf", any, "a.toml:1:5: x must be finite, got inf");
  refuses("-inf", any, "a.toml:1:5: x must be finite, got -inf");
  refuses("'1'", any, "a.toml:1:5: expected a number, got a string");
  refuses("true", any, "a.toml:1:5: expected a number, got a boolean");
}

TEST(NumberOption, NamesItsRange) {
  const auto read = [](double least, double most, bool above) {
    return [=](Options& options) {
      return options.number("x", {.fallback = 0.5, .at_least = least, .at_most = most, .above = above});
    };
  };
  constexpr double kMost = std::numeric_limits<double>::max();
  takes("0", read(0, kMost, false), 0.0);
  refuses("0", read(0, kMost, true), "a.toml:1:5: x must be > 0, got 0");
  refuses("-1e-9", read(0, kMost, false), "a.toml:1:5: x must be >= 0, got -1e-09");
  takes("1", read(0, 1, false), 1.0);
  refuses("1.5", read(0, 1, false), "a.toml:1:5: x must be in [0, 1], got 1.5");
  refuses("0.0", read(0, 1, true), "a.toml:1:5: x must be in (0, 1], got 0");
  refuses("6", read(-kMost, 5, false), "a.toml:1:5: x must be <= 5, got 6");
}

TEST(NumberOption, TurnsMinusZeroIntoZero) {
  std::string message;
  const double zero = read_x(
      "-0.0", [](Options& options) { return options.number("x", {.fallback = 1.0}); }, message);
  EXPECT_EQ(std::bit_cast<std::uint64_t>(zero), 0u);
}

TEST(TextOption, TakesOnlyStrings) {
  const auto read = [](Options& options) { return options.text("x", {.fallback = "none"}); };
  takes("'a b'", read, std::string("a b"));
  takes("''", read, std::string());
  refuses("3", read, "a.toml:1:5: expected a string, got an integer");
}

TEST(WordOption, TakesOnlyItsWords) {
  const auto read = [](Options& options) { return options.word("x", {.fallback = "sgd", .words = {"adam", "sgd"}}); };
  takes("'adam'", read, std::string("adam"));
  refuses("'adm'", read, "a.toml:1:5: unknown x 'adm'; known: adam, sgd; did you mean 'adam'?");
  refuses("'Adam'", read, "a.toml:1:5: unknown x 'Adam'; known: adam, sgd; did you mean 'adam'?");
  refuses("'zzz'", read, "a.toml:1:5: unknown x 'zzz'; known: adam, sgd");
  refuses("'\\u001b'", read, "a.toml:1:5: unknown x '\\u001b'; known: adam, sgd");
  refuses("\"\\u001b\"", read, "a.toml:1:5: unknown x '\\x1b'; known: adam, sgd");
  refuses("1", read, "a.toml:1:5: expected a string, got an integer");
}

TEST(NumberOrWordOption, TakesEither) {
  using Result = std::variant<double, std::string>;
  const auto read = [](Options& options) {
    return options.number_or_word("x", {.fallback = "auto", .at_least = 0, .above = true, .words = {"auto"}});
  };
  takes("2", read, Result(2.0));
  takes("'auto'", read, Result(std::string("auto")));
  refuses("0", read, "a.toml:1:5: x must be > 0, got 0");
  refuses("nan", read, "a.toml:1:5: x must be finite, got nan");
  refuses("'atuo'", read, "a.toml:1:5: unknown x 'atuo'; known: auto, or a number; did you mean 'auto'?");
  refuses("true", read, "a.toml:1:5: expected a number or 'auto', got a boolean");
  const auto many = [](Options& options) { return options.number_or_word("x", {.fallback = 1.0, .words = {"a", "b"}}); };
  refuses("[]", many, "a.toml:1:5: expected a number or one of a, b, got an array");
  std::string message;
  EXPECT_EQ(read_x("[]", many, message), Result(1.0));
}

TEST(CountOrWordOption, TakesEither) {
  using Result = std::variant<std::size_t, std::string>;
  const auto read = [](Options& options) {
    return options.count_or_word("x", {.fallback = "n-f", .at_least = 1, .words = {"n-f", "n-f-1"}});
  };
  takes("2", read, Result(std::size_t{2}));
  takes("'n-f-1'", read, Result(std::string("n-f-1")));
  refuses("0", read, "a.toml:1:5: x must be >= 1, got 0");
  refuses("-5", read, "a.toml:1:5: x must be >= 1, got -5");
  refuses("2.0", read, "a.toml:1:5: expected an integer or one of n-f, n-f-1, got a float");
  refuses("'n-g'", read, "a.toml:1:5: unknown x 'n-g'; known: n-f, n-f-1, or an integer; did you mean 'n-f'?");
}

TEST(CountsOption, TakesArraysOfIntegers) {
  using Result = std::vector<std::size_t>;
  const auto read = [](Options& options) { return options.counts("x", {.fallback = Result{9}, .at_most = 9}); };
  takes("[0, 9, 0]", read, Result{0, 9, 0});
  takes("[]", read, Result{});
  refuses("3", read, "a.toml:1:5: expected an array of integers, got an integer");
  refuses("[1, 10, -1, 'y']", read,
          "a.toml:1:9: x[1] must be in [0, 9], got 10\na.toml:1:13: x[2] must be in [0, 9], got -1\n"
          "a.toml:1:17: expected an integer, got a string");
  std::string message;
  EXPECT_EQ(read_x("[1, 10]", read, message), Result{9});
}

TEST(NumbersOption, TakesArraysOfNumbers) {
  using Result = std::vector<double>;
  const auto read = [](Options& options) { return options.numbers("x", {.fallback = Result{}, .at_least = 0, .at_most = 1}); };
  takes("[0, 0.5, 1]", read, Result{0, 0.5, 1});
  refuses("[2, nan, true]", read,
          "a.toml:1:6: x[0] must be in [0, 1], got 2\na.toml:1:9: x[1] must be finite, got nan\n"
          "a.toml:1:14: expected a number, got a boolean");
  refuses("'x'", read, "a.toml:1:5: expected an array of numbers, got a string");
}

}  // namespace
}  // namespace tocsin
