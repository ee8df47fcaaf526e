// SPDX-License-Identifier: Apache-2.0
// Documents and catalogue against the code.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "support/experiment.h"
#include "tocsin/core/value.h"
#include "tocsin/data/partition.h"
#include "tocsin/lab/catalogue.h"
#include "tocsin/lab/plan.h"

namespace tocsin::lab {
namespace {
using ::testing::HasSubstr;

TEST(Documents, ExperimentFileListsEveryKeyAsTheCodeReadsIt) {
  const std::string page = support::contents(TOCSIN_SOURCE_DIR "/docs/experiment-file.md");
  const std::size_t keys = page.find("### the file\n");
  ASSERT_NE(keys, std::string::npos);
  EXPECT_EQ(page.substr(keys), experiment_file_markdown())
      << "bring docs/experiment-file.md up to date: build/bin/tocsin describe experiment --markdown";
}

TEST(Documents, EveryKeyOfAResolvedPlanIsDocumented) {
  const support::Folder folder;
  const Experiment experiment = support::read(folder, support::kBlobs);
  std::set<std::string> documented;
  for (const TableDoc& table : experiment_file_docs())
    for (const OptionDoc& doc : table.options) documented.insert(table.title + doc.key);
  for (const Table::Member& member : experiment.plans[0].resolved.members()) {
    const Table* table = member.value.as<Table>();
    if (table == nullptr) {
      EXPECT_EQ(documented.count("the file" + member.key), 1u) << member.key;
      continue;
    }
    // The options of what a table names (a problem, a rule) are described by that name.
    const bool named = member.key == "data" || member.key == "attack";
    if (named) continue;
    for (const Table::Member& inner : table->members())
      EXPECT_EQ(documented.count("[" + member.key + "]" + inner.key), 1u) << member.key << "." << inner.key;
  }
}

TEST(Documents, EveryOptionHasAMeaning) {
  for (const TableDoc& table : experiment_file_docs())
    for (const OptionDoc& doc : table.options) EXPECT_FALSE(doc.help.empty()) << table.title << doc.key;
  for (const CatalogueItem& item : catalogue()) {
    EXPECT_FALSE(item.summary.empty()) << item.name;
    for (const OptionDoc& doc : item.options) EXPECT_FALSE(doc.help.empty()) << item.name << "." << doc.key;
  }
}

TEST(Documents, CatalogueKnowsEveryPartition) {
  Faults scratch;
  Options options = Options::describing(scratch);
  data::read_partition(options, "");
  std::vector<std::string> names;
  for (const CatalogueItem& item : catalogue())
    if (item.kind == "partition") names.push_back(item.name);
  EXPECT_EQ(options.documented().at(0).type, "one of " + joined(names));
}

TEST(Documents, CatalogueExamplesAreReadAsWritten) {
  for (const CatalogueItem& item : catalogue()) {
    if (item.kind == "partition" && item.name == "file") continue;  // needs one
    Table root = parse_toml(support::kBlobs, "exp.toml");
    std::erase_if(root.members(), [](const Table::Member& member) { return member.key == "variant"; });
    set_override(root, "partition.clients=9");
    set_override(root, "threat.knowledge=server");
    const Table base = root;
    Table example = parse_toml(item.example, "example.toml");
    if (item.kind == "data")
      std::erase_if(root.find("data")->as<Table>()->members(),
                    [](const Table::Member& member) { return member.key != "validation"; });
    if (item.kind == "partition")
      std::erase_if(root.members(), [](const Table::Member& member) {
        return member.key == "partition" || member.key == "threat" || member.key == "attack" || member.key == "defense";
      });
    merge(root, example);
    EXPECT_NO_THROW(read_plan(root, base, "", ".", "exp.toml")) << item.name;
  }
}

TEST(Documents, DescriptionsFitAHundredColumns) {
  for (const CatalogueItem& item : catalogue())
    for (const std::string& line : support::lines_of(describe_text(item))) EXPECT_LE(line.size(), 100u) << line;
  for (const std::string& line : support::lines_of(experiment_file_text())) EXPECT_LE(line.size(), 132u) << line;
}

}  // namespace
}  // namespace tocsin::lab
