// SPDX-License-Identifier: Apache-2.0
// Every malformed table of reliability.md, section 2.3, with its exact message.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "idx_files.h"
#include "tables.h"

namespace tocsin::data {
namespace {

using namespace std::string_literals;
using support::kSmallTable;

struct Case {
  std::string name;
  std::string train;
  std::string message;
  std::function<void(TablePlan&)> change = [](TablePlan&) {};
  std::string test = kSmallTable;
};

class CsvRefusal : public testing::TestWithParam<Case> {};

TEST_P(CsvRefusal, SaysLineColumnAndReason) {
  TablePlan plan = support::three_columns();
  GetParam().change(plan);
  EXPECT_EQ(support::table_error(plan, GetParam().train, GetParam().test), GetParam().message);
}

void with_header(TablePlan& plan) { plan.header = true; }
void trimmed(TablePlan& plan) { plan.trim = true; }
void by_semicolon(TablePlan& plan) { plan.separator = ';'; }
void question_mark(TablePlan& plan) { plan.missing = {"?"}; }
void zeros(TablePlan& plan) {
  plan.missing = {"?"};
  plan.on_missing = OnMissing::zeros;
}
void dropped(TablePlan& plan) {
  plan.missing = {"?"};
  plan.on_missing = OnMissing::drop;
}
void declared(TablePlan& plan) { plan.columns[2].classes = {"low", "high"}; }

std::string long_line() { return "1,a,low\n2," + std::string(kLongestCsvLine, 'b') + ",high\n"; }
std::string many_columns() { return "1,a,low\n" + std::string(kMostCsvColumns, ',') + "\n"; }

INSTANTIATE_TEST_SUITE_P(
    Lines, CsvRefusal,
    testing::Values(
        Case{"Ragged", "1,a,low\n2,b\n", "train.csv: line 2: expected 3 columns, found 2"},
        Case{"RaggedByOneTooMany", "1,a,low\n2,b,high,\n", "train.csv: line 2: expected 3 columns, found 4"},
        Case{"RaggedInTheTestPart", kSmallTable, "test.csv: line 1: expected 3 columns, found 1", [](TablePlan&) {}, "1;a;low\n"},
        Case{"QuoteNotClosed", "1,a,low\n2,\"b,high\n", "train.csv: line 2, column 2: the quote that opens here is not closed"},
        Case{"TextAfterAClosingQuote", "1,\"a\"b,low\n",
             "train.csv: line 1, column 2: text after the closing quote; a quote inside quotes is written twice"},
        Case{"LineBreakInsideQuotes", "1,\"a\nb\",low\n",
             "train.csv: line 1, column 2: a line break inside quotes; a row is one line"},
        Case{"Nul", "1,a,low\n2,b\0b,high\n"s, "train.csv: line 2, column 2: found a NUL byte; is this UTF-16? save it as UTF-8"},
        Case{"Utf16MarkLittle",
             "\xff\xfe"
             "1\0,\0"s,
             "train.csv: line 1, column 1: the file begins with ff fe, a mark of UTF-16; save it as UTF-8"},
        Case{"Utf16MarkBig",
             "\xfe\xff\0"
             "1\0,"s,
             "train.csv: line 1, column 1: the file begins with fe ff, a mark of UTF-16; save it as UTF-8"},
        Case{"InvalidUtf8", "1,\"a,a\",caf\xe9\n", "train.csv: line 1, column 3: byte e9 is not UTF-8; save it as UTF-8"},
        Case{"BareCarriageReturn", "1,a,low\r2,b,high\r",
             "train.csv: line 1, column 3: found a carriage return without a line feed; end lines with LF or CR LF"},
        Case{"CarriageReturnAtTheVeryEnd", "1,a,low\n2,b,high\r",
             "train.csv: line 2, column 3: found a carriage return without a line feed; end lines with LF or CR LF"},
        Case{"EmptyLine", "1,a,low\n\n\n2,b,high\n",
             "train.csv: line 2: the line is empty; empty lines may stand at the end of the file alone"},
        Case{"EmptyLineOfBlanks", "1,a,low\n \t\n2,b,high\n",
             "train.csv: line 2: the line is empty; empty lines may stand at the end of the file alone", trimmed},
        Case{"LineOverAMebibyte", long_line(),
             "train.csv: line 2: the line is longer than 1048576 bytes; is this a table of lines?"},
        Case{"TooManyColumns", many_columns(), "train.csv: line 2: more than 65536 columns"},
        Case{"NothingInIt", "", "train.csv: holds no rows"},
        Case{"NothingInTheTestPart", kSmallTable, "test.csv: holds no rows", [](TablePlan& plan) { plan.skip_test = 9; }}),
    [](const auto& one) { return one.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Headers, CsvRefusal,
    testing::Values(
        Case{"Absent", "\n", "train.csv: line 1: expected a header, found the end of the file", with_header},
        Case{"AbsentBehindSkippedLines", "title\n", "train.csv: line 3: expected a header, found the end of the file",
             [](TablePlan& plan) { plan.header = true, plan.skip_train = 2; }},
        Case{"HeaderDuplicate", "age,work,age\n1,a,low\n",
             "train.csv: line 1, column 3 (age): the header names this column before, as column 1", with_header},
        Case{"WithoutTheColumn", "age,work,wage\n1,a,low\n",
             "train.csv: line 1: the header has no column 'income'; it has: age, work, wage", with_header},
        Case{"ValuesInPlaceOfAHeader", "1,a,low\n2,b,high\n",
             "train.csv: line 1: the header has no column 'age'; it has: 1, a, low; set header = false if this row holds values",
             with_header},
        Case{"NotDeclared", "age,work,income,city\n1,a,low,x\n",
             "train.csv: line 1, column 4 (city): the column is not declared; add it to columns; kind = \"ignore\" leaves it out",
             with_header},
        Case{"AnotherHeaderInTheTestPart", "age,work,income\n1,a,low\n2,a,high\n",
             "test.csv: line 1: the header has no column 'work'; it has: age, income", with_header, "age,income\n1,low\n"},
        Case{"NotExpected", "age,work,income\n1,a,low\n",
             "train.csv: line 1, column 1 (age): 'age' is no number; set header = true if this line is a header"}),
    [](const auto& one) { return one.param.name; });

/// Separated by semicolons, so that a comma may stand in a number.
Case number(const std::string& name, const std::string& text, const std::string& says) {
  return {name, "1;a;low\n" + text + ";b;high\n", "train.csv: line 2, column 1 (age): " + says, by_semicolon, "1;a;low\n"};
}

INSTANTIATE_TEST_SUITE_P(
    Numbers, CsvRefusal,
    testing::Values(number("Nan", "nan", "'nan' is not finite"), number("NanWithAPayload", "-nan(7)", "'-nan(7)' is not finite"),
                    number("Inf", "inf", "'inf' is not finite"), number("MinusInfinity", "-infinity", "'-infinity' is not finite"),
                    number("DecimalComma", "1,5", "'1,5' is no number from ',5' on; the decimal sign is a point"),
                    number("Underscore", "1_000", "'1_000' is no number from '_000' on"),
                    number("Hexadecimal", "0x1p3", "'0x1p3' is no number from 'x1p3' on"),
                    number("TooLarge", "1e400", "'1e400' is out of range"),
                    number("TooSmall", "1e-400", "'1e-400' is out of range"),
                    number("BeyondFloat", "3.5e38", "'3.5e38' is out of range"),
                    number("PlusSign", "+1", "'+1' is no number; write it without the sign"),
                    number("Word", "many", "'many' is no number"),
                    number("TrailingBlank", "1 ", "'1 ' is no number from ' ' on; set trim = true to leave blanks out"),
                    number("LeadingBlank", " 1", "' 1' is no number; set trim = true to leave blanks out"),
                    number("Escape", "\x1b[31m", "'\\x1b[31m' is no number"),
                    Case{"FarBesideTheTrainingPart", "0,state,low\n1e-30,private,high\n",
                         "test.csv: line 1, column 1 (age): '1e30' is out of range beside 0 to 1e-30 of the training part",
                         [](TablePlan&) {}, "1e30,state,low\n"}),
    [](const auto& one) { return one.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Values, CsvRefusal,
    testing::Values(Case{"LabelUnknown", "1,a,low\n2,b,middle\n",
                         "train.csv: line 2, column 3 (income): label 'middle' is unknown; known: low, high", declared},
                    Case{"LabelUnknownInTheTestPart", kSmallTable,
                         "test.csv: line 2, column 3 (income): label 'low.' is unknown; known: high, low", [](TablePlan&) {},
                         "1,state,low\n2,state,low.\n"},
                    Case{"LabelWithItsDotWhereDotsAreKept", "1,a,low.\n2,b,high\n",
                         "train.csv: line 1, column 3 (income): label 'low.' is unknown; known: low, high", declared},
                    Case{"OneLabel", "1,a,low\n2,b,low\n", "train.csv: all rows have the label 'low'; two classes are needed"},
                    Case{"CategoryFirstSeenInTheTestPart", kSmallTable,
                         "test.csv: line 2, column 2 (work): category 'federal' does not occur in train.csv; known: private, state",
                         [](TablePlan&) {}, "1,state,low\n2,federal,low\n"},
                    Case{"MissingWithoutAPolicy", "1,a,low\n2,?,high\n",
                         "train.csv: line 2, column 2 (work): the value is missing ('?'); set on_missing = \"zeros\" or \"drop\"",
                         question_mark},
                    Case{"EmptyFieldWithoutAPolicy", "1,a,low\n,b,high\n",
                         "train.csv: line 2, column 1 (age): the value is missing; set on_missing = \"zeros\" or \"drop\""},
                    Case{"MissingInTheTestPart", kSmallTable,
                         "test.csv: line 1, column 1 (age): the value is missing ('?'); set on_missing = \"zeros\" or \"drop\"",
                         question_mark, "?,state,low\n"},
                    Case{"MissingLabel", "1,a,low\n2,b,?\n",
                         "train.csv: line 2, column 3 (income): the value is missing ('?'); set on_missing = \"drop\"", zeros},
                    Case{"EveryRowDropped", "?,a,low\n2,?,high\n", "train.csv: all 2 rows have a missing value", dropped},
                    Case{"EveryTestRowDropped", kSmallTable, "test.csv: all 1 rows have a missing value", dropped,
                         "?,state,low\n"}),
    [](const auto& one) { return one.param.name; });

TEST(CsvLimits, AcceptsWhatIsJustAllowed) {
  TablePlan plan = support::three_columns();
  const std::string longest(kLongestCsvLine - 6, 'b');
  EXPECT_NO_THROW(support::table(plan, "1,a,low\r\n2," + longest + ",hi\r\n", "1,a,low\n", 8 << 20));
  plan.columns.resize(kMostCsvColumns, {"", ColumnKind::ignore});
  const std::string rest(kMostCsvColumns - 3, ',');
  EXPECT_NO_THROW(support::table(plan, "1,a,low" + rest + "\n2,a,high" + rest, "1,a,low" + rest));
}

TEST(CsvLimits, RefusesMoreCategoriesThanFeatures) {
  std::string text;
  for (std::size_t k = 0; k < kMostTableFeatures; ++k) text += fmt::format("1,c{},{}\n", k, k % 2);
  EXPECT_EQ(support::table_error(support::three_columns(), text),
            "train.csv: line 65536, column 2 (work): more than 65536 features, one a number and one a category; is this column a "
            "category?");
}

TEST(CsvLimits, RefusesMoreLabelsThanClasses) {
  std::string text;
  for (std::size_t k = 0; k <= kMostTableClasses; ++k) text += fmt::format("1,c,{}\n", k);
  EXPECT_EQ(support::table_error(support::three_columns(), text),
            "train.csv: line 10001, column 3 (income): more than 10000 labels; is this column the label?");
}

TEST(CsvLimits, CountsFilesAndFeaturesAgainstMaxBytes) {
  const TablePlan plan = support::three_columns();
  const std::uint64_t files = 2 * kSmallTable.size(), features = 6 * 3 * 4;
  EXPECT_NO_THROW(support::table(plan, kSmallTable, kSmallTable, files + features));
  EXPECT_EQ(
      support::table_error(plan, kSmallTable, kSmallTable, files + features - 1),
      "test.csv: 3 rows of 3 features in 4 bytes each are more than what is left of max_bytes; raise [data] max_bytes if the file "
      "is right");
  EXPECT_EQ(support::table_error(plan, kSmallTable, kSmallTable, files - 1),
            fmt::format("test.csv: is {} bytes long, the limit is {}", kSmallTable.size(), kSmallTable.size() - 1));
}

TEST(CsvLimits, RefusesAPackedFileThatUnpacksToTooMuch) {
  const support::Bytes packed = support::gzip(support::Bytes(1 << 20, 'a'));
  const auto read = [&] {
    parse_table_problem({"train.csv.gz", packed, ""}, support::text_file("test.csv", kSmallTable), support::three_columns(), "t",
                        1000);
  };
  EXPECT_THAT(support::error_of(read), testing::HasSubstr("inflates to more than the 1000 bytes expected"));
}

}  // namespace
}  // namespace tocsin::data
