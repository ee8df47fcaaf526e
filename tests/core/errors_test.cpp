// SPDX-License-Identifier: Apache-2.0
// Texts of errors: places, order, nearest names, and what becomes of hostile text.
#include "tocsin/core/errors.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "support/rows.h"

namespace tocsin {

TEST(Place, ShowsOnlyWhatIsKnown) {
  EXPECT_EQ((Place{"a.toml", 3, 7}.text()), "a.toml:3:7");
  EXPECT_EQ((Place{"a.toml", 3, 0}.text()), "a.toml:3");
  EXPECT_EQ((Place{"a.toml", 0, 7}.text()), "a.toml");
  EXPECT_EQ((Place{"", 3, 7}.text()), "3:7");
  EXPECT_EQ(Place{}.text(), "");
}

TEST(Place, ShowsAHostileFileNameHarmlessly) { EXPECT_EQ((Place{"a\x1b[2J\n", 1, 1}.text()), "a\\x1b[2J\\x0a:1:1"); }

TEST(ConfigError, ListsAllFaultsByPosition) {
  const ConfigError error({{{"b.toml", 1, 1}, "last", ""},
                           {{"a.toml", 12, 1}, "third", "do that"},
                           {{"a.toml", 2, 9}, "second", ""},
                           {{"a.toml", 2, 1}, "first", "do this"},
                           {{"", 0, 0}, "nowhere", ""}});
  EXPECT_STREQ(error.what(),
               "nowhere\na.toml:2:1: first; do this\na.toml:2:9: second\na.toml:12:1: third; do that\nb.toml:1:1: last");
  ASSERT_EQ(error.faults().size(), 5u);
  EXPECT_EQ(error.faults()[1].message, "first");
  EXPECT_EQ(error.faults()[1].hint, "do this");
}

TEST(ConfigError, KeepsFaultsOfOnePlaceInTheirOrder) {
  EXPECT_STREQ(ConfigError({{{"a", 1, 1}, "z", ""}, {{"a", 1, 1}, "a", ""}}).what(), "a:1:1: z\na:1:1: a");
}

TEST(ConfigError, StopsListingAfterFifty) {
  std::vector<Fault> faults;
  for (std::size_t line = 1; line <= 53; ++line) faults.push_back({{"a", line, 1}, "bad", ""});
  const std::string text = ConfigError(faults).what();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 50);
  EXPECT_TRUE(text.ends_with("a:50:1: bad\nand 3 more")) << text;
  faults.resize(50);
  EXPECT_TRUE(std::string(ConfigError(faults).what()).ends_with("a:50:1: bad"));
}

TEST(DataError, NamesFileOffsetAndHint) {
  const DataError error("x.gz", 16, "found 3 bytes", "fetch it again");
  EXPECT_STREQ(error.what(), "x.gz: offset 16: found 3 bytes; fetch it again");
  EXPECT_EQ(error.file(), "x.gz");
  EXPECT_EQ(error.offset(), 16u);
  EXPECT_EQ(error.message(), "found 3 bytes");
  EXPECT_EQ(error.hint(), "fetch it again");
  EXPECT_STREQ(DataError("x.gz", {}, "is empty").what(), "x.gz: is empty");
  EXPECT_STREQ(DataError("x.gz", 16, "is empty", "", " of the decompressed data").what(),
               "x.gz: offset 16 of the decompressed data: is empty");
}

TEST(Require, FormatsItsMessageOnlyWhenItFails) {
  EXPECT_EQ(support::error_of([] { require(true, "never {}", 1); }), "no exception");
  EXPECT_EQ(support::error_of([] { require(false, "got {} of {}", 1, "two"); }), "got 1 of two");
  EXPECT_THROW(require(false, "x"), std::invalid_argument);
}

TEST(Printable, LeavesHarmlessTextAlone) {
  EXPECT_EQ(printable("plain, Größe, 東京, 😀"), "plain, Größe, 東京, 😀");
  EXPECT_EQ(printable(""), "");
}

