// SPDX-License-Identifier: Apache-2.0
// Valid gzip and TOML, changed a thousand times from a fixed seed: what comes out is the data, or an error of the right type.
#include <gtest/gtest.h>
#include <zlib.h>

#include <string>
#include <vector>

#include "support/rows.h"
#include "tocsin/core/bytes.h"
#include "tocsin/core/options.h"
#include "tocsin/core/random.h"

namespace tocsin {
namespace {

using Bytes = std::vector<unsigned char>;

/// One to `most` changes: a bit, a byte, a cut, a doubled piece, a piece taken out.
Bytes mutated(Bytes bytes, std::uint64_t most, Draws& draws) {
  for (std::uint64_t changes = 1 + draws.below(most); changes > 0 && !bytes.empty(); --changes) {
    const auto begin = static_cast<std::ptrdiff_t>(draws.below(bytes.size()));
    const auto length =
        static_cast<std::ptrdiff_t>(draws.below(std::min<std::uint64_t>(bytes.size() - static_cast<std::size_t>(begin), 40)));
    const Bytes piece(bytes.begin() + begin, bytes.begin() + begin + length);
    unsigned char& byte = bytes[static_cast<std::size_t>(begin)];
    switch (draws.below(6)) {
      case 0:
        byte = static_cast<unsigned char>(byte ^ 1u << draws.below(8));
        break;
      case 1:
        byte = static_cast<unsigned char>(draws.below(256));
        break;
      case 2:
        byte = static_cast<unsigned char>("=.,[]{}\"'\\\n#0e-"[draws.below(15)]);
        break;
      case 3:
        bytes.insert(bytes.begin() + begin, piece.begin(), piece.end());
        break;
      case 4:
        bytes.erase(bytes.begin() + begin, bytes.begin() + begin + length);
        break;
      default:
        if (draws.below(8) == 0) bytes.resize(static_cast<std::size_t>(begin));
    }
  }
  return bytes;
}

Bytes gzip_of(const std::string& text) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY);
  gz_header header{};
  unsigned char name[] = "name";
  unsigned char extra[] = {1, 2, 3};
  header.name = name;
  header.extra = extra;
  header.extra_len = 3;
  header.hcrc = 1;
  deflateSetHeader(&stream, &header);
  Bytes result(deflateBound(&stream, text.size()) + 100);
  stream.next_in = reinterpret_cast<unsigned char*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = result.data();
  stream.avail_out = static_cast<uInt>(result.size());
  deflate(&stream, Z_FINISH);
  result.resize(stream.total_out);
  deflateEnd(&stream);
  return result;
}

TEST(Mutation, OfGzipGivesTheDataOrADataError) {
  const std::string text = "What the update says is data, and no update ends a run. 0123456789 0123456789 0123456789";
  const Bytes good = gzip_of(text), data(text.begin(), text.end());
  ASSERT_EQ(gunzip(good, "x.gz", 4096), data);
  std::size_t refused = 0;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    Draws draws(Stream(1).at("gzip").at(i));
    const Bytes bytes = mutated(good, 8, draws);
    try {
      EXPECT_EQ(gunzip(bytes, "x.gz", 4096), data) << i;  // time and system may be changed freely
    } catch (const DataError& error) {
      EXPECT_EQ(error.file(), "x.gz");
      EXPECT_TRUE(error.offset() && *error.offset() <= bytes.size()) << i << ": " << error.what();
      ++refused;
    }
  }
  EXPECT_GT(refused, 700u);
  EXPECT_LT(refused, 1000u);
}

constexpr std::string_view kExperiment = R"(name = "quickstart"
seed = 7
[data]
dataset = "fashion_mnist"   # or a reader
validation = { from = "test", count = 5000 }
[training]
epochs = 1
learning_rate = 1e-3
schedule = [[1, 0.1], [10, 0.01]]
nesterov = false
betas = [0.9, 0.999]
note = """
several
lines"""
[defense]
rule = { name = "krum", neighbors = "n-f-1" }
transforms = ["clip", { name = "mix", k = 3 }]
[[variant]]
name = 'clean'
set = { attack.name = "none" }
)";

