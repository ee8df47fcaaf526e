// SPDX-License-Identifier: Apache-2.0
// Reading TOML: places, written order, and every refusal of reliability.md 2.2 with its first line; overrides.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "support/rows.h"
#include "tocsin/core/value.h"

namespace tocsin {
namespace {

using support::error_of;

std::string fault_of(const std::string& text) {
  return error_of([&] { (void)parse_toml(text, "a.toml"); });
}

std::string keys_of(const Table& table) {
  std::vector<std::string> keys;
  for (const Table::Member& member : table.members()) keys.push_back(member.key);
  return joined(keys, " ");
}

std::string repeated(std::string_view text, std::size_t count) {
  std::string result;
  for (std::size_t i = 0; i < count; ++i) result += text;
  return result;
}

TEST(ParseToml, ReadsEveryKindOfValue) {
  const Table table = parse_toml("a = true\nb = -3\nc = 2.5\nd = 'x'\ne = [1, 'y']\nf = { g = 0x10 }\n[h]\ni = 1e3", "a.toml");
  EXPECT_EQ(*table.find("a")->as<bool>(), true);
  EXPECT_EQ(*table.find("b")->as<std::int64_t>(), -3);
  EXPECT_EQ(*table.find("c")->as<double>(), 2.5);
  EXPECT_EQ(*table.find("d")->as<std::string>(), "x");
  EXPECT_EQ(*table.find("e")->as<Array>()->at(1).as<std::string>(), "y");
  EXPECT_EQ(*table.find("f")->as<Table>()->find("g")->as<std::int64_t>(), 16);
  EXPECT_EQ(*table.find("h")->as<Table>()->find("i")->as<double>(), 1000);
  EXPECT_EQ(table.find("x"), nullptr);
  std::string kinds;
  for (const Table::Member& member : table.members()) kinds += std::string(member.value.kind()) + ", ";
  EXPECT_EQ(kinds, "a boolean, an integer, a float, a string, an array, a table, a table, ");
}

TEST(ParseToml, KeepsTheWrittenOrder) {
  const Table table = parse_toml("zeta = 1\nalpha = 2\nmid = 3\n[last]\nb = 1\na = 2\n[first]\n[last.inner]", "a.toml");
  EXPECT_EQ(keys_of(table), "zeta alpha mid last first");
  EXPECT_EQ(keys_of(*table.find("last")->as<Table>()), "b a inner");
}

TEST(ParseToml, RemembersPlaces) {
  const Table table =
      parse_toml("# a comment\n[training]\n  rate   = 0.5\nlist = [1,\n  2]\n[[variant]]\nset = { a.b = 3 }", "a.toml");
  const Table::Member& training = table.members()[0];
  EXPECT_EQ(training.place.text(), "a.toml:2:2");
  const Table& inner = *training.value.as<Table>();
  EXPECT_EQ(inner.members()[0].place.text(), "a.toml:3:3");
  EXPECT_EQ(inner.members()[0].value.place.text(), "a.toml:3:12");
  EXPECT_EQ(inner.find("list")->as<Array>()->at(1).place.text(), "a.toml:5:3");
  const Table& set = *table.find("variant")->as<Array>()->at(0).as<Table>()->find("set")->as<Table>();
  EXPECT_EQ(set.find("a")->as<Table>()->members()[0].place.text(), "a.toml:7:11");
  EXPECT_EQ(set.find("a")->as<Table>()->find("b")->place.text(), "a.toml:7:15");
}

TEST(ParseToml, AcceptsWhatIsAtTheLimits) {
  EXPECT_NO_THROW(parse_toml(repeated("a.", 32) + "a = 1", "a"));
  EXPECT_NO_THROW(parse_toml(std::string(64, 'k') + " = 1", "a"));
  EXPECT_NO_THROW(parse_toml("a = '" + std::string(4096, 'x') + "'", "a"));
  EXPECT_NO_THROW(parse_toml("a = [" + repeated("1,", 10000) + "]", "a"));
  EXPECT_NO_THROW(parse_toml("a = " + std::string(16, '[') + std::string(16, ']'), "a"));
  EXPECT_NO_THROW(parse_toml("# " + std::string(100, '.') + "\n  # " + std::string(100, '.'), "a"));
  EXPECT_NO_THROW(parse_toml("a = [" + repeated("1.5,", 200) + "]", "a"));
  EXPECT_NO_THROW(parse_toml("a = 1\n" + std::string((1 << 20) - 6, '\n'), "a"));
  EXPECT_NO_THROW(
      parse_toml("\xef\xbb\xbf"
                 "a = 1\r\nb = 2\r\n",
                 "a"));
}

struct Refusal {
  std::string text, line;
};

TEST(ParseToml, RefusesBadFilesWithTheirPlace) {
  const std::string z(1, '\0');
  for (const auto& [text, line] : std::vector<Refusal>{
           {"a = 1\na = 2", "a.toml:2:5: cannot redefine existing integer 'a' (in key-value pair)"},
           {"[a]\nb=1\n[a]", "a.toml:3:1: cannot redefine existing table 'a' (in table header)"},
           {"a.b=1\na=2", "a.toml:2:3: cannot redefine existing table 'a' (in key-value pair)"},
           {"a =", "a.toml:1:4: encountered end-of-file (in key-value pair)"},
           {"a 1", "a.toml:1:3: expected '=', saw '1' (in key-value pair)"},
           {"a = 1 b = 2", "a.toml:1:7: expected a comment or whitespace, saw 'b' (in key-value pair)"},
           {"a = 'x", "a.toml:1:7: encountered end-of-file (in string)"},
           {"a = 07", "a.toml:1:7: leading zeroes are prohibited (in decimal integer)"},
           {"a = 99999999999999999999", "a.toml:1:25: '99999999999999999999' is not representable in 64 bits (in decimal integer)"},
           {"a = 1e400", "a.toml:1:10: '1e400' could not be interpreted as a value (in floating-point)"},
           {"a = '\xff'", "a.toml:1:5: Encountered invalid utf-8 sequence"},
           {"a = '" + z + "'",
            "a.toml:1:6: control characters other than TAB (U+0009) are explicitly prohibited (in literal string)"},
           {"a = \x01", "a.toml:1:5: unexpected control character (in value)"},
           {"\"\" = 1", "a.toml:1:1: a key may not be empty"},
           {std::string(65, 'k') + " = 1", "a.toml:1:1: a key of 65 bytes, at most 64 are allowed"},
           {"a = '" + std::string(4097, 'x') + "'", "a.toml:1:5: a string of 4097 bytes, at most 4096 are allowed"},
           {"a = [" + repeated("1,", 10001) + "]", "a.toml:1:5: an array of 10001 entries, at most 10000 are allowed"},
           {"a = 1979-05-27", "a.toml:1:5: dates and times are not used here; write it as a string"},
           {"a = [07:32:00]", "a.toml:1:6: dates and times are not used here; write it as a string"},
           {"a = " + std::string(17, '[') + std::string(17, ']'),
            "a.toml:1:21: exceeded maximum nested value depth of 16 (in value)"},
           {std::string((1 << 20) + 1, '\n'), "a.toml: is 1048577 bytes long, the limit is 1048576"}})
    EXPECT_EQ(fault_of(text), line);
}

TEST(ParseToml, ReportsAllThatTomlAllowsAndWeRefuse) {
  EXPECT_EQ(fault_of("a = [1979-05-27, { '' = 1 }]\nb = 07:32:00"),
            "a.toml:1:6: dates and times are not used here; write it as a string\n"
            "a.toml:1:20: a key may not be empty\n"
            "a.toml:2:5: dates and times are not used here; write it as a string");
}

TEST(ParseToml, RefusesDottedKeysThatWouldOverflowTheParsersStack) {
  const std::string deep = repeated("a.", 130000) + "a";
  EXPECT_EQ(fault_of(deep + " = 1"), "a.toml:1:66: more than 32 dots in one key or value");
  EXPECT_EQ(fault_of("\n[" + deep + "]"), "a.toml:2:67: more than 32 dots in one key or value");
  EXPECT_EQ(fault_of("x = { " + deep + " = 1 }"), "a.toml:1:72: more than 32 dots in one key or value");
  // A line that begins with '#' may end a string and go on with a key.
  EXPECT_EQ(fault_of("x = { y = \"\"\"\n#\"\"\", " + deep + " = 1 }"), "a.toml:2:72: more than 32 dots in one key or value");
  EXPECT_EQ(fault_of("x = { y = '''\n#''', " + deep + " = 1 }"), "a.toml:2:72: more than 32 dots in one key or value");
}

TEST(ParseToml, ShowsHostileTextHarmlessly) {
  EXPECT_EQ(error_of([] { (void)parse_toml("a = \xe2\x80\xae", "b\x1b[31m.toml"); }).substr(0, 20), "b\\x1b[31m.toml:1:5: ");
  EXPECT_EQ(fault_of("a = \xe2\x80\xae").find("\xe2\x80\xae"), std::string::npos);
}

TEST(ParseToml, RefusesWhatItsParserDeclaresImpossible) {
  EXPECT_EQ(fault_of("[!]"), "a.toml:1:2: expected bare key starting character or string delimiter, saw '!' (in key)");
  EXPECT_EQ(fault_of("a = { ! = 1 }"), "a.toml:1:7: expected key or closing '}', saw '!' (in inline table)");
  EXPECT_EQ(fault_of("a = ö"), "a.toml:1:5: could not determine value type (in value)");
  EXPECT_EQ(fault_of("a = 1 ö"), "a.toml:1:7: expected a comment or whitespace, saw 'ö' (in key-value pair)");
  EXPECT_EQ(fault_of("ö = 1"), "a.toml:1:1: expected keys, tables, whitespace or comments, saw 'ö' (in root table)");
  EXPECT_EQ(*parse_toml("a = \"\"\"x\\\n  öy\"\"\"", "a").find("a")->as<std::string>(), "xöy");
}

TEST(ReadToml, ReadsAFileAndRefusesWhatIsNone) {
  namespace fs = std::filesystem;
  const std::string path = (fs::path(testing::TempDir()) / fmt::format("tocsin-{}.toml", ::getpid())).string();
  std::ofstream(path) << "a = 1\n";
  EXPECT_EQ(read_toml(path).members()[0].place.text(), path + ":1:1");
  std::ofstream(path) << std::string((1 << 20) + 1, '\n');
  EXPECT_EQ(error_of([&] { (void)read_toml(path); }), path + ": is 1048577 bytes long, the limit is 1048576");
  fs::remove(path);
  EXPECT_EQ(error_of([&] { (void)read_toml(path); }), path + ": cannot be opened: No such file or directory");
  EXPECT_THROW((void)read_toml(path), ConfigError);
  EXPECT_EQ(error_of([] { (void)read_toml("/"); }), "/: is not a regular file");
}

std::string overridden(const std::string& assignment, const std::string& base = "seed = 7\n[data]\nkind = 'idx'") {
  return error_of([&] {
    Table root = parse_toml(base, "a.toml");
    set_override(root, assignment);
    throw std::runtime_error(write_value(Value(root)));
  });
}

TEST(SetOverride, ReplacesAndAdds) {
  EXPECT_EQ(overridden("seed=8"), R"({ seed = 8, data = { kind = "idx" } })");
  EXPECT_EQ(overridden(" data.kind = csv "), R"({ seed = 7, data = { kind = "csv" } })");
  EXPECT_EQ(overridden("data.validation=5000"), R"({ seed = 7, data = { kind = "idx", validation = 5000 } })");
  EXPECT_EQ(overridden("a.b.c=1e-3"), R"({ seed = 7, data = { kind = "idx" }, a = { b = { c = 0.001 } } })");
  EXPECT_EQ(overridden("data={ kind = 'x', list = [1, 2] }"), R"({ seed = 7, data = { kind = "x", list = [1, 2] } })");
  EXPECT_EQ(overridden("\"a=b\".'c.d'=true"), R"({ seed = 7, data = { kind = "idx" }, "a=b" = { "c.d" = true } })");
}

TEST(SetOverride, TakesABareWordAsAString) {
  for (const std::string word : {"alie", "n-f-1", "/tmp/a.idx", "2024-01-31", "07", "two words", "1.2.3", "ö", "-", "3x"})
    EXPECT_EQ(overridden("x=" + word, ""), "{ x = \"" + word + "\" }");
  EXPECT_EQ(overridden("x=\"3\"", ""), "{ x = \"3\" }");
  EXPECT_EQ(overridden("x=3", ""), "{ x = 3 }");
  EXPECT_EQ(overridden("x=true", ""), "{ x = true }");
  EXPECT_EQ(overridden("x=''", ""), "{ x = \"\" }");
}

TEST(SetOverride, PlacesItsValueAtTheOption) {
  Table root = parse_toml("a = 1", "a.toml");
  set_override(root, "b.c = [1, { d = 2 }]");
  const Value& value = *root.find("b")->as<Table>()->find("c");
  EXPECT_EQ(value.place.text(), "--set b.c");
  EXPECT_EQ(value.as<Array>()->at(0).place.text(), "--set b.c");
  EXPECT_EQ(value.as<Array>()->at(1).as<Table>()->members()[0].place.text(), "--set b.c");
  EXPECT_EQ(value.place.line, 0u);
  EXPECT_EQ(root.find("a")->place.text(), "a.toml:1:5");
}

TEST(SetOverride, RefusesMalformedAssignments) {
  EXPECT_EQ(overridden("a"), "--set a: expected key=value; for example --set federation.rounds=3");
  EXPECT_EQ(overridden("=3"), "--set =3: expected key=value; for example --set federation.rounds=3");
  EXPECT_EQ(overridden("a.b="), "--set a.b: a value is missing behind '='; an empty string is written \"\"");
  EXPECT_EQ(overridden("a..b=1"),
            "--set a..b: the key cannot be read: expected bare key starting character or string delimiter, saw '.' (in key); "
            "for example --set federation.rounds=3");
  EXPECT_EQ(overridden("a=[1,2"), "--set a: the value cannot be read: encountered end-of-file (in array)");
  EXPECT_EQ(overridden("a='x"), "--set a: the value cannot be read: encountered end-of-file (in string)");
  EXPECT_EQ(overridden("a=1\nb=2"), "--set a: the value cannot be read: one value is expected behind '='");
  EXPECT_EQ(overridden("a=b=c"), "--set a: the value cannot be read: could not determine value type (in value)");
  for (const std::string sign : {"", "-"})
    EXPECT_EQ(overridden("seed=" + sign + "99999999999999999999"),
              "--set seed: the value cannot be read: '99999999999999999999' is not representable in 64 bits (in decimal integer)");
  EXPECT_EQ(overridden("a=x\x1b[1m").substr(0, 34), "--set a: the value cannot be read:");
  EXPECT_EQ(overridden("a=\xff").substr(0, 34), "--set a: the value cannot be read:");
  EXPECT_EQ(overridden("[a]\nb=1"), "--set [a]\\x0ab: one key is expected before '='");
  EXPECT_EQ(overridden("seed.x=1"), "--set seed.x: 'seed' is an integer (a.toml:1:8), not a table; set it as a whole");
  EXPECT_EQ(overridden(std::string(65, 'k') + "=1"),
            "--set " + std::string(65, 'k') +
                ": the key cannot be read: a key of 65 bytes, at most 64 are allowed; for example --set federation.rounds=3");
}

TEST(OverridePath, TellsWhetherTwoAssignmentsSetTheSame) {
  EXPECT_EQ(override_path("federation.rounds=3"), (std::vector<std::string>{"federation", "rounds"}));
  EXPECT_EQ(override_path("'federation' . rounds = 4"), override_path("federation.rounds=3"));
  EXPECT_NE(override_path("'federation.rounds' = 4"), override_path("federation.rounds=3"));
}

}  // namespace
}  // namespace tocsin
