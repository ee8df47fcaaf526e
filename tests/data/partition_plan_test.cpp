// SPDX-License-Identifier: Apache-2.0
// [partition] as people write it, partition files with every fault, and plans that do not fit the data.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "idx_files.h"
#include "support/rows.h"
#include "tocsin/data/partition.h"

namespace tocsin::data {
namespace {

using support::error_of;
using testing::HasSubstr;

PartitionPlan plan_of(const std::string& toml) {
  return support::read_table(toml, {"e.toml", 9, 1}, "[partition]",
                             [](Options& options) { return read_partition(options, "/experiments"); });
}
std::string error(const std::string& toml) {
  return error_of([&] { plan_of(toml); });
}

TEST(PartitionPlan, IsTenEqualClientsByDefault) {
  const PartitionPlan plan = plan_of("");
  EXPECT_EQ(plan.kind, "iid");
  EXPECT_EQ(plan.clients, 10u);
}

TEST(PartitionPlan, ReadsTheKeysOfEachKind) {
  EXPECT_EQ(plan_of("kind = 'dirichlet_by_class'\nalpha = 0.3").alpha, 0.3);
  EXPECT_EQ(plan_of("kind = 'dirichlet_by_client'\nalpha = 3\nclients = 4").alpha, 3.0);
  EXPECT_EQ(plan_of("kind = 'shards'\nclasses_per_client = 5").classes_per_client, 5u);
  EXPECT_EQ(plan_of("kind = 'power_law'\nexponent = 1.5").exponent, 1.5);
  EXPECT_EQ(plan_of("kind = 'file'\npath = 'p.txt'").path, "/experiments/p.txt");
  EXPECT_EQ(plan_of("kind = 'file'\npath = '/p.txt'").path, "/p.txt");
}

TEST(PartitionPlan, RefusesKeysOfAnotherKind) {
  EXPECT_EQ(error("alpha = 0.5"), "e.toml:1:1: unknown key 'alpha' in [partition]; known: clients, kind");
  EXPECT_THAT(error("kind = 'shards'\nalpha = 0.5"), HasSubstr("unknown key 'alpha'"));
  EXPECT_THAT(error("kind = 'power_law'\nclasses_per_client = 2"), HasSubstr("unknown key 'classes_per_client'"));
  EXPECT_THAT(error("kind = 'dirichlet_by_class'\npath = 'x'"), HasSubstr("unknown key 'path'"));
}

TEST(PartitionPlan, RefusesBadValues) {
  EXPECT_EQ(error("kind = 'dirichlet'"),
            "e.toml:1:8: unknown kind 'dirichlet'; known: iid, dirichlet_by_class, dirichlet_by_client, shards, power_law, file");
  EXPECT_EQ(error("clients = 0"), "e.toml:1:11: clients must be in [1, 4294967295], got 0");
  EXPECT_EQ(error("clients = 1000000000000"), "e.toml:1:11: clients must be in [1, 4294967295], got 1000000000000");
  EXPECT_EQ(error("kind = 'dirichlet_by_class'\nalpha = 0"), "e.toml:2:9: alpha must be in (0, 1000000000], got 0");
  EXPECT_EQ(error("kind = 'power_law'\nexponent = -0.5"), "e.toml:2:12: exponent must be in [0, 100], got -0.5");
  EXPECT_THAT(error("kind = 'file'"), HasSubstr("e.toml:9:1: 'path' is required in [partition]"));
  EXPECT_EQ(error("kind = 'file'\npath = ''"), "e.toml:2:8: path is empty, expected a file");
}

TEST(PartitionPlan, DocumentsEveryKey) {
  Faults scratch;
  Options options = Options::describing(scratch);
  read_partition(options, "");
  std::vector<std::string> keys;
  for (const OptionDoc& doc : options.documented()) keys.push_back(doc.key);
  EXPECT_THAT(keys, testing::UnorderedElementsAre("kind", "clients", "alpha", "classes_per_client", "exponent", "path"));
}

Dataset four_samples() {
  Dataset data;
  data.name = "four";
  data.shape = {1, 1, 1};
  data.classes = 2;
  data.pixels = {1, 2, 3, 4};
  data.labels = {0, 1, 0, 1};
  return data;
}
std::vector<std::uint32_t> first(std::size_t n) {
  std::vector<std::uint32_t> all(n);
  std::iota(all.begin(), all.end(), 0u);
  return all;
}

TEST(MakePartition, SaysWhatDoesNotFitAtThePlaceOfTheKey) {
  const Dataset data = four_samples();
  EXPECT_EQ(error_of([&] { make_partition(plan_of("clients = 5"), data, first(4), Stream(0)); }),
            "e.toml:1:11: kind = \"iid\": 4 samples cannot be dealt to 5 clients; at most 4 clients");
  EXPECT_EQ(error_of([&] { make_partition(plan_of("clients = 4000000000"), data, first(4), Stream(0)); }),
            "e.toml:1:11: kind = \"iid\": 4 samples cannot be dealt to 4000000000 clients; at most 4 clients");
  EXPECT_EQ(error_of([&] { make_partition(plan_of("kind = 'shards'\nclients = 3"), data, first(4), Stream(0)); }),
            "e.toml:2:11: kind = \"shards\": 4 samples cannot be dealt to 3 clients in 2 pieces each; at most 2 clients");
  EXPECT_THROW(make_partition(plan_of("kind = 'dirichlet_by_class'\nclients = 5"), data, first(4), Stream(0)), ConfigError);
}

TEST(MakePartition, RefusesLabelsOfARegression) {
  Dataset data;
  data.name = "quadratic";
  data.shape = {1, 1, 1};
  data.outputs = 1;
  data.values = data.targets = {1, 2, 3, 4};
  EXPECT_EQ(error_of([&] { make_partition(plan_of("kind = 'shards'\nclients = 2"), data, first(4), Stream(0)); }),
            "e.toml:1:8: kind = \"shards\" needs class labels, and quadratic is a regression; iid, power_law and file need none");
  EXPECT_EQ(make_partition(plan_of("clients = 2"), data, first(4), Stream(0)).size(), 2u);
}

/// A partition from the text of a file.
Partition read(const std::string& text, std::size_t samples, std::size_t clients) {
  const support::Folder folder;
  return from_file(folder.put("p.txt", text), samples, clients);
}
/// The error without the name of the folder.
std::string file_error(const std::string& text, std::size_t samples, std::size_t clients) {
  const std::string whole = error_of([&] { read(text, samples, clients); });
  const std::size_t at = whole.find("/p.txt: ");
  return at == std::string::npos ? whole : whole.substr(at + 8);
}

TEST(PartitionFile, GivesEachLineToAClient) {
  const Partition partition = read("# three clients\n5, 1 3\n\n-   # holds nothing\r\n 0\t9,\n", 10, 3);
  ASSERT_EQ(partition.size(), 3u);
  EXPECT_EQ(partition[0].samples, (std::vector<std::uint32_t>{1, 3, 5}));
  EXPECT_TRUE(partition[1].samples.empty());
  EXPECT_EQ(partition[2].samples, (std::vector<std::uint32_t>{0, 9}));
}

TEST(PartitionFile, NeedsNoLastLineEnd) { EXPECT_EQ(read("0\n1", 2, 2)[1].samples, (std::vector<std::uint32_t>{1})); }

TEST(PartitionFile, RefusesEveryMalformedLine) {
  const std::string hint = "; a line is one client: sample indices separated by spaces or commas, or - for none";
  EXPECT_EQ(file_error("0\n1 x\n", 10, 2), "line 2: 'x' is not a sample index" + hint);
  EXPECT_EQ(file_error("0\n1.5\n", 10, 2), "line 2: '1.5' is not a sample index" + hint);
  EXPECT_EQ(file_error("-1\n", 10, 1), "line 1: '-1' is not a sample index" + hint);
  EXPECT_EQ(file_error("+1\n", 10, 1), "line 1: '+1' is not a sample index" + hint);
  EXPECT_EQ(file_error("1;2\n", 10, 1), "line 1: '1;2' is not a sample index" + hint);
  EXPECT_EQ(file_error("\x1b[2J\n", 10, 1), "line 1: '\\x1b[2J' is not a sample index" + hint);
  EXPECT_EQ(file_error("# c\n\n3 10\n", 10, 1), "line 3: there is no sample 10, the training part has 10 (counted from 0)");
  EXPECT_EQ(file_error("99999999999999999999\n", 10, 1),
            "line 1: there is no sample 99999999999999999999, the training part has 10 (counted from 0)");
  EXPECT_EQ(file_error("- 3\n", 10, 1), "line 1: '-' means a client without samples and stands alone");
  EXPECT_EQ(file_error(",\n", 10, 1), "line 1: separators without a sample index");
}

TEST(PartitionFile, NamesBothLinesOfASampleGivenOutTwice) {
  EXPECT_EQ(file_error("0 1\n# c\n2 1\n", 10, 2), "line 3: sample 1 was already given out in line 1");
  EXPECT_EQ(file_error("4 4\n", 10, 1), "line 1: sample 4 was already given out in line 1");
}

TEST(PartitionFile, RefusesAnotherNumberOfClients) {
  const std::string hint = "; set [partition] clients to the number of lines; a client without samples is a line with -";
  EXPECT_EQ(file_error("0\n1\n", 10, 3), "expected 3 clients, one a line, found 2" + hint);
  EXPECT_EQ(file_error("", 10, 1), "expected 1 clients, one a line, found 0" + hint);
  EXPECT_THROW(read("0\n", 10, 4000000000), DataError);
}

TEST(PartitionFile, RefusesAFileThatCannotBeOne) {
  const support::Folder folder;
  EXPECT_EQ(error_of([&] { from_file(folder.path(), 10, 1); }), folder.path() + ": is not a regular file");
  EXPECT_THROW(from_file(folder.path("none"), 10, 1), DataError);
  EXPECT_THROW(read(std::string(2 << 20, '#'), 10, 1), DataError);
}

TEST(PartitionFile, MayNotDealOutTheHoldOut) {
  const support::Folder folder;
  const std::string path = folder.put("p.txt", std::string("3\n0 2\n"));
  const PartitionPlan plan = plan_of("kind = 'file'\nclients = 2\npath = '" + path + "'");
  EXPECT_EQ(error_of([&] {
              make_partition(plan, four_samples(), std::vector<std::uint32_t>{0, 1, 3}, Stream(0));
            }),
            path +
                ": line 2: sample 2 belongs to the server's validation hold-out; leave it out, or take the hold-out from the test "
                "part: validation = { from = \"test\", count = ... }");
  EXPECT_EQ(make_partition(plan, four_samples(), std::vector<std::uint32_t>{0, 2, 3}, Stream(0))[1].samples,
            (std::vector<std::uint32_t>{0, 2}));
}

}  // namespace
}  // namespace tocsin::data
