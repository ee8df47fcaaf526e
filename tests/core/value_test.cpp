// SPDX-License-Identifier: Apache-2.0
// The tree of values: merging, writing, and that what is written reads back.
#include "tocsin/core/value.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

namespace tocsin {
namespace {

std::string merged(const std::string& base, const std::string& over) {
  Table result = parse_toml(base, "base");
  merge(result, parse_toml(over, "over"));
  return write_value(Value(result));
}

TEST(Merge, GoesTableByTable) {
  EXPECT_EQ(merged("a = 1\n[b]\nc = 2\nd = 3", "[b]\nd = 4\ne = 5\n[f]\ng = 6"),
            "{ a = 1, b = { c = 2, d = 4, e = 5 }, f = { g = 6 } }");
}

TEST(Merge, ReplacesScalarsAndArraysAsAWhole) {
  EXPECT_EQ(merged("a = [1, 2, 3]\nb = 1", "a = [4]\nb = 'x'"), "{ a = [4], b = \"x\" }");
  EXPECT_EQ(merged("a = 1", "a = { b = 2 }"), "{ a = { b = 2 } }");
  EXPECT_EQ(merged("a = { b = 2 }", "a = 1"), "{ a = 1 }");
}

TEST(Merge, KeepsThePlacesOfWhatWon) {
  Table table = parse_toml("a = 1\n[b]\nc = 2", "base");
  merge(table, parse_toml("\n[b]\nc = 3", "over"));
  EXPECT_EQ(table.find("a")->place.text(), "base:1:5");
  EXPECT_EQ(table.find("b")->as<Table>()->find("c")->place.text(), "over:3:5");
}

TEST(Table, SetReplacesInPlace) {
  Table table = parse_toml("a = 1\nb = 2", "x");
  table.set("a", {"y", 1, 1}, Value(true));
  table.set("c", {}, Value(std::string("z")));
  EXPECT_EQ(write_value(Value(table)), "{ a = true, b = 2, c = \"z\" }");
  EXPECT_EQ(table.members()[0].place.file, "y");
}

TEST(WriteValue, KeepsDoublesFloats) {
  const auto text = [](double x) { return write_value(Value(x)); };
  EXPECT_EQ(text(1), "1.0");
  EXPECT_EQ(text(-0.0), "-0.0");
  EXPECT_EQ(text(0.1), "0.1");
  EXPECT_EQ(text(1e-3), "0.001");
  EXPECT_EQ(text(1e100), "1e+100");
  EXPECT_EQ(text(123456789012345680.0), "123456789012345680.0");
  EXPECT_EQ(text(5e-324), "5e-324");
  EXPECT_EQ(text(INFINITY), "inf");
  EXPECT_EQ(text(-INFINITY), "-inf");
  EXPECT_EQ(text(NAN), "nan");
}

TEST(WriteValue, EscapesStrings) {
  const auto text = [](std::string_view x) { return write_value(Value(std::string(x))); };
  using namespace std::string_view_literals;
  EXPECT_EQ(text("plain"), "\"plain\"");
  EXPECT_EQ(text("a\"b\\c"), R"("a\"b\\c")");
  EXPECT_EQ(text("\n\t\r\0\x1b\x7f"sv), R"("\n\t\r\u0000\u001b\u007f")");
  EXPECT_EQ(text("ö東😀"), "\"ö東😀\"");
  EXPECT_EQ(text("\xe2\x80\xae\xc2\x85"), R"("\u202e\u0085")");  // nothing a terminal obeys stands in a file of ours
}

TEST(WriteToml, WritesScalarsThenTables) {
  const Table table = parse_toml("[b]\nx = 1\n[b.c]\ny = 2\n[empty]\n[[v]]\nz = { w = 1.0 }\n[only.inner]\nk = []", "x");
  EXPECT_EQ(write_toml(table), "v = [{ z = { w = 1.0 } }]\n\n[b]\nx = 1\n\n[b.c]\ny = 2\n\n[empty]\n\n[only.inner]\nk = []\n");
  EXPECT_EQ(write_toml(Table()), "");
}

TEST(WriteToml, QuotesKeysThatNeedIt) {
  Table table;
  table.set("bare-Key_1", {}, Value(std::int64_t{1}));
  table.set("with space", {}, Value(std::int64_t{2}));
  table.set("ö.\"", {}, Value(Table()));
  EXPECT_EQ(write_toml(table), "bare-Key_1 = 1\n\"with space\" = 2\n\n[\"ö.\\\"\"]\n");
}

/// The tree without places and without the order of keys, doubles by their bits.
std::string canonical(const Value& value) {
  if (const auto* number = value.as<double>()) return fmt::format("d{:x}", std::bit_cast<std::uint64_t>(*number));
  std::vector<std::string> parts;
  if (const auto* array = value.as<Array>()) {
    for (const Value& item : *array) parts.push_back(canonical(item));
    return "[" + joined(parts) + "]";
  }
  if (const auto* table = value.as<Table>()) {
    for (const Table::Member& member : table->members()) parts.push_back(write_value(Value(member.key)) + canonical(member.value));
    std::sort(parts.begin(), parts.end());
    return "{" + joined(parts) + "}";
  }
  return write_value(value);
}

Value any_value(int depth) {
  using rc::gen::arbitrary;
  const int kind = *rc::gen::inRange(0, depth > 0 ? 6 : 4);
  if (kind == 0) return Value(*arbitrary<bool>());
  if (kind == 1) return Value(*arbitrary<std::int64_t>());
  if (kind == 2) return Value(*rc::gen::oneOf(arbitrary<double>(), rc::gen::element(0.0, -0.0, 1e300, 5e-324, 1e22, 123456789.0)));
  if (kind == 3) {
    std::string text;
    for (const char32_t c : *rc::gen::container<std::u32string>(
             rc::gen::oneOf(rc::gen::inRange<char32_t>(0, 0x80), rc::gen::element<char32_t>(0x85, 0xf6, 0x202e, 0x6771, 0xfeff)))) {
      if (c < 0x80)
        text += static_cast<char>(c);
      else if (c < 0x800)
        text += {static_cast<char>(0xc0 | c >> 6), static_cast<char>(0x80 | (c & 0x3f))};
      else
        text +=
            {static_cast<char>(0xe0 | c >> 12), static_cast<char>(0x80 | (c >> 6 & 0x3f)), static_cast<char>(0x80 | (c & 0x3f))};
    }
    return Value(text);
  }
  const int count = *rc::gen::inRange(0, 4);
  Array array;
  Table table;
  for (int i = 0; i < count; ++i) {
    array.push_back(any_value(depth - 1));
    table.set(*rc::gen::element<std::string>("a", "b-1", "with space", "ö", "quo\"te", "dot.ted", "line\nend"), {}, array.back());
  }
  if (kind == 4) return Value(array);
  return Value(table);
}

RC_GTEST_PROP(WriteToml, ReadsBackToTheSameTree, ()) {
  Table table;
  const int count = *rc::gen::inRange(0, 6);
  for (int i = 0; i < count; ++i) table.set(fmt::format("k{}", i), {}, any_value(3));
  const std::string text = write_toml(table);
  RC_ASSERT(canonical(Value(parse_toml(text, "x"))) == canonical(Value(table)));
}

}  // namespace
}  // namespace tocsin