TEST(Printable, MakesControlCharactersVisible) {
  using namespace std::string_view_literals;
  EXPECT_EQ(printable("\x1b[31mred\x1b[0m"), "\\x1b[31mred\\x1b[0m");
  EXPECT_EQ(printable("a\nb\tc\0d\x7f"sv), "a\\x0ab\\x09c\\x00d\\x7f");
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m"),
            "\\u{9b}31m");
}

TEST(Printable, MakesBidiControlsVisible) {
  EXPECT_EQ(printable("a\xe2\x80\xae"
                      "b"),
            "a\\u{202e}b");
  EXPECT_EQ(printable("\xe2\x81\xa6\xe2\x81\xa9\xe2\x80\x8e\xd8\x9c\xe2\x80\xa8\xef\xbb\xbf"),
            "\\u{2066}\\u{2069}\\u{200e}\\u{61c}\\u{2028}\\u{feff}");
}

TEST(Printable, MakesBrokenUtf8Visible) {
  EXPECT_EQ(printable("\xff"), "\\xff");
  EXPECT_EQ(printable("\xc3"), "\\xc3");                             // cut short
  EXPECT_EQ(printable("\xc0\xaf"), "\\xc0\\xaf");                    // overlong
  EXPECT_EQ(printable("\xe0\x80\xaf"), "\\xe0\\x80\\xaf");           // overlong
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");           // a surrogate
  EXPECT_EQ(printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");  // beyond Unicode
  EXPECT_EQ(printable("\x80z"), "\\x80z");
}

TEST(Printable, CutsAtTheLimitAndNeverWithinAnEscape) {
  EXPECT_EQ(printable("abcdef", 6), "abcdef");
  EXPECT_EQ(printable("abcdef", 5), "abcde...");
  EXPECT_EQ(printable("ab\x1b"
                      "c",
                      4),
            "ab...");
  EXPECT_EQ(printable("ööö", 2), "öö...");
  EXPECT_EQ(printable(std::string(201, 'x')), std::string(200, 'x') + "...");
}

RC_GTEST_PROP(Printable, LetsNoActiveByteThrough, (const std::string& text)) {
  const std::string shown = printable(text, 1000);
  for (const char c : shown) RC_ASSERT((static_cast<unsigned char>(c) >= 0x20 && c != 0x7f));
  RC_ASSERT(printable(shown, 100000) == shown);  // a second pass changes nothing
}

TEST(NearestNames, FindsMisspellings) {
  const std::vector<std::string> known{"adam", "sgd", "keep", "name", "momentum"};
  EXPECT_EQ(nearest_names("adm", known), (std::vector<std::string>{"adam"}));
  EXPECT_EQ(nearest_names("kep", known), (std::vector<std::string>{"keep"}));
  EXPECT_EQ(nearest_names("dgs", known), (std::vector<std::string>{}));       // two changes in three letters
  EXPECT_EQ(nearest_names("gsd", known), (std::vector<std::string>{"sgd"}));  // a transposition is one change
  EXPECT_EQ(nearest_names("momemtun", known), (std::vector<std::string>{"momentum"}));
  EXPECT_EQ(nearest_names("mometnumm", known), (std::vector<std::string>{"momentum"}));
  EXPECT_EQ(nearest_names("xxxentum", known), (std::vector<std::string>{}));
  EXPECT_EQ(nearest_names("", known), (std::vector<std::string>{}));
}

TEST(NearestNames, PutsTheNearestFirstAndStopsAtThree) {
  EXPECT_EQ(nearest_names("abcdef", {"abcdxy", "abcdefg", "abcdeX", "abcdeY", "abcde"}),
            (std::vector<std::string>{"abcdefg", "abcdeX", "abcdeY"}));
}

TEST(NearestNames, CountsATranspositionAroundAnInsertionAsTwo) {
  EXPECT_EQ(nearest_names("xxxxca", {"xxxxabc"}), (std::vector<std::string>{"xxxxabc"}));
}

TEST(Joined, PutsTheSeparatorBetween) {
  EXPECT_EQ(joined({}), "");
  EXPECT_EQ(joined({"a"}), "a");
  EXPECT_EQ(joined({"a", "b", "c"}), "a, b, c");
  EXPECT_EQ(joined({"a", "b"}, "' or '"), "a' or 'b");
}

}  // namespace tocsin
