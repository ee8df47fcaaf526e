// SPDX-License-Identifier: Apache-2.0
// The lists of rules and detectors against the folder: a source without a line would never be compiled, and nobody would notice.
#include "tocsin/defense/registry.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>

#include "tocsin/defense/detector_registry.h"

namespace tocsin::defense {
namespace {
const std::filesystem::path kFolder = std::filesystem::path(TOCSIN_SOURCE_DIR) / "src/tocsin/defense";

/// What the folder holds beside rules and detectors.
const std::set<std::string> kInfrastructure{"detector",  "detector_registry", "distances",    "histogram", "krum_scores", "others",
                                            "own_model", "registry",          "rule_options", "set_aside", "weights"};

/// The sources that an .inc list names.
void add_listed(const char* list, const char* macro, std::set<std::string>& names) {
  std::ifstream lines(kFolder / list);
  const std::regex line_form(std::string(macro) + R"(\((\w+)(?:, *(\w+))?\))");
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (std::regex_match(line, match, line_form)) names.insert(match[2].matched ? match[2].str() : match[1].str());
  }
}

TEST(AggregatorList, NamesEverySourceOfTheFolder) {
  std::set<std::string> listed = kInfrastructure;
  add_listed("aggregators.inc", "TOCSIN_AGGREGATOR", listed);
  add_listed("detectors.inc", "TOCSIN_DETECTOR", listed);
  std::set<std::string> present;
  for (const auto& file : std::filesystem::directory_iterator(kFolder))
    if (file.path().extension() == ".cpp") present.insert(file.path().stem().string());
  EXPECT_EQ(present, listed) << "a rule needs its line in aggregators.inc, a detector in detectors.inc; what is neither belongs in "
                                "the list of this test";
}

TEST(DetectorList, HasEntriesUnderTheirOwnNames) {
  std::set<std::string_view> names;
  for (const Entry<Detector>* entry : detectors()) {
    EXPECT_TRUE(names.insert(entry->name).second) << entry->name << " is listed twice";
    EXPECT_EQ(aggregators().find(entry->name), nullptr) << entry->name << " is a rule as well: `tocsin describe` would show both";
    EXPECT_EQ(detectors().find(entry->name), entry);
    EXPECT_FALSE(entry->summary.empty()) << entry->name;
    EXPECT_FALSE(entry->paper.empty()) << entry->name;
    EXPECT_FALSE(entry->facts.score.empty()) << entry->name;
    EXPECT_GE(readings(entry->facts), 1U) << entry->name;
    EXPECT_NE(entry->make, nullptr) << entry->name;
  }
  EXPECT_EQ(detectors().size(), names.size());
  EXPECT_EQ(detectors().find("normm"), nullptr);
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
