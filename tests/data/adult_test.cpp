// SPDX-License-Identifier: Apache-2.0
// The Adult data set as the project carries it: counts, sums, and every feature against a second reading made of std::getline
// alone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "tocsin/core/bytes.h"
#include "tocsin/data/catalog.h"
#include "tocsin/data/packaged.h"

namespace tocsin::data {
namespace {

constexpr std::size_t kRows[] = {32561, 16281}, kFeatures = 104;

const Problem& adult() {
  static const Problem problem = [] {
    Source source;
    source.name = "adult";
    return load(source, Stream(0));
  }();
  return problem;
}

std::string unpacked_text(const std::string& name) {
  const FileBytes file = read_file(std::string(TOCSIN_SOURCE_DIR) + "/data/adult/" + name, 1 << 20);
  const std::vector<unsigned char> bytes = gunzip(file.bytes, file.path, 1 << 23);
  return {bytes.begin(), bytes.end()};
}

/// Rows of words: cut at commas, one blank before each word left out.
std::vector<std::vector<std::string>> words_of(const std::string& text, std::size_t skip) {
  std::vector<std::vector<std::string>> rows;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (skip > 0) {
      --skip;
      continue;
    }
    if (line.empty()) continue;
    rows.emplace_back();
    std::istringstream words(line);
    for (std::string word; std::getline(words, word, ',');) rows.back().push_back(word.front() == ' ' ? word.substr(1) : word);
  }
  return rows;
}

TEST(Adult, HasTheRowsThatUciPublishes) {
  EXPECT_EQ(adult().train->size(), kRows[0]);
  EXPECT_EQ(adult().test->size(), kRows[1]);
  const auto rich = [](const Dataset& part) { return std::count(part.labels.begin(), part.labels.end(), 1); };
  EXPECT_EQ(rich(*adult().train), 7841);
  EXPECT_EQ(rich(*adult().test), 3846) << "so that the larger class is 12,435 of 16,281, 76.4 %";
  EXPECT_EQ(adult().train->class_names, (std::vector<std::string>{"<=50K", ">50K"}));
}

TEST(Adult, IsTheOriginalToTheByte) {
  const auto hash = [](const std::string& text) {
    return sha256_hex({reinterpret_cast<const unsigned char*>(text.data()), text.size()});
  };
  EXPECT_EQ(hash(unpacked_text("adult.data.gz")), "5b00264637dbfec36bdeaab5676b0b309ff9eb788d63554ca0a249491c86603d");
  EXPECT_EQ(hash(unpacked_text("adult.test.gz")), "a2a9044bc167a35b2361efbabec64e89d69ce82d9790d2980119aac5fd7e9c05");
}

TEST(Adult, TellsWhatItReadAsItsReadmeDoes) {
  const FileBytes readme = read_file(std::string(TOCSIN_SOURCE_DIR) + "/data/adult/README.md", 1 << 16);
  const std::string text(readme.bytes.begin(), readme.bytes.end());
  ASSERT_EQ(adult().files.size(), 2u);
  for (const SourceFile& file : adult().files) EXPECT_THAT(text, testing::HasSubstr("`" + file.sha256 + "`"));
  EXPECT_THAT(text, testing::HasSubstr("https://creativecommons.org/licenses/by/4.0/"));
}

TEST(Adult, HasFiveNumbersAndNinetyNineCategories) {
  EXPECT_EQ(adult().train->shape, (Shape{kFeatures, 1, 1}));
  const std::map<std::size_t, std::size_t> categories{{1, 8}, {3, 16}, {5, 7}, {6, 14}, {7, 6}, {8, 5}, {9, 2}, {13, 41}};
  const auto rows = words_of(unpacked_text("adult.data.gz"), 0);
  std::size_t features = 5;
  for (const auto& [column, count] : categories) {
    std::set<std::string> seen;
    for (const auto& row : rows) seen.insert(row[column]);
    seen.erase("?");
    EXPECT_EQ(seen.size(), count) << adult_plan().columns[column].name;
    features += count;
  }
  EXPECT_EQ(features, kFeatures);
}

TEST(Adult, MissesWhatIsMarkedMissing) {
  const std::set<std::size_t> numbers{0, 25, 60, 61, 62};  // age, education-num, capital-gain, capital-loss, hours-per-week
  std::size_t incomplete = 0;
  for (std::size_t r = 0; r < kRows[0]; ++r) {
    const float* const row = &adult().train->values[r * kFeatures];
    std::size_t ones = 0;
    for (std::size_t k = 0; k < kFeatures; ++k) {
      ASSERT_TRUE(row[k] >= 0.0f && row[k] <= 1.0f) << r << " " << k;
      if (numbers.count(k) > 0) continue;
      ASSERT_TRUE(row[k] == 0.0f || row[k] == 1.0f) << r << " " << k;
      if (row[k] == 1.0f) ++ones;
    }
    if (ones < 8) ++incomplete;
  }
  EXPECT_EQ(incomplete, 2399u);
}

TEST(Adult, AgreesWithASecondReading) {
  const std::vector<std::vector<std::string>> parts[] = {words_of(unpacked_text("adult.data.gz"), 0),
                                                         words_of(unpacked_text("adult.test.gz"), 1)};
  const std::set<std::size_t> numbers{0, 4, 10, 11, 12};
  std::map<std::size_t, std::pair<double, double>> ranges;
  std::map<std::size_t, std::set<std::string>> categories;
  for (const auto& row : parts[0])
    for (std::size_t c = 0; c < 14; ++c) {
      if (numbers.count(c) > 0) {
        const double x = std::stod(row[c]);
        auto& [least, greatest] = ranges.try_emplace(c, x, x).first->second;
        least = std::min(least, x);
        greatest = std::max(greatest, x);
      } else if (c != 2 && row[c] != "?") {
        categories[c].insert(row[c]);
      }
    }
  for (const std::size_t part : {0u, 1u}) {
    const Dataset& data = part == 0 ? *adult().train : *adult().test;
    ASSERT_EQ(parts[part].size(), kRows[part]);
    std::vector<float> expected;
    std::vector<std::int32_t> labels;
    for (const auto& row : parts[part]) {
      for (std::size_t c = 0; c < 14; ++c) {
        if (numbers.count(c) > 0) {
          const auto& [least, greatest] = ranges[c];
          expected.push_back(static_cast<float>((std::stod(row[c]) - least) / (greatest - least)));
        } else {
          for (const std::string& category : categories[c]) expected.push_back(category == row[c] ? 1.0f : 0.0f);
        }
      }
      labels.push_back(row[14].starts_with(">50K") ? 1 : 0);
    }
    EXPECT_TRUE(data.values == expected) << "part " << part;
    EXPECT_EQ(data.labels, labels);
  }
}

TEST(Adult, IsTheSameThroughTheKeysOfATable) {
  TablePlan plan = adult_plan();
  plan.on_missing = OnMissing::drop;
  const std::string folder = std::string(TOCSIN_SOURCE_DIR) + "/data/adult/";
  const Problem complete = read_table_problem(folder + "adult.data.gz", folder + "adult.test.gz", plan, "complete", 1 << 28);
  EXPECT_EQ(complete.notes, (std::vector<std::string>{"training part: 2399 of 32561 rows dropped for a missing value",
                                                      "test part: 1221 of 16281 rows dropped for a missing value"}));
  EXPECT_EQ(complete.train->size(), 30162u);
}

}  // namespace
}  // namespace tocsin::data
