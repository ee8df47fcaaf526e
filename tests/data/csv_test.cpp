// SPDX-License-Identifier: Apache-2.0
// Bytes to fields: what is accepted, and that whatever is written is read again.
#include "tocsin/data/csv.h"

#include <gtest/gtest.h>

#include <clocale>

#include "tables.h"
#include "tocsin/core/random.h"

namespace tocsin::data {
namespace {

using Lines = std::vector<std::vector<std::string>>;

Lines lines_of(const std::string& text, const CsvFormat& format = {}) {
  const FileBytes file = support::text_file("f.csv", text);
  CsvReader reader(file.path, file.bytes, format);
  Lines lines;
  while (reader.next()) lines.emplace_back(reader.fields().begin(), reader.fields().end());
  return lines;
}

TEST(Csv, CutsLinesIntoFields) {
  EXPECT_EQ(lines_of("a,b,c\n1,,3\n"), (Lines{{"a", "b", "c"}, {"1", "", "3"}}));
  EXPECT_EQ(lines_of("a,b,\n,,\n"), (Lines{{"a", "b", ""}, {"", "", ""}}));
  EXPECT_EQ(lines_of("a;b,c|d\te", {.separator = ';'}), (Lines{{"a", "b,c|d\te"}}));
  EXPECT_EQ(lines_of("a\tb\t\n", {.separator = '\t'}), (Lines{{"a", "b", ""}}));
}

TEST(Csv, TakesALastLineWithoutItsEnd) { EXPECT_EQ(lines_of("a,b\nc,d"), (Lines{{"a", "b"}, {"c", "d"}})); }

TEST(Csv, AcceptsAMarkOfUtf8AndLinesThatEndInCrLf) {
  EXPECT_EQ(lines_of("\xef\xbb\xbf"
                     "a,b\r\nc,d\r\n"),
            (Lines{{"a", "b"}, {"c", "d"}}));
}

TEST(Csv, AcceptsEmptyLinesAtTheEnd) {
  EXPECT_EQ(lines_of("a,b\n\n"), (Lines{{"a", "b"}}));
  EXPECT_EQ(lines_of("a,b\r\n\r\n\n\r\n"), (Lines{{"a", "b"}}));
  EXPECT_EQ(lines_of("a,b\n  \t\n \n", {.trim = true}), (Lines{{"a", "b"}}));
  EXPECT_EQ(lines_of(""), Lines{});
  EXPECT_EQ(lines_of("\n\n"), Lines{});
}

TEST(Csv, TakesQuotesOff) {
  EXPECT_EQ(lines_of(R"("a","b,c","")"), (Lines{{"a", "b,c", ""}}));
  EXPECT_EQ(lines_of(R"("say ""no""",""""""," x ")"), (Lines{{"say \"no\"", "\"\"", " x "}}));
  EXPECT_EQ(lines_of(R"("""a""b""","""",c)"), (Lines{{"\"a\"b\"", "\"", "c"}}));
  EXPECT_EQ(lines_of("5\" disk,a\"b"), (Lines{{"5\" disk", "a\"b"}})) << "a quote within a field is one of its letters";
}

TEST(Csv, TrimsWhereItIsAskedTo) {
  EXPECT_EQ(lines_of(" a , \tb\t,  \n", {.trim = false}), (Lines{{" a ", " \tb\t", "  "}}));
  EXPECT_EQ(lines_of(" a , \tb c\t,  \n", {.trim = true}), (Lines{{"a", "b c", ""}}));
  EXPECT_EQ(lines_of(" \" a \" ,b\n", {.trim = true}), (Lines{{" a ", "b"}})) << "what stands in quotes stays";
  EXPECT_EQ(lines_of(" a\t\tb ", {.separator = '\t', .trim = true}), (Lines{{"a", "", "b"}}));
}

TEST(Csv, SkipsLinesAndCountsThem) {
  const FileBytes file = support::text_file("f.csv", "a title, with \"a quote\n\nx,y\n1,2\n");
  CsvReader reader(file.path, file.bytes, {.skip_lines = 2});
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(reader.fields()[1], "y");
  EXPECT_EQ(reader.line(), 3u);
  EXPECT_EQ(lines_of("a\nb\n", {.skip_lines = 5}), Lines{});
}

TEST(Csv, ReadsWhatWasWritten) {
  constexpr std::string_view kLetters[] = {"a", ",", "\"", " ", "\t", ";", "\xc3\xa9", ".", "?", ""};
  Draws draws(Stream(7).at("csv"));
  for (int round = 0; round < 300; ++round) {
    Lines lines;
    std::string text;
    const std::size_t rows = 1 + draws.below(4), columns = 1 + draws.below(4);
    for (std::size_t r = 0; r < rows; ++r) {
      lines.emplace_back();
      for (std::size_t c = 0; c < columns; ++c) {
        std::string field;
        for (std::size_t k = draws.below(6); k > 0; --k) field += kLetters[draws.below(std::size(kLetters))];
        text += c == 0 ? "\"" : ",\"";
        for (const char letter : field) text += letter == '"' ? std::string("\"\"") : std::string(1, letter);
        text += '"';
        lines.back().push_back(field);
      }
      text += draws.below(2) == 0 ? "\n" : "\r\n";
    }
    ASSERT_EQ(lines_of(text, {.trim = draws.below(2) == 0}), lines) << text;
  }
}

TEST(Csv, LocaleDoesNotMatter) {
  const char* const before = std::setlocale(LC_ALL, nullptr);
  const std::string kept = before != nullptr ? before : "C";
  const bool german = std::setlocale(LC_ALL, "de_DE.UTF-8") != nullptr;
  data::TablePlan plan = support::three_columns();
  plan.separator = ';';
  const Problem problem = support::table(plan, "0.5;a;x\n2.5;a;y\n", "1.5;a;y\n");
  std::setlocale(LC_ALL, kept.c_str());
  EXPECT_EQ(problem.test->values.front(), 0.5f) << (german ? "in a locale with a decimal comma" : "in the usual locale");
}

}  // namespace
}  // namespace tocsin::data
