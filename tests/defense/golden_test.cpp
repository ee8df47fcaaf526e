// SPDX-License-Identifier: Apache-2.0
// Values that other implementations gave (tests/golden/make_rules.py), for every rule of the registry, in float and in double.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "support/rule_case.h"

namespace tocsin::defense {
namespace {

class RuleGolden : public testing::TestWithParam<support::RuleCase> {};

TEST_P(RuleGolden, AgreesWithOtherImplementations) {
  const std::string path = std::string(TOCSIN_SOURCE_DIR) + "/tests/golden/" + std::string(GetParam().entry->name) + ".json";
  std::ifstream file(path);
  ASSERT_TRUE(file) << path << " is missing: add a function to tests/golden/make_rules.py and run it";
  const nlohmann::json golden = nlohmann::json::parse(file);
  ASSERT_FALSE(golden.at("cases").empty());
  for (const nlohmann::json& one : golden.at("cases")) {
    const auto values = one.at("rows").get<std::vector<std::vector<double>>>();
    const auto samples = one.value("samples", std::vector<double>{});
    const auto expected = one.at("result").get<std::vector<double>>();
    for (const Element element : {Element::float32, Element::float64}) {
      const Updates rows = support::rows(values, element);
      const auto rule = support::make(*GetParam().entry, one.at("options").get<std::string>());
      const Round round{.samples = samples, .assumed_malicious = one.at("f").get<std::size_t>()};
      const std::vector<double> update = rule->aggregate(rows.rows(), round).update;
      ASSERT_EQ(update.size(), expected.size());
      for (std::size_t j = 0; j < update.size(); ++j)
        EXPECT_NEAR(update[j], expected[j], 1e-9) << one.at("call") << " on " << values.size() << " rows, coordinate " << j;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Of, RuleGolden, testing::ValuesIn(support::default_rule_cases()),
                         [](const auto& rule) { return support::name_of(rule.param); });

}  // namespace
}  // namespace tocsin::defense
