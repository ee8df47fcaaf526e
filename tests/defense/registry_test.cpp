// SPDX-License-Identifier: Apache-2.0
// The list of rules against the folder: a source without a line would never be compiled, and nobody would notice.
#include "tocsin/defense/registry.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>

namespace tocsin::defense {
namespace {
const std::filesystem::path kFolder = std::filesystem::path(TOCSIN_SOURCE_DIR) / "src/tocsin/defense";

/// What the folder holds beside rules.
const std::set<std::string> kInfrastructure{"krum_scores", "registry", "rule_options", "set_aside", "weights"};

TEST(AggregatorList, NamesEverySourceOfTheFolder) {
  std::set<std::string> listed = kInfrastructure;
  std::ifstream list(kFolder / "aggregators.inc");
  const std::regex line_form(R"(TOCSIN_AGGREGATOR\((\w+)(?:, *(\w+))?\))");
  for (std::string line; std::getline(list, line);) {
    std::smatch match;
    if (std::regex_match(line, match, line_form)) listed.insert(match[2].matched ? match[2].str() : match[1].str());
  }
  std::set<std::string> present;
  for (const auto& file : std::filesystem::directory_iterator(kFolder))
    if (file.path().extension() == ".cpp") present.insert(file.path().stem().string());
  EXPECT_EQ(present, listed) << "a rule needs its line in aggregators.inc; what is no rule belongs in the list of this test";
}

TEST(AggregatorList, HasEntriesUnderTheirOwnNames) {
  std::set<std::string_view> names;
  for (const Entry<Aggregator>* entry : aggregators()) {
    EXPECT_TRUE(names.insert(entry->name).second) << entry->name << " is listed twice";
    EXPECT_EQ(aggregators().find(entry->name), entry);
    EXPECT_FALSE(entry->summary.empty()) << entry->name;
    EXPECT_FALSE(entry->paper.empty()) << entry->name;
    EXPECT_NE(entry->make, nullptr) << entry->name;
  }
  EXPECT_EQ(aggregators().size(), names.size());
  EXPECT_EQ(aggregators().find("krumm"), nullptr);
}

}  // namespace
}  // namespace tocsin::defense
