// SPDX-License-Identifier: Apache-2.0
// The strict reader of tables: unknown keys, tables within, places, documentation, resolved values.
#include "tocsin/core/options.h"

#include <gtest/gtest.h>

#include "support/rows.h"

namespace tocsin {
namespace {

using support::error_of;

/// The faults that `read` finds in a table written as TOML, as one text; "no exception" if there are none.
template <class Read>
std::string faults_of(const std::string& toml, Read&& read, const std::string& title = "[training]") {
  const Table table = parse_toml(toml, "a.toml");
  Faults faults;
  Options options(&table, {"a.toml", 0, 0}, title, faults);
  read(options);
  options.finish();
  return error_of([&] { faults.raise(); });
}

void read_some(Options& options) {
  (void)options.count("epochs", {.fallback = 1, .at_least = 1, .help = "passes over the shard"});
  (void)options.number("rate", {.fallback = 0.1, .at_least = 0, .above = true, .help = "step size"});
  (void)options.word("optimizer", {.fallback = "sgd", .words = {"adam", "sgd"}, .help = "how to step"});
}

TEST(Options, TakeDefaultsForWhatIsAbsent) {
  Faults faults;
  Options options(nullptr, {"a.toml", 0, 0}, "[training]", faults);
  EXPECT_EQ(options.count("epochs", {.fallback = 3}), 3u);
  EXPECT_EQ(options.number("rate", {.fallback = 0.5}), 0.5);
  EXPECT_EQ(options.word("optimizer", {.fallback = "sgd", .words = {"adam", "sgd"}}), "sgd");
  EXPECT_FALSE(options.has("rate"));
  options.finish();
  EXPECT_TRUE(faults.empty());
}

TEST(Options, NameAnUnknownKeyAndTheNearestOne) {
  EXPECT_EQ(faults_of("epochs = 1\nrat = 2", read_some),
            "a.toml:2:1: unknown key 'rat' in [training]; known: epochs, optimizer, rate; did you mean 'rate'?");
  EXPECT_EQ(faults_of("zzz = 1", read_some), "a.toml:1:1: unknown key 'zzz' in [training]; known: epochs, optimizer, rate");
  EXPECT_EQ(faults_of("zzz = 1", [](Options&) {}), "a.toml:1:1: unknown key 'zzz' in [training]; it takes no keys");
  EXPECT_EQ(faults_of("rat = 2", read_some, ""),
            "a.toml:1:1: unknown key 'rat' at the top level; known: epochs, optimizer, rate; did you mean 'rate'?");
  EXPECT_EQ(faults_of(
                "kep = 1",
                [](Options& options) {
                  (void)options.count("keep", {.fallback = 1});
                  (void)options.text("name", {.fallback = ""});
                },
                "[defense.rule]"),
            "a.toml:1:1: unknown key 'kep' in [defense.rule]; known: keep, name; did you mean 'keep'?");
}

TEST(Options, ListManyKnownKeysOnlyWhenNoneIsNear) {
  const auto read = [](Options& options) {
    for (const std::string_view key : {"aaa", "bbb", "ccc", "ddd", "eee", "fff", "ggg", "hhh", "iii", "jjj", "kkk", "lll", "mmm"})
      (void)options.count(key, {.fallback = 1});
  };
  EXPECT_EQ(faults_of("aab = 1", read), "a.toml:1:1: unknown key 'aab' in [training]; did you mean 'aaa'?");
  EXPECT_EQ(faults_of("zzzz = 1", read),
            "a.toml:1:1: unknown key 'zzzz' in [training]; known: aaa, bbb, ccc, ddd, eee, fff, ggg, hhh, iii, jjj, kkk, lll, mmm");
}

TEST(Options, CountUnknownKeysBeyondTheTwentieth) {
  std::string text, expected;
  for (int k = 1; k <= 20; ++k) {
    text += fmt::format("x{} = 1\n", k);
    expected += fmt::format("a.toml:{}:1: unknown key 'x{}' in [training]; it takes no keys\n", k, k);
  }
  const auto read_none = [](Options&) {};
  EXPECT_EQ(faults_of(text, read_none) + "\n", expected);
  text += "x21 = 1\n";
  EXPECT_EQ(faults_of(text, read_none), expected + "a.toml:21:1: from here on 1 more unknown key in [training]");
  text += "x22 = 1\n";
  EXPECT_EQ(faults_of(text, read_none), expected + "a.toml:21:1: from here on 2 more unknown keys in [training]");
}

TEST(Options, ShowAHostileKeyHarmlessly) {
  EXPECT_EQ(faults_of("\"a\\u001b[2J\" = 1", [](Options&) {}),
            "a.toml:1:1: unknown key 'a\\x1b[2J' in [training]; it takes no keys");
}

TEST(Options, ReportAllFaultsByPosition) {
  EXPECT_EQ(faults_of("optimizer = 'adm'\nfoo = 1\nrate = 0\nepochs = 0", read_some),
            "a.toml:1:13: unknown optimizer 'adm'; known: adam, sgd; did you mean 'adam'?\n"
            "a.toml:2:1: unknown key 'foo' in [training]; known: epochs, optimizer, rate\n"
            "a.toml:3:8: rate must be > 0, got 0\n"
            "a.toml:4:10: epochs must be >= 1, got 0");
}

TEST(Options, ReportAFaultOnceThoughItIsReadTwice) {
  const auto twice = [](Options& options) {
    read_some(options);
    read_some(options);
  };
  EXPECT_EQ(faults_of("epochs = 0", twice), "a.toml:1:10: epochs must be >= 1, got 0");
}

TEST(Options, MissARequiredKey) {
  const auto read = [](Options& options) {
    EXPECT_EQ(options.number("alpha", {.fallback = {}, .at_least = 0, .above = true, .help = "concentration of the classes"}), 0);
    EXPECT_EQ(options.count("clients", {.fallback = {}, .at_least = 1}), 1u);
    EXPECT_EQ(options.text("path", {.fallback = {}, .help = "the file"}), "");
    EXPECT_EQ(options.word("kind", {.fallback = {}, .words = {"x", "y"}}), "x");
    EXPECT_FALSE(options.flag("on", {.fallback = {}}));
    EXPECT_TRUE(options.counts("list", {.fallback = {}}).empty());
  };
  EXPECT_EQ(faults_of("", read, "[partition]"),
            "a.toml: 'alpha' is required in [partition]; concentration of the classes\n"
            "a.toml: 'clients' is required in [partition]\na.toml: 'path' is required in [partition]; the file\n"
            "a.toml: 'kind' is required in [partition]\na.toml: 'on' is required in [partition]\n"
            "a.toml: 'list' is required in [partition]");
}

TEST(Options, ReadTablesWithin) {
  const auto read = [](Options& options) {
    Options targets = options.table("targets", "what to hit");
    EXPECT_EQ(targets.title(), "[training.targets]");
    EXPECT_EQ(targets.counts("wanted", {.fallback = std::vector<std::size_t>{}}), (std::vector<std::size_t>{7}));
  };
  EXPECT_EQ(faults_of("targets = { wanted = [7] }", read), "no exception");
  EXPECT_EQ(faults_of("targets = { wanted = [7], wantd = 1 }", read),
            "a.toml:1:27: unknown key 'wantd' in [training.targets]; known: wanted; did you mean 'wanted'?");
  const auto absent = [](Options& options) {
    EXPECT_EQ(options.table("targets", "").count("n", {.fallback = 5}), 5u);
    EXPECT_EQ(options.table("targets", "").count("n", {.fallback = 6}), 6u);  // the same table again
  };
  EXPECT_EQ(faults_of("", absent), "no exception");
  EXPECT_EQ(faults_of("targets = 3", absent), "a.toml:1:11: expected a table, got an integer");
}

TEST(Options, ReadArraysOfTablesOrNames) {
  std::vector<std::string> seen;
  const auto read = [&](Options& options) {
    seen.clear();
    for (Options& entry : options.tables("steps", "in order")) {
      seen.push_back(entry.title() + " " + entry.text("name", {.fallback = {}}));
      seen.push_back(std::to_string(entry.count("k", {.fallback = 2})));
    }
  };
  EXPECT_EQ(faults_of("steps = ['clip', { name = 'mix', k = 5 }]", read, "[defense]"), "no exception");
  EXPECT_EQ(seen, (std::vector<std::string>{"[defense.steps] entry 1 clip", "2", "[defense.steps] entry 2 mix", "5"}));
  EXPECT_EQ(faults_of("[[steps]]\nname = 'a'\n[[steps]]\nname = 'b'\nkk = 3", read, "[defense]"),
            "a.toml:5:1: unknown key 'kk' in [defense.steps] entry 2; known: k, name; did you mean 'k'?");
  EXPECT_EQ(faults_of("steps = ['clip', 3]", read), "a.toml:1:18: expected a table or a name, got an integer");
  EXPECT_EQ(faults_of("steps = 'clip'", read), "a.toml:1:9: expected an array of tables, got a string");
  EXPECT_EQ(faults_of("", read), "no exception");
  EXPECT_TRUE(seen.empty());
}

TEST(Options, HandOutRawValues) {
  const auto read = [](Options& options) {
    const Value* schedule = options.raw("schedule", "array of [round, rate]", Value(Array{}), "rates");
    ASSERT_NE(schedule, nullptr);
    EXPECT_EQ(write_value(*schedule), "[[1, 0.5]]");
    options.fault("schedule", "rounds must ascend", "sort them");
  };
  EXPECT_EQ(faults_of("schedule = [[1, 0.5]]", read), "a.toml:1:12: rounds must ascend; sort them");
  EXPECT_EQ(faults_of("", [](Options& options) { EXPECT_EQ(options.raw("schedule", "x", {}, ""), nullptr); }), "no exception");
}

TEST(Options, KnowPlaces) {
  const Table table = parse_toml("a = 1\n", "a.toml");
  Faults faults;
  const Options options(&table, {"a.toml", 9, 1}, "[x]", faults);
  EXPECT_EQ(options.place("a").text(), "a.toml:1:5");
  EXPECT_EQ(options.place("b").text(), "a.toml:9:1");
  EXPECT_EQ(options.place().text(), "a.toml:9:1");
  EXPECT_TRUE(options.has("a"));
  EXPECT_FALSE(options.has("b"));
}

TEST(Options, FinishOnce) {
  const Table table = parse_toml("a = 1\nb = { c = 1 }", "a.toml");
  Faults faults;
  Options options(&table, {}, "[x]", faults), copy = options;
  Options inner = copy.table("b", "");
  inner.finish();
  options.finish();
  copy.finish();
  EXPECT_EQ(faults.size(), 2u);
}

std::string documentation(const std::vector<OptionDoc>& docs) {
  std::string text;
  for (const OptionDoc& doc : docs)
    text += fmt::format("{} | {} | {} | {} | {}\n", doc.key, doc.type, doc.fallback, doc.range, doc.help);
  return text;
}

void read_everything(Options& options) {
  (void)options.flag("nesterov", {.fallback = false, .help = "look ahead"});
  (void)options.count("epochs", {.fallback = 1, .at_least = 1, .help = "passes"});
  (void)options.count("label", {.fallback = {}, .at_most = 9, .help = "of ten"});
  (void)options.number("rate", {.fallback = 1e-3, .at_least = 0, .above = true, .help = "step"});
  (void)options.number("share", {.fallback = {}, .at_least = 0, .at_most = 1, .help = "part"});
  (void)options.number("half_open", {.fallback = 1.0, .at_least = 0, .at_most = 1, .above = true, .help = ""});
  (void)options.number("below", {.fallback = 0.0, .at_most = 5, .help = ""});
  (void)options.number("free", {.fallback = 0.0, .help = ""});
  (void)options.text("path", {.fallback = {}, .help = "file"});
  (void)options.word("over", {.fallback = "updates", .words = {"updates", "weights"}, .help = "rows of what"});
  (void)options.number_or_word("boost", {.fallback = "auto", .at_least = 0, .above = true, .words = {"auto"}, .help = "factor"});
  (void)options.count_or_word("keep", {.fallback = std::size_t{2}, .at_least = 1, .words = {"n-f", "all"}, .help = "rows"});
  (void)options.counts("wanted", {.fallback = std::vector<std::size_t>{7, 8}, .at_most = 9, .help = "labels"});
  (void)options.numbers("betas", {.fallback = std::vector<double>{0.9, 0.999}, .at_least = 0, .at_most = 1, .help = "decay"});
  Options inner = options.table("targets", "what to hit");
  (void)inner.count("count", {.fallback = 1, .help = "how many"});
  (void)options.tables("steps", "in order");
  (void)options.raw("schedule", "array of [round, rate]", Value(Array{}), "rates");
  (void)options.raw("optional", "number", {}, "may be absent");
}

const char* const kDocumentation =
    "nesterov | flag | false |  | look ahead\n"
    "epochs | count | 1 | >= 1 | passes\n"
    "label | count |  | in [0, 9] | of ten\n"
    "rate | number | 0.001 | > 0 | step\n"
    "share | number |  | in [0, 1] | part\n"
    "half_open | number | 1.0 | in (0, 1] | \n"
    "below | number | 0.0 | <= 5 | \n"
    "free | number | 0.0 |  | \n"
    "path | text |  |  | file\n"
    "over | one of updates, weights | \"updates\" |  | rows of what\n"
    "boost | number or auto | \"auto\" | > 0 | factor\n"
    "keep | count or n-f, all | 2 | >= 1 | rows\n"
    "wanted | counts | [7, 8] | in [0, 9] | labels\n"
    "betas | numbers | [0.9, 0.999] | in [0, 1] | decay\n"
    "targets | table |  |  | what to hit\n"
    "targets.count | count | 1 | >= 0 | how many\n"
    "steps | array of tables | [] |  | in order\n"
    "schedule | array of [round, rate] | [] |  | rates\n"
    "optional | number |  |  | may be absent\n";

TEST(Options, DocumentThemselvesByBeingRead) {
  Faults scratch;
  Options options = Options::describing(scratch);
  EXPECT_TRUE(options.is_describing());
  read_everything(options);
  options.finish();
  EXPECT_EQ(documentation(options.documented()), kDocumentation);
  EXPECT_TRUE(scratch.empty());
  Faults faults;
  Options real(nullptr, {}, "[x]", faults);
  EXPECT_FALSE(real.is_describing());
  read_everything(real);
  EXPECT_EQ(documentation(real.documented()), kDocumentation);
}

TEST(Options, ResolveEveryOptionWithItsValue) {
  const Table table = parse_toml(
      "label = 3\nshare = 1\npath = 'p'\nboost = 2\nwanted = [1]\nsteps = ['clip']\ntargets = {}\noptional = [1, 'x']", "a.toml");
  Faults faults;
  Options options(&table, {}, "[x]", faults);
  read_everything(options);
  for (Options& step : options.tables("steps", "")) (void)step.text("name", {.fallback = {}});
  options.finish();
  faults.raise();
  EXPECT_EQ(write_toml(options.resolved()),
            "nesterov = false\nepochs = 1\nlabel = 3\nrate = 0.001\nshare = 1.0\nhalf_open = 1.0\nbelow = 0.0\nfree = 0.0\n"
            "path = \"p\"\nover = \"updates\"\nboost = 2.0\nkeep = 2\nwanted = [1]\nbetas = [0.9, 0.999]\n"
            "steps = [{ name = \"clip\" }]\nschedule = []\noptional = [1, \"x\"]\n\n[targets]\ncount = 1\n");
}

TEST(Options, ResolveToWhatResolvesToTheSame) {
  const Table table = parse_toml("label = 3\nshare = 0.25\npath = 'p'\nkeep = 'all'\ntargets = { count = 9 }", "a.toml");
  Faults faults;
  Options options(&table, {}, "[x]", faults);
  read_everything(options);
  const std::string first = write_toml(options.resolved());
  const Table again = parse_toml(first, "resolved.toml");
  Options second(&again, {}, "[x]", faults);
  read_everything(second);
  second.finish();
  EXPECT_EQ(write_toml(second.resolved()), first);
  EXPECT_TRUE(faults.empty());
}

TEST(Options, LeaveOutWhatHasNoEffect) {
  Faults faults;
  const auto read = [&](const Table* table) {
    Options options(table, {}, "[x]", faults);
    (void)options.count("keep", {.fallback = 1});
    (void)options.number("fraction", {.fallback = 0.5});
    options.no_effect("fraction", "'fraction' has no effect", "remove it");
    options.finish();
    return write_toml(options.resolved());
  };
  EXPECT_EQ(read(nullptr), "keep = 1\n");
  EXPECT_TRUE(faults.empty());
  const Table given = parse_toml("fraction = 0.25", "a.toml");
  read(&given);
  EXPECT_EQ(support::error_of([&] { faults.raise(); }), "a.toml:1:12: 'fraction' has no effect; remove it");
}

}  // namespace
}  // namespace tocsin
