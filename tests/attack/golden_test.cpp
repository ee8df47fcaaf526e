// SPDX-License-Identifier: Apache-2.0
// What each method sends against a line-by-line reference in numpy (tests/golden/make_attacks.py), on softmax regression in double.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "support/attacker.h"
#include "support/rows.h"
#include "tocsin/attack/parts/campaign.h"
#include "tocsin/attack/registry.h"

namespace tocsin::attack {
namespace {
using nlohmann::json;

constexpr double kTolerance = 1e-9;  // relative to the largest coordinate; sums of a few hundred steps in another order

json golden() {
  const std::string path = std::string(TOCSIN_SOURCE_DIR) + "/tests/golden/attacks.json";
  std::ifstream file(path);
  return json::parse(file);
}

data::Dataset dataset(const json& all, const char* part) {
  data::Dataset data;
  data.name = part;
  data.shape = {all.at("features").get<std::size_t>(), 1, 1};
  data.classes = all.at("classes").get<std::size_t>();
  data.values = all.at(part).at("values").get<std::vector<float>>();
  data.labels = all.at(part).at("labels").get<std::vector<std::int32_t>>();
  return data;
}

data::Problem problem_of(const json& all) {
  data::Problem result;
  result.train = std::make_shared<data::Dataset>(dataset(all, "train"));
  result.test = std::make_shared<data::Dataset>(dataset(all, "test"));
  return result;
}

/// The one client of the golden file.
class Client : private support::Attacker {
 public:
  explicit Client(const json& all, nn::Precision precision = nn::Precision::float64)
      : Attacker(problem_of(all), "softmax", all.at("batch").get<std::size_t>(), precision), all_(all) {
    samples = all.at("shard").get<std::vector<std::uint32_t>>();
    global.rows().assign(0, all.at("global").get<std::vector<double>>());
    targets.clear();
    for (const json& target : all.at("targets"))
      targets.push_back({target[0].get<std::uint32_t>(), target[1].get<std::int32_t>(), target[2].get<std::int32_t>()});
    training.epochs = all.at("epochs").get<std::size_t>();
    round.index = all.at("round").get<std::size_t>();
    round.weight = all.at("weight").get<double>();
    round.server_rate = all.at("server_rate").get<double>();
    Participation last;
    last.round = all.at("previous").at("round").get<std::int64_t>();
    last.share = all.at("previous").at("share").get<double>();
    last.global = all.at("previous").at("global").get<std::vector<double>>();
    last.sent = all.at("previous").at("sent").get<std::vector<double>>();
    remembered_ = save(last);
  }

  std::vector<double> send(const json& one) {
    set(one.value("setting", json::object()), one.at("optimizer").get<std::string>());
    const Entry<Attack>* entry = attacks().find(one.at("attack").get<std::string>());
    memory = entry->facts.stateful ? remembered_ : Snapshot();
    run(*support::make(*entry, one.at("options").get<std::string>()));
    return update.rows().row(0);
  }
  [[nodiscard]] const Snapshot& remembered() const { return remembered_; }
  [[nodiscard]] ConstRows start() const { return global.rows(); }

 private:
  /// What the case changes of the training and of the round.
  void set(const json& setting, const std::string& optimizer) {
    training.optimizer = {.kind = optimizer == "adam" ? nn::OptimizerKind::adam : nn::OptimizerKind::sgd,
                          .learning_rate = all_.at("rates").at(optimizer).get<double>(),
                          .momentum = setting.value("momentum", 0.0),
                          .nesterov = setting.value("nesterov", false),
                          .weight_decay = setting.value("weight_decay", 0.0)};
    for (const json& pair : setting.value("schedule", json::array()))
      training.optimizer.schedule.emplace_back(pair[0].get<std::size_t>(), pair[1].get<double>());
    round.rows_applied_whole = setting.value("rows_applied_whole", false);
    round.coalition = setting.value("coalition", 0.0);
    algorithm = setting.value("algorithm", "fedavg") == "fedsgd" ? Algorithm::fedsgd : Algorithm::fedavg;
  }

  const json& all_;
  Snapshot remembered_;
};

/// Compares all cases, each to `tolerance` of its largest coordinate; returns the attacks that have any.
std::set<std::string> compare_all(const json& all, nn::Precision precision, double tolerance) {
  Client client(all, precision);
  std::set<std::string> seen;
  for (const json& one : all.at("cases")) {
    const auto expected = one.at("update").get<std::vector<double>>();
    const std::vector<double> update = client.send(one);
    double largest = 0.0;
    for (const double value : expected) largest = std::max(largest, std::abs(value));
    EXPECT_EQ(update.size(), expected.size());
    for (std::size_t j = 0; j < std::min(update.size(), expected.size()); ++j)
      EXPECT_NEAR(update[j], expected[j], tolerance * largest)
          << one.at("attack") << " with " << one.at("optimizer") << one.value("setting", json()) << ", coordinate " << j << "\n"
          << one.at("options").get<std::string>();
    seen.insert(one.at("attack").get<std::string>());
  }
  return seen;
}

TEST(AttackGolden, EveryMethodSendsTheSameInFloat) { compare_all(golden(), nn::Precision::float32, 1e-4); }

TEST(AttackGolden, EveryMethodSendsWhatItsEquationsSay) {
  const std::set<std::string> seen = compare_all(golden(), nn::Precision::float64, kTolerance);
  for (const Entry<Attack>* entry : attacks())
    if (entry->facts.trains) {
      EXPECT_TRUE(seen.count(std::string(entry->name)) == 1) << entry->name << " has no case in tests/golden/make_attacks.py";
    }
}

TEST(AttackGolden, TheEstimateIsWhatTheOthersMovedTheModelBy) {
  const json all = golden();
  const Client client(all);
  Participation last;
  load(last, client.remembered());
  const std::vector<double> others = last.others(client.start(), all.at("round").get<std::size_t>());
  const auto expected = all.at("others").get<std::vector<double>>();
  ASSERT_EQ(others.size(), expected.size());
  for (std::size_t j = 0; j < others.size(); ++j) EXPECT_NEAR(others[j], expected[j], 1e-15);
}

}  // namespace
}  // namespace tocsin::attack