void read_experiment(const Table& table, Faults& faults) {
  Options root(&table, {"x.toml", 0, 0}, "", faults);
  (void)root.text("name", {.fallback = {}});
  (void)root.count("seed", {.fallback = 0});
  Options data = root.table("data", "");
  (void)data.text("dataset", {.fallback = ""});
  (void)data.raw("validation", "count or table", {}, "");
  Options training = root.table("training", "");
  (void)training.count("epochs", {.fallback = 1, .at_least = 1});
  (void)training.number("learning_rate", {.fallback = 1.0, .at_least = 0, .above = true});
  (void)training.raw("schedule", "pairs", {}, "");
  (void)training.flag("nesterov", {.fallback = false});
  (void)training.numbers("betas", {.fallback = std::vector<double>{}, .at_least = 0, .at_most = 1});
  (void)training.text("note", {.fallback = ""});
  Options defense = root.table("defense", "");
  Options rule = defense.table("rule", "");
  (void)rule.word("name", {.fallback = "mean", .words = {"mean", "krum"}});
  (void)rule.count_or_word("neighbors", {.fallback = "n-f-2", .words = {"n-f-1", "n-f-2"}});
  for (Options& step : defense.tables("transforms", "")) {
    (void)step.text("name", {.fallback = {}});
    (void)step.count("k", {.fallback = 1});
  }
  for (Options& variant : root.tables("variant", "")) {
    (void)variant.text("name", {.fallback = {}});
    (void)variant.raw("set", "table", {}, "");
  }
  root.finish();
  if (faults.empty()) (void)write_toml(root.resolved());
}

void expect_harmless(const std::string& text) {
  for (const char c : text) EXPECT_TRUE(c == '\n' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f)) << text;
}

TEST(Mutation, OfAnExperimentIsReadOrAConfigError) {
  const Bytes good(kExperiment.begin(), kExperiment.end());
  Faults none;
  read_experiment(parse_toml(kExperiment, "x.toml"), none);
  EXPECT_EQ(support::error_of([&] { none.raise(); }), "no exception");
  std::size_t syntax = 0, refused = 0;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    Draws draws(Stream(2).at("toml").at(i));
    const Bytes bytes = mutated(good, 2, draws);
    Table table;
    try {
      table = parse_toml(std::string(bytes.begin(), bytes.end()), "x.toml");
    } catch (const ConfigError& error) {
      expect_harmless(error.what());
      ++syntax;
      continue;
    }
    EXPECT_EQ(write_toml(parse_toml(write_toml(table), "again")), write_toml(table)) << i;
    Faults faults;
    try {
      read_experiment(table, faults);
      faults.raise();
    } catch (const ConfigError& error) {
      expect_harmless(error.what());
      ++refused;
    }
  }
  EXPECT_GT(syntax, 300u);
  EXPECT_GT(refused, 50u);
  EXPECT_LT(syntax + refused, 1000u);
}

TEST(Mutation, OfAnOverrideIsAppliedOrAConfigError) {
  const std::string good = "defense.rule = { name = \"krum\", neighbors = 'n-f-1', list = [1, 2.5e3, true] }";
  std::size_t refused = 0;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    Draws draws(Stream(3).at("set").at(i));
    const Bytes bytes = mutated(Bytes(good.begin(), good.end()), 3, draws);
    Table root = parse_toml(kExperiment, "x.toml");
    try {
      set_override(root, std::string(bytes.begin(), bytes.end()));
      EXPECT_EQ(write_toml(parse_toml(write_toml(root), "again")), write_toml(root)) << i;
    } catch (const ConfigError& error) {
      expect_harmless(error.what());
      ++refused;
    }
  }
  EXPECT_GT(refused, 300u);
  EXPECT_LT(refused, 1000u);
}

}  // namespace
}  // namespace tocsin
